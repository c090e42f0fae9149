package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/tenfold-claims/tenfold/internal/commission"
)

// RetestDue is a claim for which a body is to be drawn.
type RetestDue struct {
	MerchantID, ClaimID string
	// At is when.
	At time.Time
}

// RetestsDue lists the claims for which a body is to be drawn at a time, after a place, those that
// have waited longest first.
func (db *DB) RetestsDue(ctx context.Context, now time.Time, after RetestDue, limit int) ([]RetestDue, error) {
	return read(ctx, Reader{from: db.pool}, "list re-tests that are due", `
		SELECT c.merchant_id, c.claim_id, c.retest_at
		FROM claims c
		WHERE c.retest_at <= $1 AND c.retest_at >= $2 AND (c.retest_at, c.merchant_id, c.claim_id) > ($2, $3, $4)
		ORDER BY c.retest_at, c.merchant_id, c.claim_id
		LIMIT $5`,
		func(rows *sql.Rows) (d RetestDue, err error) {
			err = rows.Scan(&d.MerchantID, &d.ClaimID, &d.At)
			inUTC(&d.At)
			return d, err
		}, now, after.At, after.MerchantID, after.ClaimID, limit)
}

// CommissionsLeft lists the open commissions of bodies that were suspended before a time, after a
// place.
func (db *DB) CommissionsLeft(ctx context.Context, before time.Time, after CommissionCursor, limit int) ([]commission.Commission, error) {
	return read(ctx, Reader{from: db.pool}, "list commissions of suspended bodies", `
		SELECT`+commissionColumns+`
		FROM authenticator_states a
		JOIN commissions x ON x.authenticator_id = a.authenticator_id AND x.ended_at IS NULL
		WHERE a.suspended_at <= $1 AND (x.due_at, x.merchant_id, x.claim_id, x.commission_number) > ($2, $3, $4, $5)
		ORDER BY x.due_at, x.merchant_id, x.claim_id, x.commission_number
		LIMIT $6`, scanCommission, before, after.DueAt, after.MerchantID, after.ClaimID, after.Number, limit)
}
