package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// TakeDues takes payouts that are due at now, the longest due first, and postpones
// each until a worker should look again: by wait at first, doubled with every attempt
// up to waitMax. Rows that another worker is taking are skipped.
func (db *DB) TakeDues(ctx context.Context, now time.Time, wait, waitMax time.Duration, limit int) ([]payout.Payout, error) {
	return read(ctx, Reader{from: db.pool}, "take due payouts", `
		WITH due AS (
			SELECT d.merchant_id, d.payout_id
			FROM payout_dues d
			WHERE d.due_at <= $1
			ORDER BY d.due_at
			LIMIT $4
			FOR UPDATE SKIP LOCKED),
		taken AS (
			UPDATE payout_dues d
			SET attempts = d.attempts + 1,
			    due_at = $1 + least($2 * (2 ^ least(d.attempts, 20)), $3) * interval '1 microsecond'
			FROM due
			WHERE d.merchant_id = due.merchant_id AND d.payout_id = due.payout_id
			RETURNING d.merchant_id, d.payout_id)
		SELECT`+payoutColumns+`
		FROM taken t
		JOIN payouts p ON p.merchant_id = t.merchant_id AND p.payout_id = t.payout_id
		ORDER BY p.payout_id`,
		payoutValue, now, wait.Microseconds(), waitMax.Microseconds(), limit)
}

// WaitCursor says where a list of waits starts, in order of deadlines.
type WaitCursor struct {
	Deadline time.Time
	ClaimID  string
}

// DueWaits lists waits whose deadline is not after before, in order of deadlines from
// a cursor on.
func (db *DB) DueWaits(ctx context.Context, before time.Time, after WaitCursor, limit int) ([]book.Wait, error) {
	return read(ctx, Reader{from: db.pool}, "list passed deadlines", `
		SELECT w.merchant_id, w.claim_id, w.state, w.since, w.fires, w.deadline_at, w.hold_expires_at, w.assignee
		FROM waits w
		WHERE w.deadline_at <= $1 AND w.deadline_at >= $2 AND (w.deadline_at, w.claim_id) > ($2, $3)
		ORDER BY w.deadline_at, w.claim_id
		LIMIT $4`, scanWait, before, after.Deadline, after.ClaimID, limit)
}

// LeftNotices lists claims whose notice was given up, before notices were deemed delivered:
// they are escalated and have no deadline.
func (db *DB) LeftNotices(ctx context.Context, limit int) ([]book.Key, error) {
	return read(ctx, Reader{from: db.pool}, "list notices that were given up", `
		SELECT c.merchant_id, c.claim_id
		FROM claims c
		WHERE c.escalated AND c.state = 'NOTIFIED' AND c.fires = ''
		ORDER BY c.claim_id
		LIMIT $1`, func(rows *sql.Rows) (k book.Key, err error) {
		err = rows.Scan(&k.MerchantID, &k.ID)
		return k, err
	}, limit)
}

// ExpiredHolds lists claims whose holds expire not after before, in that order from a
// cursor on; the cursor's Deadline is the time of expiry.
func (db *DB) ExpiredHolds(ctx context.Context, before time.Time, after WaitCursor, limit int) ([]book.Wait, error) {
	return read(ctx, Reader{from: db.pool}, "list expired holds", `
		SELECT w.merchant_id, w.claim_id, w.state, w.since, w.fires, w.deadline_at, w.hold_expires_at, w.assignee
		FROM waits w
		WHERE w.hold_expires_at <= $1 AND w.hold_expires_at >= $2 AND (w.hold_expires_at, w.claim_id) > ($2, $3)
		ORDER BY w.hold_expires_at, w.claim_id
		LIMIT $4`, scanWait, before, after.Deadline, after.ClaimID, limit)
}

// BookDue is a book with the time of something due on it. It also says where a list in
// order of those times starts.
type BookDue struct {
	At         time.Time
	MerchantID string
}

// BooksToSweep lists books with a pending sweep and the time of their income, in order
// of those times from a cursor on.
func (db *DB) BooksToSweep(ctx context.Context, after BookDue, limit int) ([]BookDue, error) {
	return read(ctx, Reader{from: db.pool}, "list books to sweep", `
		SELECT b.sweep_since, b.merchant_id
		FROM books b
		WHERE b.sweep_since IS NOT NULL AND (b.sweep_since, b.merchant_id) > ($1, $2)
		ORDER BY b.sweep_since, b.merchant_id
		LIMIT $3`, scanBookDue, after.At, after.MerchantID, limit)
}

// PassedDemands lists books whose demand for deposit was due not after before, in order
// of those times from a cursor on.
func (db *DB) PassedDemands(ctx context.Context, before time.Time, after BookDue, limit int) ([]BookDue, error) {
	return read(ctx, Reader{from: db.pool}, "list passed demands", `
		SELECT b.demand_deadline_at, b.merchant_id
		FROM books b
		WHERE b.demand_deadline_at <= $1 AND (b.demand_deadline_at, b.merchant_id) > ($2, $3)
		ORDER BY b.demand_deadline_at, b.merchant_id
		LIMIT $4`, scanBookDue, before, after.At, after.MerchantID, limit)
}

func scanBookDue(rows *sql.Rows) (d BookDue, err error) {
	err = rows.Scan(&d.At, &d.MerchantID)
	inUTC(&d.At)
	return d, err
}

func scanWait(rows *sql.Rows) (w book.Wait, err error) {
	var deadline, expires sql.NullTime
	err = rows.Scan(&w.MerchantID, &w.ClaimID, (*string)(&w.State), &w.Since, (*string)(&w.Fires), &deadline, &expires, &w.Assignee)
	w.Deadline, w.HoldExpires = deadline.Time, expires.Time
	inUTC(&w.Since, &w.Deadline, &w.HoldExpires)
	return w, err
}

// Authenticating lists claims that wait for a result, on products whose id
// begins with prefix, after one. Only a sandbox asks for them.
func (db *DB) Authenticating(ctx context.Context, prefix, after string, limit int) ([]claim.Claim, error) {
	return read(ctx, Reader{from: db.pool}, "list claims without a result", `
		SELECT`+claimColumns+`
		FROM waits w
		JOIN claims c ON c.merchant_id = w.merchant_id AND c.claim_id = w.claim_id
		WHERE w.state = 'AUTHENTICATING' AND w.claim_id > $2 AND starts_with(c.product_id, $1)
		ORDER BY w.claim_id
		LIMIT $3`, claimValue, prefix, after, limit)
}
