package policy_test

import (
	"slices"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Catches a floor paid to each claim of a group, one where the version has
// none, and one for a group to which nothing is owed.
func TestC6_FloorOncePerGroup(t *testing.T) {
	v := version(policy.ConsumerProtection55) // Three times, at least 500.00.
	small := func(id string) policy.Member { return member(line(id, 1, 5000), v) }
	shares := price(t, small("l-1"), small("l-2"), small("l-3"), small("l-4"), small("l-5"))
	want(t, shares,
		[2]money.Amount{50000, 5000}, // 150.00, raised to the floor.
		[2]money.Amount{0, 5000},     // 300.00, still the floor.
		[2]money.Amount{0, 5000},     // 450.00, still the floor.
		[2]money.Amount{10000, 5000}, // 600.00
		[2]money.Amount{15000, 5000}, // 750.00
	)
	for i, floored := range []bool{true, true, true, false, false} {
		if shares[i].Calculation.FloorApplied != floored {
			t.Errorf("member %d: floor applied is %t", i+1, !floored)
		}
	}
	unfloored := version(policy.ConsumerProtection55, limits(0, 0))
	want(t, price(t, member(line("l-1", 1, 5000), unfloored)), [2]money.Amount{15000, 5000})

	refundOnly := small("l-1")
	refundOnly.Remedies.Compensation = false
	notFound := small("l-2")
	notFound.Units = nil
	want(t, price(t, refundOnly, notFound, small("l-3")),
		[2]money.Amount{0, 5000}, [2]money.Amount{0, 0}, [2]money.Amount{50000, 5000})
}

// Catches an included refund that eats the floor: the floor is the least
// compensation, also where the refund uses the whole product up.
func TestC6_FloorIsBesideAnIncludedRefund(t *testing.T) {
	once := func(v *policy.Version) { v.Multiplier = money.Ratio{Num: 1, Den: 1} }
	v := version(policy.FoodSafety148, included, once)
	want(t, price(t, member(line("l-1", 1, 5000), v)), [2]money.Amount{100000, 5000})
}

// Catches a limit applied before the group is added up, and groups that mix
// versions or bases.
func TestC7_GroupsAreAddedUpBeforeAnyLimit(t *testing.T) {
	v1 := version(policy.Promise, limits(0, 25000))
	v2 := version(policy.Promise, limits(0, 25000), func(v *policy.Version) { v.Number = 2 })
	of := func(id string, v *policy.Version) policy.Member { return member(line(id, 1, 1000), v) }
	shares := price(t, of("l-1", v1), of("l-2", v2), of("l-3", v1), of("l-4", v1), of("l-5", v1), of("l-6", v2))
	want(t, shares,
		[2]money.Amount{10000, 1000}, // 100.00 of version 1
		[2]money.Amount{10000, 1000}, // 100.00 of version 2
		[2]money.Amount{10000, 1000}, // 200.00 of version 1
		[2]money.Amount{5000, 1000},  // 300.00, cut to the cap of 250.00
		[2]money.Amount{0, 1000},     // nothing above the cap
		[2]money.Amount{10000, 1000}, // 200.00 of version 2
	)
	if c := shares[3].Calculation; c.GroupTotalBefore != 20000 || c.GroupTotalAfter != 25000 || !c.CapApplied {
		t.Errorf("the calculation says %d to %d, capped %t", c.GroupTotalBefore, c.GroupTotalAfter, c.CapApplied)
	}
}

// Catches compensation, or a floor, for units ordered after the claimant knew,
// and a refund that is lost with it.
func TestC8_BoughtAfterKnowledgeIsRefundOnly(t *testing.T) {
	for _, v := range []*policy.Version{
		version(policy.FoodSafety148), version(policy.FoodSafety148, included),
	} {
		knowing := member(line("l-2", 1, 5000), v)
		knowing.BoughtAfterKnowledge = true
		want(t, price(t, knowing), [2]money.Amount{0, 5000})
	}
	v := version(policy.FoodSafety148)
	knowing := member(line("l-2", 1, 5000), v)
	knowing.BoughtAfterKnowledge = true
	want(t, price(t, member(line("l-1", 1, 9000), v), knowing, member(line("l-3", 1, 2000), v)),
		[2]money.Amount{100000, 9000}, [2]money.Amount{0, 5000}, [2]money.Amount{10000, 2000})
}

// Catches a cap that cuts the refund, in either refund mode, or that is applied
// before the multiplier.
func TestC9_CapNeverCutsTheRefund(t *testing.T) {
	l := line("l-1", 1, 10000)
	want(t, price(t, member(l, version(policy.Promise, limits(0, 300)))), [2]money.Amount{300, 10000})
	want(t, price(t, member(l, version(policy.Promise, included, limits(0, 300)))), [2]money.Amount{300, 10000})
	want(t, price(t, member(l, version(policy.Promise, limits(0, 20000)))), [2]money.Amount{20000, 10000})
}

// Catches an earlier refund paid twice, one that cuts the compensation where
// the policy counts gross, and a refund or base below zero.
func TestC10_EarlierRefunds(t *testing.T) {
	for _, c := range []struct {
		name     string
		refunded money.Amount
		changes  []func(v *policy.Version)
		owed     [2]money.Amount
	}{
		{"none", 0, nil, [2]money.Amount{40000, 4000}},
		{"part, gross", 1500, nil, [2]money.Amount{40000, 2500}},
		{"part, net", 1500, []func(v *policy.Version){net}, [2]money.Amount{25000, 2500}},
		{"all units of the claim, gross", 4000, nil, [2]money.Amount{40000, 0}},
		{"all units of the claim, net", 4000, []func(v *policy.Version){net}, [2]money.Amount{0, 0}},
		{"the whole line, gross", 10000, nil, [2]money.Amount{40000, 0}},
		{"the whole line, net", 10000, []func(v *policy.Version){net}, [2]money.Amount{0, 0}},
		{"more than was paid", 99999, []func(v *policy.Version){net}, [2]money.Amount{0, 0}},
		// Ten times 40.00 in all: 15.00 refunded earlier, 25.00 now, 360.00 besides.
		{"part, included, gross", 1500, []func(v *policy.Version){included}, [2]money.Amount{36000, 2500}},
		// Ten times 25.00 in all, the refund of 25.00 inside.
		{"part, included, net", 1500, []func(v *policy.Version){included, net}, [2]money.Amount{22500, 2500}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := member(line("l-1", 5, 10000), version(policy.Promise, c.changes...))
			m.Units, m.Refunded = []int32{1, 2}, c.refunded
			want(t, price(t, m), c.owed)
		})
	}
}

// Catches one earlier refund of a line that is taken off every claim on it: it
// falls on the first claim's units and only its rest on the next.
func TestC10_EarlierRefundCountsOnceForTheLine(t *testing.T) {
	l := line("l-1", 4, 8000)
	first, second := member(l, version(policy.Promise)), member(l, version(policy.Promise))
	first.Units, second.Units = []int32{1}, []int32{2, 3}
	first.Refunded, second.Refunded = 2500, 2500
	other := member(line("l-2", 1, 2000), version(policy.Promise))
	want(t, price(t, first, second, other),
		[2]money.Amount{20000, 0}, [2]money.Amount{40000, 3500}, [2]money.Amount{20000, 2000})
}

// Catches compensation for what cost nothing: neither a floor nor a fixed
// promise applies, unless the policy's base gives the gift a value.
func TestC12_UnpaidGoodsEarnNothing(t *testing.T) {
	gift := line("l-1", 1, 0)
	gift.UnitPrice = 9900
	gift.Discounts = []order.Discount{{Bearer: order.BearerMerchant, Amount: 9900}}
	gift.Promises = []order.Promise{{Kind: order.PromiseFixedAmount, FixedAmount: 50000}}
	want(t, price(t, member(gift, version(policy.FoodSafety148))), [2]money.Amount{0, 0})
	shares := price(t, member(gift, version(policy.Promise)))
	want(t, shares, [2]money.Amount{0, 0})
	var rules []string
	for _, s := range shares[0].Calculation.Steps {
		if s.Code == policy.StepNotCounted || s.Code == policy.StepFixedAmount {
			rules = append(rules, s.Rule)
		}
	}
	if !slices.Equal(rules, []string{"C12"}) {
		t.Errorf("the calculation decides by %v, want C12 alone", rules)
	}

	gift.Promises = nil
	valued := version(policy.Promise, func(v *policy.Version) {
		v.BaseComponents = []policy.Component{policy.GoodsPaid, policy.SellerDiscount}
	})
	want(t, price(t, member(gift, valued)), [2]money.Amount{99000, 0})
}

// Catches a remedy that is paid although it was not claimed.
func TestOnlyClaimedRemediesArePaid(t *testing.T) {
	m := member(line("l-1", 1, 20000), version(policy.FoodSafety148))
	for _, c := range []struct {
		remedies policy.Remedies
		owed     [2]money.Amount
	}{
		{policy.Remedies{}, [2]money.Amount{0, 0}},
		{policy.Remedies{Refund: true}, [2]money.Amount{0, 20000}},
		{policy.Remedies{Compensation: true}, [2]money.Amount{200000, 0}},
	} {
		m.Remedies = c.remedies
		want(t, price(t, m), c.owed)
	}
}
