package policy_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// found is a claim that asks for the price of the given units, which are counterfeit.
func found(claimant string, units ...int32) policy.Found {
	return policy.Found{ClaimantID: claimant, Ordinals: units, Units: units, WantsRefund: true}
}

// Would catch a refund from outside that is taken off twice or not at all, or from
// another claim than the definition says.
func TestC10RefundFromOutsideFallsOnCounterfeitUnits(t *testing.T) {
	t.Parallel()
	l := line("l-1", 4, 40_000)
	l.ShippingPaid = 2_000
	part := found("payer", 1)
	part.Ordinals = []int32{1, 2}
	bare := found("payer", 2)
	bare.WantsRefund = false
	fallen := policy.Found{ClaimantID: "payer", Ordinals: []int32{1}, WantsRefund: true, Refunded: 10_500}
	for _, c := range []struct {
		name     string
		refunded money.Amount
		claims   []policy.Found
		set      []policy.SetOff
	}{
		{"nobody", 500, nil, nil},
		{"the first units of a claimant", 12_000, []policy.Found{found("payer", 2), found("payer", 1)}, []policy.SetOff{{Found: 1_500}, {Found: 10_500}}},
		{"only what is counterfeit", 30_000, []policy.Found{part}, []policy.SetOff{{Found: 10_500}}},
		{"a claim that does not ask for the price first", 10_600, []policy.Found{found("payer", 1), bare}, []policy.SetOff{{Found: 100}, {Found: 10_500}}},
		{"payer and recipient alike", 10_500, []policy.Found{found("payer", 1), found("recipient", 2)}, []policy.SetOff{{Found: 5_250}, {Found: 5_250}}},
		{"in proportion to the price", 3_001, []policy.Found{found("recipient", 2, 3), found("payer", 1)}, []policy.SetOff{{Found: 2_001}, {Found: 1_000}}},
		{"what a verdict that fell had refunded last", 12_000, []policy.Found{fallen, found("payer", 2)}, []policy.SetOff{{Fallen: 1_500}, {Found: 10_500}}},
	} {
		set, err := policy.SetOffs(l, c.refunded, c.claims)
		if err != nil || !slices.Equal(set, c.set) {
			t.Errorf("%s: %+v, %v", c.name, set, err)
		}
	}
}

// Would catch a set-off that depends on the order of the claims, exceeds a price, or does
// not sum to what was refunded.
func TestC10SetOffsDependOnNoOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLine(t, "l-1")
		var claims []policy.Found
		var prices money.Amount
		for n := int32(1); n <= l.Quantity; n++ {
			c := found(rapid.SampledFrom([]string{"payer", "recipient"}).Draw(t, "claimant"), n)
			c.WantsRefund = rapid.Bool().Draw(t, "wants")
			if rapid.IntRange(0, 2).Draw(t, "fell") == 0 {
				c.Units = nil
				c.Refunded = money.Amount(rapid.Int64Range(0, 900).Draw(t, "refunded"))
			}
			for _, of := range []money.Amount{l.GoodsPaid, l.ShippingPaid} {
				share, err := l.UnitsShare(of, c.Units)
				if err != nil {
					t.Fatal(err)
				}
				prices += share
			}
			prices += c.Refunded
			claims = append(claims, c)
		}
		refunded := money.Amount(rapid.Int64Range(0, 25_000).Draw(t, "outside"))
		set, err := policy.SetOffs(l, refunded, claims)
		if err != nil {
			t.Fatal(err)
		}
		var sum money.Amount
		of := make(map[int32]policy.SetOff)
		for i, s := range set {
			sum += s.Found + s.Fallen
			of[claims[i].Ordinals[0]] = s
			if s.Found < 0 || s.Fallen < 0 || s.Found > 0 && len(claims[i].Units) == 0 || s.Fallen > claims[i].Refunded {
				t.Fatalf("%+v is set off with %+v", claims[i], s)
			}
		}
		if sum != min(refunded, prices) {
			t.Fatalf("%d of %d are set off, against prices of %d", sum, refunded, prices)
		}
		shuffled := rapid.Permutation(claims).Draw(t, "order")
		again, err := policy.SetOffs(l, refunded, shuffled)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range again {
			if was := of[shuffled[i].Ordinals[0]]; was != s {
				t.Fatalf("unit %d is set off with %+v, in another order with %+v", shuffled[i].Ordinals[0], was, s)
			}
		}
	})
}
