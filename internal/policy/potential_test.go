package policy_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch a bound that a claim on its own exceeds, whatever was refunded
// before, or one so wide that it sets more aside than the claim can cost.
func TestPotentialBoundsTheAward(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		for _, m := range drawMembers(t, append(explicitBases, policy.Best)...) {
			m.AuthenticationFee = money.Amount(rapid.Int64Range(0, 5000).Draw(t, "fee"))
			most, err := policy.Potential(&m)
			if err != nil {
				t.Fatal(err)
			}
			alone := mustPrice(t, []policy.Member{m})[0].Calculation.ConsumerTotal
			if alone > most {
				t.Fatalf("the claim is awarded %d, its potential was %d", alone, most)
			}
			m.Refunded = 0
			alone = mustPrice(t, []policy.Member{m})[0].Calculation.ConsumerTotal
			if m.Remedies.Refund && alone != most {
				t.Fatalf("with nothing refunded the claim is awarded %d, its potential is %d", alone, most)
			}
		}
	})
}

// Would catch a potential on a basis that the claimant did not choose or that is
// not open, and a sum that wraps round.
func TestPotentialOfTheBasesThatAreOpen(t *testing.T) {
	t.Parallel()
	l := line("l-1", 1, 1200)
	promise, fraud := version(policy.Promise), version(policy.ConsumerProtection55)
	dollars := version(policy.FoodSafety148, func(v *policy.Version) { v.Currency = "USD" })
	fees := version(policy.Promise, added)
	paid := member(l, fees)
	paid.AuthenticationFee = 300
	knowing := paid
	knowing.BoughtAfterKnowledge = true
	explicit := best(l, promise, fraud)
	explicit.Basis = policy.Promise
	for _, c := range []struct {
		name   string
		member policy.Member
		most   money.Amount
	}{
		{"the best of both", best(l, promise, fraud, dollars), 51_200},
		{"the chosen one", explicit, 13_200},
		{"another currency", member(l, dollars), 0},
		{"nothing open", policy.Member{Line: l, Units: units(1), Basis: policy.Best}, 0},
		{"with a fee that is added", paid, 13_500},
		{"bought knowingly", knowing, 1_200},
	} {
		if most, err := policy.Potential(&c.member); err != nil || most != c.most {
			t.Errorf("%s: %d, %v; want %d", c.name, most, err, c.most)
		}
	}
	vast := member(line("l-2", 1, money.MaxAmount), promise)
	_, err := policy.Potential(&vast)
	if e, ok := fault.As(err); !ok || e.Reason != fault.AmountOutOfRange || e.Fields["currency"] != "CNY" {
		t.Errorf("a product beyond all amounts: %v", err)
	}
	stray := member(l, promise)
	stray.Units = []int32{2}
	if _, err := policy.Potential(&stray); !errors.Is(err, fault.UnitsOutOfRange) {
		t.Errorf("a unit beyond the line: %v", err)
	}
}

// Measures what every filing pays for its bound; it must stay well under two
// microseconds for one unit.
func BenchmarkPotential(b *testing.B) {
	m := best(line("l-1", 1, 1200), version(policy.Promise), version(policy.FoodSafety148), version(policy.ConsumerProtection55))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := policy.Potential(&m); err != nil {
			b.Fatal(err)
		}
	}
}
