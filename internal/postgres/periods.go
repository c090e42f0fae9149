package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/period"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// PeriodChanges reads all changes of periods, in the order of their numbers: some dozen a year.
func (r Reader) PeriodChanges(ctx context.Context) ([]period.Change, error) {
	return read(ctx, r, "read changes of periods", selectPeriodChanges, scanPeriodChange)
}

const selectPeriodChanges = `
		SELECT c.change_number, c.period_id, c.action, c.state, c.note, c.workload, c.role, c.person_id, c.proposed_at,
		       c.decided_note, c.decided_workload, c.decided_role, c.decider_id, c.decided_at, coalesce(c.link_number, 0),
		       c.previous_hash, c.hash, c.books, c.heads_digest, c.sums_digest
		FROM period_changes c
		ORDER BY c.change_number`

func scanPeriodChange(rows *sql.Rows) (c period.Change, err error) {
	var decided sql.NullTime
	var previous, hash, heads, sums []byte
	err = rows.Scan(&c.Number, (*string)(&c.Period), (*string)(&c.Action), (*string)(&c.State), &c.Proposed.Note, &c.Proposed.By.Workload,
		(*string)(&c.Proposed.By.Role), &c.Proposed.By.Person, &c.Proposed.At, &c.Decided.Note, &c.Decided.By.Workload,
		(*string)(&c.Decided.By.Role), &c.Decided.By.Person, &decided, &c.Link, &previous, &hash, &c.Books, &heads, &sums)
	c.Decided.At = decided.Time
	inUTC(&c.Proposed.At, &c.Decided.At)
	for _, link := range []struct {
		of  *period.Hash
		raw []byte
	}{{&c.Previous, previous}, {&c.Hash, hash}, {&c.Heads, heads}, {&c.Sums, sums}} {
		copy(link.of[:], link.raw)
	}
	return c, err
}

// periods runs f on one snapshot, in the transaction that stores its request, with the changes
// so far. Returns ErrContended if somebody changes a period at the same time.
func (db *DB) periods(ctx context.Context, r request.Once, f func(*sqlx.Tx, period.Books) error) (replayed bool, err error) {
	_, replayed, err = db.onceAt(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead}, catalogRequests, r, func(tx *sqlx.Tx) error {
		changes, err := Reader{from: tx}.PeriodChanges(ctx)
		if err != nil {
			return err
		}
		return f(tx, period.Fold(changes))
	})
	return replayed, err
}

// ProposePeriodChange stores a change that waits for a second person. propose refuses it, or
// gives it without its number.
func (db *DB) ProposePeriodChange(
	ctx context.Context, r request.Once, propose func(Reader, period.Books) (period.Change, error),
) (replayed bool, err error) {
	replayed, err = db.periods(ctx, r, func(tx *sqlx.Tx, so period.Books) error {
		c, err := propose(Reader{from: tx}, so)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO period_changes (change_number, period_id, action, state, note, workload, role, person_id, proposed_at,
				decided_note, decided_workload, decided_role, decider_id, decided_at, link_number, previous_hash, hash, books,
				heads_digest, sums_digest)
			VALUES ($1, $2, $3, 'PROPOSED', $4, $5, $6, $7, $8, '', '', '', '', NULL, NULL, NULL, NULL, 0, NULL, NULL)`,
			so.Newest+1, string(c.Period), string(c.Action), c.Proposed.Note, c.Proposed.By.Workload, string(c.Proposed.By.Role),
			c.Proposed.By.Person, c.Proposed.At)
		return failure(ctx, "store change of a period", err)
	})
	return replayed, err
}

// DecidePeriodChange makes the change that waits, or ends it. decide refuses, or gives the
// change with its state and the second person's step. A close keeps what the books hold on
// the snapshot on which it was decided: what is committed later is not in it.
func (db *DB) DecidePeriodChange(
	ctx context.Context, r request.Once, decide func(Reader, period.Books) (period.Change, error),
) (replayed bool, err error) {
	replayed, err = db.periods(ctx, r, func(tx *sqlx.Tx, so period.Books) error {
		c, err := decide(Reader{from: tx}, so)
		if err != nil {
			return err
		}
		link, hash, previous, heads, sums := any(nil), []byte(nil), []byte(nil), []byte(nil), []byte(nil)
		if c.State == period.Done {
			if c.Action == period.Close {
				if err := keepClose(ctx, tx, so, &c); err != nil {
					return err
				}
				heads, sums = c.Heads[:], c.Sums[:]
			}
			c.Seal(so.Last)
			link, hash, previous = c.Link, c.Hash[:], c.Previous[:]
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE period_changes SET state = $2, decided_note = $3, decided_workload = $4, decided_role = $5, decider_id = $6, decided_at = $7,
			    link_number = $8, previous_hash = $9, hash = $10, books = $11, heads_digest = $12, sums_digest = $13
			WHERE change_number = $1 AND state = 'PROPOSED'`,
			c.Number, string(c.State), c.Decided.Note, c.Decided.By.Workload, string(c.Decided.By.Role), c.Decided.By.Person, c.Decided.At,
			link, previous, hash, c.Books, heads, sums)
		return failure(ctx, "decide change of a period", err)
	})
	return replayed, err
}

// keepClose keeps the sums and the heads of all books.
func keepClose(ctx context.Context, tx *sqlx.Tx, so period.Books, c *period.Change) error {
	r := Reader{from: tx}
	sums, err := r.sumsNow(ctx, PeriodOfBooks(&so, c.Period))
	if err != nil {
		return err
	}
	if err := insertPeriodSums(ctx, tx, c.Number, sums); err != nil {
		return err
	}
	c.Sums = sums.Digest()
	_, err = tx.ExecContext(ctx, `
		INSERT INTO period_heads (merchant_id, change_number, transfer_number, event_number, event_hash)
		SELECT b.merchant_id, $1, b.transfer_number, b.event_number, b.event_hash FROM books b`, c.Number)
	if err != nil {
		return failure(ctx, "keep heads of books", err)
	}
	c.Books, c.Heads, err = r.PeriodHeads(ctx, c.Number)
	return err
}

// sumsNow sums all books, by currency, as a close of an open period would keep it.
func (r Reader) sumsNow(ctx context.Context, of PeriodOf) (period.Sums, error) {
	sums := period.Sums{}
	var err error
	if sums[period.Closing], err = r.TotalsOfAllAt(ctx, of.Period.End().Add(-time.Microsecond), true); err != nil {
		return sums, err
	}
	known, err := r.TotalsOfAllAt(ctx, of.Period.Start().Add(-time.Microsecond), true)
	if err != nil {
		return sums, err
	}
	if of.Before == nil {
		sums[period.Opening] = known
		return sums, nil
	}
	kept, err := r.PeriodSums(ctx, of.Before.Number)
	if err != nil {
		return sums, err
	}
	sums[period.Opening], sums[period.Late] = kept[period.Closing], make(map[string]ledger.Totals)
	for currency, totals := range known {
		late := ledger.Totals{}
		late.Plus(totals, 1)
		late.Plus(sums[period.Opening][currency], -1)
		if len(late) > 0 {
			sums[period.Late][currency] = late
		}
	}
	return sums, nil
}

func insertPeriodSums(ctx context.Context, tx *sqlx.Tx, change int64, sums period.Sums) error {
	for _, section := range period.Sections() {
		for currency, totals := range sums[section] {
			for kind, sum := range totals {
				_, err := tx.ExecContext(ctx, `
					INSERT INTO period_sums (change_number, section, currency, kind, amount_minor, transfers)
					VALUES ($1, $2, $3, $4, $5, $6)`, change, string(section), currency, string(kind), int64(sum.Amount), sum.Count)
				if err != nil {
					return failure(ctx, "keep sums of a period", err)
				}
			}
		}
	}
	return nil
}

// PeriodHeads counts the heads of books that a close kept, and gives the digest over them.
func (r Reader) PeriodHeads(ctx context.Context, change int64) (books int64, digest period.Hash, err error) {
	h := sha256.New()
	err = r.each(ctx, "read heads of books", `
		SELECT k.merchant_id, k.transfer_number, k.event_number, k.event_hash
		FROM period_heads k
		WHERE k.change_number = $1
		ORDER BY k.merchant_id`, []any{change}, func(rows *sql.Rows) error {
		var merchant string
		var transfer, event int64
		var hash []byte
		if err := rows.Scan(&merchant, &transfer, &event, &hash); err != nil {
			return err
		}
		books++
		_, err := fmt.Fprintf(h, "%s,%d,%d,%x\n", merchant, transfer, event, hash)
		return err
	})
	return books, period.Hash(h.Sum(nil)), err
}

// PeriodSums reads the sums that a close kept.
func (r Reader) PeriodSums(ctx context.Context, change int64) (period.Sums, error) {
	sums := period.Sums{}
	err := r.each(ctx, "read sums of a period", `
		SELECT s.section, s.currency, s.kind, s.amount_minor::bigint, s.transfers
		FROM period_sums s
		WHERE s.change_number = $1`, []any{change}, func(rows *sql.Rows) error {
		var section period.Section
		var currency string
		var kind ledger.Kind
		var sum ledger.Total
		err := rows.Scan((*string)(&section), &currency, (*string)(&kind), (*int64)(&sum.Amount), &sum.Count)
		sums.Add(section, currency, kind, sum)
		return err
	})
	return sums, err
}

// PeriodMark is the last transfer of a book that a close found; zero for a book that was opened
// later.
func (r Reader) PeriodMark(ctx context.Context, merchantID string, change int64) (int64, error) {
	mark, _, err := readOne(ctx, r, "read head of a book", `
		SELECT k.transfer_number FROM period_heads k WHERE k.merchant_id = $1 AND k.change_number = $2`,
		func(rows *sql.Rows) (n int64, err error) { return n, rows.Scan(&n) }, merchantID, change)
	return mark, err
}

// behindMark are the transfers of a book that took effect before a time, and whose numbers lie
// behind one mark and not behind another one. Those that took effect as they were recorded lie
// before the last transfer that was recorded by then: numbers follow the order of recording. more
// is what else is asked of either part.
func behindMark(more string) string {
	return `
		(SELECT` + transferNames + `
		 FROM transfers t
		 WHERE t.merchant_id = $1 AND t.effective_at < $2 AND t.effective_at <> t.recorded_at
		   AND t.transfer_number > $3 AND t.transfer_number <= $4` + more + `)
		UNION ALL
		(SELECT` + transferNames + `
		 FROM transfers t
		 WHERE t.merchant_id = $1 AND t.effective_at = t.recorded_at AND t.transfer_number > $3 AND t.transfer_number <= least($4, $5)` + more + `)`
}

// marked gives the values of behindMark.
func (r Reader) marked(ctx context.Context, merchantID string, before time.Time, from, until int64) ([]any, error) {
	last, err := r.LastTransferAt(ctx, merchantID, before.Add(-time.Microsecond))
	return []any{merchantID, before, from, until, last}, err
}

// totalsUpTo sums the transfers of a book that took effect before a time and whose number is at
// most a mark.
func (r Reader) totalsUpTo(ctx context.Context, merchantID string, before time.Time, mark int64) (ledger.Totals, error) {
	totals, err := r.TotalsAt(ctx, merchantID, before.Add(-time.Microsecond), true)
	if err != nil || mark == math.MaxInt64 {
		return totals, err
	}
	args, err := r.marked(ctx, merchantID, before, mark, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	err = r.each(ctx, "sum transfers behind a mark", `
		SELECT t.kind, sum(t.amount_minor)::bigint, count(*)
		FROM (`+behindMark("")+`) t
		GROUP BY t.kind`, args, func(rows *sql.Rows) error {
		var kind ledger.Kind
		var amount, count int64
		err := rows.Scan((*string)(&kind), &amount, &count)
		totals.Add(kind, -money.Amount(amount), -count)
		return err
	})
	return totals, err
}

// PeriodTotals are the totals of a period: before it, what came in late, and at its end.
type PeriodTotals struct{ Opening, Late, Closing ledger.Totals }

// PeriodOf are the marks between which transfers belong to a period.
type PeriodOf struct {
	Period period.ID
	// Before is the close of the month before, and Closing that of the month; nil for none.
	Before, Closing *period.Change
}

// PeriodOfBooks says where the transfers of a period lie.
func PeriodOfBooks(so *period.Books, p period.ID) PeriodOf {
	of := PeriodOf{Period: p, Before: so.Before(p), Closing: so.Closing(p)}
	if of.Before != nil && of.Before.Period.Next() != p {
		of.Before = nil // What comes in late belongs to the first month that is open.
	}
	return of
}

// TotalsOfPeriod sums a period of a book.
func (r Reader) TotalsOfPeriod(ctx context.Context, merchantID string, of PeriodOf) (t PeriodTotals, err error) {
	mark, first := int64(math.MaxInt64), int64(math.MaxInt64)
	if of.Closing != nil {
		if mark, err = r.PeriodMark(ctx, merchantID, of.Closing.Number); err != nil {
			return t, err
		}
	}
	if of.Before != nil {
		if first, err = r.PeriodMark(ctx, merchantID, of.Before.Number); err != nil {
			return t, err
		}
	}
	known, err := r.totalsUpTo(ctx, merchantID, of.Period.Start(), mark)
	if err != nil {
		return t, err
	}
	if t.Opening, err = r.totalsUpTo(ctx, merchantID, of.Period.Start(), min(mark, first)); err != nil {
		return t, err
	}
	t.Late = ledger.Totals{}
	t.Late.Plus(known, 1)
	t.Late.Plus(t.Opening, -1)
	t.Closing, err = r.totalsUpTo(ctx, merchantID, of.Period.End(), mark)
	return t, err
}

// TotalsOfPeriodOfAll sums a period of all books, by currency: a closed one as its close kept it.
func (r Reader) TotalsOfPeriodOfAll(ctx context.Context, of PeriodOf) (map[string]PeriodTotals, error) {
	var sums period.Sums
	var err error
	switch {
	case of.Closing == nil:
		sums, err = r.sumsNow(ctx, of)
	default:
		sums, err = r.PeriodSums(ctx, of.Closing.Number)
	}
	if err == nil && sums[period.Opening] == nil && of.Closing != nil {
		sums[period.Opening], err = r.openingOf(ctx, of)
	}
	all := make(map[string]PeriodTotals)
	for currency, totals := range sums[period.Closing] {
		all[currency] = PeriodTotals{Opening: sums[period.Opening][currency], Late: sums[period.Late][currency], Closing: totals}
	}
	return all, err
}

// openingOf gives the opening sums of a close that kept none: an earlier version kept only the
// others, and before the first month there may be nothing.
func (r Reader) openingOf(ctx context.Context, of PeriodOf) (map[string]ledger.Totals, error) {
	if of.Before != nil {
		kept, err := r.PeriodSums(ctx, of.Before.Number)
		return kept[period.Closing], err
	}
	opening, err := r.TotalsOfAllAt(ctx, of.Period.Start().Add(-time.Microsecond), true)
	if err != nil {
		return nil, err
	}
	err = r.each(ctx, "sum what came in behind a close", `
		SELECT t.currency, t.kind, sum(t.amount_minor)::bigint, count(*)
		FROM transfers t
		LEFT JOIN period_heads k ON k.merchant_id = t.merchant_id AND k.change_number = $1
		WHERE t.effective_at < $2 AND t.effective_at <> t.recorded_at AND t.transfer_number > coalesce(k.transfer_number, 0)
		GROUP BY t.currency, t.kind`, []any{of.Closing.Number, of.Period.Start()}, func(rows *sql.Rows) error {
		var currency string
		var kind ledger.Kind
		var sum ledger.Total
		if err := rows.Scan(&currency, (*string)(&kind), (*int64)(&sum.Amount), &sum.Count); err != nil {
			return err
		}
		opening[currency].Add(kind, -sum.Amount, -sum.Count)
		return nil
	})
	return opening, err
}

// LateTransfers lists the transfers of a book that came in late in a period, in the order of
// their effect, after one.
func (r Reader) LateTransfers(ctx context.Context, merchantID string, of PeriodOf, after ledger.Transfer, limit int) ([]ledger.Transfer, error) {
	if of.Before == nil {
		return nil, nil
	}
	from, err := r.PeriodMark(ctx, merchantID, of.Before.Number)
	if err != nil {
		return nil, err
	}
	until := int64(math.MaxInt64)
	if of.Closing != nil {
		if until, err = r.PeriodMark(ctx, merchantID, of.Closing.Number); err != nil {
			return nil, err
		}
	}
	args, err := r.marked(ctx, merchantID, of.Period.Start(), from, until)
	if err != nil {
		return nil, err
	}
	return read(ctx, r, "list late transfers", `
		SELECT`+transferColumns+`
		FROM (`+behindMark(`
		   AND (t.effective_at, t.transfer_number) > ($6, $7)
		 ORDER BY t.effective_at, t.transfer_number
		 LIMIT $8`)+`) t
		ORDER BY t.effective_at, t.transfer_number
		LIMIT $8`, scanTransfer, append(args, orElse(after.EffectiveAt, beforeAll), after.Number, limit)...)
}
