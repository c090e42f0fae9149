package audit

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
)

// debtHistory is what the events of a book tell of its debts.
type debtHistory struct {
	// opening is when the history began, if the book is older.
	opening postgres.Opening
	// open are the debts that are open after the last event, by kind and id.
	open map[string]debtTold
	// were are the earlier states of debts that follow, by kind.
	were map[debt.Kind]digests
}

// debtTold is a debt as an event told of it.
type debtTold struct {
	tale
	at           time.Time
	samplingCase string
	since, arose time.Time
	open         int64
}

// digests are rows in any order: how many they are, and their digests, added bit by bit.
type digests struct {
	rows int64
	sum  event.Hash
}

func (d digests) with(digest event.Hash) digests {
	d.rows++
	for i := range d.sum {
		d.sum[i] ^= digest[i]
	}
	return d
}

// takeDebt takes in that an event tells of a debt as it is from then on. Until then it was as the
// event before told. Events of one time are of one batch, whose last state alone is kept.
func (h *debtHistory) takeDebt(e *event.Event, r *event.Row) {
	before, was := h.open[r.Key]
	if was && before.at.Before(e.RecordedAt) {
		h.add(r.Key, 0, before.at, e.RecordedAt, &before)
	}
	now := debtTold{tale: tale{r.Digest, e.Number}, at: e.RecordedAt, samplingCase: factOf(r, "sampling_case")}
	if now.open, _ = strconv.ParseInt(factOf(r, "open_minor"), 10, 64); now.open == 0 {
		delete(h.open, r.Key)
		return
	}
	now.since = timeOf(r, "since")
	if now.arose = now.since; factOf(r, "arose_at") != "" {
		now.arose = timeOf(r, "arose_at")
	}
	h.open[r.Key] = now
}

// takeLate takes in that an event tells of an amount that took effect before.
func (h *debtHistory) takeLate(e *event.Event, r *event.Row) {
	from := timeOf(r, "from_at")
	open, _ := strconv.ParseInt(factOf(r, "open_minor"), 10, 64)
	h.add(r.Key, e.Number, from, e.RecordedAt, &debtTold{since: from, arose: from, open: open})
}

// add adds a row of debt_versions that must be there.
func (h *debtHistory) add(key string, late int64, from, until time.Time, d *debtTold) {
	if !h.tells(late, from.UnixMicro()) {
		return
	}
	kind, id, _ := strings.Cut(key, "/")
	var f event.RowForm
	f.Texts(kind, id)
	f.Numbers(late)
	f.Times(from, until)
	f.Numbers(debt.Fork(from, until))
	f.Texts(d.samplingCase)
	f.Times(d.since, d.arose)
	f.Numbers(d.open)
	h.were[debt.Kind(kind)] = h.were[debt.Kind(kind)].with(f.Digest())
}

// tells says whether events tell of a debt that was as it was from a time on, in microseconds.
func (h *debtHistory) tells(late, from int64) bool {
	return late > 0 || h.opening.Event == 0 || from > h.opening.At
}

func timeOf(r *event.Row, key string) time.Time {
	at, _ := time.Parse(time.RFC3339, factOf(r, key)) // One that cannot be read differs from every row.
	return at
}

// checkDebtHistory proves that debts are as events told of them last, and that they were before
// as events told of them then. Of a book that is older than this history, what was there when it
// began is not known from events.
func (b *inspection) checkDebtHistory() error {
	if err := b.checkDebtsNow(); err != nil {
		return err
	}
	were := make(map[debt.Kind]digests)
	var last *postgres.DebtVersion
	for more := true; more; {
		rows, err := b.rows.DebtVersions(b.head.MerchantID, last, pageRows)
		if err != nil {
			return err
		}
		for i := range rows {
			if v := &rows[i]; b.debts.tells(v.Late, v.Made) {
				were[v.Kind] = were[v.Kind].with(v.Digest)
			}
		}
		if more = len(rows) == pageRows; more {
			last = &rows[len(rows)-1]
		}
	}
	for _, kind := range debt.Kinds() {
		b.as(reconcile.ReceivableDiffers, func() {
			subject := fmt.Sprintf("debts of kind %s as they were", kind)
			equal(b, subject, "number of rows", were[kind].rows, b.debts.were[kind].rows)
			if were[kind].sum != b.debts.were[kind].sum {
				b.wrong(subject, "are not as events tell them")
			}
		})
	}
	return nil
}

// checkDebtsNow compares the debts that are open with what events told of them last.
func (b *inspection) checkDebtsNow() error {
	left := len(b.debts.open)
	var after debt.Key
	for more := true; more; {
		rows, err := b.rows.BoundDebts(b.head.MerchantID, after, pageRows)
		if err != nil {
			return err
		}
		for i := range rows {
			t, told := b.debts.open[rows[i].Key]
			if told {
				left--
			}
			switch subject := "debt " + rows[i].Key; {
			case !told && b.debts.tells(0, rows[i].Made):
				b.wrong(subject, "no event tells of it")
			case told && t.digest != rows[i].Digest:
				b.wrong(subject, "is not as event %d tells it", t.event)
			}
		}
		if more = len(rows) == pageRows; more {
			kind, id, _ := strings.Cut(rows[len(rows)-1].Key, "/")
			after = debt.Key{Kind: debt.Kind(kind), ID: id}
		}
	}
	equal(b, "debts", "number that events tell of and that do not exist", left, 0)
	return nil
}
