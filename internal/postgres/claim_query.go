package postgres

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// ClaimQuery selects claims. It names at least one field that Anchored asks for; the
// other fields narrow it down. Empty fields do not count.
type ClaimQuery struct {
	MerchantID string
	OrderID    string
	ClaimantID string
	ProductID  string
	// AuthenticatorID has recorded a result on the claim.
	AuthenticatorID string
	// PaymentID paid the order line.
	PaymentID string
	// ExternalReference is the claim's number in another system.
	ExternalReference string
	// Assignee works on the claim.
	Assignee string
	// OutNumber and GatewayReference are those of a payout of the claim, and ReportNumber
	// that of a result on it, in any spelling. At most one of the three can be asked for.
	OutNumber        string
	GatewayReference string
	ReportNumber     string
	Queue            Queue

	State claim.State
	// WaitsFor is who has to act, on claims in State. Where a state alone does not tell, the
	// claim's money does.
	WaitsFor claim.Party
	Verdict  claim.Verdict
	// Each pair bounds the field it names. A claim without a deadline lies within no
	// bounds on it.
	FiledFrom, FiledTo       time.Time
	DeadlineFrom, DeadlineTo time.Time
	// AwardFrom and AwardTo bound refund and compensation together.
	AwardFrom, AwardTo *money.Amount

	// ByDeadline orders by the deadline that runs, the soonest first, and leaves out claims
	// for which none does.
	ByDeadline bool
	// OldestFirst reverses the order, also that by deadline: then the latest come first.
	// A queue has its own order.
	OldestFirst bool
}

// Anchored says whether an index of some of the rows serves the query: that of a list of
// all claims of all merchants does not.
func (q *ClaimQuery) Anchored() bool {
	return q.MerchantID != "" || q.Queue != "" || q.OfOneThing() || q.Assignee != "" || q.State != "" ||
		q.ByDeadline || !q.DeadlineFrom.IsZero() || !q.DeadlineTo.IsZero()
}

// DeadlineAlone says whether only its bounds on the deadline anchor the query.
func (q *ClaimQuery) DeadlineAlone() bool {
	return q.MerchantID == "" && q.Queue == "" && !q.OfOneThing() && q.Assignee == "" && q.State == "" &&
		(!q.DeadlineFrom.IsZero() || !q.DeadlineTo.IsZero())
}

// OfOneThing says whether the query names one of the things that a few claims share.
func (q *ClaimQuery) OfOneThing() bool {
	return q.OrderID != "" || q.ClaimantID != "" || q.ProductID != "" || q.AuthenticatorID != "" || q.PaymentID != "" ||
		q.ExternalReference != "" || q.References() > 0
}

// References counts the references that belong to parts of a claim.
func (q *ClaimQuery) References() int {
	n := 0
	for _, r := range []string{q.OutNumber, q.GatewayReference, q.ReportNumber} {
		if r != "" {
			n++
		}
	}
	return n
}

// ClaimCursor says where a page of claims starts; the zero cursor is the first page.
type ClaimCursor struct {
	// ClaimID is the id that the list is ordered by: the claim's, or the payout's in
	// queues of payouts.
	ClaimID string
	// Since is when the claim began to wait, in queues ordered by that, or its deadline.
	Since time.Time
	// ResultID is the result or the payout for which the claim is listed, where it is found
	// by one.
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
		LIMIT 1))
	AND ($17 = '' OR c.payment_id = $17) AND ($18 = '' OR c.assignee = $18)
	AND ($19::boolean IS NULL OR $19 = (
		c.award_refund_minor + c.award_compensation_minor
		> c.from_deposit_minor + c.from_shop_funds_minor + c.advanced_minor + c.written_off_minor
		AND c.refund_in_flight_minor + c.compensation_in_flight_minor = 0))
	AND ($20 = '' OR c.external_reference = $20))`

// args are the parameters $3 to $20 of a listing of claims.
func (q *ClaimQuery) args(from ClaimCursor) []any {
	id := from.ClaimID
	if id == "" && !q.OldestFirst && q.Queue == "" {
		id = afterEveryID
	}
	return append([]any{id}, q.asked()...)
}

// asked are the parameters $4 to $20, those of claimAsked.
func (q *ClaimQuery) asked() []any {
	return []any{
		q.MerchantID, q.OrderID, q.ClaimantID, q.ProductID, string(q.State), string(q.Verdict),
		orNull(q.FiledFrom), orNull(q.FiledTo), orNull(q.DeadlineFrom), orNull(q.DeadlineTo),
		amountOrNull(q.AwardFrom), amountOrNull(q.AwardTo), q.AuthenticatorID, q.PaymentID, q.Assignee, q.lacksFunds(), q.ExternalReference,
	}
}

// narrow says whether the query has conditions that only a claim's own row can decide.
func (q *ClaimQuery) narrow() bool {
	return q.Verdict != "" || !q.FiledFrom.IsZero() || !q.FiledTo.IsZero() || !q.DeadlineFrom.IsZero() || !q.DeadlineTo.IsZero() ||
		q.AwardFrom != nil || q.AwardTo != nil || q.AuthenticatorID != "" || q.PaymentID != "" || q.ExternalReference != "" || q.lacksFunds() != nil
}

// lacksFunds says whether a confirmed claim is asked for because it waits for money, or
// because it does not; nil where neither matters.
func (q *ClaimQuery) lacksFunds() any {
	switch q.WaitsFor {
	case claim.PartyMerchantFunds:
		return true
	case claim.PartyGateway:
		return false
	case claim.PartyAuthenticator, claim.PartyReviewer, claim.PartyMerchant, claim.PartyAppealPanel, claim.PartyApprovers,
		claim.PartyOperator, claim.PartyNobody, "":
	}
	return nil
}

func amountOrNull(a *money.Amount) any {
	if a == nil {
		return nil
	}
	return int64(*a)
}
