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

	// FiledBy is the person who filed the claim; empty where a service did by itself.
	FiledBy string
	// DecidedBy is the person behind the present verdict; empty where results alone
	// decided. An appeal is decided by somebody else.
	DecidedBy string
	// AppealedRevision is the newest revision that the merchant appealed against;
	// there is one appeal for each (rule A4).
	AppealedRevision int32
	// ConfirmedAt is when the debit was first confirmed: the age of what the claim
	// waits for; zero before.
	ConfirmedAt time.Time
	// ClockStoppedAt is since when a test that is under way keeps the deadline from
	// running (rule V7); zero while it runs.
	ClockStoppedAt time.Time
	// HoldExpiresAt is when what is held goes back to the merchant; zero for never.
	HoldExpiresAt time.Time
	// Potential is the most that the claim could be awarded, as estimated when it
	// was filed.
	Potential money.Amount
	// SamplingCase is the product-level case that the claim belongs to; empty for
	// none. Claims of one case share what is short in proportion.
	SamplingCase string
	// PayoutForm is how the compensation is paid.
	PayoutForm PayoutForm
	// Fees are what authentication cost and who was charged for it.
	Fees Fees
}

// PayoutForm is what a consumer gets a compensation in.
type PayoutForm string

// The forms of a payout. A refund is always cash.
const (
	// Cash goes to a bank account, or back on the original payment.
	Cash PayoutForm = "CASH"
	// Wallet goes to the consumer's wallet with the marketplace.
	Wallet PayoutForm = "WALLET"
	// Coupon is a coupon of a face value with an expiry.
	Coupon PayoutForm = "COUPON"
)

// PayoutForms lists the forms.
func PayoutForms() []PayoutForm { return []PayoutForm{Cash, Wallet, Coupon} }

// Fees are the costs of a claim's authentication, in minor units of Currency.
type Fees struct {
	// Claimant is what the claimant paid for results and proved.
	Claimant money.Amount
	// Fronted is what the platform paid for results.
	Fronted money.Amount
	// Merchant and Consumer are who was charged for what was fronted.
	Merchant money.Amount
	Consumer money.Amount
	// Owed is what of the merchant's charge is not paid yet, WrittenOff what of it
	// was given up in the books.
	Owed       money.Amount
	WrittenOff money.Amount
}

// MayAppeal says whether the merchant may still appeal against the present
// revision.
func (c *Claim) MayAppeal() bool { return c.AppealedRevision < c.Revision }

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
// amounts, not a state. What its bearers have put in is at any time what is
// payable, in flight and paid.
type Funding struct {
	// Held is what lies in open holds.
	Held money.Amount
	// FromDeposit and FromShopFunds are what the merchant has borne, by source:
	// captured or recovered, less what was given back.
	FromDeposit   money.Amount
	FromShopFunds money.Amount
	// Advanced is what the platform put in for the merchant and the merchant still
	// owes, WrittenOff what of it was given up in the books (rule F5: not against
	// the merchant).
	Advanced   money.Amount
	WrittenOff money.Amount
	// Lost is what the platform bears since a verdict fell after payment, ClawedBack
	// what the consumer owes back.
	Lost       money.Amount
	ClawedBack money.Amount
	// The payouts, by part: sent and unconfirmed, and confirmed.
	RefundInFlight       money.Amount
	RefundPaid           money.Amount
	CompensationInFlight money.Amount
	CompensationPaid     money.Amount
	// What failed or came back and is payable again, by part: it waits for an
	// operator, under the number that it has.
	RefundFailed       money.Amount
	CompensationFailed money.Amount
	// Repaid is what the consumer gave back: what is paid is less by it.
	Repaid money.Amount
}

// Borne is what the merchant has paid for the claim, or owes for it.
func (f Funding) Borne() money.Amount {
	return f.FromDeposit + f.FromShopFunds + f.Advanced + f.WrittenOff
}

// Funded is all that was made available to pay the consumer, by whomever.
func (f Funding) Funded() money.Amount { return f.Borne() + f.Lost + f.ClawedBack }

// InFlight is what was sent and is not yet confirmed.
func (f Funding) InFlight() money.Amount { return f.RefundInFlight + f.CompensationInFlight }

// Paid is what has reached the consumer and stayed there.
func (f Funding) Paid() money.Amount { return f.RefundPaid + f.CompensationPaid }

// Failed is what waits for an operator to send it again.
func (f Funding) Failed() money.Amount { return f.RefundFailed + f.CompensationFailed }

// Payable is what is funded and neither sent nor paid.
func (f Funding) Payable() money.Amount { return f.Funded() - f.InFlight() - f.Paid() }

// Confirmed says whether the debit of the merchant has been confirmed.
func (s State) Confirmed() bool {
	return s == Paying || s == PayoutFailed || s == Paid
}

// Shortfall is what a confirmed award exceeds what the merchant has borne by; no
// account holds it.
func (c *Claim) Shortfall() money.Amount {
	if !c.State.Confirmed() {
		return 0
	}
	return max(0, c.Award.Total()-c.Funding.Borne())
}

// Unheld is what a claim that waits to be confirmed may yet cost the merchant
// beyond what is set aside: zero before the first award.
func (c *Claim) Unheld() money.Amount {
	if c.State != Notified && c.State != Appealed && c.State != AwaitingApproval {
		return 0
	}
	return max(0, c.Award.Total()-c.Funding.Borne()-c.Funding.Held)
}

// Exposure is what the claim may yet cost the merchant: what it could be awarded
// while nobody has decided, what it is awarded and the merchant has not borne.
func (c *Claim) Exposure() money.Amount {
	switch {
	case !c.State.Live():
		return 0
	case c.State.Confirmed():
		return c.Shortfall()
	case c.Verdict == Counterfeit:
		return max(0, c.Award.Total()-c.Funding.Borne())
	}
	return max(0, c.Potential-c.Funding.Borne())
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
	// Cause is the trigger that made the revision, or what else did, such as REPRICED.
	Cause string
	// Author is the person behind it; empty where none is.
	Author string
	// Note is the decider's reason, as given.
	Note        string
	Calculation policy.Calculation
	EventNumber int64
	RecordedAt  time.Time
}
