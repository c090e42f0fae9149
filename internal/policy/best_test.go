package policy_test

import (
	"fmt"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Catches a second floor collected by alternating bases: eggs in as many
// payments that all ask for the best get one floor, or the one product (C5, C6).
func TestC5_BestIsChosenForAllTogether(t *testing.T) {
	promise, food, fraud := version(policy.Promise), version(policy.FoodSafety148), version(policy.ConsumerProtection55)
	for _, c := range []struct {
		eggs  int
		sum   money.Amount
		basis policy.LegalBasis
	}{
		{45, 100000, policy.FoodSafety148}, // 990.00 raised to the floor.
		{46, 101200, policy.Promise},       // Above the floor both tenfold bases tie.
	} {
		members := make([]policy.Member, c.eggs)
		for i := range members {
			members[i] = best(line(fmt.Sprint("l-", i), 1, 220), promise, food, fraud)
		}
		var sum money.Amount
		for _, s := range price(t, members...) {
			sum += s.Compensation
			if s.Basis != c.basis {
				t.Errorf("%s of %d is on %s, want %s", s.ClaimID, c.eggs, s.Basis, c.basis)
			}
		}
		if sum != c.sum {
			t.Errorf("%d eggs get %d, want %d", c.eggs, sum, c.sum)
		}
	}
}

// Catches a choice that looks at each claim alone: the second purchase tips the
// first from the floor of one basis to the multiplier of another.
func TestC5_JoiningClaimsChangeTheBestBasis(t *testing.T) {
	promise, fraud := version(policy.Promise), version(policy.ConsumerProtection55)
	first := best(line("l-1", 1, 3000), promise, fraud)
	alone := price(t, first)
	want(t, alone, [2]money.Amount{50000, 3000})

	joined := price(t, first, best(line("l-2", 1, 4000), promise, fraud))
	want(t, joined, [2]money.Amount{30000, 3000}, [2]money.Amount{40000, 4000})
	if alone[0].Basis != policy.ConsumerProtection55 || joined[0].Basis != policy.Promise {
		t.Errorf("bases are %s, then %s", alone[0].Basis, joined[0].Basis)
	}
}

// Catches a floor paid to an explicit claim and again to one that asks for the
// best on the same version: filed first, the explicit one has used it up.
func TestC5_ExplicitMembersShareTheGroup(t *testing.T) {
	promise, fraud := version(policy.Promise), version(policy.ConsumerProtection55)
	explicit := member(line("l-1", 1, 1200), fraud)
	shares := price(t, explicit, best(line("l-2", 1, 1200), promise, fraud))
	want(t, shares, [2]money.Amount{50000, 1200}, [2]money.Amount{12000, 1200})
	if shares[1].Basis != policy.Promise {
		t.Errorf("basis is %s", shares[1].Basis)
	}

	// Filed before it, the best one must not take the floor away from the
	// explicit claim and leave the consumer with less in all.
	shares = price(t, best(line("l-2", 1, 1200), promise, fraud), explicit)
	want(t, shares, [2]money.Amount{12000, 1200}, [2]money.Amount{50000, 1200})
}

// Catches a claim that gets nothing because the common basis was not yet in
// force at its payment, and versions of one basis thrown into one group.
func TestC5_MembersWithOtherVersions(t *testing.T) {
	promise, food := version(policy.Promise), version(policy.FoodSafety148)
	newer := version(policy.Promise, func(v *policy.Version) { v.Number, v.Multiplier.Num = 2, 20 })
	shares := price(t,
		best(line("l-1", 1, 20000), food),          // Paid before there was a promise,
		best(line("l-2", 1, 20000), promise, food), // under its first version,
		best(line("l-3", 1, 50000), newer, food),   // and under its second.
	)
	want(t, shares, [2]money.Amount{200000, 20000}, [2]money.Amount{200000, 20000}, [2]money.Amount{1000000, 50000})
	for i, basis := range []policy.LegalBasis{policy.FoodSafety148, policy.Promise, policy.Promise} {
		if shares[i].Basis != basis {
			t.Errorf("%s is on %s, want %s", shares[i].ClaimID, shares[i].Basis, basis)
		}
	}
	if shares[1].Version != 1 || shares[2].Version != 2 || shares[2].Calculation.GroupTotalBefore != 0 {
		t.Errorf("versions are %d and %d, the latter from %d",
			shares[1].Version, shares[2].Version, shares[2].Calculation.GroupTotalBefore)
	}
}

// Catches alternatives that do not tell what was weighed, or mark another than
// the chosen one.
func TestC5_AlternativesAreShown(t *testing.T) {
	m := best(line("l-1", 1, 1200), version(policy.Promise))
	m.Versions = applying(policy.Seeds(), paidAt, "toys")
	s := price(t, m)[0]
	want := []policy.Alternative{
		{Basis: policy.Promise, PolicyID: "promise-tenfold", Version: 1,
			Compensation: 12000, Refund: 1200, JointTotal: 13200},
		{Basis: policy.ConsumerProtection55, PolicyID: "consumer-protection-55", Version: 1,
			Compensation: 50000, Refund: 1200, JointTotal: 51200, Chosen: true},
	}
	if fmt.Sprint(s.Calculation.Alternatives) != fmt.Sprint(want) {
		t.Errorf("alternatives are %+v", s.Calculation.Alternatives)
	}
	explicit := price(t, member(line("l-1", 1, 1200), version(policy.Promise)))
	if explicit[0].Calculation.Alternatives != nil {
		t.Error("an explicit basis shows alternatives")
	}
}

// Catches an alternative that shows another outcome than the one that was
// weighed, where the common basis is not open to every member.
func TestC5_AlternativesOfMembersWithOtherVersions(t *testing.T) {
	promise, food := version(policy.Promise), version(policy.FoodSafety148)
	shares := price(t, best(line("l-1", 1, 20000), promise, food), best(line("l-2", 1, 2000), food))
	// The second takes its own basis and its floor; had both been on it, the
	// first would have used the floor up.
	want(t, shares, [2]money.Amount{200000, 20000}, [2]money.Amount{100000, 2000})
	if a := shares[1].Calculation.Alternatives; len(a) != 1 || a[0].Compensation != 100000 || !a[0].Chosen {
		t.Errorf("alternatives are %+v", a)
	}

	times := func(basis policy.LegalBasis, n int64) *policy.Version {
		return version(basis, limits(0, 0), func(v *policy.Version) { v.Multiplier.Num = n })
	}
	double, single, triple := times(policy.Promise, 2), times(policy.FoodSafety148, 1), times(policy.ConsumerProtection55, 3)
	shares = price(t, best(line("l-1", 1, 1000), single, triple), best(line("l-2", 1, 1000), double, single, triple))
	want(t, shares, [2]money.Amount{3000, 1000}, [2]money.Amount{3000, 1000})
	// With the second on the promise, the first would still have taken the better
	// of the bases open to it.
	if a := shares[1].Calculation.Alternatives[0]; a.Basis != policy.Promise || a.JointTotal != 7000 {
		t.Errorf("the promise is weighed as %+v", a)
	}
}

// Catches a policy in a foreign currency that competes with the line's own.
func TestC5_BestIgnoresOtherCurrencies(t *testing.T) {
	dollars := version(policy.Promise, func(v *policy.Version) { v.Currency = "USD" })
	shares := price(t, best(line("l-1", 1, 100000), dollars, version(policy.ConsumerProtection55)))
	want(t, shares, [2]money.Amount{300000, 100000})
}
