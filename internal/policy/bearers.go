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

// FeeRule is who pays for authentication: AuthenticationFee, or only the side that
// fronted the fee.
func (v *Version) FeeRule() FeeRule {
	if v.AuthenticationFee == "" {
		return FeeNone
	}
	return v.AuthenticationFee
}

// FixedRule is what a fixed promise does: FixedPromise, or as for versions that were
// published before they could say so, what gives the consumer more.
func (v *Version) FixedRule() FixedPromise {
	if v.FixedPromise == "" {
		return FixedBest
	}
	return v.FixedPromise
}

// Finding is the outcome of authentication, as far as the fee depends on it.
type Finding string

// The findings.
const (
	// FoundForClaimant means that the claim succeeds: the merchant loses.
	FoundForClaimant Finding = "FOR_CLAIMANT"
	// FoundForMerchant means that the claim fails: the claimant loses.
	FoundForMerchant Finding = "FOR_MERCHANT"
	// NothingFound means that no conclusion was reached on the claim.
	NothingFound Finding = "NOTHING"
)

// FeeShares is the part of an authentication fee that each side is charged. The
// rest of the fee stays with the side that fronted it.
type FeeShares struct {
	Claimant, Merchant money.Amount
}

// FeeShares splits a fee between the sides by the version's rule. If a fee is split
// in halves, the merchant bears the odd minor unit, because a seller must be able
// to prove what the goods are.
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

func (v *Version) checkReversal() error {
	if !slices.Contains([]ReversalBearer{BornePlatform, BorneConsumer}, v.ReversalBearer()) {
		return invalid("reversal_borne_by", "a reversal is borne by %s or %s", BornePlatform, BorneConsumer)
	}
	return nil
}

func (v *Version) checkFee() error {
	rules := []FeeRule{FeeNone, FeeAdded, FeeLoser, FeeSplit}
	if !slices.Contains(rules, v.FeeRule()) {
		return invalid("authentication_fee", "the rule of the fee is one of %v", rules)
	}
	return nil
}

func (v *Version) checkFixedPromise() error {
	if fixed := v.FixedRule(); fixed != FixedReplaces && fixed != FixedBest {
		return invalid("fixed_promise", "a fixed promise is %s or %s", FixedReplaces, FixedBest)
	}
	if v.FixedRule() == FixedReplaces && v.Basis != Promise {
		return invalid("fixed_promise", "a promise replaces nothing on the basis %s", v.Basis)
	}
	return nil
}
