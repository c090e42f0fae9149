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

func claimValue(rows *sql.Rows) (c claim.Claim, err error) { return c, fillClaim(rows, &c) }

// ClaimQuery names claims: at least a merchant, an order, a claimant or a
// product, or a queue, which a merchant and a state narrow down. What is empty
// does not count.
type ClaimQuery struct {
	MerchantID string
	OrderID    string
	ClaimantID string
	ProductID  string
	State      claim.State
	Queue      Queue
}

// ClaimCursor is a place in a list of claims; the zero cursor is its start.
type ClaimCursor struct {
	// ClaimID is the id that the list goes by: the claim's, or the payout's
	// where a queue is of payouts.
	ClaimID string
	// Since is when the claim came to where it waits, in queues that go by it.
	Since time.Time
}

// ClaimPage is a page of claims.
type ClaimPage = Page[claim.Claim, ClaimCursor]

// Claims lists claims from a place on, newest first; a queue oldest first.
func (r Reader) Claims(ctx context.Context, q ClaimQuery, from ClaimCursor, size int) (ClaimPage, error) {
	if q.Queue != "" {
		return r.queue(ctx, q, from, size)
	}
	id := from.ClaimID
	if id == "" {
		id = afterEveryID
	}
	args := []any{id, q.MerchantID, q.OrderID, q.ClaimantID, q.ProductID, string(q.State)}
	switch {
	case q.OrderID != "":
		return r.claimsOfOrder(ctx, size, args)
	case q.ClaimantID != "":
		return r.claimsOfClaimant(ctx, size, args)
	case q.ProductID != "":
		return r.claimsOfProduct(ctx, size, args)
	case waiting(q.State):
		return r.waitsOfMerchant(ctx, size, id, q.MerchantID, string(q.State))
	}
	return r.claimsOfMerchant(ctx, size, args)
}

// afterEveryID sorts behind every id that the engine makes.
const afterEveryID = "~"

// waiting says whether every claim in s has a row in the narrow table of waits,
// which claims that have ended do not lengthen.
func waiting(s claim.State) bool {
	switch s {
	case claim.Authenticating, claim.InReview, claim.Notified, claim.Appealed, claim.AwaitingApproval, claim.PayoutFailed:
		return true
	case claim.New, claim.Paying, claim.Paid, claim.Rejected, claim.Withdrawn, claim.Expired:
	}
	return false
}

// claimListing is a listing of claims whose cursor is the claim's id.
func claimListing(what, query string) listing[claim.Claim, ClaimCursor] {
	return listing[claim.Claim, ClaimCursor]{
		what: what, query: query, scan: fillClaim,
		cursor: func(c *claim.Claim) ClaimCursor { return ClaimCursor{ClaimID: c.ID} },
	}
}

// claimAsked is everything that a query may ask of a claim. Parameters that are
// empty drop out when the statement is planned.
const claimAsked = `
	($4 = '' OR c.merchant_id = $4) AND ($5 = '' OR c.order_id = $5) AND ($6 = '' OR c.claimant_id = $6)
	AND ($7 = '' OR c.product_id = $7) AND ($8 = '' OR c.state = $8)`

func (r Reader) claimsOfMerchant(ctx context.Context, size int, args []any) (ClaimPage, error) {
	return claimListing("list claims of merchant", `
		SELECT`+claimColumns+`, c.n > $1
		FROM (
			SELECT`+claimColumns+`, row_number() OVER (ORDER BY c.merchant_id DESC, c.claim_id DESC) AS n
			FROM claims c
			WHERE c.merchant_id >= $4 AND (c.merchant_id, c.claim_id) <= ($4, $3)
			ORDER BY c.merchant_id DESC, c.claim_id DESC
			LIMIT $1 + 1) c
		WHERE `+claimAsked+` OR c.n > $1
		LIMIT $2`).page(ctx, r, size, args...)
}

func (r Reader) claimsOfOrder(ctx context.Context, size int, args []any) (ClaimPage, error) {
	return claimListing("list claims of order", `
		SELECT`+claimColumns+`, c.n > $1
		FROM (
			SELECT`+claimColumns+`, row_number() OVER (ORDER BY c.order_id DESC, c.claim_id DESC) AS n
			FROM claims c
			WHERE c.order_id >= $5 AND (c.order_id, c.claim_id) <= ($5, $3)
			ORDER BY c.order_id DESC, c.claim_id DESC
			LIMIT $1 + 1) c
		WHERE `+claimAsked+` OR c.n > $1
		LIMIT $2`).page(ctx, r, size, args...)
}

func (r Reader) claimsOfClaimant(ctx context.Context, size int, args []any) (ClaimPage, error) {
	return claimListing("list claims of claimant", `
		SELECT`+claimColumns+`, c.n > $1
		FROM (
			SELECT`+claimColumns+`, row_number() OVER (ORDER BY c.claimant_id DESC, c.claim_id DESC) AS n
			FROM claims c
			WHERE c.claimant_id >= $6 AND (c.claimant_id, c.claim_id) <= ($6, $3)
			ORDER BY c.claimant_id DESC, c.claim_id DESC
			LIMIT $1 + 1) c
		WHERE `+claimAsked+` OR c.n > $1
		LIMIT $2`).page(ctx, r, size, args...)
}

func (r Reader) claimsOfProduct(ctx context.Context, size int, args []any) (ClaimPage, error) {
	return claimListing("list claims of product", `
		SELECT`+claimColumns+`, c.n > $1
		FROM (
			SELECT`+claimColumns+`, row_number() OVER (ORDER BY c.product_id DESC, c.claim_id DESC) AS n
			FROM claims c
			WHERE c.product_id <> '' AND c.product_id >= $7 AND (c.product_id, c.claim_id) <= ($7, $3)
			ORDER BY c.product_id DESC, c.claim_id DESC
			LIMIT $1 + 1) c
		WHERE `+claimAsked+` OR c.n > $1
		LIMIT $2`).page(ctx, r, size, args...)
}

// waitsOfMerchant lists a merchant's claims in a state that waits.
func (r Reader) waitsOfMerchant(ctx context.Context, size int, args ...any) (ClaimPage, error) {
	return claimListing("list waiting claims of merchant", `
		SELECT`+claimColumns+`, k.beyond
		FROM (
			SELECT w.merchant_id, w.claim_id, w.n > $1 AS beyond
			FROM (
				SELECT w.merchant_id, w.claim_id, w.state, row_number() OVER (ORDER BY w.merchant_id DESC, w.claim_id DESC) AS n
				FROM waits w
				WHERE w.merchant_id >= $4 AND (w.merchant_id, w.claim_id) <= ($4, $3)
				ORDER BY w.merchant_id DESC, w.claim_id DESC
				LIMIT $1 + 1) w
			WHERE w.state = $5 OR w.n > $1
			LIMIT $2) k
		CROSS JOIN LATERAL (
			SELECT`+claimColumns+`
			FROM claims c
			WHERE c.merchant_id = k.merchant_id AND c.claim_id = k.claim_id
			LIMIT 1) c
		ORDER BY k.claim_id DESC`).page(ctx, r, size, args...)
}

// ClaimsAfter reads claims after one in order of merchant and id: those of a
// merchant, or of all where none is named.
func (r Reader) ClaimsAfter(ctx context.Context, merchantID string, after Key, limit int) ([]claim.Claim, error) {
	last := merchantID
	if last == "" {
		last = afterEveryID
	}
	return read(ctx, r, "read claims", `
		SELECT`+claimColumns+`
		FROM claims c
		WHERE (c.merchant_id, c.claim_id) > ($1, $2) AND c.merchant_id <= $3
		ORDER BY c.merchant_id, c.claim_id
		LIMIT $4`, claimValue, max(after.MerchantID, merchantID), after.ID, last, limit)
}
