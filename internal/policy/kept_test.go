package policy_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch a group that is owed less or more because of what its members have
// already, whatever that is: the shares sum to what all of them priced at once would get.
func TestC7GroupIsOwedTheSameWhateverIsKept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		members := drawMembers(t, append(explicitBases, policy.Best)...)
		for i := range members {
			members[i].BoughtAfterKnowledge = false
		}
		sums := func(shares []policy.Share) map[string]money.Amount {
			all := make(map[string]money.Amount)
			for i, s := range shares {
				all[string(s.Basis)] += s.Compensation
				all["refund of "+members[i].Line.ID] += s.Refund
			}
			return all
		}
		bare := sums(mustPrice(t, members))
		amounts := rapid.SampledFrom([]money.Amount{0, 1, 3_000, 49_999, 50_000, 1_000_000})
		for i := range members {
			members[i].Kept = policy.Kept{Out: amounts.Draw(t, "out"), Stands: rapid.Bool().Draw(t, "stands"), Award: amounts.Draw(t, "award")}
		}
		shuffled := rapid.Permutation(members).Draw(t, "order")
		members = shuffled
		if kept := sums(mustPrice(t, members)); !maps.Equal(bare, kept) {
			t.Fatalf("owed %v, and %v with what is kept", bare, kept)
		}
	})
}

// Would catch money that is taken from a member to give it to another while the group
// owes both, and an award that stands and is given to an open claim.
func TestC7WhatIsKeptStaysWhileTheTotalReaches(t *testing.T) {
	t.Parallel()
	v := version(policy.FoodSafety148)
	of := func(id string, kept policy.Kept) policy.Member {
		m := member(line(id, 1, 66), v)
		m.Kept = kept
		return m
	}
	nothing, refund := policy.Kept{}, [2]money.Amount{0, 66}
	floor, standing := [2]money.Amount{100_000, 66}, policy.Kept{Stands: true, Award: 100_000}
	want(t, price(t, of("l1", nothing), of("l2", nothing)), floor, refund)
	want(t, price(t, of("l1", nothing), of("l2", standing)), refund, floor)
	want(t, price(t, of("l1", nothing), of("l2", policy.Kept{Out: 100_000})), refund, floor)
	// Money that is out comes before an award that merely stands.
	want(t, price(t, of("l1", standing), of("l2", policy.Kept{Out: 100_000})), refund, floor)
	// Two were paid the floor, one after the other: the first keeps it.
	want(t, price(t, of("l1", policy.Kept{Out: 100_000, Stands: true, Award: 100_000}), of("l2", policy.Kept{Out: 100_000})), floor, refund)
	// A claim that is decided anew gets its due, and no less than is out.
	want(t, price(t, of("l1", policy.Kept{Out: 40_000}), of("l2", nothing)), floor, refund)
}

// Would catch knowledge that is told late and takes back what was paid before, or gives
// more than that.
func TestC8KnowledgeToldLateTakesNothingBack(t *testing.T) {
	t.Parallel()
	v := version(policy.Promise)
	knowing := member(line("l1", 1, 10_000), v)
	knowing.BoughtAfterKnowledge = true
	for _, c := range []struct {
		kept policy.Kept
		owed money.Amount
	}{
		{policy.Kept{}, 0},
		{policy.Kept{Out: 30_000}, 30_000},
		{policy.Kept{Out: 30_000, Stands: true, Award: 100_000}, 100_000},
		{policy.Kept{Out: 300_000}, 100_000},
	} {
		knowing.Kept = c.kept
		want(t, price(t, knowing), [2]money.Amount{c.owed, 10_000})
	}
}

// Would catch a group that ends with less or more than what remains of it is owed,
// whatever was filed, confirmed, and overturned in whatever order, on whatever bases.
func TestC7GroupIsOwedItsDueAfterAnyDepartures(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		versions := make(map[policy.LegalBasis]*policy.Version)
		for _, basis := range explicitBases {
			versions[basis] = version(basis, limits(
				money.Amount(rapid.SampledFrom([]int64{0, 50_000, 100_000}).Draw(t, "floor")),
				money.Amount(rapid.SampledFrom([]int64{0, 150_000, 1_000_000}).Draw(t, "cap"))))
		}
		g := group{confirmed: make(map[string]bool), awards: make(map[string]money.Amount)}
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

// group is a pricing group as it lives in a book.
type group struct {
	members   []policy.Member // In filing order.
	confirmed map[string]bool
	awards    map[string]money.Amount
}

// settle prices the group as a book does: confirmed claims first.
func (g *group) settle(t *rapid.T) {
	var ordered []policy.Member
	for _, first := range []bool{true, false} {
		for _, m := range g.members {
			if g.confirmed[m.ClaimID] == first {
				m.Kept.Stands, m.Kept.Award = first, 0
				if first {
					m.Kept.Award = g.awards[m.ClaimID]
				}
				ordered = append(ordered, m)
			}
		}
	}
	for _, s := range mustPrice(t, ordered) {
		g.awards[s.ClaimID] = s.Compensation
	}
}

func (g *group) check(t *rapid.T) {
	var got, due money.Amount
	for i, s := range mustPrice(t, g.members) {
		due += s.Compensation
		mine := g.awards[g.members[i].ClaimID]
		got += mine
		if mine > 0 && g.members[i].BoughtAfterKnowledge {
			t.Fatalf("%s was bought knowingly and has %d", s.ClaimID, mine)
		}
	}
	if got != due {
		t.Fatalf("awarded %d; at once %d would be owed", got, due)
	}
}

// Would catch a consumer who is left without the floor because the claim that
// had taken it was overturned after its sibling was confirmed with nothing.
func TestC6FloorPassesToAConfirmedClaim(t *testing.T) {
	t.Parallel()
	v := version(policy.FoodSafety148)
	left := member(line("l2", 1, 66), v)
	left.Kept.Stands = true
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
	open.Kept.Stands = true
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
		m.Kept = policy.Kept{Stands: true, Award: compensation}
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
		{"more than all are owed", []money.Amount{150_000}, []money.Amount{100_000}, 100_000},
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
		if last.GroupTotalAfter != c.total || last.Compensation != c.owed[len(c.owed)-1] {
			t.Errorf("%s: the calculation is %+v", c.name, last)
		}
	}
}
