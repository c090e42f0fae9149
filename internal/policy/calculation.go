package policy

import (
	"github.com/tenfold-claims/tenfold/internal/money"
)

// The codes of a calculation's steps, in the order in which they occur. Before
// them stands one step for each component of the base, under its own name.
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
	StepGrown             = "GROWN"
	StepAuthenticationFee = "AUTHENTICATION_FEE"
	StepRefundable        = "REFUNDABLE"
	StepEarlier           = "EARLIER_REFUND"
	StepRefund            = "REFUND"
	StepTotal             = "TOTAL"
)

// Calculation is how one claim's payout came about: the results, and every
// step with its rule and operands, so that it can be stored with the claim and
// shown to consumer, merchant and court.
type Calculation struct {
	PolicyID string     `json:"policy_id"`
	Version  int32      `json:"version"`
	Basis    LegalBasis `json:"legal_basis"`
	Currency string     `json:"currency"`
	// ClauseDigest is the digest of the clause the payout rests on: the
	// merchant's own promise where that decided, else the policy's (rule P4).
	ClauseDigest string `json:"clause_digest,omitempty"`

	// CounterfeitUnits of Units were found counterfeit and count (rule C1).
	CounterfeitUnits int32 `json:"counterfeit_units"`
	Units            int32 `json:"units"`
	// Base is what the multiplier was applied to.
	Base money.Amount `json:"base_minor"`
	// Multiplier is the policy's, or the merchant's own higher one (rule C4).
	Multiplier money.Ratio `json:"multiplier"`
	// FixedPerUnit is set where a fixed-amount promise replaced base times
	// multiplier (rule C4).
	FixedPerUnit money.Amount `json:"fixed_per_unit_minor,omitempty"`

	// GroupTotalBefore and GroupTotalAfter are the compensation owed for the
	// group's claims up to the one before this and up to this (rule C7).
	GroupTotalBefore money.Amount `json:"group_total_before_minor"`
	GroupTotalAfter  money.Amount `json:"group_total_after_minor"`
	// FloorApplied and CapApplied say that GroupTotalAfter is the floor or the cap.
	FloorApplied bool `json:"floor_applied"`
	CapApplied   bool `json:"cap_applied"`

	// AuthenticationFee is the part of Compensation that is no share of the group
	// (rule C11).
	AuthenticationFee money.Amount `json:"authentication_fee_minor,omitempty"`

	Compensation  money.Amount `json:"compensation_minor"`
	Refund        money.Amount `json:"refund_minor"`
	ConsumerTotal money.Amount `json:"consumer_total_minor"`

	Steps []Step `json:"steps"`
	// Alternatives are the bases that were weighed, for a claim that asked for
	// the best one (rule C5).
	Alternatives []Alternative `json:"alternatives,omitempty"`
}

// Step is one line of a calculation.
type Step struct {
	Code string `json:"code"`
	// Rule is the domain rule or the norm that the step follows.
	Rule string `json:"rule"`
	// Note gives the operands in words and numbers.
	Note string `json:"note"`
	// Amount is what the step gives, below zero where it takes something off.
	Amount money.Amount `json:"amount_minor"`
}

// Alternative is what one legal basis would have given a claim that asked for
// the best. The choice is made for all such claims of a consumer together, on
// JointTotal.
type Alternative struct {
	Basis        LegalBasis   `json:"legal_basis"`
	PolicyID     string       `json:"policy_id"`
	Version      int32        `json:"version"`
	Compensation money.Amount `json:"compensation_minor"`
	Refund       money.Amount `json:"refund_minor"`
	// JointTotal is what all priced claims of the consumer receive if those
	// that asked for the best are put on this basis.
	JointTotal money.Amount `json:"joint_total_minor"`
	Chosen     bool         `json:"chosen"`
}
