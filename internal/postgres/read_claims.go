package postgres

import (
	"context"
	"database/sql"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
)

// Claim reads a claim of a merchant, or of any merchant where none is named.
func (r Reader) Claim(ctx context.Context, merchantID, claimID string) (claim.Claim, bool, error) {
	if merchantID == "" {
		return readOne(ctx, r.byKey(), "read claim", `
			SELECT`+claimColumns+`
			FROM claims c
			WHERE c.claim_id = $1`, claimValue, claimID)
	}
	return readOne(ctx, r.byKey(), "read claim", `
		SELECT`+claimColumns+`
		FROM claims c
		WHERE c.merchant_id = $1 AND c.claim_id = $2`, claimValue, merchantID, claimID)
}

func claimValue(rows *sql.Rows) (c claim.Claim, err error) { return c, fillClaim(rows, &c) }

// ClaimPage is a page of claims.
type ClaimPage = Page[claim.Claim, ClaimCursor]

// Claims lists claims from a cursor on, newest first unless asked otherwise; a queue
// oldest first.
func (r Reader) Claims(ctx context.Context, q ClaimQuery, from ClaimCursor, size int) (ClaimPage, error) {
	args := q.args(from)
	switch {
	case q.Queue != "":
		return r.queue(ctx, q, from, size)
	case q.OrderID != "":
		return ofOrder.list(q).page(ctx, r, size, args...)
	case q.ClaimantID != "":
		return ofClaimant.list(q).page(ctx, r, size, args...)
	case q.ProductID != "":
		return ofProduct.list(q).page(ctx, r, size, args...)
	case q.AuthenticatorID != "":
		return r.claimsOfAuthenticator(ctx, q, from, size)
	case waiting(q.State):
		return r.waitsOfMerchant(ctx, q, from, size)
	}
	return ofMerchant.list(q).page(ctx, r, size, args...)
}

// waiting says whether every claim in s has a row in the narrow table of waits, which
// ended claims do not lengthen.
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
		what: what, query: query, scan: fillClaim, weigh: claimWeight,
		cursor: func(c *claim.Claim) ClaimCursor { return ClaimCursor{ClaimID: c.ID} },
	}
}

// anchor is a column of claims with an index on it and the claim's id.
type anchor struct {
	column, parameter string
	// only is the condition of an index that does not hold every claim.
	only string
}

var (
	ofMerchant = anchor{column: "merchant_id", parameter: "$4"}
	ofOrder    = anchor{column: "order_id", parameter: "$5"}
	ofClaimant = anchor{column: "claimant_id", parameter: "$6"}
	ofProduct  = anchor{column: "product_id", parameter: "$7", only: "c.product_id <> '' AND"}
)

// list gives the listing of claims under an anchor.
func (a anchor) list(q ClaimQuery) listing[claim.Claim, ClaimCursor] {
	walk := `
		SELECT` + claimColumns + `, row_number() OVER (ORDER BY c.{anchor} DESC, c.claim_id DESC) AS n
		FROM claims c
		WHERE {only} c.{anchor} >= {value} AND (c.{anchor}, c.claim_id) <= ({value}, $3)
		ORDER BY c.{anchor} DESC, c.claim_id DESC
		LIMIT $1 + 1`
	if q.OldestFirst {
		walk = `
		SELECT` + claimColumns + `, row_number() OVER (ORDER BY c.{anchor}, c.claim_id) AS n
		FROM claims c
		WHERE {only} c.{anchor} <= {value} AND (c.{anchor}, c.claim_id) >= ({value}, $3)
		ORDER BY c.{anchor}, c.claim_id
		LIMIT $1 + 1`
	}
	walk = strings.NewReplacer("{anchor}", a.column, "{value}", a.parameter, "{only}", a.only).Replace(walk)
	l := claimListing("list claims by "+a.column, `
		SELECT`+claimColumns+`, c.n > $1
		FROM (`+walk+`) c
		WHERE `+claimAsked+` OR c.n > $1
		LIMIT $2`)
	// Only a claim's results show whether an authenticator has recorded one on it.
	l.far = q.AuthenticatorID != ""
	return l
}

// waitsOfMerchant lists a merchant's claims in a state that waits.
func (r Reader) waitsOfMerchant(ctx context.Context, q ClaimQuery, from ClaimCursor, size int) (ClaimPage, error) {
	walk := `
		SELECT w.merchant_id, w.claim_id, w.state, row_number() OVER (ORDER BY w.merchant_id DESC, w.claim_id DESC) AS n
		FROM waits w
		WHERE w.merchant_id >= $4 AND (w.merchant_id, w.claim_id) <= ($4, $3)
		ORDER BY w.merchant_id DESC, w.claim_id DESC
		LIMIT $1 + 1`
	if q.OldestFirst {
		walk = `
		SELECT w.merchant_id, w.claim_id, w.state, row_number() OVER (ORDER BY w.merchant_id, w.claim_id) AS n
		FROM waits w
		WHERE w.merchant_id <= $4 AND (w.merchant_id, w.claim_id) >= ($4, $3)
		ORDER BY w.merchant_id, w.claim_id
		LIMIT $1 + 1`
	}
	l := claimListing("list waiting claims of merchant", `
		SELECT`+claimColumns+`, k.n > $1
		FROM (
			SELECT w.merchant_id, w.claim_id, w.n
			FROM (`+walk+`) w
			WHERE w.state = $8 OR w.n > $1) k
		CROSS JOIN LATERAL (
			SELECT`+claimColumns+`
			FROM claims c
			WHERE c.merchant_id = k.merchant_id AND c.claim_id = k.claim_id
			LIMIT 1) c
		WHERE `+claimAsked+` OR k.n > $1
		LIMIT $2`)
	l.far = q.narrow()
	return l.page(ctx, r, size, q.args(from)...)
}

// foundClaim is a claim with the result for which it is listed.
type foundClaim struct {
	claim.Claim
	resultID string
}

// claimsOfAuthenticator lists the claims on which an authenticator has recorded a
// result, each by its first result: that one stays the first, whatever comes in later.
func (r Reader) claimsOfAuthenticator(ctx context.Context, q ClaimQuery, from ClaimCursor, size int) (ClaimPage, error) {
	last := from.ResultID
	walk := `
		SELECT r.merchant_id, r.claim_id, r.result_id,
		       row_number() OVER (ORDER BY r.authenticator_id DESC, r.claim_id DESC, r.result_id DESC) AS n
		FROM results r
		WHERE r.authenticator_id >= $16 AND (r.authenticator_id, r.claim_id, r.result_id) <= ($16, $3, $17)
		ORDER BY r.authenticator_id DESC, r.claim_id DESC, r.result_id DESC
		LIMIT $1 + 1`
	if q.OldestFirst {
		walk = `
		SELECT r.merchant_id, r.claim_id, r.result_id,
		       row_number() OVER (ORDER BY r.authenticator_id, r.claim_id, r.result_id) AS n
		FROM results r
		WHERE r.authenticator_id <= $16 AND (r.authenticator_id, r.claim_id, r.result_id) >= ($16, $3, $17)
		ORDER BY r.authenticator_id, r.claim_id, r.result_id
		LIMIT $1 + 1`
	} else if last == "" {
		last = afterEveryID
	}
	l := listing[foundClaim, ClaimCursor]{what: "list claims of authenticator", far: true, query: `
		SELECT` + claimColumns + `, k.result_id, k.n > $1
		FROM (` + walk + `) k
		CROSS JOIN LATERAL (
			SELECT` + claimColumns + `
			FROM claims c
			WHERE c.merchant_id = k.merchant_id AND c.claim_id = k.claim_id
			LIMIT 1) c
		WHERE k.n > $1 OR ` + claimAsked + ` AND k.result_id = (
			SELECT o.result_id
			FROM results o
			WHERE o.authenticator_id = $16 AND o.claim_id = k.claim_id AND o.merchant_id = k.merchant_id
			ORDER BY o.result_id
			LIMIT 1)
		LIMIT $2`}
	l.scan = func(row scanner, f *foundClaim) error { return fillClaim(wider{row, &f.resultID}, &f.Claim) }
	l.weigh = func(f *foundClaim) int { return claimWeight(&f.Claim) }
	l.cursor = func(f *foundClaim) ClaimCursor { return ClaimCursor{ClaimID: f.ID, ResultID: f.resultID} }
	found, err := l.page(ctx, r, size, append(q.args(from), last)...)
	p := ClaimPage{Next: found.Next, More: found.More}
	for i := range found.Rows {
		p.Rows = append(p.Rows, found.Rows[i].Claim)
	}
	return p, err
}

// ClaimsAfter reads claims after one in order of merchant and id: those of a
// merchant, or of all where none is named. It says whether more may follow; it reads fewer than
// limit if they are large.
func (r Reader) ClaimsAfter(ctx context.Context, merchantID string, after book.Key, limit int) (list []claim.Claim, more bool, err error) {
	last := merchantID
	if last == "" {
		last = afterEveryID
	}
	weight := 0
	err = r.each(ctx, "read claims", `
		SELECT`+claimColumns+`
		FROM claims c
		WHERE (c.merchant_id, c.claim_id) > ($1, $2) AND c.merchant_id <= $3
		ORDER BY c.merchant_id, c.claim_id
		LIMIT $4`, []any{max(after.MerchantID, merchantID), after.ID, last, limit}, func(rows *sql.Rows) error {
		c, err := claimValue(rows)
		if err != nil {
			return err
		}
		list = append(list, c)
		if weight += claimWeight(&c); weight > weightMax {
			more = true
			return errEnough
		}
		return nil
	})
	return list, more || len(list) == limit, err
}
