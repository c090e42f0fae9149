package policy

import (
	"encoding/json"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// These are the codes of a calculation's steps, in the order in which they occur.
// They are preceded by one step for each component of the base, under its own name.
const (
	StepBaseRefunded      = "BASE_REFUNDED"
	StepBase              = "BASE"
	StepMultiplier        = "MULTIPLIER"
	StepFixedAmount       = "FIXED_AMOUNT"
	StepProduct           = "PRODUCT"
	StepRefundInside      = "REFUND_INSIDE"
	StepNotCounted        = "NOT_COUNTED"
	StepGroupBefore       = "GROUP_BEFORE"
	StepGroupSum          = "GROUP_SUM"
	StepFloor             = "FLOOR"
	StepCap               = "CAP"
	StepGroupAfter        = "GROUP_AFTER"
	StepShare             = "SHARE"
	StepKept              = "KEPT"
	StepGrown             = "GROWN"
	StepAuthenticationFee = "AUTHENTICATION_FEE"
	StepRefundable        = "REFUNDABLE"
	StepEarlier           = "EARLIER_REFUND"
	StepRefund            = "REFUND"
	StepTotal             = "TOTAL"
)

// Calculation shows how one claim's payout was computed: the results, and every
// step with its rule and operands. It is stored with the claim and shown to
// consumer, merchant and court.
type Calculation struct {
	PolicyID string     `json:"policy_id"`
	Version  int32      `json:"version"`
	Basis    LegalBasis `json:"legal_basis"`
	Currency string     `json:"currency"`
	// ClauseDigest is the digest of the clause that the payout rests on: the
	// merchant's own promise if that decided, otherwise the policy's clause (rule
	// P4).
	ClauseDigest string `json:"clause_digest,omitempty"`

	// CounterfeitUnits of Units were found counterfeit and count (rule C1).
	CounterfeitUnits int32 `json:"counterfeit_units"`
	Units            int32 `json:"units"`
	// Base is the amount that the multiplier was applied to.
	Base money.Amount `json:"base_minor"`
	// Multiplier is the policy's, or the merchant's own higher one (rule C4).
	Multiplier money.Ratio `json:"multiplier"`
	// FixedPerUnit is set if a fixed-amount promise replaced base times multiplier
	// (rule C4).
	FixedPerUnit money.Amount `json:"fixed_per_unit_minor,omitempty"`

	// GroupTotalBefore and GroupTotalAfter are the compensation owed for the
	// group's claims before this one, and including this one (rule C7).
	GroupTotalBefore money.Amount `json:"group_total_before_minor"`
	GroupTotalAfter  money.Amount `json:"group_total_after_minor"`
	// FloorApplied and CapApplied say that GroupTotalAfter is the floor or the cap.
	FloorApplied bool `json:"floor_applied"`
	CapApplied   bool `json:"cap_applied"`

	// AuthenticationFee is the part of Compensation that does not belong to the
	// group's share (rule C11).
	AuthenticationFee money.Amount `json:"authentication_fee_minor,omitempty"`

	Compensation  money.Amount `json:"compensation_minor"`
	Refund        money.Amount `json:"refund_minor"`
	ConsumerTotal money.Amount `json:"consumer_total_minor"`

	Steps []Step `json:"steps"`
	// Alternatives are the bases that were compared, for a claim that asked for the
	// best one (rule C5).
	Alternatives []Alternative `json:"alternatives,omitempty"`
}

// Step is one line of a calculation.
type Step struct {
	Code string `json:"code"`
	// Rule is the domain rule or the norm that the step follows.
	Rule string `json:"rule"`
	// Note gives the operands in words and numbers.
	Note string `json:"note"`
	// Amount is the result of the step; it is below zero if the step deducts
	// something.
	Amount money.Amount `json:"amount_minor"`
}

// Alternative is the result of one legal basis for a claim that asked for the best
// one. The choice is made for all such claims of a consumer together, on
// JointTotal.
type Alternative struct {
	Basis        LegalBasis   `json:"legal_basis"`
	PolicyID     string       `json:"policy_id"`
	Version      int32        `json:"version"`
	Compensation money.Amount `json:"compensation_minor"`
	Refund       money.Amount `json:"refund_minor"`
	// JointTotal is what all priced claims of the consumer would receive if those
	// that asked for the best basis were put on this one.
	JointTotal money.Amount `json:"joint_total_minor"`
	Chosen     bool         `json:"chosen"`
}

// Stored is the calculation in the form in which it is stored.
func (c *Calculation) Stored() string {
	text, _ := json.Marshal(c) // Never fails: there are only texts, numbers and flags in it.
	return string(text)
}
