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
// oldest first, and a list by deadline the soonest first.
func (r Reader) Claims(ctx context.Context, q ClaimQuery, from ClaimCursor, size int) (ClaimPage, error) {
	args := q.args(from)
	switch {
	case q.Queue != "":
		return r.queue(ctx, q, from, size)
	case q.ReportNumber != "":
		return byReport.list(ctx, r, q, from, size)
	case q.GatewayReference != "":
		return byGatewayReference.list(ctx, r, q, from, size)
	case q.OutNumber != "":
		return r.claimOfOutNumber(ctx, q, size)
	case q.ByDeadline:
		return r.byDeadline(ctx, q, from, size)
	case q.OrderID != "":
		return ofOrder.list(q).page(ctx, r, size, args...)
	case q.PaymentID != "":
		return ofPayment.list(q).page(ctx, r, size, args...)
	case q.ExternalReference != "":
		return ofExternalReference.list(q).page(ctx, r, size, args...)
	case q.ClaimantID != "":
		return ofClaimant.list(q).page(ctx, r, size, args...)
	case q.Assignee != "":
		return r.waits(ctx, ofAssignee, q, from, size)
	case q.ProductID != "":
		return ofProduct.list(q).page(ctx, r, size, args...)
	case q.AuthenticatorID != "":
		return byAuthenticator.list(ctx, r, q, from, size)
	case q.waits() && q.MerchantID != "":
		return r.waits(ctx, waitsOfMerchant, q, from, size)
	case q.waits():
		return r.waits(ctx, inState, q, from, size)
	case q.MerchantID == "":
		return ofAnybody.list(q).page(ctx, r, size, args...)
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

// waits says whether every claim that fits has a row in the table of waits.
func (q *ClaimQuery) waits() bool { return waiting(q.State) || q.WaitsFor == claim.PartyMerchantFunds }

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
	ofPayment  = anchor{column: "payment_id", parameter: "$17", only: "c.payment_id <> '' AND"}
	// Only claims with a reference are in its index.
	ofExternalReference = anchor{column: "external_reference", parameter: "$20", only: "c.external_reference <> '' AND"}
	// ofAnybody walks the claims of all merchants.
	ofAnybody = anchor{}
)

// list gives the listing of claims under an anchor.
func (a anchor) list(q ClaimQuery) listing[claim.Claim, ClaimCursor] {
	var walk string
	switch {
	case a.column == "" && q.OldestFirst:
		walk = `
		SELECT` + claimColumns + `, row_number() OVER (ORDER BY c.claim_id) AS n
		FROM claims c
		WHERE c.claim_id >= $3
		ORDER BY c.claim_id
		LIMIT $1 + 1`
	case a.column == "":
		walk = `
		SELECT` + claimColumns + `, row_number() OVER (ORDER BY c.claim_id DESC) AS n
		FROM claims c
		WHERE c.claim_id <= $3
		ORDER BY c.claim_id DESC
		LIMIT $1 + 1`
	case q.OldestFirst:
		walk = `
		SELECT` + claimColumns + `, row_number() OVER (ORDER BY c.{anchor}, c.claim_id) AS n
		FROM claims c
		WHERE {only} c.{anchor} <= {value} AND (c.{anchor}, c.claim_id) >= ({value}, $3)
		ORDER BY c.{anchor}, c.claim_id
		LIMIT $1 + 1`
	default:
		walk = `
		SELECT` + claimColumns + `, row_number() OVER (ORDER BY c.{anchor} DESC, c.claim_id DESC) AS n
		FROM claims c
		WHERE {only} c.{anchor} >= {value} AND (c.{anchor}, c.claim_id) <= ({value}, $3)
		ORDER BY c.{anchor} DESC, c.claim_id DESC
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
