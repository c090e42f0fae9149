package policy

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// ReversalBearer is who bears a reversal: ReversalBorneBy, or the platform.
func (v *Version) ReversalBearer() ReversalBearer {
	if v.ReversalBorneBy == "" {
		return BornePlatform
	}
	return v.ReversalBorneBy
}

// FeeRule is who pays for authentication: AuthenticationFee, or nobody but who
// fronted it.
func (v *Version) FeeRule() FeeRule {
	if v.AuthenticationFee == "" {
		return FeeNone
	}
	return v.AuthenticationFee
}

// Finding is what authentication came to, as far as its fee goes.
type Finding string

// The findings.
const (
	// FoundForClaimant is a claim that succeeds: the merchant loses.
	FoundForClaimant Finding = "FOR_CLAIMANT"
	// FoundForMerchant is a claim that fails: the claimant loses.
	FoundForMerchant Finding = "FOR_MERCHANT"
	// NothingFound is a claim on which nothing was concluded.
	NothingFound Finding = "NOTHING"
)

// FeeShares is what each side is charged of an authentication fee. What is left
// of the fee stays with whoever fronted it.
type FeeShares struct {
	Claimant, Merchant money.Amount
}

// FeeShares splits a fee between the sides by the version's rule. Of a fee that
// is split in halves the merchant bears the odd minor unit: who sells must be
// able to show what the goods are.
func (v *Version) FeeShares(fee money.Amount, found Finding) FeeShares {
	rule := v.FeeRule()
	switch {
	case rule == FeeNone:
	case found == FoundForClaimant:
		return FeeShares{Merchant: fee}
	case rule == FeeAdded:
	case found == FoundForMerchant:
		return FeeShares{Claimant: fee}
	case rule == FeeSplit:
		return FeeShares{Claimant: fee / 2, Merchant: fee - fee/2}
	}
	return FeeShares{}
}

func (v *Version) checkBearers() error {
	if !slices.Contains([]ReversalBearer{BornePlatform, BorneConsumer}, v.ReversalBearer()) {
		return invalid("reversal_borne_by", "a reversal is borne by %s or %s", BornePlatform, BorneConsumer)
	}
	rules := []FeeRule{FeeNone, FeeAdded, FeeLoser, FeeSplit}
	if !slices.Contains(rules, v.FeeRule()) {
		return invalid("authentication_fee", "the rule of the fee is one of %v", rules)
	}
	return nil
}
