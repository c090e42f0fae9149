package policy_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/policy"
)

// entry is a version for the tables below: in force from the given day of 2026.
func entry(id string, number int32, basis policy.LegalBasis, day int, categories ...string) policy.Version {
	return policy.Version{
		PolicyID: id, Number: number, Basis: basis, Currency: "CNY", Categories: categories,
		EffectiveFrom: time.Date(2026, 1, day, 0, 0, 0, 0, time.UTC),
	}
}

// applying gives the versions that pay in CNY.
func applying(list []policy.Version, at time.Time, category string) map[policy.LegalBasis]*policy.Version {
	return policy.NewVersions(list).InForce(policy.NewQuery(category, "CNY", at))
}

// onDay is noon of a day of January 2026.
func onDay(day int) time.Time { return time.Date(2026, 1, day, 12, 0, 0, 0, time.UTC) }

// Catches a version chosen by another time than the payment's, by text prefix
// of the category, or by the order in which versions happen to be loaded (P2).
func TestP2_VersionInForceAtPayment(t *testing.T) {
	const promise = policy.Promise
	for _, c := range []struct {
		name     string
		versions []policy.Version
		day      int
		category string
		want     string
	}{
		{"before the first", []policy.Version{entry("a", 1, promise, 10)}, 9, "toys", ""},
		{"the first", []policy.Version{entry("a", 1, promise, 10), entry("a", 2, promise, 20)}, 19, "toys", "a/1"},
		{"the second", []policy.Version{entry("a", 1, promise, 10), entry("a", 2, promise, 20)}, 20, "toys", "a/2"},
		{"category fits", []policy.Version{entry("a", 1, promise, 1, "food")}, 5, "food", "a/1"},
		{"category below fits", []policy.Version{entry("a", 1, promise, 1, "food")}, 5, "food/liquor", "a/1"},
		{"same letters do not", []policy.Version{entry("a", 1, promise, 1, "food")}, 5, "foodstuff", ""},
		{"the one above does not", []policy.Version{entry("a", 1, promise, 1, "food/liquor")}, 5, "food", ""},
		{"no category fits general only", []policy.Version{
			entry("a", 1, promise, 1), entry("b", 1, promise, 1, "food")}, 5, "", "a/1"},
		{"the more specific", []policy.Version{
			entry("a", 1, promise, 3), entry("b", 1, promise, 1, "food/liquor"), entry("c", 1, promise, 2, "food")},
			5, "food/liquor/baijiu", "b/1"},
		{"its longest prefix counts", []policy.Version{
			entry("a", 1, promise, 2, "food/liquor"), entry("b", 1, promise, 1, "food", "food/liquor/baijiu")},
			5, "food/liquor/baijiu", "b/1"},
		{"equally specific: the later", []policy.Version{
			entry("a", 1, promise, 1, "food"), entry("b", 1, promise, 2, "food")}, 5, "food", "b/1"},
		{"equal in all: the first id", []policy.Version{
			entry("b", 1, promise, 1), entry("a", 1, promise, 1)}, 5, "toys", "a/1"},
		{"a dropped category is dropped", []policy.Version{
			entry("a", 1, promise, 1, "food", "toys"), entry("a", 2, promise, 2, "food")}, 5, "toys", ""},
		{"equal times: the higher number", []policy.Version{
			entry("a", 2, promise, 1), entry("a", 1, promise, 1)}, 5, "toys", "a/2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 { // In either order of the versions.
				got := ""
				if v := applying(c.versions, onDay(c.day), c.category)[promise]; v != nil {
					got = fmt.Sprintf("%s/%d", v.PolicyID, v.Number)
				}
				if got != c.want {
					t.Errorf("%q is in force, want %q", got, c.want)
				}
				slices.Reverse(c.versions)
			}
		})
	}
}

// Catches bases that shadow each other.
func TestP2_EachBasisHasItsVersion(t *testing.T) {
	food := applying(policy.Seeds(), paidAt, "food/egg")
	toys := applying(policy.Seeds(), paidAt, "toys")
	if len(food) != 3 || len(toys) != 2 || toys[policy.FoodSafety148] != nil {
		t.Errorf("for food %d bases, for toys %d", len(food), len(toys))
	}
	for basis, v := range food {
		if v.Basis != basis {
			t.Errorf("%s stands under %s", v.PolicyID, basis)
		}
	}
}

// Would catch a version in another currency that hides the one in this currency,
// be it of a policy of its own, of the same policy, or for the same goods.
func TestVersionsInAnotherCurrencyAreNotSeen(t *testing.T) {
	t.Parallel()
	in := func(v policy.Version, currency string) policy.Version {
		v.Currency = currency
		return v
	}
	const promise = policy.Promise
	list := []policy.Version{
		entry("a", 1, promise, 1), in(entry("a", 2, promise, 3), "USD"),
		in(entry("b", 1, promise, 2), "USD"), in(entry("c", 1, promise, 2, "toys"), "EUR"),
	}
	vs := policy.NewVersions(list)
	for currency, want := range map[string]string{"CNY": "a/1", "USD": "a/2", "EUR": "c/1", "JPY": ""} {
		got := ""
		if v := vs.InForce(policy.NewQuery("toys", currency, onDay(5)))[promise]; v != nil {
			got = fmt.Sprintf("%s/%d", v.PolicyID, v.Number)
		}
		if got != want || vs.Pay(currency) != (want != "") {
			t.Errorf("%s: %q is in force, want %q; it pays: %t", currency, got, want, vs.Pay(currency))
		}
	}
}

// Would catch a look-up that goes on without a currency or a time, or with the
// category in place of the currency.
func TestQueriesAreComplete(t *testing.T) {
	t.Parallel()
	unpaid := line("l-1", 1, 1000)
	unpaid.PaidAt = time.Time{}
	for name, ask := range map[string]func(){
		"no currency":       func() { policy.NewQuery("toys", "", onDay(1)) },
		"texts swapped":     func() { policy.NewQuery("CNY", "toys", onDay(1)) },
		"no time":           func() { policy.NewQuery("toys", "CNY", time.Time{}) },
		"an unpaid line":    func() { policy.Bought(unpaid) },
		"terms of no place": func() { policy.NewVersions(nil).MerchantTerms("", onDay(1)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: the look-up goes on", name)
				}
			}()
			ask()
		}()
	}
}

// Would catch a claim without an award whose periods and fee depend on which of
// several bases happens to be looked at first, or follow a basis that is not open.
func TestPreferredVersionIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	promise, food, fraud := entry("c", 1, policy.Promise, 1), entry("b", 1, policy.FoodSafety148, 2), entry("a", 1, policy.ConsumerProtection55, 3)
	open := map[policy.LegalBasis]*policy.Version{promise.Basis: &promise, food.Basis: &food, fraud.Basis: &fraud}
	for range 20 {
		if got := policy.Preferred(open, policy.Best); got != &promise {
			t.Fatalf("of all bases %+v", got)
		}
	}
	if got := policy.Preferred(open, policy.ConsumerProtection55); got != &fraud {
		t.Errorf("of the chosen basis %+v", got)
	}
	delete(open, policy.Promise)
	if got := policy.Preferred(open, policy.Best); got != &food {
		t.Errorf("without the promise %+v", got)
	}
	if got := policy.Preferred(open, policy.Promise); got != nil {
		t.Errorf("of a basis that is not open %+v", got)
	}
}

// Catches a later version that reaches back to an order paid before it: what a
// merchant who has left owes must not change (P3).
func TestP3_OldOrdersKeepTheOldVersion(t *testing.T) {
	seeds := policy.Seeds()
	later := *version(policy.Promise, func(v *policy.Version) {
		v.Number, v.Multiplier.Num = 2, 20
		v.PublishedAt, v.EffectiveFrom = paidAt, paidAt.Add(policy.NoticeMin)
	})
	if err := later.Check(); err != nil {
		t.Fatal(err)
	}
	m := member(line("l-1", 1, 1000), version(policy.Promise))
	m.Versions = applying(append(seeds, later), paidAt, "toys")
	if s := price(t, m)[0]; s.Compensation != 10000 || s.Version != 1 {
		t.Errorf("an old order pays %d under version %d", s.Compensation, s.Version)
	}
	m.Versions = applying(append(seeds, later), later.EffectiveFrom, "toys")
	if s := price(t, m)[0]; s.Compensation != 20000 || s.Version != 2 {
		t.Errorf("a new order pays %d under version %d", s.Compensation, s.Version)
	}
}

// Catches a calculation that does not say on which clause text it rests (P4).
func TestP4_CalculationNamesTheClause(t *testing.T) {
	v := version(policy.Promise, func(v *policy.Version) { v.ClauseDigest = "5a" })
	if got := price(t, member(line("l-1", 1, 1000), v))[0].Calculation.ClauseDigest; got != "5a" {
		t.Errorf("the clause is %q", got)
	}
}
