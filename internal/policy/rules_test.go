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

// Catches a merchant's better promise that is ignored, a worse multiplier that cuts the
// policy, and a fixed amount that is multiplied or added, or that competes where the policy
// says that it replaces.
func TestC4_AMerchantsOwnPromiseCounts(t *testing.T) {
	times := func(n int64) order.Promise {
		return order.Promise{Kind: order.PromiseMultiplier, Multiplier: money.Ratio{Num: n, Den: 1}, ClauseDigest: "times"}
	}
	fixed := func(a money.Amount) order.Promise {
		return order.Promise{Kind: order.PromiseFixedAmount, FixedAmount: a, ClauseDigest: "fixed"}
	}
	for _, c := range []struct {
		name         string
		fixed        policy.FixedPromise
		promises     []order.Promise
		compensation money.Amount
		clause       string
	}{
		{"none", policy.FixedReplaces, nil, 40000, "policy"},
		{"a higher multiplier", policy.FixedReplaces, []order.Promise{times(20)}, 80000, "times"},
		{"the same multiplier", policy.FixedBest, []order.Promise{times(10)}, 40000, "policy"},
		{"a lower multiplier", policy.FixedReplaces, []order.Promise{times(5)}, 40000, "policy"},
		{"the highest of several", policy.FixedBest, []order.Promise{times(15), times(30), times(20)}, 120000, "times"},
		{"a higher fixed amount for each unit", policy.FixedBest, []order.Promise{fixed(50000)}, 100000, "fixed"},
		{"a lower fixed amount", policy.FixedBest, []order.Promise{fixed(100)}, 40000, "policy"},
		{"a lower fixed amount that replaces", policy.FixedReplaces, []order.Promise{fixed(100)}, 200, "fixed"},
		{"the highest of several fixed amounts", policy.FixedReplaces, []order.Promise{fixed(100), fixed(300), fixed(200)}, 600, "fixed"},
		{"the fixed one is better", policy.FixedBest, []order.Promise{times(20), fixed(50000)}, 100000, "fixed"},
		{"the multiplier is better", policy.FixedBest, []order.Promise{fixed(30000), times(20)}, 80000, "times"},
		{"the multiplier is replaced", policy.FixedReplaces, []order.Promise{fixed(30000), times(20)}, 60000, "fixed"},
		{"a version of before", "", []order.Promise{fixed(100)}, 40000, "policy"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := line("l-1", 3, 6000)
			l.Promises = c.promises
			m := member(l, version(policy.Promise, func(v *policy.Version) { v.ClauseDigest, v.FixedPromise = "policy", c.fixed }))
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
