// Package payout holds the payments to consumers, and the interface of the gateway
// that makes them. The marketplace's payment service is behind the gateway;
// gatewayclient calls it and payouttest simulates it.
package payout

import (
	"context"
	"errors"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Part says which part of an award a payout pays: the refund or the compensation.
type Part string

// The parts of an award. The refund may go back through the original payment; the
// compensation exceeds the order and is always a payment of its own.
const (
	Refund       Part = "REFUND"
	Compensation Part = "COMPENSATION"
)

// Parts lists the parts in the order they are funded.
func Parts() []Part { return []Part{Refund, Compensation} }

// State is the state of a payout.
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
	// OutNumber is the number by which the gateway knows it; every retry carries
	// the same number.
	OutNumber string
	// PaymentID is the original payment; Destination is an opaque id of where to
	// pay to.
	PaymentID   string
	Destination string
	// Form is the form in which it is paid; RidesPayment says that a refund may go
	// back through the original payment (rule O1).
	Form         claim.PayoutForm
	RidesPayment bool
	// Superseded says that the money has since gone out under another number: all of it,
	// or the part of it that did not arrive or did not stay.
	Superseded bool
	// Try counts how often it was sent by a decision of ours: 1 at first, and one more
	// with each retry under the same number.
	Try int32
	// Arrived is the amount that reached the consumer under the number, and CameBack the
	// part of it that came back while the rest stayed. Arrived is zero where the amount is
	// the payout's own, or nothing has arrived.
	Arrived  money.Amount
	CameBack money.Amount
	// NotAfter is the latest time at which the gateway may pay.
	NotAfter         time.Time
	GatewayReference string
	FailureCode      string
	CreatedAt        time.Time
	AnsweredAt       time.Time
	// ChangedAt is when it changed last; zero if that was before it was kept.
	ChangedAt time.Time
	// Coupon describes the coupon of a payout in that form once it had arrived.
	Coupon Coupon
}

// Reached is the amount that reached the consumer, whether it stayed or not.
func (p *Payout) Reached() money.Amount {
	switch {
	case p.State != Succeeded && p.State != Returned:
		return 0
	case p.Arrived > 0:
		return p.Arrived
	}
	return p.Amount
}

// Stayed is the amount that reached the consumer and did not come back.
func (p *Payout) Stayed() money.Amount {
	if p.State != Succeeded {
		return 0
	}
	return p.Reached() - p.CameBack
}

// Lacks is the amount that did not reach the consumer under the number, or came back: as
// far as it is owed it has to be sent once more, unless it has been.
func (p *Payout) Lacks() money.Amount {
	if p.State == Instructed || p.Superseded {
		return 0
	}
	return max(p.Amount, p.Reached()) - p.Stayed()
}

// Coupon is a consumer's coupon; its face value is the amount that arrived.
type Coupon struct {
	State CouponState
	// Redeemed is the amount that was spent.
	Redeemed money.Amount
	// ExpiresAt is until when it can be spent; zero if the gateway did not say.
	ExpiresAt time.Time
}

// CouponState is the state of a coupon.
type CouponState string

// The states of a coupon.
const (
	// CouponNone means that there is no coupon, or that it has not been issued yet.
	CouponNone CouponState = ""
	// CouponIssued can be spent.
	CouponIssued CouponState = "ISSUED"
	// CouponRedeemed was spent in full.
	CouponRedeemed CouponState = "REDEEMED"
	// CouponLapsed expired before it was spent in full.
	CouponLapsed CouponState = "LAPSED"
	// CouponReturned came back; the rest of it is payable again.
	CouponReturned CouponState = "RETURNED"
)

// CouponStates lists the states of a coupon.
func CouponStates() []CouponState {
	return []CouponState{CouponIssued, CouponRedeemed, CouponLapsed, CouponReturned}
}

// CouponLeft is the amount that can still be spent of a payout's coupon.
func (p *Payout) CouponLeft() money.Amount {
	if p.Coupon.State != CouponIssued {
		return 0
	}
	return p.Reached() - p.Coupon.Redeemed
}

// Outcome is what the gateway says about a payout.
type Outcome string

// The gateway's outcomes.
const (
	// Processing means accepted and not yet decided.
	Processing Outcome = "PROCESSING"
	// OutcomeSucceeded means paid.
	OutcomeSucceeded Outcome = "SUCCEEDED"
	// OutcomeFailed means refused for good under this out-number.
	OutcomeFailed Outcome = "FAILED"
	// OutcomeReturned means paid and come back; it arrives only as a report.
	OutcomeReturned Outcome = "RETURNED"
	// NotFound is the answer to a query for a number that the gateway never
	// received.
	NotFound Outcome = "NOT_FOUND"
)

// Answer is the gateway's answer about one payout.
type Answer struct {
	Outcome          Outcome
	GatewayReference string
	FailureCode      string
	// OccurredAt is when it happened at the gateway; zero if the gateway did not
	// say.
	OccurredAt time.Time
	// ExpiresAt is until when a coupon can be spent; zero if the gateway did not
	// say.
	ExpiresAt time.Time
	// Amount and Currency are what was paid, or came back, under the number in all; zero
	// and empty if the gateway did not say, which means the whole amount.
	Amount   money.Amount
	Currency string
	// Try is the number of the try that the answer is about; zero if the gateway did not
	// say.
	Try int32
}

// Told says whether the answer names an amount.
func (a *Answer) Told() bool { return a.Amount != 0 || a.Currency != "" }

// ErrForeign marks an answer of the gateway that cannot be about the payout that it was
// asked about. It is no answer: the outcome stays unknown.
var ErrForeign = errors.New("the answer of the gateway cannot be about the payout")

// Gateway makes payouts. Instruct may be repeated with the same out-number and pays
// at most once. An error of either call means that the outcome is unknown.
type Gateway interface {
	Instruct(ctx context.Context, p *Payout) (Answer, error)
	Query(ctx context.Context, outNumber string) (Answer, error)
}
