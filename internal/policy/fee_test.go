package policy_test

import (
	"slices"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch a proven cost of authentication that is lost in the floor, cut off
// by the cap, shared with the group, or paid where no product is owed.
func TestC11FeeIsAddedAfterFloorAndCap(t *testing.T) {
	t.Parallel()
	of := func(id string, paid, fee money.Amount, v *policy.Version) policy.Member {
		m := member(line(id, 1, paid), v)
		m.AuthenticationFee = fee
		return m
	}
	floored := version(policy.FoodSafety148, added)
	shares := price(t, of("l-1", 66, 30_000, floored), of("l-2", 66, 20_000, floored))
	want(t, shares, [2]money.Amount{130_000, 66}, [2]money.Amount{20_000, 66})
	first := shares[0].Calculation
	if shares[0].AuthenticationFee != 30_000 || first.AuthenticationFee != 30_000 || first.GroupTotalAfter != 100_000 || first.ConsumerTotal != 130_066 {
		t.Errorf("the calculation is %+v", first)
	}
	at := slices.IndexFunc(first.Steps, func(s policy.Step) bool { return s.Code == policy.StepAuthenticationFee })
	if at < 0 || first.Steps[at].Rule != "C11" || first.Steps[at].Amount != 30_000 || first.Steps[at-1].Code != policy.StepShare {
		t.Errorf("the steps are %+v", first.Steps)
	}

	capped := version(policy.FoodSafety148, added, limits(0, 50_000))
	want(t, price(t, of("l-1", 10_000, 300, capped)), [2]money.Amount{50_300, 10_000})
	want(t, price(t, of("l-1", 10_000, 300, version(policy.Promise))), [2]money.Amount{100_000, 10_000})
	knowing := of("l-1", 10_000, 300, floored)
	knowing.BoughtAfterKnowledge = true
	want(t, price(t, knowing), [2]money.Amount{0, 10_000})
	unpaid := of("l-1", 0, 300, floored)
	want(t, price(t, unpaid), [2]money.Amount{0, 0})

	wrong := of("l-1", 10_000, -1, floored)
	_, err := policy.Price([]policy.Member{wrong})
	if e, ok := fault.As(err); !ok || e.Reason != fault.AmountOutOfRange || e.Fields["currency"] != "CNY" {
		t.Errorf("a negative fee: %v", err)
	}
}

// Would catch a fee of a confirmed claim that is taken for a part of what its
// group was owed, so that the next claim gets too little.
func TestC11KeptFeeIsNoPartOfTheGroup(t *testing.T) {
	t.Parallel()
	v := version(policy.Promise, added)
	first := member(line("l-1", 1, 10_000), v)
	first.AuthenticationFee = 500
	first.Kept = policy.Kept{Out: 40_000, Stands: true, Award: 100_000}
	shares := price(t, first, member(line("l-2", 1, 10_000), v))
	want(t, shares, [2]money.Amount{100_500, 10_000}, [2]money.Amount{100_000, 10_000})
	if shares[0].AuthenticationFee != 500 {
		t.Errorf("the kept fee comes back as %d", shares[0].AuthenticationFee)
	}
	first.Kept.Award = 60_000
	want(t, price(t, first), [2]money.Amount{100_500, 10_000})
}

// Would catch a fee that tips the choice of the basis without being paid on it.
func TestC11FeeCountsForTheBestBasis(t *testing.T) {
	t.Parallel()
	promise, fraud := version(policy.Promise, added), version(policy.ConsumerProtection55)
	m := best(line("l-1", 1, 4_000), promise, fraud)
	if s := price(t, m)[0]; s.Basis != policy.ConsumerProtection55 {
		t.Fatalf("without a fee the basis is %s", s.Basis)
	}
	m.AuthenticationFee = 20_000
	s := price(t, m)[0]
	if s.Basis != policy.Promise || s.Compensation != 60_000 {
		t.Errorf("with a fee: %s pays %d", s.Basis, s.Compensation)
	}
	if a := s.Calculation.Alternatives; a[0].Compensation != 60_000 || a[0].JointTotal != 64_000 || a[1].Compensation != 50_000 {
		t.Errorf("alternatives are %+v", a)
	}
}

// Would catch a fee charged to the wrong side, charged twice, or charged where
// nothing was concluded and no rule says so.
func TestC11FeeShares(t *testing.T) {
	t.Parallel()
	type shares = policy.FeeShares
	for rule, row := range map[policy.FeeRule]struct{ claimant, merchant, nothing shares }{
		"":              {},
		policy.FeeNone:  {},
		policy.FeeAdded: {claimant: shares{Merchant: 301}},
		policy.FeeLoser: {claimant: shares{Merchant: 301}, merchant: shares{Claimant: 301}},
		policy.FeeSplit: {claimant: shares{Merchant: 301}, merchant: shares{Claimant: 301}, nothing: shares{Claimant: 150, Merchant: 151}},
	} {
		v := version(policy.Promise, func(v *policy.Version) { v.AuthenticationFee = rule })
		for found, want := range map[policy.Finding]shares{
			policy.FoundForClaimant: row.claimant, policy.FoundForMerchant: row.merchant, policy.NothingFound: row.nothing,
		} {
			if got := v.FeeShares(301, found); got != want {
				t.Errorf("%s, %s: %+v, want %+v", rule, found, got, want)
			}
		}
	}
}
