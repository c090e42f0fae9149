package policy_test

import (
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// drawVersion draws a version that passes its check.
func drawVersion(t *rapid.T, basis policy.LegalBasis) *policy.Version {
	return version(basis, func(v *policy.Version) {
		v.Multiplier = money.Ratio{Num: rapid.Int64Range(1, 30).Draw(t, "num"), Den: rapid.Int64Range(1, 3).Draw(t, "den")}
		v.Floor = money.Amount(rapid.SampledFrom([]int64{0, 500, 50000}).Draw(t, "floor"))
		if rapid.Bool().Draw(t, "capped") {
			v.Cap = v.Floor + money.Amount(rapid.Int64Range(1, 100000).Draw(t, "cap"))
		}
		v.RefundMode = rapid.SampledFrom([]policy.RefundMode{
			policy.RefundOnTop, policy.RefundIncluded, policy.RefundNone}).Draw(t, "mode")
		if v.RefundMode == policy.RefundNone {
			v.RefundComponents = nil
		}
		v.EarlierRefunds = rapid.SampledFrom([]policy.EarlierRefunds{
			policy.EarlierRefundsGross, policy.EarlierRefundsNet}).Draw(t, "earlier")
		if rapid.Bool().Draw(t, "fee added") {
			v.AuthenticationFee = policy.FeeAdded
		}
		if rapid.Bool().Draw(t, "whole price") {
			v.BaseComponents = []policy.Component{
				policy.GoodsPaid, policy.SellerDiscount, policy.PlatformSubsidy, policy.Shipping}
		}
		if err := v.Check(); err != nil {
			t.Fatal(err)
		}
	})
}

// drawLine draws a line that passes its check.
func drawLine(t *rapid.T, id string) *order.Line {
	l := line(id, rapid.Int32Range(1, 6).Draw(t, "quantity"), money.Amount(rapid.Int64Range(0, 20000).Draw(t, "paid")))
	off := money.Amount(rapid.Int64Range(0, 500).Draw(t, "discount"))
	l.UnitPrice += off
	l.Discounts = []order.Discount{{Bearer: order.BearerMerchant, Amount: off}}
	l.ShippingPaid = money.Amount(rapid.Int64Range(0, 800).Draw(t, "shipping"))
	switch rapid.IntRange(0, 3).Draw(t, "promise") {
	case 0:
		l.Promises = []order.Promise{{Kind: order.PromiseMultiplier, Multiplier: money.Ratio{Num: 15, Den: 1}}}
	case 1:
		l.Promises = []order.Promise{{Kind: order.PromiseFixedAmount, FixedAmount: 3000}}
	}
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	return l
}

// drawMembers draws members over three bases, with explicit and best ones and
// claims that share a line.
func drawMembers(t *rapid.T, bases ...policy.LegalBasis) []policy.Member {
	versions := map[policy.LegalBasis]*policy.Version{}
	for _, b := range []policy.LegalBasis{policy.Promise, policy.FoodSafety148, policy.ConsumerProtection55} {
		versions[b] = drawVersion(t, b)
	}
	var members []policy.Member
	for i := range rapid.IntRange(1, 8).Draw(t, "lines") {
		l := drawLine(t, fmt.Sprint("l-", i))
		refunded := money.Amount(rapid.SampledFrom([]int64{0, 0, 300, 30000}).Draw(t, "refunded"))
		parts := [2][]int32{}
		for n := int32(1); n <= l.Quantity; n++ {
			if p := rapid.IntRange(0, 2).Draw(t, "claim"); p < 2 { // The third is genuine.
				parts[p] = append(parts[p], n)
			}
		}
		for p, ordinals := range parts {
			members = append(members, policy.Member{
				ClaimID: fmt.Sprint("claim-", i, "-", p), Line: l, Units: ordinals, Refunded: refunded,
				BoughtAfterKnowledge: rapid.IntRange(0, 5).Draw(t, "knew") == 0,
				AuthenticationFee:    money.Amount(rapid.SampledFrom([]int64{0, 0, 30000}).Draw(t, "fee")),
				Remedies: policy.Remedies{
					Refund:       rapid.IntRange(0, 3).Draw(t, "refund") > 0,
					Compensation: rapid.IntRange(0, 3).Draw(t, "compensation") > 0,
				},
				Basis: rapid.SampledFrom(bases).Draw(t, "basis"), Versions: versions,
			})
		}
	}
	return members
}

var explicitBases = []policy.LegalBasis{policy.Promise, policy.FoodSafety148, policy.ConsumerProtection55}

func mustPrice(t *rapid.T, members []policy.Member) []policy.Share {
	shares, err := policy.Price(withSetOffs(t, members))
	if err != nil {
		t.Fatal(err)
	}
	return shares
}

// Catches an amount below zero, a refund above what was paid less what was
// given back, totals that do not follow from one another, and calculations
// whose numbers are not the share's.
func TestSharesAreConsistent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := drawMembers(t, append(explicitBases, policy.Best)...)
		shares := mustPrice(t, members)
		totals := map[policy.LegalBasis]money.Amount{}
		refunds := map[string]money.Amount{}
		for i, s := range shares {
			c, m, v := s.Calculation, members[i], members[i].Versions[s.Basis]
			if s.Compensation < 0 || s.Refund < 0 || c.ConsumerTotal != s.Compensation+s.Refund {
				t.Fatalf("%s gets %d and %d, in all %d", s.ClaimID, s.Compensation, s.Refund, c.ConsumerTotal)
			}
			if c.GroupTotalBefore != totals[s.Basis] || c.GroupTotalAfter-c.GroupTotalBefore != s.Compensation-s.AuthenticationFee {
				t.Fatalf("%s: the group goes from %d to %d, was at %d", s.ClaimID, c.GroupTotalBefore, c.GroupTotalAfter, totals[s.Basis])
			}
			totals[s.Basis] = c.GroupTotalAfter
			if v.Cap > 0 && c.GroupTotalAfter > v.Cap {
				t.Fatalf("the group's %d exceeds the cap of %d", c.GroupTotalAfter, v.Cap)
			}
			if c.GroupTotalAfter > 0 && c.GroupTotalAfter < v.Floor {
				t.Fatalf("the group's %d is below the floor of %d", c.GroupTotalAfter, v.Floor)
			}
			last := c.Steps[len(c.Steps)-1]
			if last.Code != policy.StepTotal || last.Amount != c.ConsumerTotal || c.Compensation != s.Compensation {
				t.Fatalf("%s: the calculation ends with %+v", s.ClaimID, last)
			}
			refunds[m.Line.ID] += s.Refund
		}
		for _, m := range members {
			if limit := m.Line.GoodsPaid + m.Line.ShippingPaid; refunds[m.Line.ID] > limit {
				t.Fatalf("line %s refunds %d of %d", m.Line.ID, refunds[m.Line.ID], limit)
			}
		}
	})
}

// Catches a group whose shares do not sum to its total: among equal members any
// filing order, and one claim on all units as well as one for each, must cost
// the merchant the same.
func TestGroupTotalIsIndependentOfTheSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawVersion(t, policy.FoodSafety148)
		n := rapid.IntRange(1, 12).Draw(t, "members")
		paid := make([]money.Amount, n)
		members := make([]policy.Member, n)
		sum := new(big.Rat)
		for i := range members {
			// Multiples of six leave nothing to round for denominators up to three.
			paid[i] = 6 * money.Amount(rapid.Int64Range(1, 3000).Draw(t, "paid"))
			members[i] = member(line(fmt.Sprint("l-", i), 1, paid[i]), v)
			product := new(big.Rat).Mul(big.NewRat(v.Multiplier.Num, v.Multiplier.Den), big.NewRat(int64(paid[i]), 1))
			if v.RefundMode == policy.RefundIncluded {
				product.Sub(product, big.NewRat(int64(paid[i]), 1))
			}
			if product.Sign() > 0 {
				sum.Add(sum, product)
			}
		}
		want := money.Amount(sum.Num().Int64())
		want = max(want, v.Floor) // Every member has a product, so the floor is owed.
		if v.Cap > 0 {
			want = min(want, v.Cap)
		}
		shuffled := rapid.Permutation(members).Draw(t, "order")
		var got money.Amount
		for _, s := range mustPrice(t, shuffled) {
			got += s.Compensation
		}
		if got != want {
			t.Fatalf("the shares sum to %d, want %d", got, want)
		}
	})
}

// Catches a later claim that changes what an earlier one is owed, where every
// member chose its basis: it may be paid already.
func TestJoiningNeverChangesEarlierExplicitMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := withSetOffs(t, drawMembers(t, explicitBases...))
		all, err := policy.Price(members)
		if err != nil {
			t.Fatal(err)
		}
		k := rapid.IntRange(0, len(members)).Draw(t, "k")
		first, err := policy.Price(members[:k])
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(append([]policy.Share{}, first...), append([]policy.Share{}, all[:k]...)) {
			t.Fatalf("the first %d members get\n%+v\nand with the others\n%+v", k, first, all[:k])
		}
	})
}

// Catches a verdict on one more counterfeit unit that lowers what the consumer
// gets. Where the refund is included and the base gross, what was given back
// earlier is part of the product too, so it is counted in.
func TestMonotoneInUnits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLine(t, "l-1")
		v := drawVersion(t, policy.Promise)
		insideGross := v.RefundMode == policy.RefundIncluded && v.EarlierRefunds == policy.EarlierRefundsGross
		m := member(l, v)
		m.Refunded = money.Amount(rapid.Int64Range(0, 25000).Draw(t, "refunded"))
		order := rapid.Permutation(units(l.Quantity)).Draw(t, "units")
		var before money.Amount
		for k := range len(order) + 1 {
			m.Units = order[:k]
			s := mustPrice(t, []policy.Member{m})[0]
			total := s.Calculation.ConsumerTotal
			for _, step := range s.Calculation.Steps {
				if step.Code == policy.StepEarlier && insideGross {
					total -= step.Amount
				}
			}
			if total < before {
				t.Fatalf("%d units give %d, one fewer gave %d", k, total, before)
			}
			before = total
		}
	})
}

// Catches a basis that is not the best, mixed bases among members to which all
// are open, and a tie broken in another order than the documented one.
func TestBestIsTheBestSingleBasis(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := drawMembers(t, append(explicitBases, policy.Best, policy.Best)...)
		total := func(shares []policy.Share) (sum money.Amount) {
			for _, s := range shares {
				sum += s.Compensation + s.Refund
			}
			return sum
		}
		got := mustPrice(t, members)
		var want []policy.Share
		for _, b := range explicitBases {
			put := slices.Clone(members)
			for i := range put {
				if put[i].Basis == policy.Best {
					put[i].Basis = b
				}
			}
			if shares := mustPrice(t, put); want == nil || total(shares) > total(want) {
				want = shares
			}
		}
		for i := range got {
			got[i].Calculation.Alternatives = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("best gives %d, the best single basis %d", total(got), total(want))
		}
	})
}

// Catches a panic or a wrapped sum on amounts at and beyond every bound: such
// input is refused or priced exactly, never priced wrongly.
func TestNoOverflow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		huge := rapid.SampledFrom([]money.Amount{0, 1, money.MaxAmount / 10, money.MaxAmount/10 + 1, money.MaxAmount,
			money.MaxAmount + 1, 1<<63 - 1, -1, -1 << 63})
		var members []policy.Member
		for i := range rapid.IntRange(1, 4).Draw(t, "members") {
			l := line(fmt.Sprint("l-", i), rapid.Int32Range(1, 3).Draw(t, "quantity"), huge.Draw(t, "paid"))
			l.ShippingPaid, l.PlatformSubsidy = huge.Draw(t, "shipping"), huge.Draw(t, "subsidy")
			l.Promises = []order.Promise{{Kind: order.PromiseFixedAmount, FixedAmount: huge.Draw(t, "fixed")}}
			m := member(l, drawVersion(t, policy.Promise))
			m.Refunded = huge.Draw(t, "refunded")
			m.AuthenticationFee = huge.Draw(t, "fee")
			members = append(members, m)
		}
		shares, err := policy.Price(members)
		if e, ok := fault.As(err); err != nil && (!ok || e.Reason != fault.AmountOutOfRange) {
			t.Fatalf("refused with %v", err)
		}
		for _, s := range shares {
			if s.Compensation < 0 || s.Refund < 0 || s.Compensation+s.Refund > money.MaxAmount {
				t.Fatalf("%s gets %d and %d", s.ClaimID, s.Compensation, s.Refund)
			}
		}
	})
}
