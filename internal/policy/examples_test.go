package policy_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/cases"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Catches a coupon or the shipping in the base, or left out of the refund:
// 3 × 33.33 with a platform coupon of 10.00 and shipping of 5.00.
func TestS1_CouponAndShipping(t *testing.T) {
	l := line("l-1", 3, 8999)
	l.UnitPrice, l.ShippingPaid = 3333, 500
	l.Discounts = []order.Discount{{Bearer: order.BearerPlatform, Amount: 1000}}
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	shares := price(t, member(l, version(policy.Promise)))
	want(t, shares, [2]money.Amount{89990, 9499})
	if c := shares[0].Calculation; c.Base != 8999 || c.ConsumerTotal != 99489 {
		t.Errorf("base is %d and the total %d, want 89.99 and 994.89", c.Base, c.ConsumerTotal)
	}
}

// Catches an order discount whose split does not reach the payout: the order of
// S2 priced line by line equals ten times what was paid for the whole.
func TestS2_DiscountedOrder(t *testing.T) {
	prices := []money.Amount{1000, 2000, 3001}
	shares, err := order.AllocateDiscount(700, prices)
	if err != nil {
		t.Fatal(err)
	}
	var members []policy.Member
	for i, p := range prices {
		members = append(members, member(line(string(rune('a'+i)), 1, p-shares[i]), version(policy.Promise)))
	}
	want(t, price(t, members...),
		[2]money.Amount{8830, 883}, [2]money.Amount{17670, 1767}, [2]money.Amount{26510, 2651})
}

// Catches a base of five units where two are counterfeit.
func TestS4_TwoOfFiveUnits(t *testing.T) {
	m := member(line("l-1", 5, 10000), version(policy.Promise))
	m.Units = []int32{1, 2}
	shares := price(t, m)
	if c := shares[0].Calculation; c.Base != 4000 || c.Compensation != 40000 {
		t.Errorf("base is %d and compensation %d, want 40.00 and 400.00", c.Base, c.Compensation)
	}
}

// Catches a choice of basis by multiplier alone: for 12.00 of no food, tenfold
// is 120.00, threefold 36.00 raised to 500.00.
func TestS6_BestBasisWithAndWithoutFloor(t *testing.T) {
	m := best(line("l-1", 1, 1200), version(policy.Promise))
	m.Versions = applying(policy.Seeds(), paidAt, "toys")
	shares := price(t, m)
	want(t, shares, [2]money.Amount{50000, 1200})
	if shares[0].Basis != policy.ConsumerProtection55 {
		t.Errorf("basis is %s", shares[0].Basis)
	}

	m.Versions[policy.ConsumerProtection55] = version(policy.ConsumerProtection55, limits(0, 0))
	shares = price(t, m)
	want(t, shares, [2]money.Amount{12000, 1200})
	if shares[0].Basis != policy.Promise {
		t.Errorf("without the floor the basis is %s", shares[0].Basis)
	}
}

// Catches any difference between the engine with its seeded policies and what
// courts awarded. The 46 eggs are 46 claims.
func TestPublishedCases(t *testing.T) {
	list, err := cases.Published()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		t.Run(c.ID, func(t *testing.T) {
			inForce := applying(policy.Seeds(), paidAt, c.Category)
			v := inForce[c.Basis]
			if v == nil || v.Multiplier != c.Multiplier || v.Floor != c.Floor {
				t.Fatalf("the seeded policy is %+v, the case has %s and a floor of %d", v, c.Multiplier, c.Floor)
			}
			members := make([]policy.Member, len(c.Purchases))
			for i, p := range c.Purchases {
				l := line(c.ID+"-"+string(rune('A'+i)), p.Units, p.Paid)
				l.Category = c.Category
				if err := l.Check(); err != nil {
					t.Fatal(err)
				}
				members[i] = policy.Member{
					ClaimID: l.ID, Line: l, Units: units(p.Counterfeit), Basis: c.Basis, Versions: inForce,
					Remedies: policy.Remedies{Refund: c.Refund == cases.RefundAwarded, Compensation: true},
				}
			}
			var refund, compensation money.Amount
			for _, s := range price(t, members...) {
				refund, compensation = refund+s.Refund, compensation+s.Compensation
			}
			if compensation != c.AwardedCompensation {
				t.Errorf("compensation is %d, awarded was %d", compensation, c.AwardedCompensation)
			}
			if c.AwardedRefund != nil && refund != *c.AwardedRefund {
				t.Errorf("refund is %d, awarded was %d", refund, *c.AwardedRefund)
			}
		})
	}
}
