// Package claim holds a consumer's counterfeit claim: its states and what
// moves it between them, the weighing of authentication results into a
// verdict, and its speakable id. It is pure; the engine loads, decides and
// writes.
package claim

import (
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Claim is one consumer's demand over units of one order line. Three axes are
// kept apart: State (where it is), Verdict with Revision (what was found) and
// Award with Funding (what is owed and what has moved).
type Claim struct {
	MerchantID string
	ID         string
	// Version counts the changes of the claim; it is the etag.
	Version int64

	State      State
	StateSince time.Time

	Verdict Verdict
	// Revision counts the verdicts reached so far; zero before the first.
	Revision int32

	OrderLineID string
	OrderID     string
	PaymentID   string
	ProductID   string
	// PaidAt is the order's payment time: it picks the policy version (P2).
	PaidAt time.Time

	ClaimantID string
	// Destination is the opaque place the payment service pays to.
	Destination string
	Units       []Unit

	// BasisChosen is what the claimant asked for; Basis, PolicyID and
	// PolicyVersion are what the award was computed under, empty before.
	BasisChosen   policy.LegalBasis
	Basis         policy.LegalBasis
	PolicyID      string
	PolicyVersion int32
	// GroupID is the pricing group, shared by the claimant's claims on the
	// product within the grouping window.
	GroupID  string
	Remedies policy.Remedies
	Grounds  Grounds
	// LearnedAt is when the claimant learned of the counterfeit.
	LearnedAt time.Time

	// ArrivedAt is when the request arrived (windows are judged by it), FiledAt
	// the record time.
	ArrivedAt time.Time
	FiledAt   time.Time

	Currency string
	Award    Award
	Funding  Funding

	// NoticeConfirmedAt is when the merchant's system confirmed delivery.
	NoticeConfirmedAt time.Time
	// Deadline and Fires are what time will do; zero and none when nothing.
	Deadline time.Time
	Fires    Deadline
	// Escalated is set once a deadline passed that only a person can answer.
	Escalated bool
	// Assignee is the person who took the review.
	Assignee string
}

// Unit is one claimed unit of the order line and what was found on it.
type Unit struct {
	// Ordinal is the unit's place within the line's quantity, from 1.
	Ordinal int32
	Verdict Verdict
}

// Award is what the verdict gives the consumer, in minor units of Currency.
type Award struct {
	Refund       money.Amount
	Compensation money.Amount
}

// Total is refund and compensation together.
func (a Award) Total() money.Amount { return a.Refund + a.Compensation }

// Funding is what has moved for the claim, in minor units of Currency. It is
// amounts, not a state.
type Funding struct {
	// Held is what lies in open holds.
	Held money.Amount
	// FromDeposit and FromShopFunds are what was captured, by source.
	FromDeposit   money.Amount
	FromShopFunds money.Amount
	// Advanced is what the platform put in for the merchant.
	Advanced money.Amount
	// The payouts, by part: sent and unconfirmed, and confirmed.
	RefundInFlight       money.Amount
	RefundPaid           money.Amount
	CompensationInFlight money.Amount
	CompensationPaid     money.Amount
}

// Funded is all that was made available to pay the consumer.
func (f Funding) Funded() money.Amount { return f.FromDeposit + f.FromShopFunds + f.Advanced }

// InFlight is what was sent and is not yet confirmed.
func (f Funding) InFlight() money.Amount { return f.RefundInFlight + f.CompensationInFlight }

// Paid is what has reached the consumer.
func (f Funding) Paid() money.Amount { return f.RefundPaid + f.CompensationPaid }

// Payable is what is funded and neither sent nor paid.
func (f Funding) Payable() money.Amount { return f.Funded() - f.InFlight() - f.Paid() }

// Confirmed says whether the debit of the merchant has been confirmed.
func (s State) Confirmed() bool {
	return s == Paying || s == PayoutFailed || s == Paid
}

// Shortfall is what the award exceeds the funding by; no account holds it.
func (c *Claim) Shortfall() money.Amount {
	if !c.State.Confirmed() {
		return 0
	}
	return money.Max(0, c.Award.Total()-c.Funding.Funded())
}

// Etag is the claim's version as callers see it.
func (c *Claim) Etag() string { return strconv.FormatInt(c.Version, 10) }

// CheckEtag refuses with CLAIM_CHANGED when the caller acts on another version.
func (c *Claim) CheckEtag(etag string) error {
	if etag == c.Etag() {
		return nil
	}
	return fault.New(fault.ClaimChanged, "claim %s has changed: its etag is %s, not %q; read it again", c.ID, c.Etag(), etag).
		With("claimId", c.ID).With("etag", c.Etag()).At("etag").About(c)
}

// Counterfeit lists the ordinals of the units found counterfeit.
func (c *Claim) Counterfeit() []int32 {
	var out []int32
	for _, u := range c.Units {
		if u.Verdict == Counterfeit {
			out = append(out, u.Ordinal)
		}
	}
	return out
}

// Ordinals lists the claimed units.
func (c *Claim) Ordinals() []int32 {
	out := make([]int32, len(c.Units))
	for i, u := range c.Units {
		out[i] = u.Ordinal
	}
	return out
}

// Grounds is why the claimant calls the goods counterfeit.
type Grounds string

// The grounds.
const (
	// GroundsTrademark is a counterfeit of a registered trademark.
	GroundsTrademark Grounds = "COUNTERFEIT_TRADEMARK"
	// GroundsMaterial is a material or composition other than stated.
	GroundsMaterial Grounds = "COUNTERFEIT_MATERIAL"
	// GroundsUnsafeFood is food that breaks the safety standard.
	GroundsUnsafeFood Grounds = "UNSAFE_FOOD"
	// GroundsOtherFraud is another deception in the sense of Consumer Protection Law Art. 55.
	GroundsOtherFraud Grounds = "OTHER_FRAUD"
)

// Revision is one verdict with its price, kept for ever.
type Revision struct {
	MerchantID string
	ClaimID    string
	Number     int32
	Verdict    Verdict
	Units      []Unit
	Award      Award
	Basis      policy.LegalBasis
	PolicyID   string
	Version    int32
	// Cause is the trigger that made the revision, or REPRICED.
	Cause string
	// Note is the decider's reason, as given.
	Note        string
	Calculation policy.Calculation
	EventNumber int64
	RecordedAt  time.Time
}
