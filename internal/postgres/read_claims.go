package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

// Claim reads a claim of a merchant, or of any merchant where none is named.
func (r Reader) Claim(ctx context.Context, merchantID, claimID string) (claim.Claim, bool, error) {
	if merchantID == "" {
		return readOne(ctx, r, "read claim", `
			SELECT`+claimColumns+`
			FROM claims c
			WHERE c.claim_id = $1`, claimValue, claimID)
	}
	return readOne(ctx, r, "read claim", `
		SELECT`+claimColumns+`
		FROM claims c
		WHERE c.merchant_id = $1 AND c.claim_id = $2`, claimValue, merchantID, claimID)
}

func claimValue(rows *sql.Rows) (claim.Claim, error) {
	c, err := scanClaim(rows)
	if err != nil {
		return claim.Claim{}, err
	}
	return *c, nil
}

// Queue is a list of claims that wait for people.
type Queue string

// The queues.
const (
	// QueueReview waits for a review.
	QueueReview Queue = "REVIEW"
	// QueueApproval waits for approval of the amount.
	QueueApproval Queue = "APPROVAL"
	// QueueOverdue has a passed deadline that only a person can answer.
	QueueOverdue Queue = "OVERDUE"
	// QueueStuckPayouts has a payout that failed, or no outcome for too long.
	QueueStuckPayouts Queue = "STUCK_PAYOUTS"
)

// ClaimQuery names claims: at least a merchant, an order, a claimant or a
// product, or a queue. What is empty does not count.
type ClaimQuery struct {
	MerchantID string
	OrderID    string
	ClaimantID string
	ProductID  string
	State      claim.State
	Queue      Queue
}

// ClaimCursor is the place of a claim in a list; Since counts in queues only.
type ClaimCursor struct {
	ClaimID string
	Since   time.Time
}

// Claims lists claims, newest first; a queue oldest first. Every list walks an
// index and looks at a bounded number of rows.
func (r Reader) Claims(ctx context.Context, q ClaimQuery, after ClaimCursor, size int) (Page[claim.Claim, ClaimCursor], error) {
	keep := func(c *claim.Claim) bool { return q.State == "" || c.State == q.State }
	cursor := func(c *claim.Claim) ClaimCursor { return ClaimCursor{ClaimID: c.ID} }
	limit := examined(size, q.State != "")
	list := r.claimsOfMerchant
	switch {
	case q.Queue == QueueOverdue:
		list = r.claimsOverdue
	case q.Queue == QueueStuckPayouts:
		list = r.claimsStuck
	case q.Queue != "":
		list = r.claimsInState
	case q.OrderID != "":
		list = r.claimsOfOrder
	case q.ClaimantID != "":
		list = r.claimsOfClaimant
	case q.ProductID != "":
		list = r.claimsOfProduct
	}
	if q.Queue != "" {
		cursor = func(c *claim.Claim) ClaimCursor { return ClaimCursor{ClaimID: c.ID, Since: c.StateSince} }
	}
	rows, err := list(ctx, q, after, limit)
	if err != nil {
		return Page[claim.Claim, ClaimCursor]{}, err
	}
	return pageOf(rows, size, limit, keep, cursor), nil
}

func (r Reader) claimsOfMerchant(ctx context.Context, q ClaimQuery, after ClaimCursor, limit int) ([]claim.Claim, error) {
	return read(ctx, r, "list claims of merchant", `
		SELECT`+claimColumns+`
		FROM claims c
		WHERE c.merchant_id = $1 AND ($2 = '' OR c.claim_id < $2)
		ORDER BY c.claim_id DESC
		LIMIT $3`, claimValue, q.MerchantID, after.ClaimID, limit)
}

func (r Reader) claimsOfOrder(ctx context.Context, q ClaimQuery, after ClaimCursor, limit int) ([]claim.Claim, error) {
	return read(ctx, r, "list claims of order", `
		SELECT`+claimColumns+`
		FROM claims c
		WHERE c.order_id = $1 AND ($2 = '' OR c.claim_id < $2)
		  AND ($3 = '' OR c.merchant_id = $3) AND ($4 = '' OR c.claimant_id = $4) AND ($5 = '' OR c.product_id = $5)
		ORDER BY c.claim_id DESC
		LIMIT $6`, claimValue, q.OrderID, after.ClaimID, q.MerchantID, q.ClaimantID, q.ProductID, limit)
}

func (r Reader) claimsOfClaimant(ctx context.Context, q ClaimQuery, after ClaimCursor, limit int) ([]claim.Claim, error) {
	return read(ctx, r, "list claims of claimant", `
		SELECT`+claimColumns+`
		FROM claims c
		WHERE c.claimant_id = $1 AND ($2 = '' OR c.claim_id < $2)
		  AND ($3 = '' OR c.merchant_id = $3) AND ($4 = '' OR c.product_id = $4)
		ORDER BY c.claim_id DESC
		LIMIT $5`, claimValue, q.ClaimantID, after.ClaimID, q.MerchantID, q.ProductID, limit)
}

func (r Reader) claimsOfProduct(ctx context.Context, q ClaimQuery, after ClaimCursor, limit int) ([]claim.Claim, error) {
	return read(ctx, r, "list claims of product", `
		SELECT`+claimColumns+`
		FROM claims c
		WHERE c.product_id = $1 AND ($2 = '' OR c.claim_id < $2) AND ($3 = '' OR c.merchant_id = $3)
		ORDER BY c.claim_id DESC
		LIMIT $4`, claimValue, q.ProductID, after.ClaimID, q.MerchantID, limit)
}

// queueStates are the states behind the queues that are one state.
var queueStates = map[Queue]claim.State{
	QueueReview:   claim.InReview,
	QueueApproval: claim.AwaitingApproval,
}

func (r Reader) claimsInState(ctx context.Context, q ClaimQuery, after ClaimCursor, limit int) ([]claim.Claim, error) {
	return read(ctx, r, "list claims of queue", `
		SELECT`+claimColumns+`
		FROM waits w
		JOIN claims c ON c.merchant_id = w.merchant_id AND c.claim_id = w.claim_id
		WHERE w.state = $1 AND w.state IN ('IN_REVIEW', 'APPEALED', 'AWAITING_APPROVAL', 'PAYOUT_FAILED')
		  AND (w.since, w.claim_id) > ($2, $3) AND ($4 = '' OR w.merchant_id = $4)
		ORDER BY w.since, w.claim_id
		LIMIT $5`, claimValue, string(queueStates[q.Queue]), after.Since, after.ClaimID, q.MerchantID, limit)
}

// claimsOverdue finds claims whose deadline passed and left nothing to fire: a
// person has to act.
func (r Reader) claimsOverdue(ctx context.Context, q ClaimQuery, after ClaimCursor, limit int) ([]claim.Claim, error) {
	return read(ctx, r, "list overdue claims", `
		SELECT`+claimColumns+`
		FROM waits w
		JOIN claims c ON c.merchant_id = w.merchant_id AND c.claim_id = w.claim_id
		WHERE w.fires = '' AND w.state IN ('IN_REVIEW', 'NOTIFIED')
		  AND (w.since, w.claim_id) > ($1, $2) AND ($3 = '' OR w.merchant_id = $3)
		ORDER BY w.since, w.claim_id
		LIMIT $4`, claimValue, after.Since, after.ClaimID, q.MerchantID, limit)
}

// stuckMax bounds the payouts without an outcome that a page looks at.
const stuckMax = 10_000

// claimsStuck finds claims with a payout that failed for good, and claims whose
// payout was asked after many times without an outcome.
func (r Reader) claimsStuck(ctx context.Context, q ClaimQuery, after ClaimCursor, limit int) ([]claim.Claim, error) {
	return read(ctx, r, "list stuck payouts", `
		SELECT`+claimColumns+`
		FROM (
			(SELECT w.merchant_id, w.claim_id, w.since
			 FROM waits w
			 WHERE w.state = 'PAYOUT_FAILED' AND (w.since, w.claim_id) > ($1, $2) AND ($3 = '' OR w.merchant_id = $3)
			 ORDER BY w.since, w.claim_id
			 LIMIT $4)
			UNION
			(SELECT s.merchant_id, s.claim_id, s.state_since
			 FROM (SELECT d.merchant_id, d.payout_id FROM payout_dues d WHERE d.attempts >= 10 LIMIT $5) d
			 JOIN payouts p ON p.merchant_id = d.merchant_id AND p.payout_id = d.payout_id
			 JOIN claims s ON s.merchant_id = p.merchant_id AND s.claim_id = p.claim_id
			 WHERE (s.state_since, s.claim_id) > ($1, $2) AND ($3 = '' OR s.merchant_id = $3))) k
		JOIN claims c ON c.merchant_id = k.merchant_id AND c.claim_id = k.claim_id
		ORDER BY k.since, k.claim_id
		LIMIT $4`, claimValue, after.Since, after.ClaimID, q.MerchantID, limit, stuckMax)
}
