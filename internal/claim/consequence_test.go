package claim_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch a verdict that compensates although no policy says so, one that closes a claim
// which a person should see, and a conflict that a policy decides.
func TestV10ConsequencesFollowThePolicy(t *testing.T) {
	t.Parallel()
	byDefault := policy.DefaultConsequences()
	tampered := byDefault
	tampered.Tampered = policy.Tenfold
	told := byDefault
	told.Inconclusive = policy.RefundPath
	for _, c := range []struct {
		name, claimed, results string
		table                  policy.Consequences
		want                   string
		trigger                claim.Trigger
	}{
		{"gray market opens the refund path", "1", "lab: 1=gray", byDefault, "1=GRAY_MARKET/REFUND_PATH", claim.ResultRefundPath},
		{"altered goods open the refund path", "1", "lab: 1=altered", byDefault, "1=ALTERED/REFUND_PATH", claim.ResultRefundPath},
		{"another product opens the refund path", "1", "lab: 1=other", byDefault, "1=NOT_AS_DESCRIBED/REFUND_PATH", claim.ResultRefundPath},
		{"tampered goods go to a person", "1", "lab: 1=tampered", byDefault, "1=TAMPERED/REVIEW", claim.ResultUndecided},
		{"what the brand did not make goes to a person", "1", "brand: 1=foreign", byDefault, "1=NOT_OUR_PRODUCT/REVIEW", claim.ResultUndecided},
		{"tampered goods are compensated where the policy says so", "1", "lab: 1=tampered", tampered, "1=TAMPERED/TENFOLD", claim.ResultCounterfeit},
		{"one unit that is compensated is enough", "1 2", "lab: 1=gray 2=fake", byDefault, "1=GRAY_MARKET/REFUND_PATH 2=COUNTERFEIT", claim.ResultCounterfeit},
		{"one unit for a person is enough", "1 2", "lab: 1=tampered 2=fake", byDefault, "1=TAMPERED/REVIEW 2=COUNTERFEIT", claim.ResultUndecided},
		{"genuine and gray market open the refund path", "1 2", "lab: 1=real 2=gray", byDefault, "1=GENUINE 2=GRAY_MARKET/REFUND_PATH", claim.ResultRefundPath},
		{"a weak result opens nothing", "1", "appraiser: 1=gray", byDefault, "1=GRAY_MARKET", claim.ResultUndecided},
		{"a conflict is a conflict whatever both would pay", "1", "lab: 1=tampered; brand: 1=fake", tampered, "1=INCONCLUSIVE", claim.ResultUndecided},
		{"a re-inspection ends it", "1", "lab: 1=tampered; brand: 1=fake; reinspection: 1=tampered", tampered, "1=TAMPERED/TENFOLD", claim.ResultCounterfeit},
		{"what cannot be told goes to a person", "1", "lab: 1=unclear", byDefault, "1=INCONCLUSIVE", claim.ResultUndecided},
		{"what cannot be told opens the refund path where the policy says so", "1", "lab: 1=unclear", told, "1=INCONCLUSIVE/REFUND_PATH", claim.ResultRefundPath},
		{"but not by a weak result", "1", "appraiser: 1=unclear", told, "1=INCONCLUSIVE", claim.ResultUndecided},
		{"and not by a conflict", "1", "lab: 1=real; brand: 1=fake", told, "1=INCONCLUSIVE", claim.ResultUndecided},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rules := claim.FirstRules()
			var claimed []claim.Unit
			for _, number := range strings.Fields(c.claimed) {
				claimed = append(claimed, readUnits(t, number+"=none")...)
			}
			var results []claim.Graded
			for i, text := range strings.Split(c.results, ";") {
				r := readResult(t, strings.TrimSpace(text))
				r.ID = "r-" + strconv.Itoa(i)
				results = append(results, rules.Grade(&r, nil))
			}
			w := rules.Weigh(claimed, results, &c.table)
			trigger, _ := w.Trigger()
			if got := claim.Describe(w.Verdicts()); got != c.want || trigger != c.trigger {
				t.Errorf("%s by %s, want %s by %s", got, trigger, c.want, c.trigger)
			}
			if again, ok := claim.ReadWeighing(w.String()); !ok || !slices.Equal(again.Units, w.Units) {
				t.Errorf("%q is read as %v, %t", w.String(), again.Units, ok)
			}
		})
	}
}

// Would catch the largest claim that says it is rejected while compensation is owed, and one
// whose units do not say for which the refund path is open.
func TestClaimTellsWhatItsUnitsOwe(t *testing.T) {
	t.Parallel()
	units := []claim.Unit{
		{Ordinal: 1, Verdict: claim.Tampered, Consequence: policy.Tenfold}, {Ordinal: 2, Verdict: claim.GrayMarket, Consequence: policy.RefundPath},
		{Ordinal: 3, Verdict: claim.Inconclusive},
	}
	if got := claim.Overall(units); got != claim.Tampered {
		t.Errorf("the claim is %s", got)
	}
	c := &claim.Claim{Units: units, Verdict: claim.Overall(units), State: claim.Paying}
	if !c.Owed() || !slices.Equal(c.OwedUnits(), []int32{1}) || !slices.Equal(c.RefundUnits(), []int32{2}) {
		t.Errorf("owed is %t for %v; the refund path is open for %v", c.Owed(), c.OwedUnits(), c.RefundUnits())
	}
	if c.State = claim.InReview; c.RefundUnits() != nil {
		t.Errorf("the refund path is open for %v while a person decides", c.RefundUnits())
	}
	c.State, c.Units = claim.Rejected, units[1:]
	c.Verdict = claim.Overall(c.Units)
	if c.Owed() || c.OwedUnits() != nil || !slices.Equal(c.RefundUnits(), []int32{2}) || c.Verdict != claim.Inconclusive {
		t.Errorf("a rejected claim is %s, owes for %v and opens the refund path for %v", c.Verdict, c.OwedUnits(), c.RefundUnits())
	}
}

// Would catch an inferior or altered article that is compensated as a counterfeit one although
// no policy says so.
func TestE5InferiorGoodsAreNoCounterfeits(t *testing.T) {
	t.Parallel()
	table := policy.DefaultConsequences()
	for _, v := range []claim.Verdict{claim.NotAsDescribed, claim.Altered} {
		u := claim.Ruled([]claim.Unit{{Ordinal: 1, Verdict: v}}, &table)[0]
		if u.Owed() || u.Consequence != policy.RefundPath {
			t.Errorf("%s is %+v", v, u)
		}
	}
}

// Would catch gray-market goods that are compensated, or that do not count as genuine where a
// body's findings are compared with the end of the claim.
func TestE6GrayMarketGoodsAreNoCounterfeits(t *testing.T) {
	t.Parallel()
	table := policy.DefaultConsequences()
	if u := claim.Ruled([]claim.Unit{{Ordinal: 1, Verdict: claim.GrayMarket}}, &table)[0]; u.Owed() || u.Consequence != policy.RefundPath {
		t.Errorf("gray market is %+v", u)
	}
	if claim.GrayMarket.Opposite(claim.Genuine) || !claim.GrayMarket.Opposite(claim.Counterfeit) || !claim.Tampered.Opposite(claim.Genuine) ||
		claim.Tampered.Opposite(claim.Inconclusive) || claim.Pending.Opposite(claim.Counterfeit) {
		t.Error("opposites are told wrongly")
	}
}

// Would catch a result that a body could have signed and that ranks like a signed one, a body
// without a key that loses a rank, and a decision that does not say why a rank is what it is.
func TestV11AnUnsignedResultRanksLower(t *testing.T) {
	t.Parallel()
	rules := claim.FirstRules()
	for _, c := range []struct {
		name          string
		ranks         int
		result        string
		signed, could string
		want          string
	}{
		{"by rules from before", 0, "lab: 1=fake", "", "k-1", "5"},
		{"unsigned", 1, "lab: 1=fake", "", "k-1", "6/5/UNSIGNED"},
		{"unsigned, by two ranks", 2, "sealed-lab: 1=fake", "", "k-1", "5/3/UNSIGNED"},
		{"signed", 1, "lab: 1=fake", "k-1", "", "5"},
		{"of a body without a key", 1, "lab: 1=fake", "", "", "5"},
		{"with a gap in custody too", 1, "sealed-lab!: 1=fake", "", "k-1", "5/3/CUSTODY,UNSIGNED"},
		{"a judgment", 1, "judgment: 1=fake", "", "k-1", "1"},
		{"photos", 1, "photos: 1=fake", "", "k-1", "8"},
		{"an end of the ladder", 4, "trace!: 1=fake", "", "k-1", "8/7/CUSTODY"},
	} {
		rules.Unsigned.Ranks = c.ranks
		x := readResult(t, c.result)
		x.ID, x.SigningKey, x.UnusedKey = "r-1", c.signed, c.could
		g := rules.Grade(&x, nil)
		if got := g.Place.String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		table := policy.DefaultConsequences()
		w := rules.Weigh(readUnits(t, "1=none"), []claim.Graded{g}, &table)
		again, ok := claim.ReadWeighing(w.String())
		if !ok || again.Results[0].Place.String() != c.want || !slices.Equal(again.Results[0].LoweredBy, g.LoweredBy) {
			t.Errorf("%s: %q is read as %v", c.name, w.String(), again.Results)
		}
	}
}
