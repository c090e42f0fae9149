package policy_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Catches a base of the whole line: of five units at 20.00 only two are
// counterfeit (worked example S4).
func TestC1_OnlyCounterfeitUnitsCount(t *testing.T) {
	m := member(line("l-1", 5, 10000), version(policy.Promise))
	m.Units = []int32{2, 5}
	shares := price(t, m)
	want(t, shares, [2]money.Amount{40000, 4000})
	if c := shares[0].Calculation; c.Base != 4000 || c.CounterfeitUnits != 2 || c.Units != 5 {
		t.Errorf("the calculation says base %d of %d of %d units", c.Base, c.CounterfeitUnits, c.Units)
	}
}

// Catches claims on different units of one line that together get more or less
// than one claim on all of them.
func TestC1_UnitsOfOneLineAddUp(t *testing.T) {
	l := line("l-1", 3, 10000) // 33.34 + 33.33 + 33.33
	first, second := member(l, version(policy.Promise)), member(l, version(policy.Promise))
	first.Units, second.Units = []int32{1}, []int32{2, 3}
	want(t, price(t, first, second), [2]money.Amount{33340, 3334}, [2]money.Amount{66660, 6666})
}

// Catches a base that takes in what the policy leaves out, or the reverse.
func TestC1_ComponentsOfTheBase(t *testing.T) {
	l := line("l-1", 2, 8000)
	l.UnitPrice, l.ShippingPaid, l.PlatformSubsidy = 5000, 600, 400
	l.Discounts = []order.Discount{
		{Bearer: order.BearerMerchant, Amount: 1000}, {Bearer: order.BearerPlatform, Amount: 200},
	}
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name       string
		components []policy.Component
		base       money.Amount
	}{
		{"goods", []policy.Component{policy.GoodsPaid}, 4000},
		{"goods and shipping", []policy.Component{policy.GoodsPaid, policy.Shipping}, 4300},
		{"goods and the merchant's discount", []policy.Component{policy.GoodsPaid, policy.SellerDiscount}, 4500},
		{"goods and all platform money", []policy.Component{policy.GoodsPaid, policy.PlatformSubsidy}, 4300},
		{"everything", []policy.Component{
			policy.GoodsPaid, policy.SellerDiscount, policy.PlatformSubsidy, policy.Shipping}, 5100},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := member(l, version(policy.Promise, func(v *policy.Version) { v.BaseComponents = c.components }))
			m.Units = []int32{1}
			shares := price(t, m)
			want(t, shares, [2]money.Amount{10 * c.base, 4300})
			if shares[0].Calculation.Base != c.base {
				t.Errorf("base is %d, want %d", shares[0].Calculation.Base, c.base)
			}
		})
	}
}

// Catches a multiplier that is not applied exactly, and a refund that shares the
// base of the compensation: shipping is given back and not multiplied.
func TestC2_TenfoldOfTheBaseAndARefundOfItsOwn(t *testing.T) {
	l := line("l-1", 1, 333)
	l.ShippingPaid = 50
	for _, c := range []struct {
		multiplier   money.Ratio
		compensation money.Amount
	}{
		{money.Ratio{Num: 10, Den: 1}, 3330},
		{money.Ratio{Num: 3, Den: 2}, 500}, // 499.5, rounded half up.
		{money.Ratio{Num: 1, Den: 1000}, 0},
	} {
		v := version(policy.Promise, func(v *policy.Version) { v.Multiplier = c.multiplier })
		want(t, price(t, member(l, v)), [2]money.Amount{c.compensation, 383})
	}
}

// Catches a refund mode that pays eleven times where ten was promised, or ten
// where the refund comes on top.
func TestC3_RefundModes(t *testing.T) {
	l := line("l-1", 1, 10000)
	l.ShippingPaid = 500
	none := func(v *policy.Version) { v.RefundMode, v.RefundComponents = policy.RefundNone, nil }
	want(t, price(t, member(l, version(policy.Promise))), [2]money.Amount{100000, 10500})
	want(t, price(t, member(l, version(policy.Promise, included))), [2]money.Amount{89500, 10500})
	want(t, price(t, member(l, version(policy.Promise, none))), [2]money.Amount{100000, 0})
}

// Catches an included refund above the product, a compensation below zero, and
// a price kept by the consumer who does not claim it back.
func TestC3_IncludedRefundIsPartOfTheProduct(t *testing.T) {
	l := line("l-1", 1, 10000)
	half := version(policy.Promise, included, func(v *policy.Version) { v.Multiplier = money.Ratio{Num: 1, Den: 2} })
	want(t, price(t, member(l, half)), [2]money.Amount{0, 5000})

	unclaimed := member(l, version(policy.Promise, included))
	unclaimed.Remedies.Refund = false
	want(t, price(t, unclaimed), [2]money.Amount{90000, 0})

	refundOnly := member(l, version(policy.Promise, included))
	refundOnly.Remedies.Compensation = false
	want(t, price(t, refundOnly), [2]money.Amount{0, 10000})
}

// Catches a merchant's better promise that is ignored, a worse one that cuts
// the policy, and a fixed amount that is multiplied or added.
func TestC4_AMerchantsBetterPromiseWins(t *testing.T) {
	times := func(n int64) order.Promise {
		return order.Promise{Kind: order.PromiseMultiplier, Multiplier: money.Ratio{Num: n, Den: 1}, ClauseDigest: "times"}
	}
	fixed := func(a money.Amount) order.Promise {
		return order.Promise{Kind: order.PromiseFixedAmount, FixedAmount: a, ClauseDigest: "fixed"}
	}
	for _, c := range []struct {
		name         string
		promises     []order.Promise
		compensation money.Amount
		clause       string
	}{
		{"none", nil, 40000, "policy"},
		{"a higher multiplier", []order.Promise{times(20)}, 80000, "times"},
		{"the same multiplier", []order.Promise{times(10)}, 40000, "policy"},
		{"a lower multiplier", []order.Promise{times(5)}, 40000, "policy"},
		{"the highest of several", []order.Promise{times(15), times(30), times(20)}, 120000, "times"},
		{"a higher fixed amount for each unit", []order.Promise{fixed(50000)}, 100000, "fixed"},
		{"a lower fixed amount", []order.Promise{fixed(100)}, 40000, "policy"},
		{"the fixed one is better", []order.Promise{times(20), fixed(50000)}, 100000, "fixed"},
		{"the multiplier is better", []order.Promise{fixed(30000), times(20)}, 80000, "times"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := line("l-1", 3, 6000)
			l.Promises = c.promises
			m := member(l, version(policy.Promise, func(v *policy.Version) { v.ClauseDigest = "policy" }))
			m.Units = []int32{1, 2}
			shares := price(t, m)
			want(t, shares, [2]money.Amount{c.compensation, 4000})
			if got := shares[0].Calculation.ClauseDigest; got != c.clause {
				t.Errorf("the payout rests on clause %q, want %q", got, c.clause)
			}
		})
	}
}

// Catches a promise that raises what a statute gives: it stands under its own
// basis only.
func TestC4_PromisesDoNotChangeAStatute(t *testing.T) {
	l := line("l-1", 1, 100000)
	l.Promises = []order.Promise{{Kind: order.PromiseMultiplier, Multiplier: money.Ratio{Num: 50, Den: 1}}}
	want(t, price(t, member(l, version(policy.ConsumerProtection55))), [2]money.Amount{300000, 100000})
}

// Catches the sum of several bases: a consumer gets the single best one.
func TestC5_BasesAreAlternatives(t *testing.T) {
	promise, food, fraud := version(policy.Promise), version(policy.FoodSafety148), version(policy.ConsumerProtection55)
	for _, c := range []struct {
		name         string
		paid         money.Amount
		basis        policy.LegalBasis
		compensation money.Amount
	}{
		{"the floor decides", 2000, policy.FoodSafety148, 100000},
		{"the promise wins the tie", 20000, policy.Promise, 200000},
	} {
		t.Run(c.name, func(t *testing.T) {
			shares := price(t, best(line("l-1", 1, c.paid), promise, food, fraud))
			want(t, shares, [2]money.Amount{c.compensation, c.paid})
			if shares[0].Basis != c.basis {
				t.Errorf("basis is %s, want %s", shares[0].Basis, c.basis)
			}
		})
	}
}

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
	want(t, price(t, member(gift, version(policy.Promise))), [2]money.Amount{0, 0})

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
