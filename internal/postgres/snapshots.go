package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// SnapshotEvery is how many transfers lie between two snapshots of a book: what a read as of a
// time sums at most, beside those that came in since.
const SnapshotEvery = 1000

// snapshotBatch is how many transfers a pass takes at once, in distances between snapshots.
const snapshotBatch = 10

// BooksToSnapshot finds books after one whose newest transfers have no snapshot, and the book
// at which the next look begins; empty after the last one. A look examines a bounded number.
func (db *DB) BooksToSnapshot(ctx context.Context, after string, every int) (due []string, next string, err error) {
	type row struct {
		merchantID string
		due        bool
	}
	list, err := read(ctx, db.Reader(), "find books to snapshot", `
		SELECT b.merchant_id, b.transfer_number - coalesce(p.transfer_number, 0) >= $3
		FROM (
			SELECT b.merchant_id, b.transfer_number
			FROM books b
			WHERE b.merchant_id > $1
			ORDER BY b.merchant_id
			LIMIT $2) b
		LEFT JOIN LATERAL (
			SELECT p.transfer_number
			FROM snapshot_progress p
			WHERE p.merchant_id = b.merchant_id
			LIMIT 1) p ON true
		ORDER BY b.merchant_id`, func(rows *sql.Rows) (x row, err error) { return x, rows.Scan(&x.merchantID, &x.due) }, after, examinedMax, every)
	if len(list) == examinedMax {
		next = list[len(list)-1].merchantID
	}
	for _, x := range list {
		if x.due {
			due = append(due, x.merchantID)
		}
	}
	return due, next, err
}

// SnapshotBook brings the snapshots of a book forward by some transfers, and says whether more
// are left. Where another worker does the same, it does nothing. Snapshots by effect that lie
// behind a late transfer take it up, so that they stay what they say.
func (db *DB) SnapshotBook(ctx context.Context, merchantID string, every int) (more bool, err error) {
	tx, err := db.pool.BeginTxx(ctx, nil)
	if err != nil {
		return false, failure(ctx, "begin snapshots", err)
	}
	defer func() { _ = tx.Rollback() }() // After a commit it does nothing.
	p := snapshotPass{ctx: ctx, tx: tx, read: Reader{from: tx}, merchantID: merchantID, every: every}
	if more, err = p.run(); err != nil {
		return false, failure(ctx, "take snapshots", err)
	}
	return more, failure(ctx, "commit snapshots", tx.Commit())
}

// snapshotPass is one step of the snapshots of a book.
type snapshotPass struct {
	ctx        context.Context
	tx         *sqlx.Tx
	read       Reader
	merchantID string
	every      int

	// all and late are the sums up to the transfers that were taken.
	all, late ledger.Totals
	// told are the late transfers among those taken, in the order of their effect.
	told []movedLate
}

// movedLate is a transfer that took effect at another time than it was recorded.
type movedLate struct {
	at     time.Time
	number int64
	kind   ledger.Kind
	amount money.Amount
}

func (m *movedLate) compare(at time.Time, number int64) int {
	return cmp.Or(m.at.Compare(at), cmp.Compare(m.number, number))
}

func (p *snapshotPass) run() (more bool, err error) {
	if _, err := p.tx.ExecContext(p.ctx, `
		INSERT INTO snapshot_progress (merchant_id, transfer_number) VALUES ($1, 0) ON CONFLICT DO NOTHING`, p.merchantID); err != nil {
		return false, err
	}
	done, mine, err := readOne(p.ctx, p.read, "lock snapshots", `
		SELECT p.transfer_number FROM snapshot_progress p WHERE p.merchant_id = $1 FOR UPDATE SKIP LOCKED`,
		func(rows *sql.Rows) (n int64, err error) { return n, rows.Scan(&n) }, p.merchantID)
	if err != nil || !mine {
		return false, err
	}
	if done, err = p.begin(done); err != nil {
		return false, err
	}
	list, err := p.read.Transfers(p.ctx, p.merchantID, "", done, snapshotBatch*p.every)
	if err != nil {
		return false, err
	}
	list = list[:len(list)/p.every*p.every]
	if len(list) == 0 {
		return false, nil
	}
	if err := p.recorded(list); err != nil {
		return false, err
	}
	if err := p.effective(done + int64(len(list))); err != nil {
		return false, err
	}
	_, err = p.tx.ExecContext(p.ctx, `
		UPDATE snapshot_progress SET transfer_number = $2 WHERE merchant_id = $1`, p.merchantID, done+int64(len(list)))
	return len(list) == snapshotBatch*p.every, err
}

// begin reads the sums up to the mark. Where they are not there, as after somebody emptied the
// table, all snapshots of the book are made anew.
func (p *snapshotPass) begin(done int64) (int64, error) {
	all, err := p.read.snapshotBefore(p.ctx, p.merchantID, basisRecorded, afterAll)
	if err != nil {
		return 0, err
	}
	late, err := p.read.snapshotBefore(p.ctx, p.merchantID, basisRecordedLate, afterAll)
	if err != nil {
		return 0, err
	}
	if all.Number == done && late.Number == done {
		p.all, p.late = all.Totals, late.Totals
		return done, nil
	}
	p.all, p.late = ledger.Totals{}, ledger.Totals{}
	_, err = p.tx.ExecContext(p.ctx, `DELETE FROM balance_snapshots WHERE merchant_id = $1`, p.merchantID)
	return 0, err
}

// recorded adds the snapshots in the order of recording. They never change.
func (p *snapshotPass) recorded(list []ledger.Transfer) error {
	for i := range list {
		t := &list[i]
		p.all.Add(t.Kind, t.Amount, 1)
		if !t.EffectiveAt.Equal(t.RecordedAt) {
			p.late.Add(t.Kind, t.Amount, 1)
			p.told = append(p.told, movedLate{t.EffectiveAt, t.Number, t.Kind, t.Amount})
		}
		if (i+1)%p.every > 0 {
			continue
		}
		at := snapshot{At: t.RecordedAt, Number: t.Number, Transfers: t.Number, Totals: p.all}
		if err := p.put(basisRecorded, &at); err != nil {
			return err
		}
		at.Transfers, at.Totals = p.late.Count(), p.late
		if err := p.put(basisRecordedLate, &at); err != nil {
			return err
		}
	}
	return nil
}

// effective takes the late transfers up into the snapshots by effect, and adds snapshots where
// too many transfers lie between two. last is the last transfer that was taken.
func (p *snapshotPass) effective(last int64) error {
	if len(p.told) == 0 {
		return nil
	}
	slices.SortFunc(p.told, func(a, b movedLate) int { return a.compare(b.at, b.number) })
	before, behind, err := p.snapshotsAround(p.told[0])
	if err != nil {
		return err
	}
	sum, taken := ledger.Totals{}, 0
	for i := range behind {
		s := &behind[i]
		from := taken
		for ; taken < len(p.told) && p.told[taken].compare(s.At, s.Number) <= 0; taken++ {
			sum.Add(p.told[taken].kind, p.told[taken].amount, 1)
		}
		s.Totals.Plus(sum, 1)
		s.Transfers += int64(taken)
		if err := p.put(basisEffectiveLate, s); err != nil {
			return err
		}
		if taken > from {
			if err := p.split(before, s.At, s.Number, s.Transfers, last); err != nil {
				return err
			}
		}
		before = *s
	}
	return p.split(before, afterAll, last, p.late.Count(), last)
}

// snapshotsAround reads the last snapshot before a transfer, and all behind it.
func (p *snapshotPass) snapshotsAround(first movedLate) (before snapshot, behind []snapshot, err error) {
	before, found, err := readOne(p.ctx, p.read, "read snapshot before", `
		SELECT`+snapshotColumns+`
		FROM balance_snapshots s
		WHERE s.merchant_id = $1 AND s.basis = $2 AND (s.at, s.transfer_number) < ($3, $4)
		ORDER BY s.at DESC, s.transfer_number DESC
		LIMIT 1`, scanSnapshot, p.merchantID, string(basisEffectiveLate), first.at, first.number)
	if err != nil {
		return before, nil, err
	}
	if !found {
		before = snapshot{At: beforeAll, Totals: ledger.Totals{}}
	}
	behind, err = read(p.ctx, p.read, "read snapshots behind", `
		SELECT`+snapshotColumns+`
		FROM balance_snapshots s
		WHERE s.merchant_id = $1 AND s.basis = $2 AND (s.at, s.transfer_number) > ($3, $4)
		ORDER BY s.at, s.transfer_number`, scanSnapshot, p.merchantID, string(basisEffectiveLate), first.at, first.number)
	return before, behind, err
}

// split adds snapshots between one and a place behind it up to which transfers are summed, so
// that no more than twice the distance lie between two. last is the last transfer that counts.
func (p *snapshotPass) split(before snapshot, at time.Time, number, transfers, last int64) error {
	if transfers-before.Transfers <= int64(2*p.every) {
		return nil
	}
	list, err := read(p.ctx, p.read, "read late transfers between snapshots", `
		SELECT`+transferColumns+`
		FROM transfers t
		WHERE t.effective_at <> t.recorded_at AND t.merchant_id = $1 AND t.effective_at >= $2 AND t.effective_at <= $4
		  AND (t.effective_at, t.transfer_number) > ($2, $3) AND (t.effective_at, t.transfer_number) < ($4, $5) AND t.transfer_number <= $6
		ORDER BY t.effective_at, t.transfer_number`, scanTransfer, p.merchantID, before.At, before.Number, at, number, last)
	if err != nil {
		return err
	}
	s := snapshot{Transfers: before.Transfers, Totals: ledger.Totals{}}
	s.Totals.Plus(before.Totals, 1)
	for i := range list {
		t := &list[i]
		s.Totals.Add(t.Kind, t.Amount, 1)
		s.Transfers++
		s.At, s.Number = t.EffectiveAt, t.Number
		if (i+1)%p.every == 0 && len(list)-i > p.every {
			if err := p.put(basisEffectiveLate, &s); err != nil {
				return err
			}
		}
	}
	return nil
}

// put writes a snapshot, or writes it anew.
func (p *snapshotPass) put(of basis, s *snapshot) error {
	kinds, amounts, counts := make([]string, 0, len(s.Totals)), make([]int64, 0, len(s.Totals)), make([]int64, 0, len(s.Totals))
	for k := range s.Totals {
		kinds = append(kinds, string(k))
	}
	slices.SortFunc(kinds, strings.Compare)
	for _, k := range kinds {
		sum := s.Totals[ledger.Kind(k)]
		amounts, counts = append(amounts, int64(sum.Amount)), append(counts, sum.Count)
	}
	_, err := p.tx.ExecContext(p.ctx, `
		INSERT INTO balance_snapshots (merchant_id, basis, at, transfer_number, transfers, kinds, amounts, counts)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT ON CONSTRAINT balance_snapshots_key
		DO UPDATE SET transfers = excluded.transfers, kinds = excluded.kinds, amounts = excluded.amounts, counts = excluded.counts`,
		p.merchantID, string(of), s.At, s.Number, s.Transfers, pq.Array(kinds), pq.Array(amounts), pq.Array(counts))
	return err
}

// SumPeriods adds the transfers of ended transactions to the sums over all books, those of about
// so many events at once, and says whether more are left. Where another worker does the same, it
// does nothing.
func (db *DB) SumPeriods(ctx context.Context, events int) (more bool, err error) {
	tx, err := db.pool.BeginTxx(ctx, nil)
	if err != nil {
		return false, failure(ctx, "begin sums of periods", err)
	}
	defer func() { _ = tx.Rollback() }() // After a commit it does nothing.
	if more, err = sumPeriods(ctx, tx, events); err != nil {
		return false, failure(ctx, "sum periods", err)
	}
	return more, failure(ctx, "commit sums of periods", tx.Commit())
}

func sumPeriods(ctx context.Context, tx *sqlx.Tx, events int) (more bool, err error) {
	if _, err := tx.ExecContext(ctx, `INSERT INTO period_progress (one, transaction_id) VALUES (true, '0') ON CONFLICT DO NOTHING`); err != nil {
		return false, err
	}
	var place struct {
		From  string         `db:"from_id"`
		Until sql.NullString `db:"until_id"`
		Whole bool           `db:"whole"`
		Ahead bool           `db:"ahead"`
	}
	err = tx.GetContext(ctx, &place, `
		SELECT p.transaction_id::text AS from_id, u.until::text AS until_id, u.until >= s.ended AS whole, p.transaction_id > s.ended AS ahead
		FROM (SELECT p.transaction_id FROM period_progress p FOR UPDATE SKIP LOCKED) p
		CROSS JOIN (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS ended) s
		CROSS JOIN LATERAL (
			SELECT CASE WHEN n.id IS NULL OR n.id >= s.ended THEN s.ended ELSE n.id END AS until
			FROM (SELECT (
				SELECT e.transaction_id
				FROM events e
				WHERE e.transaction_id > p.transaction_id
				ORDER BY e.transaction_id
				OFFSET $1
				LIMIT 1) AS id) n) u`, events)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if place.Ahead {
		// The database was restored from a dump: its transactions count from the beginning.
		for _, empty := range []string{`DELETE FROM period_totals`, `DELETE FROM exposure_totals`} {
			if _, err := tx.ExecContext(ctx, empty); err != nil {
				return false, err
			}
		}
		place.From = "0"
	}
	if _, err := tx.ExecContext(ctx, addPeriods, place.From, place.Until, string(timeRecorded), string(timeEffective),
		pq.Array([]string{string(periodHour), string(periodDay), string(periodMonth)})); err != nil {
		return false, err
	}
	if err := addExposure(ctx, tx, place.From, place.Until.String); err != nil {
		return false, err
	}
	_, err = tx.ExecContext(ctx, `UPDATE period_progress SET transaction_id = $1::xid8`, place.Until)
	return !place.Whole, err
}

// length is a length of time over which all books are summed.
type length string

// The lengths.
const (
	periodHour  length = "HOUR"
	periodDay   length = "DAY"
	periodMonth length = "MONTH"
)

// addPeriods adds the transfers of transactions in a range to the sums of their hours, days and
// months, by either of their times.
const addPeriods = `
	INSERT INTO period_totals (basis, currency, period, starts_at, kind, amount_minor, transfers)
	SELECT b.basis, t.currency, p.period, date_trunc(p.period, b.at, 'UTC'), t.kind, sum(t.amount_minor), count(*)
	FROM events e
	JOIN transfers t ON t.merchant_id = e.merchant_id AND t.transfer_number BETWEEN e.first_transfer AND e.last_transfer
	CROSS JOIN LATERAL (VALUES ($3, t.recorded_at), ($4, t.effective_at)) AS b (basis, at)
	CROSS JOIN unnest($5::text[]) AS p (period)
	WHERE e.transaction_id >= $1::xid8 AND e.transaction_id < $2::xid8 AND e.first_transfer IS NOT NULL
	GROUP BY 1, 2, 3, 4, 5
	ORDER BY 1, 2, 3, 4, 5
	ON CONFLICT ON CONSTRAINT period_totals_key
	DO UPDATE SET amount_minor = period_totals.amount_minor + excluded.amount_minor, transfers = period_totals.transfers + excluded.transfers`
