package policy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// paidAt lies where all seeded policies are in force.
var paidAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var both = policy.Remedies{Refund: true, Compensation: true}

// line is an order line without discounts on which so much was paid.
func line(id string, quantity int32, paid money.Amount) *order.Line {
	return &order.Line{
		MerchantID: "m-1", ID: id, ProductID: "prod-1", PayerID: "c-1", PaidAt: paidAt,
		Quantity: quantity, Currency: "CNY", GoodsPaid: paid,
		UnitPrice: (paid + money.Amount(quantity) - 1) / money.Amount(quantity),
	}
}

// units are the ordinals 1..n.
func units(n int32) []int32 {
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(i + 1)
	}
	return list
}

// version is a copy of the version of a basis without limits, changed as the test needs.
func version(basis policy.LegalBasis, changes ...func(v *policy.Version)) *policy.Version {
	return one(policy.WithoutLimits(), basis, changes...)
}

// seeded is a copy of the seeded version of a basis, changed as the test needs.
func seeded(basis policy.LegalBasis, changes ...func(v *policy.Version)) *policy.Version {
	return one(policy.Seeds(), basis, changes...)
}

func one(seeds []policy.Version, basis policy.LegalBasis, changes ...func(v *policy.Version)) *policy.Version {
	v := seeds[slices.IndexFunc(seeds, func(v policy.Version) bool { return v.Basis == basis })]
	for _, change := range changes {
		change(&v)
	}
	return &v
}

// member asks for everything on all units of the line under the version.
func member(l *order.Line, v *policy.Version) policy.Member {
	return policy.Member{
		ClaimID: "claim-" + l.ID, Line: l, Units: units(l.Quantity), Remedies: both,
		Basis: v.Basis, Versions: map[policy.LegalBasis]*policy.Version{v.Basis: v},
	}
}

// best asks for the best basis among the versions.
func best(l *order.Line, versions ...*policy.Version) policy.Member {
	m := member(l, versions[0])
	m.Basis = policy.Best
	for _, v := range versions {
		m.Versions[v.Basis] = v
	}
	return m
}

func price(t *testing.T, members ...policy.Member) []policy.Share {
	t.Helper()
	shares, err := policy.Price(withSetOffs(t, members))
	if err != nil {
		t.Fatal(err)
	}
	if len(shares) != len(members) {
		t.Fatalf("%d shares for %d members", len(shares), len(members))
	}
	return shares
}

// withSetOffs divides what was refunded on each line between the members on it, who are
// one claimant's.
func withSetOffs(t interface{ Fatal(args ...any) }, members []policy.Member) []policy.Member {
	members = slices.Clone(members)
	lines := make(map[string][]int)
	for i := range members {
		lines[members[i].Line.ID] = append(lines[members[i].Line.ID], i)
	}
	for _, on := range lines {
		var found []policy.Found
		for _, i := range on {
			m := &members[i]
			found = append(found, policy.Found{ClaimantID: "c-1", Ordinals: m.Units, Units: m.Units, WantsRefund: m.Remedies.Refund})
		}
		first := &members[on[0]]
		set, err := policy.SetOffs(first.Line, first.Refunded, found)
		if err != nil {
			t.Fatal(err)
		}
		for n, i := range on {
			members[i].SetOff = set[n].Found
		}
	}
	return members
}

// want compares what each member gets.
func want(t *testing.T, shares []policy.Share, owed ...[2]money.Amount) {
	t.Helper()
	for i, o := range owed {
		if shares[i].Compensation != o[0] || shares[i].Refund != o[1] {
			t.Errorf("%s gets compensation %d and refund %d, want %d and %d",
				shares[i].ClaimID, shares[i].Compensation, shares[i].Refund, o[0], o[1])
		}
	}
}

func included(v *policy.Version) { v.RefundMode = policy.RefundIncluded }
func net(v *policy.Version)      { v.EarlierRefunds = policy.EarlierRefundsNet }

func limits(floor, most money.Amount) func(v *policy.Version) {
	return func(v *policy.Version) { v.Floor, v.Cap = floor, most }
}

func added(v *policy.Version) { v.AuthenticationFee = policy.FeeAdded }
