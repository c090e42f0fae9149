package postgres

import (
	"context"
	"database/sql"

	"github.com/tenfold-claims/tenfold/internal/payout"
)

// PayoutQuery names payouts of a book: all, or those of one claim, or in one state.
type PayoutQuery struct {
	MerchantID string
	ClaimID    string
	State      payout.State
}

// Payout reads one payout.
func (r Reader) Payout(ctx context.Context, merchantID, payoutID string) (payout.Payout, bool, error) {
	return readOne(ctx, r, "read payout", `
		SELECT`+payoutColumns+`
		FROM payouts p
		WHERE p.merchant_id = $1 AND p.payout_id = $2`, payoutValue, merchantID, payoutID)
}

func payoutValue(rows *sql.Rows) (p payout.Payout, err error) { return p, fillPayout(rows, &p) }

// Payouts lists payouts from one on, oldest first.
func (r Reader) Payouts(ctx context.Context, q PayoutQuery, from string, size int) (Page[payout.Payout, string], error) {
	l := listing[payout.Payout, string]{
		scan:   fillPayout,
		cursor: func(p *payout.Payout) string { return p.ID },
	}
	if q.ClaimID == "" {
		l.what, l.query = "list payouts of merchant", `
		SELECT`+payoutColumns+`, p.n > $1
		FROM (
			SELECT`+payoutColumns+`, row_number() OVER (ORDER BY p.merchant_id, p.payout_id) AS n
			FROM payouts p
			WHERE p.merchant_id <= $3 AND (p.merchant_id, p.payout_id) >= ($3, $4)
			ORDER BY p.merchant_id, p.payout_id
			LIMIT $1 + 1) p
		WHERE $5 = '' OR p.state = $5 OR p.n > $1
		LIMIT $2`
		return l.page(ctx, r, size, q.MerchantID, from, string(q.State))
	}
	l.what, l.query = "list payouts of claim", `
		SELECT`+payoutColumns+`, p.n > $1
		FROM (
			SELECT`+payoutColumns+`, row_number() OVER (ORDER BY p.payout_id) AS n
			FROM payouts p
			WHERE p.claim_id = $6 AND p.payout_id >= $4
			ORDER BY p.payout_id
			LIMIT $1 + 1) p
		WHERE p.merchant_id = $3 AND ($5 = '' OR p.state = $5) OR p.n > $1
		LIMIT $2`
	return l.page(ctx, r, size, q.MerchantID, from, string(q.State), q.ClaimID)
}
