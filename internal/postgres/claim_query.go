package postgres

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// ClaimQuery selects claims. It names at least a merchant, an order, a claimant, a
// product, an authenticator or a queue; the other fields narrow it down. Empty fields
// do not count.
type ClaimQuery struct {
	MerchantID string
	OrderID    string
	ClaimantID string
	ProductID  string
	// AuthenticatorID has recorded a result on the claim.
	AuthenticatorID string
	Queue           Queue

	State   claim.State
	Verdict claim.Verdict
	// Each pair bounds the field it names. A claim without a deadline lies within no
	// bounds on it.
	FiledFrom, FiledTo       time.Time
	DeadlineFrom, DeadlineTo time.Time
	// AwardFrom and AwardTo bound refund and compensation together.
	AwardFrom, AwardTo *money.Amount

	// OldestFirst reverses the order. A queue has its own order.
	OldestFirst bool
}

// ClaimCursor says where a page of claims starts; the zero cursor is the first page.
type ClaimCursor struct {
	// ClaimID is the id that the list is ordered by: the claim's, or the payout's in
	// queues of payouts.
	ClaimID string
	// Since is when the claim began to wait, in queues ordered by that.
	Since time.Time
	// ResultID is the result for which the claim is listed, of an authenticator.
	ResultID string
}

// afterEveryID sorts behind every id that the engine makes.
const afterEveryID = "~"

// claimAsked covers every condition of a query on a claim. Empty parameters drop out
// when the statement is planned. The condition on results has a form that is checked
// claim by claim, and never collected first.
const claimAsked = `(
	($4 = '' OR c.merchant_id = $4) AND ($5 = '' OR c.order_id = $5) AND ($6 = '' OR c.claimant_id = $6)
	AND ($7 = '' OR c.product_id = $7) AND ($8 = '' OR c.state = $8) AND ($9 = '' OR c.verdict = $9)
	AND ($10::timestamptz IS NULL OR c.filed_at >= $10) AND ($11::timestamptz IS NULL OR c.filed_at <= $11)
	AND ($12::timestamptz IS NULL OR c.deadline_at >= $12) AND ($13::timestamptz IS NULL OR c.deadline_at <= $13)
	AND ($14::bigint IS NULL OR c.award_refund_minor + c.award_compensation_minor >= $14)
	AND ($15::bigint IS NULL OR c.award_refund_minor + c.award_compensation_minor <= $15)
	AND ($16 = '' OR (
		SELECT true
		FROM results s
		WHERE s.claim_id = c.claim_id AND s.merchant_id = c.merchant_id AND s.authenticator_id = $16
		LIMIT 1)))`

// args are the parameters $3 to $16 of a listing of claims.
func (q *ClaimQuery) args(from ClaimCursor) []any {
	id := from.ClaimID
	if id == "" && !q.OldestFirst && q.Queue == "" {
		id = afterEveryID
	}
	return append([]any{id}, q.asked()...)
}

// asked are the parameters $4 to $16, those of claimAsked.
func (q *ClaimQuery) asked() []any {
	return []any{
		q.MerchantID, q.OrderID, q.ClaimantID, q.ProductID, string(q.State), string(q.Verdict),
		orNull(q.FiledFrom), orNull(q.FiledTo), orNull(q.DeadlineFrom), orNull(q.DeadlineTo),
		amountOrNull(q.AwardFrom), amountOrNull(q.AwardTo), q.AuthenticatorID,
	}
}

// narrow says whether the query has conditions that only a claim's own row can decide.
func (q *ClaimQuery) narrow() bool {
	return q.Verdict != "" || !q.FiledFrom.IsZero() || !q.FiledTo.IsZero() || !q.DeadlineFrom.IsZero() || !q.DeadlineTo.IsZero() ||
		q.AwardFrom != nil || q.AwardTo != nil || q.AuthenticatorID != ""
}

func amountOrNull(a *money.Amount) any {
	if a == nil {
		return nil
	}
	return int64(*a)
}
