// Package claim holds a consumer's counterfeit claim: its states and triggers, the
// weighing of authentication results into a verdict, and its speakable id. It is
// pure; the engine loads, decides and writes.
package claim

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Claim is one consumer's demand over units of one order line. It keeps three axes
// apart: State (where it is), Verdict with Revision (what was found), and Award
// with Funding (what is owed and what has moved).
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
	// PaidAt is the order's payment time: it selects the policy version (rule P2).
	PaidAt time.Time

	ClaimantID string
	// Destination is an opaque id of where the payment service pays to.
	Destination string
	Units       []Unit

	// BasisChosen is the claimant's choice. The award was computed under Basis,
	// PolicyID and PolicyVersion; they are empty before the first award.
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

	// ArrivedAt is when the request arrived; windows are judged by it. FiledAt is
	// the record time.
	ArrivedAt time.Time
	FiledAt   time.Time

	Currency string
	Award    Award
	// Highest is the largest refund and the largest compensation that any verdict gave
	// the claim, before refunds from outside were taken off. What the consumer has
	// received beyond it was paid twice.
	Highest Award
	// Fraud says that the verdict in force rests on proof of fraud: what was paid is owed
	// back.
	Fraud   bool
	Funding Funding

	// NoticeConfirmedAt is when the merchant's system confirmed delivery.
	NoticeConfirmedAt time.Time
	// Deadline is when Fires happens; zero and none if no deadline runs.
	Deadline time.Time
	Fires    Deadline
	// Escalated is set once a deadline has passed that only a person can answer.
	Escalated bool
	// EscalatedAt is when it was set; zero while it is not, and for claims from before it was
	// kept.
	EscalatedAt time.Time
	// Assignee is the person who took the review.
	Assignee string

	// FiledBy is the person who filed the claim; empty if a service filed it on its
	// own.
	FiledBy string
	// DecidedBy is the person who decided last; empty if results alone decided.
	DecidedBy string
	// Deciders are the people who made or confirmed the verdict in force. None of them
	// approves its amount or decides an appeal against it.
	Deciders []string
	// ByResults says that the verdict in force rests on results alone: without one of
	// them, a person decides anew.
	ByResults bool
	// AppealedRevision is the newest revision that the merchant appealed against, or that
	// the claimant asked to have reconsidered; each revision once (rule A4).
	AppealedRevision int32
	// Reconsiderations is how often the claimant asked.
	Reconsiderations int32
	// ConfirmedAt is when the debit was first confirmed, which is the age of the
	// claim's debts; zero before.
	ConfirmedAt time.Time
	// ClockStoppedAt is when the deadline was stopped for a test (rule V7); zero
	// while it runs.
	ClockStoppedAt time.Time
	// HoldExpiresAt is when held money goes back to the merchant; zero means never.
	HoldExpiresAt time.Time
	// Potential is the largest possible award, as estimated when the claim was
	// filed.
	Potential money.Amount
	// SamplingCase is the product-level case that the claim belongs to; empty for
	// none. Claims of one case share available money in proportion to what they
	// lack.
	SamplingCase string
	// PayoutForm is how the compensation is paid.
	PayoutForm PayoutForm
	// Fees are the costs of authentication, and who was charged for them.
	Fees Fees
	// ChangedAt is when the claim had its version; zero if that was before it was kept.
	ChangedAt time.Time
	// Labels and ExternalReference are the marketplace's own: no decision heeds them.
	Labels            Labels
	ExternalReference string
	// RetestAt is when a body is drawn for a re-test, or the draw is tried again; zero if none is to
	// be drawn. RetestHeld is why nobody could be drawn; empty if that was not so.
	RetestAt   time.Time
	RetestHeld RetestHeld
}

// PayoutForm is the form in which a consumer receives a compensation.
type PayoutForm string

// The forms of a payout. A refund is always cash.
const (
	// Cash goes to a bank account, or back on the original payment.
	Cash PayoutForm = "CASH"
	// Wallet goes to the consumer's wallet with the marketplace.
	Wallet PayoutForm = "WALLET"
	// Coupon is a coupon with a face value and an expiry.
	Coupon PayoutForm = "COUPON"
)

// PayoutForms lists the forms.
func PayoutForms() []PayoutForm { return []PayoutForm{Cash, Wallet, Coupon} }

// Fees are the costs of a claim's authentication, in minor units of Currency.
type Fees struct {
	// Claimant is what the claimant proved to have paid for results.
	Claimant money.Amount
	// Fronted is what the platform paid for results.
	Fronted money.Amount
	// Merchant and Consumer are the amounts that each was charged for Fronted.
	Merchant money.Amount
	Consumer money.Amount
	// Owed is the unpaid part of the merchant's charge; WrittenOff is the part of
	// it that was written off in the books.
	Owed       money.Amount
	WrittenOff money.Amount
	// FromShopFunds is the part of the charge that was recovered from shop funds.
	FromShopFunds money.Amount
}

// MayAppeal says whether the party that lost may still object to the present revision: the
// merchant by an appeal, the claimant by asking for reconsideration.
func (c *Claim) MayAppeal() bool { return c.AppealedRevision < c.Revision }

// Reconsidering says whether a person decides anew because the claimant asked.
func (c *Claim) Reconsidering() bool {
	return c.State == InReview && c.Revision > 0 && !c.Owed() && c.AppealedRevision == c.Revision
}

// Unit is one claimed unit of the order line and what was found on it.
type Unit struct {
	// Ordinal is the unit's number within the line's quantity, from 1.
	Ordinal int32
	Verdict Verdict
	// Consequence is what the policy made of the verdict when the claim was decided. A unit
	// that a claim is weighed by can have Review; one that is kept with a claim never has.
	Consequence policy.Consequence
}

// Owed says whether compensation is owed for the unit.
func (u Unit) Owed() bool { return u.Verdict == Counterfeit || u.Consequence == policy.Tenfold }

// String writes a unit as events do: "1=COUNTERFEIT", or "2=TAMPERED/TENFOLD" where the
// verdict has a consequence that does not follow from itself.
func (u Unit) String() string {
	text := strconv.Itoa(int(u.Ordinal)) + "=" + string(u.Verdict)
	if u.Consequence != policy.NoConsequence {
		text += "/" + string(u.Consequence)
	}
	return text
}

// Describe writes units as events do, with spaces between.
func Describe(units []Unit) string {
	parts := make([]string, len(units))
	for i, u := range units {
		parts[i] = u.String()
	}
	return strings.Join(parts, " ")
}

// Award is what the verdict gives the consumer, in minor units of Currency.
type Award struct {
	Refund       money.Amount
	Compensation money.Amount
}

// Max gives the larger of each part.
func (a Award) Max(o Award) Award {
	return Award{Refund: max(a.Refund, o.Refund), Compensation: max(a.Compensation, o.Compensation)}
}

// Total is refund and compensation together.
func (a Award) Total() money.Amount { return a.Refund + a.Compensation }

// Funding is the money that has moved for the claim, in minor units of Currency. It
// consists of amounts and is not a state. The sum of the bearers' parts always
// equals what is payable, in flight and paid.
type Funding struct {
	// Held is the amount in open holds.
	Held money.Amount
	// FromDeposit and FromShopFunds are what the merchant has borne, by source:
	// captured or recovered, less what was given back.
	FromDeposit   money.Amount
	FromShopFunds money.Amount
	// Advanced is what the platform advanced and the merchant still owes.
	// WrittenOff is the part of it that was written off in the books (rule F5: not
	// against the merchant).
	Advanced   money.Amount
	WrittenOff money.Amount
	// Lost is what the platform bears because a verdict fell after payment;
	// ClawedBack is what the consumer owes back.
	Lost       money.Amount
	ClawedBack money.Amount
	// These are the payouts by part: sent and unconfirmed, and confirmed.
	RefundInFlight       money.Amount
	RefundPaid           money.Amount
	CompensationInFlight money.Amount
	CompensationPaid     money.Amount
	// These amounts failed or came back and are payable again, by part. They wait
	// for an operator, under the out-numbers that they have.
	RefundFailed       money.Amount
	CompensationFailed money.Amount
	// Repaid is what the consumer repaid; it is already deducted from what is paid.
	Repaid money.Amount
}

// Borne is what the merchant has paid for the claim, or owes for it.
func (f Funding) Borne() money.Amount {
	return f.FromDeposit + f.FromShopFunds + f.Advanced + f.WrittenOff
}

// Funded is everything that was made available to pay the consumer, by any bearer.
func (f Funding) Funded() money.Amount { return f.Borne() + f.Lost + f.ClawedBack }

// InFlight is what was sent and is not yet confirmed.
func (f Funding) InFlight() money.Amount { return f.RefundInFlight + f.CompensationInFlight }

// Paid is what has reached the consumer and stayed there.
func (f Funding) Paid() money.Amount { return f.RefundPaid + f.CompensationPaid }

// Failed is the amount that waits for an operator to send it again.
func (f Funding) Failed() money.Amount { return f.RefundFailed + f.CompensationFailed }

// Payable is the amount that is funded and neither sent nor paid.
func (f Funding) Payable() money.Amount { return f.Funded() - f.InFlight() - f.Paid() }

// Confirmed says whether the debit of the merchant has been confirmed.
func (s State) Confirmed() bool {
	return s == Paying || s == PayoutFailed || s == Paid
}

// Shortfall is the amount by which a confirmed award exceeds what the merchant has
// borne; no account holds it.
func (c *Claim) Shortfall() money.Amount {
	if !c.State.Confirmed() {
		return 0
	}
	return max(0, c.Award.Total()-c.Funding.Borne())
}

// Unheld is what an unconfirmed claim may still cost the merchant beyond its holds;
// it is zero before the first award.
func (c *Claim) Unheld() money.Amount {
	if c.State != Notified && c.State != Appealed && c.State != AwaitingApproval {
		return 0
	}
	return max(0, c.Award.Total()-c.Funding.Borne()-c.Funding.Held)
}

// Exposure is what the claim may still cost the merchant: its potential award while
// it is undecided, and then the part of the award that the merchant has not borne.
func (c *Claim) Exposure() money.Amount {
	switch {
	case !c.State.Live():
		return 0
	case c.State.Confirmed():
		return c.Shortfall()
	case c.Owed():
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

// Owed says whether the verdict in force owes compensation for a unit.
func (c *Claim) Owed() bool {
	return c.Verdict == Counterfeit || slices.ContainsFunc(c.Units, Unit.Owed)
}

// OwedUnits lists the ordinals of the units for which compensation is owed.
func (c *Claim) OwedUnits() []int32 { return c.unitsThat(Unit.Owed) }

// RefundUnits lists the ordinals of the units for which nothing is owed and the refund path is
// open. There are none while somebody has yet to decide, nor where the consumer keeps money of
// a claim that was rejected after payment: that is a refund already.
func (c *Claim) RefundUnits() []int32 {
	kept := c.Funding.Paid() + c.Funding.InFlight() - c.Funding.ClawedBack
	if c.State == Rejected && kept > 0 || c.State != Rejected && !c.State.Confirmed() {
		return nil
	}
	return c.unitsThat(func(u Unit) bool { return u.Consequence == policy.RefundPath })
}

func (c *Claim) unitsThat(is func(Unit) bool) []int32 {
	var out []int32
	for _, u := range c.Units {
		if is(u) {
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

// Grounds says why the claimant calls the goods counterfeit.
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
	// Cause is the trigger that made the revision, or another cause such as
	// REPRICED.
	Cause string
	// Author is the person behind it; empty for none.
	Author string
	// Note is the decider's reason, as given.
	Note        string
	Calculation policy.Calculation
	// Explained is the calculation as it is stored, of a revision that is being made;
	// empty for one that was read.
	Explained   string
	EventNumber int64
	RecordedAt  time.Time
}

// Escalate brings the claim before a person, from at on. A claim that is escalated stays so
// since the first time.
func (c *Claim) Escalate(at time.Time) {
	if !c.Escalated {
		c.Escalated, c.EscalatedAt = true, at
	}
}

// EndEscalation is for when the claim goes on.
func (c *Claim) EndEscalation() { c.Escalated, c.EscalatedAt = false, time.Time{} }
