// Package payout holds the payments to consumers and the interface of the
// gateway that makes them. The marketplace's payment service stands behind the
// gateway; gatewayclient speaks to it and payouttest simulates it.
package payout

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Part says what a payout is: the price back, or what comes on top.
type Part string

// The parts of an award. The refund may ride the original payment back; the
// compensation exceeds the order and is always a payment of its own.
const (
	Refund       Part = "REFUND"
	Compensation Part = "COMPENSATION"
)

// Parts lists the parts in the order they are funded.
func Parts() []Part { return []Part{Refund, Compensation} }

// State is where a payout stands.
type State string

// The states of a payout.
const (
	// Instructed is sent, or about to be: its outcome is not known.
	Instructed State = "INSTRUCTED"
	// Succeeded reached the consumer.
	Succeeded State = "SUCCEEDED"
	// Failed was refused for good; its money is payable again.
	Failed State = "FAILED"
	// Returned came back after it had succeeded; its money is payable again.
	Returned State = "RETURNED"
)

// States lists the states of a payout.
func States() []State { return []State{Instructed, Succeeded, Failed, Returned} }

// Payout is one payment of one funded slice of one part of a claim's award.
type Payout struct {
	MerchantID string
	ID         string
	ClaimID    string
	Part       Part
	State      State
	Amount     money.Amount
	Currency   string
	// OutNumber is what the gateway knows it by; every retry carries the same.
	OutNumber string
	// PaymentID is the original payment; Destination the opaque place to pay to.
	PaymentID   string
	Destination string
	// Form is what it is paid in; RidesPayment says that a refund may go back on the
	// original payment (rule O1).
	Form         claim.PayoutForm
	RidesPayment bool
	// Superseded says that the money went out under another number since.
	Superseded bool
	// NotAfter bounds when the gateway may still pay.
	NotAfter         time.Time
	GatewayReference string
	FailureCode      string
	CreatedAt        time.Time
	AnsweredAt       time.Time
	// Coupon is what became of a payout in that form once it had arrived.
	Coupon Coupon
}

// Coupon is a coupon that a consumer got; its face is the payout's amount.
type Coupon struct {
	State CouponState
	// Redeemed is what of it was spent.
	Redeemed money.Amount
	// ExpiresAt is until when it can be spent; zero where the gateway did not say.
	ExpiresAt time.Time
}

// CouponState is where a coupon stands.
type CouponState string

// The states of a coupon.
const (
	// CouponNone is no coupon, or none that has been issued yet.
	CouponNone CouponState = ""
	// CouponIssued can be spent.
	CouponIssued CouponState = "ISSUED"
	// CouponRedeemed was spent whole.
	CouponRedeemed CouponState = "REDEEMED"
	// CouponLapsed expired with a rest on it.
	CouponLapsed CouponState = "LAPSED"
	// CouponReturned came back; what was left of it is payable again.
	CouponReturned CouponState = "RETURNED"
)

// CouponStates lists the states of a coupon.
func CouponStates() []CouponState {
	return []CouponState{CouponIssued, CouponRedeemed, CouponLapsed, CouponReturned}
}

// CouponLeft is what can be spent of a payout's coupon.
func (p *Payout) CouponLeft() money.Amount {
	if p.Coupon.State != CouponIssued {
		return 0
	}
	return p.Amount - p.Coupon.Redeemed
}

// Outcome is what the gateway says about a payout.
type Outcome string

// The gateway's outcomes.
const (
	// Processing is accepted and not yet decided.
	Processing Outcome = "PROCESSING"
	// OutcomeSucceeded is paid.
	OutcomeSucceeded Outcome = "SUCCEEDED"
	// OutcomeFailed is refused for good under this out-number.
	OutcomeFailed Outcome = "FAILED"
	// OutcomeReturned is paid and come back; it arrives only as a report.
	OutcomeReturned Outcome = "RETURNED"
	// NotFound is the answer to a query for a number the gateway never saw.
	NotFound Outcome = "NOT_FOUND"
)

// Answer is the gateway's word on one payout.
type Answer struct {
	Outcome          Outcome
	GatewayReference string
	FailureCode      string
	// OccurredAt is when it happened at the gateway; zero where that is not told.
	OccurredAt time.Time
	// ExpiresAt is until when a coupon can be spent; zero where that is not told.
	ExpiresAt time.Time
}

// Gateway makes payouts. Instruct may be repeated with the same out-number and
// pays at most once. An error of either call means the outcome is unknown.
type Gateway interface {
	Instruct(ctx context.Context, p *Payout) (Answer, error)
	Query(ctx context.Context, outNumber string) (Answer, error)
}
