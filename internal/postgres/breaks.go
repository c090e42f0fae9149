package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/request"
)

const breakColumns = `
	b.break_id, to_char(b.file_day, 'YYYY-MM-DD'), b.side, b.class, b.number, b.merchant, b.payout_id, b.claim_id, b.import_id, b.line_number,
	b.expected_minor, b.found_minor, b.currency, b.detail, b.state, b.assignee, b.opened_at, b.due_at, b.closed_at, b.close_reason, b.version`

func scanBreak(rows scanner) (b reconcile.StoredBreak, err error) {
	var closed sql.NullTime
	err = rows.Scan(&b.ID, &b.Day, (*string)(&b.Side), (*string)(&b.Class), &b.Number, &b.MerchantID, &b.PayoutID, &b.ClaimID, &b.Import, &b.Place,
		(*int64)(&b.Expected), (*int64)(&b.Found), &b.Currency, &b.Detail, (*string)(&b.State), &b.Assignee, &b.OpenedAt, &b.DueAt, &closed,
		(*string)(&b.Reason), &b.Version)
	b.ClosedAt = closed.Time
	inUTC(&b.OpenedAt, &b.DueAt, &b.ClosedAt)
	return b, err
}

// Break reads a break with what happened to it.
func (r Reader) Break(ctx context.Context, id string) (reconcile.StoredBreak, bool, error) {
	b, found, err := readOne(ctx, r, "read break", `
		SELECT`+breakColumns+`
		FROM reconciliation_breaks b
		WHERE b.break_id = $1`, func(rows *sql.Rows) (reconcile.StoredBreak, error) { return scanBreak(rows) }, id)
	if err != nil || !found {
		return b, found, err
	}
	err = r.each(ctx, "read notes of a break", `
		SELECT n.action, n.note, n.assignee, n.workload, n.role, n.person_id, n.noted_at
		FROM reconciliation_break_notes n
		WHERE n.break_id = $1
		ORDER BY n.note_number`, []any{id}, func(rows *sql.Rows) error {
		var n reconcile.BreakNote
		err := rows.Scan((*string)(&n.Action), &n.Text, &n.Assignee, &n.By.Workload, (*string)(&n.By.Role), &n.By.Person, &n.At)
		inUTC(&n.At)
		b.Notes = append(b.Notes, n)
		return err
	})
	return b, true, err
}

// BreakQuery says which breaks a list holds.
type BreakQuery struct {
	State    reconcile.BreakState
	Class    reconcile.Class
	Side     reconcile.Side
	Day      string
	Assignee string
	Merchant string
	// OpenedBefore and DueBefore are zero for any.
	OpenedBefore, DueBefore time.Time
	// After is the last break of the page before; empty for none.
	After string
}

// Breaks lists breaks, the oldest first.
func (r Reader) Breaks(ctx context.Context, q BreakQuery, limit int) ([]reconcile.StoredBreak, error) {
	open := ``
	if q.State == reconcile.Open {
		open = `b.state = 'OPEN' AND ` // The index holds open breaks only.
	}
	var out []reconcile.StoredBreak
	err := r.each(ctx, "list breaks", `
		SELECT`+breakColumns+`
		FROM reconciliation_breaks b
		WHERE `+open+`b.break_id > $1 AND ($2 = '' OR b.state = $2) AND ($3 = '' OR b.class = $3) AND ($4 = '' OR b.side = $4)
			AND ($5 = '' OR b.file_day = nullif($5, '')::date) AND ($6 = '' OR b.assignee = $6) AND ($7 = '' OR b.merchant = $7)
			AND ($8::timestamptz IS NULL OR b.opened_at <= $8) AND ($9::timestamptz IS NULL OR b.state = 'OPEN' AND b.due_at < $9)
		ORDER BY b.break_id
		LIMIT $10`,
		[]any{q.After, string(q.State), string(q.Class), string(q.Side), q.Day, q.Assignee, q.Merchant, orNull(q.OpenedBefore), orNull(q.DueBefore), limit},
		func(rows *sql.Rows) error {
			b, err := scanBreak(rows)
			out = append(out, b)
			return err
		})
	return out, err
}

// ChangeBreak changes a break under its request: change says what happens to it as it stands,
// or refuses. Gives the break afterwards.
func (db *DB) ChangeBreak(
	ctx context.Context, r request.Once, id string, change func(b *reconcile.StoredBreak, found bool) (reconcile.BreakNote, error),
) (b reconcile.StoredBreak, replayed bool, err error) {
	_, replayed, err = db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `SELECT 1 FROM reconciliation_breaks WHERE break_id = $1 FOR UPDATE`, id); err != nil {
			return failure(ctx, "lock break", err)
		}
		now, found, err := Reader{from: tx}.Break(ctx, id)
		if err != nil {
			return err
		}
		b = now
		note, err := change(&b, found)
		if err != nil {
			return err
		}
		b.Version++
		b.Notes = append(b.Notes, note)
		if _, err := tx.ExecContext(ctx, `
			UPDATE reconciliation_breaks SET state = $2, assignee = $3, closed_at = $4, close_reason = $5, version = $6
			WHERE break_id = $1`, id, string(b.State), b.Assignee, orNull(b.ClosedAt), string(b.Reason), b.Version); err != nil {
			return failure(ctx, "change break", err)
		}
		return addNote(ctx, tx, id, int64(len(b.Notes)), &note)
	})
	if err == nil && replayed {
		b, _, err = db.Reader().Break(ctx, id)
	}
	return b, replayed, err
}

func addNote(ctx context.Context, tx *sqlx.Tx, id string, number int64, n *reconcile.BreakNote) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO reconciliation_break_notes (break_id, note_number, action, note, assignee, workload, role, person_id, noted_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		id, number, string(n.Action), n.Text, n.Assignee, n.By.Workload, string(n.By.Role), n.By.Person, n.At)
	return failure(ctx, "note on break", err)
}

// Compared is the outcome of a comparison, to be kept.
type Compared struct {
	Day   string
	Sides []reconcile.Side
	// Breaks are those that were found, with ids for those that are new.
	Breaks  []reconcile.StoredBreak
	Matches *reconcile.Matches
	By      reconcile.BreakNote
}

// Kept counts what a comparison changed.
type Kept struct{ Opened, Settled int64 }

// ErrComparing says that another comparison is being kept.
var ErrComparing = fmt.Errorf("another comparison is being kept: %w", ErrContended)

// comparisonLock is the number of the advisory lock under which comparisons are kept.
const comparisonLock = 7_272_001

// KeepComparison keeps the outcome of a comparison: breaks that are new are opened, breaks that
// were settled and are found again are opened again, and open ones of the sides that were
// compared are settled if they were not found. What people have closed stays closed.
func (db *DB) KeepComparison(ctx context.Context, r request.Once, c *Compared) (k Kept, replayed bool, err error) {
	_, replayed, err = db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		var ours bool
		if err := tx.GetContext(ctx, &ours, `SELECT pg_try_advisory_xact_lock($1)`, comparisonLock); err != nil {
			return failure(ctx, "lock comparisons", err)
		}
		if !ours {
			return ErrComparing
		}
		if k.Opened, err = openBreaks(ctx, tx, c); err != nil {
			return err
		}
		if k.Settled, err = settleBreaks(ctx, tx, c); err != nil {
			return err
		}
		if r.ValidateOnly {
			return nil // Nothing of what lines are about is told.
		}
		return keepMatches(ctx, tx, c.Matches)
	})
	return k, replayed, err
}

// KeepAudit keeps that an audit of all books ran, and the breaks that it found inside the books.
// A break is one of its class and subject, on whatever day it was found first. Breaks that were
// not found are settled if the audit was whole.
func (db *DB) KeepAudit(ctx context.Context, at time.Time, books, discrepancies int, c *Compared, whole bool) (k Kept, err error) {
	tx, err := db.pool.BeginTxx(ctx, nil)
	if err != nil {
		return k, failure(ctx, "begin audit run", err)
	}
	defer func() { _ = tx.Rollback() }() // After the commit it does nothing.
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, comparisonLock); err != nil {
		return k, failure(ctx, "lock comparisons", err)
	}
	if err := recordAudit(ctx, tx, at, books, discrepancies); err != nil {
		return k, err
	}
	if err := foundBefore(ctx, tx, c); err != nil {
		return k, err
	}
	if k.Opened, err = openBreaks(ctx, tx, c); err != nil {
		return k, err
	}
	if whole {
		if k.Settled, err = settleBreaks(ctx, tx, c); err != nil {
			return k, err
		}
	}
	return k, failure(ctx, "commit audit run", tx.Commit())
}

// foundBefore gives breaks inside the books the day on which they were found first.
func foundBefore(ctx context.Context, tx *sqlx.Tx, c *Compared) error {
	type row = reconcile.StoredBreak
	days := make(map[[2]string]string)
	err := Reader{from: tx}.each(ctx, "find breaks of the books", `
		SELECT b.class, b.subject, to_char(max(b.file_day), 'YYYY-MM-DD')
		FROM unnest($1::text[], $2::text[]) AS k (class, subject)
		JOIN reconciliation_breaks b ON b.side = 'BOOKS' AND b.class = k.class AND b.subject = k.subject
		GROUP BY b.class, b.subject`, []any{
		pgwire.Texts(c.Breaks, func(b *row) string { return string(b.Class) }), pgwire.Texts(c.Breaks, func(b *row) string { return b.Subject() }),
	}, func(rows *sql.Rows) error {
		var class, subject, day string
		err := rows.Scan(&class, &subject, &day)
		days[[2]string{class, subject}] = day
		return err
	})
	for i := range c.Breaks {
		b := &c.Breaks[i]
		b.Day = days[[2]string{string(b.Class), b.Subject()}]
	}
	return err
}

// openBreaks opens the breaks that are new, and those that had been settled.
func openBreaks(ctx context.Context, tx *sqlx.Tx, c *Compared) (int64, error) {
	type row = reconcile.StoredBreak
	text := func(field func(*row) string) []byte { return pgwire.Texts(c.Breaks, field) }
	bigint := func(field func(*row) int64) []byte { return pgwire.Bigints(c.Breaks, field) }
	var opened []struct {
		ID    string `db:"break_id"`
		First bool   `db:"first"`
		Notes int64  `db:"version"`
	}
	err := tx.SelectContext(ctx, &opened, `
		INSERT INTO reconciliation_breaks AS b (break_id, file_day, side, class, subject, number, merchant, payout_id, claim_id, import_id,
			line_number, expected_minor, found_minor, currency, detail, state, assignee, opened_at, due_at, closed_at, close_reason, version)
		SELECT k.break_id, k.file_day::date, k.side, k.class, k.subject, k.number, k.merchant, k.payout_id, k.claim_id, k.import_id,
			k.line_number, k.expected_minor, k.found_minor, k.currency, k.detail, 'OPEN', '', k.opened_at, k.due_at, NULL, '', 1
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::bigint[],
				$12::bigint[], $13::bigint[], $14::text[], $15::text[], $16::timestamptz[], $17::timestamptz[])
			AS k (file_day, break_id, side, class, subject, number, merchant, payout_id, claim_id, import_id, line_number,
				expected_minor, found_minor, currency, detail, opened_at, due_at)
		ON CONFLICT (file_day, side, class, subject) DO UPDATE SET import_id = excluded.import_id, line_number = excluded.line_number, expected_minor = excluded.expected_minor,
			found_minor = excluded.found_minor, currency = excluded.currency, detail = excluded.detail,
			state = 'OPEN', closed_at = NULL, close_reason = '',
			-- Time goes on for what nobody has closed.
			due_at = CASE WHEN b.state = 'OPEN' THEN b.due_at ELSE excluded.due_at END, version = b.version + 1
		WHERE b.state = 'CLOSED' AND b.close_reason = 'SETTLED'
			OR b.state = 'OPEN' AND (b.expected_minor, b.found_minor, b.import_id) <> (excluded.expected_minor, excluded.found_minor, excluded.import_id)
			OR b.state = 'OPEN' AND b.side = 'BOOKS' AND b.detail <> excluded.detail
		RETURNING b.break_id, b.version = 1 AS first, b.version`,
		text(func(b *row) string { return cmp.Or(b.Day, c.Day) }), text(func(b *row) string { return b.ID }), text(func(b *row) string { return string(b.Side) }),
		text(func(b *row) string { return string(b.Class) }), text(func(b *row) string { return b.Subject() }),
		text(func(b *row) string { return b.Number }), text(func(b *row) string { return b.MerchantID }),
		text(func(b *row) string { return b.PayoutID }), text(func(b *row) string { return b.ClaimID }),
		text(func(b *row) string { return b.Import }), bigint(func(b *row) int64 { return int64(b.Place) }),
		bigint(func(b *row) int64 { return int64(b.Expected) }), bigint(func(b *row) int64 { return int64(b.Found) }),
		text(func(b *row) string { return b.Currency }), text(func(b *row) string { return b.Detail }),
		pgwire.Times(c.Breaks, func(b *row) time.Time { return b.OpenedAt }), pgwire.Times(c.Breaks, func(b *row) time.Time { return b.DueAt }))
	if err != nil {
		return 0, failure(ctx, "open breaks", err)
	}
	var fresh, again []string
	for _, o := range opened {
		if o.First {
			fresh = append(fresh, o.ID)
		} else {
			again = append(again, o.ID)
		}
	}
	if err := noteAll(ctx, tx, fresh, reconcile.Opened, &c.By); err != nil {
		return 0, err
	}
	return int64(len(fresh)), noteAll(ctx, tx, again, reconcile.SeenAgain, &c.By)
}

// noteAll notes one action on many breaks.
func noteAll(ctx context.Context, tx *sqlx.Tx, ids []string, action reconcile.BreakAction, by *reconcile.BreakNote) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO reconciliation_break_notes (break_id, note_number, action, note, assignee, workload, role, person_id, noted_at)
		SELECT k.break_id, 1 + (SELECT count(*) FROM reconciliation_break_notes n WHERE n.break_id = k.break_id), $2, '', '', $3, $4, $5, $6
		FROM unnest($1::text[]) AS k (break_id)`,
		pgwire.Texts(ids, func(id *string) string { return *id }), string(action), by.By.Workload, string(by.By.Role), by.By.Person, by.At)
	return failure(ctx, "note on breaks", err)
}

// settleBreaks closes the open breaks of the compared sides that were not found.
func settleBreaks(ctx context.Context, tx *sqlx.Tx, c *Compared) (int64, error) {
	type row = reconcile.StoredBreak
	var settled []string
	err := tx.SelectContext(ctx, &settled, `
		UPDATE reconciliation_breaks b
		SET state = 'CLOSED', closed_at = $2, close_reason = 'SETTLED', version = b.version + 1
		WHERE (b.file_day = $1::date OR b.side = 'BOOKS') AND b.side = ANY ($3::text[]) AND b.state = 'OPEN'
			AND NOT EXISTS (
				SELECT 1 FROM unnest($4::text[], $5::text[], $6::text[]) AS k (side, class, subject)
				WHERE k.side = b.side AND k.class = b.class AND k.subject = b.subject)
		RETURNING b.break_id`, c.Day, c.By.At, pgwire.Texts(c.Sides, func(s *reconcile.Side) string { return string(*s) }),
		pgwire.Texts(c.Breaks, func(b *row) string { return string(b.Side) }), pgwire.Texts(c.Breaks, func(b *row) string { return string(b.Class) }),
		pgwire.Texts(c.Breaks, func(b *row) string { return b.Subject() }))
	if err != nil {
		return 0, failure(ctx, "settle breaks", err)
	}
	return int64(len(settled)), noteAll(ctx, tx, settled, reconcile.Ended, &c.By)
}

// keepMatches keeps what lines are about, some thousands at a time.
func keepMatches(ctx context.Context, tx *sqlx.Tx, all *reconcile.Matches) error {
	type row = reconcile.Match
	for some := range all.Batches(linesAtOnce) {
		text := func(field func(*row) string) []byte { return pgwire.Texts(some, field) }
		_, err := tx.ExecContext(ctx, `
			INSERT INTO channel_line_matches AS m (import_id, line_number, rule, merchant, payout_id)
			SELECT k.import_id, k.line_number, k.rule, k.merchant, k.payout_id
			FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[]) AS k (import_id, line_number, rule, merchant, payout_id)
			ON CONFLICT (import_id, line_number) DO UPDATE SET rule = excluded.rule, merchant = excluded.merchant, payout_id = excluded.payout_id
			WHERE (m.rule, m.merchant, m.payout_id) <> (excluded.rule, excluded.merchant, excluded.payout_id)`,
			text(func(m *row) string { return m.Import }), pgwire.Bigints(some, func(m *row) int64 { return int64(m.Place) }),
			text(func(m *row) string { return string(m.Rule) }), text(func(m *row) string { return m.MerchantID }), text(func(m *row) string { return m.PayoutID }))
		if err != nil {
			return failure(ctx, "keep matches", err)
		}
	}
	return nil
}

// PayoutRange names the payouts of a comparison: those made under the out-numbers from From to
// below To whose last answer was recorded from Since to below Until.
type PayoutRange struct {
	From, To     string
	Since, Until time.Time
}

// PayoutsOfDay hands the payouts of a range to f. Out-numbers are reserved over all books, so
// they are found there first, and then the payouts in their books.
func (r Reader) PayoutsOfDay(ctx context.Context, q PayoutRange, f func(*payout.Payout)) error {
	from := q.From
	for {
		keys, err := r.reservedFrom(ctx, from, q.To)
		if err != nil || len(keys) == 0 {
			return err
		}
		if err := r.payoutsOf(ctx, keys, q.Since, q.Until, f); err != nil {
			return err
		}
		from = keys[len(keys)-1].reference
	}
}

// reserved is an out-number with the payout that holds it.
type reserved struct {
	book.Key
	reference string
}

// reservedFrom gives some thousand out-numbers behind one.
func (r Reader) reservedFrom(ctx context.Context, after, to string) (out []reserved, err error) {
	err = r.each(ctx, "read out-numbers", `
		SELECT r.reference, r.merchant_id, r.holder
		FROM reservations r
		WHERE r.kind = 'OUT_NUMBER' AND r.reference > $1 AND r.reference < $2
		ORDER BY r.reference
		LIMIT $3`, []any{after, to, linesAtOnce}, func(rows *sql.Rows) error {
		var k reserved
		err := rows.Scan(&k.reference, &k.MerchantID, &k.ID)
		out = append(out, k)
		return err
	})
	return out, err
}

// PayoutsByNumber hands the payouts with some out-numbers to f.
func (r Reader) PayoutsByNumber(ctx context.Context, numbers []string, f func(*payout.Payout)) error {
	for from := 0; from < len(numbers); from += linesAtOnce {
		some := numbers[from:min(from+linesAtOnce, len(numbers))]
		var keys []reserved
		err := r.each(ctx, "find out-numbers", `
			SELECT r.reference, r.merchant_id, r.holder
			FROM unnest($1::text[]) AS k (reference)
			JOIN reservations r ON r.kind = 'OUT_NUMBER' AND r.reference = k.reference`,
			[]any{pgwire.Texts(some, func(n *string) string { return *n })}, func(rows *sql.Rows) error {
				var k reserved
				err := rows.Scan(&k.reference, &k.MerchantID, &k.ID)
				keys = append(keys, k)
				return err
			})
		if err != nil {
			return err
		}
		if err := r.payoutsOf(ctx, keys, time.Time{}, time.Time{}, f); err != nil {
			return err
		}
	}
	return nil
}

// payoutsOf hands the payouts among keys to f: those whose last answer is in a time, or all.
func (r Reader) payoutsOf(ctx context.Context, keys []reserved, since, until time.Time, f func(*payout.Payout)) error {
	if len(keys) == 0 {
		return nil
	}
	return r.each(ctx, "read payouts of a day", `
		SELECT`+payoutColumns+`
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN payouts p ON p.merchant_id = k.merchant_id AND p.payout_id = k.id
		WHERE $3::timestamptz IS NULL OR p.answered_at >= $3 AND p.answered_at < $4`,
		[]any{
			pgwire.Texts(keys, func(k *reserved) string { return k.MerchantID }), pgwire.Texts(keys, func(k *reserved) string { return k.ID }),
			orNull(since), orNull(until),
		}, func(rows *sql.Rows) error {
			p, err := scanPayout(rows)
			if err == nil {
				f(p)
			}
			return err
		})
}
