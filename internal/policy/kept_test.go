package policy_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch a group that is owed less or more in the end because some of its
// claims were confirmed before others were filed, in whatever order: what was
// awarded in all must be what all of them priced at once would get.
func TestC7GroupIsOwedTheSameWhateverIsConfirmedFirst(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := version(policy.FoodSafety148, limits(
			money.Amount(rapid.Int64Range(0, 100_000).Draw(t, "floor")),
			money.Amount(rapid.SampledFrom([]int64{0, 150_000, 1_000_000}).Draw(t, "cap"))))
		var members []policy.Member // In filing order.
		confirmed := make(map[string]bool)
		award := make(map[string]policy.Kept)
		for i := range rapid.IntRange(1, 8).Draw(t, "claims") {
			l := line(fmt.Sprintf("l%d", i), 1, money.Amount(rapid.Int64Range(0, 20_000).Draw(t, "paid")))
			members = append(members, member(l, v))
			// Confirmed claims come first, as the engine prices them.
			var ordered []policy.Member
			for _, first := range []bool{true, false} {
				for _, m := range members {
					if confirmed[m.ClaimID] != first {
						continue
					}
					if kept := award[m.ClaimID]; first {
						m.Kept = &kept
					}
					ordered = append(ordered, m)
				}
			}
			shares, err := policy.Price(ordered)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range shares {
				award[s.ClaimID] = policy.Kept{Basis: s.Basis, Refund: s.Refund, Compensation: s.Compensation}
			}
			for _, m := range members {
				if rapid.Bool().Draw(t, "confirm") {
					confirmed[m.ClaimID] = true
				}
			}
		}
		atOnce, err := policy.Price(members)
		if err != nil {
			t.Fatal(err)
		}
		var got, want policy.Kept
		for i, m := range members {
			got.Compensation += award[m.ClaimID].Compensation
			got.Refund += award[m.ClaimID].Refund
			want.Compensation += atOnce[i].Compensation
			want.Refund += atOnce[i].Refund
		}
		if got != want {
			t.Fatalf("awarded %+v, owed %+v", got, want)
		}
	})
}

// Would catch a group that ends with less than what remains of it is owed, or
// with more than that and what was kept, whatever was filed, confirmed, and
// overturned in whatever order, on whatever bases; and a kept award that shrinks.
func TestC7GroupIsOwedItsDueAfterAnyDepartures(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		versions := make(map[policy.LegalBasis]*policy.Version)
		for _, basis := range explicitBases {
			versions[basis] = version(basis, limits(
				money.Amount(rapid.SampledFrom([]int64{0, 50_000, 100_000}).Draw(t, "floor")),
				money.Amount(rapid.SampledFrom([]int64{0, 150_000, 1_000_000}).Draw(t, "cap"))))
		}
		g := settlement{confirmed: make(map[string]bool), awards: make(map[string]policy.Kept)}
		for i := range rapid.IntRange(2, 12).Draw(t, "steps") {
			switch pick := rapid.IntRange(0, 5).Draw(t, "step"); {
			case pick < 2 || len(g.members) == 0:
				m := best(line(fmt.Sprintf("l%d", i), 1, money.Amount(rapid.Int64Range(0, 20_000).Draw(t, "paid"))), versions[policy.Promise])
				m.Versions = versions
				m.Basis = rapid.SampledFrom(append(explicitBases, policy.Best)).Draw(t, "basis")
				m.BoughtAfterKnowledge = rapid.IntRange(0, 4).Draw(t, "knew") == 0
				g.members = append(g.members, m)
			case pick < 4:
				g.confirmed[rapid.SampledFrom(g.members).Draw(t, "confirmed").ClaimID] = true
			default:
				at := rapid.IntRange(0, len(g.members)-1).Draw(t, "departed")
				g.members = slices.Delete(g.members, at, at+1)
			}
			g.settle(t)
			g.check(t)
		}
	})
}

// settlement is a pricing group as it lives in a book.
type settlement struct {
	members   []policy.Member // In filing order.
	confirmed map[string]bool
	awards    map[string]policy.Kept
}

// settle prices the group as the engine does: confirmed claims first.
func (g *settlement) settle(t *rapid.T) {
	var ordered []policy.Member
	for _, first := range []bool{true, false} {
		for _, m := range g.members {
			if g.confirmed[m.ClaimID] != first {
				continue
			}
			if kept := g.awards[m.ClaimID]; first {
				m.Kept = &kept
			}
			ordered = append(ordered, m)
		}
	}
	for i, s := range mustPrice(t, ordered) {
		kept := ordered[i].Kept
		if kept != nil && (s.Compensation < kept.Compensation || s.Refund != kept.Refund) {
			t.Fatalf("%s kept %+v and comes back with %d and %d", s.ClaimID, *kept, s.Compensation, s.Refund)
		}
		if grown := kept != nil && s.Compensation > kept.Compensation; kept != nil && grown != (s.Calculation.PolicyID != "") {
			t.Fatalf("%s has grown: %t, and is explained by %+v", s.ClaimID, grown, s.Calculation)
		}
		g.awards[s.ClaimID] = policy.Kept{Basis: s.Basis, Refund: s.Refund, Compensation: s.Compensation}
	}
}

func (g *settlement) check(t *rapid.T) {
	var got, due, kept money.Amount
	for i, s := range mustPrice(t, g.members) {
		due += s.Compensation
		mine := g.awards[g.members[i].ClaimID].Compensation
		got += mine
		if g.confirmed[s.ClaimID] {
			kept += mine
		}
		if mine > 0 && g.members[i].BoughtAfterKnowledge {
			t.Fatalf("%s was bought knowingly and has %d", s.ClaimID, mine)
		}
	}
	if got < due || got > due+kept {
		t.Fatalf("awarded %d, of which %d were kept; at once %d would be owed", got, kept, due)
	}
}

// Would catch a consumer who is left without the floor because the claim that
// had taken it was overturned after its sibling was confirmed with nothing.
func TestC6FloorPassesToAConfirmedClaim(t *testing.T) {
	t.Parallel()
	v := version(policy.FoodSafety148)
	left := member(line("l2", 1, 66), v)
	left.Kept = &policy.Kept{Basis: policy.FoodSafety148, Refund: 66}
	s := price(t, left)[0]
	want(t, []policy.Share{s}, [2]money.Amount{100_000, 66})
	c := s.Calculation
	if !c.FloorApplied || c.GroupTotalBefore != 0 || c.GroupTotalAfter != 100_000 || c.ConsumerTotal != 100_066 || s.Version != 1 {
		t.Errorf("the calculation is %+v", c)
	}
	if !slices.ContainsFunc(c.Steps, func(s policy.Step) bool { return s.Code == policy.StepGrown && s.Amount == 100_000 }) {
		t.Errorf("the steps are %+v", c.Steps)
	}

	// An open claim that follows takes it instead, but not one that is owed a
	// refund only, and of several confirmed claims only the last grows.
	open := member(line("l3", 1, 66), v)
	want(t, price(t, left, open), [2]money.Amount{0, 66}, [2]money.Amount{100_000, 66})
	open.BoughtAfterKnowledge = true
	want(t, price(t, left, open), [2]money.Amount{100_000, 66}, [2]money.Amount{0, 66})
	open.Kept = &policy.Kept{Basis: policy.FoodSafety148, Refund: 66}
	want(t, price(t, left, open), [2]money.Amount{100_000, 66}, [2]money.Amount{0, 66})
	open.BoughtAfterKnowledge = false
	want(t, price(t, left, open), [2]money.Amount{0, 66}, [2]money.Amount{100_000, 66})
}

// Would catch a part of the total that is counted twice or lost where several
// confirmed claims had more or less than their own products.
func TestC7GrowthFillsUpTheTotal(t *testing.T) {
	t.Parallel()
	v := version(policy.FoodSafety148, limits(0, 150_000))
	kept := func(id string, compensation money.Amount) policy.Member {
		m := member(line(id, 1, 10_000), v) // A product of 100,000 each.
		m.Kept = &policy.Kept{Basis: policy.FoodSafety148, Refund: 10_000, Compensation: compensation}
		return m
	}
	for _, c := range []struct {
		name  string
		kept  []money.Amount
		owed  []money.Amount
		total money.Amount
	}{
		{"filled up", []money.Amount{50_000}, []money.Amount{100_000}, 100_000},
		{"to the cap", []money.Amount{100_000, 0}, []money.Amount{100_000, 50_000}, 150_000},
		{"after one with more than its own", []money.Amount{120_000, 0}, []money.Amount{120_000, 30_000}, 150_000},
		{"more than all are owed", []money.Amount{150_000}, []money.Amount{150_000}, 0},
	} {
		var members []policy.Member
		for i, k := range c.kept {
			members = append(members, kept(fmt.Sprint("l", i), k))
		}
		shares := price(t, members...)
		for i, o := range c.owed {
			if shares[i].Compensation != o {
				t.Errorf("%s: claim %d has %d, want %d", c.name, i, shares[i].Compensation, o)
			}
		}
		last := shares[len(shares)-1].Calculation
		if last.GroupTotalAfter != c.total || (c.total > 0 && last.Compensation != c.owed[len(c.owed)-1]) {
			t.Errorf("%s: the calculation is %+v", c.name, last)
		}
	}
}

// Would catch an earlier refund of a line that is set off against a claim which
// had kept its refund, and so is given to the consumer twice.
func TestC10KeptRefundIsNotSetOffAgain(t *testing.T) {
	t.Parallel()
	v := version(policy.FoodSafety148, limits(0, 0))
	l := line("l1", 3, 30_000)
	of := func(ordinal int32, kept *policy.Kept) policy.Member {
		m := member(l, v)
		m.ClaimID, m.Units, m.Refunded, m.Kept = fmt.Sprintf("claim-%d", ordinal), []int32{ordinal}, 10_000, kept
		return m
	}
	full := &policy.Kept{Basis: policy.FoodSafety148, Refund: 10_000, Compensation: 100_000}
	less := &policy.Kept{Basis: policy.FoodSafety148, Refund: 4_000, Compensation: 100_000}
	want(t, price(t, of(2, full), of(1, nil), of(3, nil)), [2]money.Amount{100_000, 10_000}, [2]money.Amount{100_000, 0}, [2]money.Amount{100_000, 10_000})
	want(t, price(t, of(2, less), of(1, nil), of(3, nil)), [2]money.Amount{100_000, 4_000}, [2]money.Amount{100_000, 6_000}, [2]money.Amount{100_000, 10_000})
}
