package claim_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Would catch rules that take effect before the version that they follow, and a sandbox that can
// publish none because its clock stands before the release of the program.
func TestRulesFollowTheNewestOnes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for name, x := range map[string]struct {
		published, effective, next time.Time
		version                    int32
		field                      string
	}{
		"later":                          {now, now, now.AddDate(0, 0, 2), 2, ""},
		"at the same time":               {now, now.AddDate(0, 0, 2), now.AddDate(0, 0, 2), 2, "decision_rules.effective_from"},
		"earlier":                        {now, now.AddDate(0, 1, 0), now.AddDate(0, 0, 2), 2, "decision_rules.effective_from"},
		"before a release still to come": {now.AddDate(0, 8, 0), now.AddDate(0, 8, 0), now.AddDate(0, 0, 2), 2, ""},
		"another number":                 {now, now, now.AddDate(0, 0, 2), 3, "decision_rules.name"},
	} {
		next := claim.Rules{Version: x.version, EffectiveFrom: x.next}
		err := next.CheckSuccession(&claim.Rules{Version: 1, PublishedAt: x.published, EffectiveFrom: x.effective}, now)
		if refusal, ok := fault.As(err); ok != (x.field != "") || ok && refusal.Field != x.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Would catch a re-test that the server draws by rules under which its result ends nothing, and
// units that are re-tested although nobody examined them, or twice.
func TestV3RetestsAreDrawnWhereTheyDecide(t *testing.T) {
	t.Parallel()
	rules := *claim.FirstRules()
	rules.Custody.Unrecorded, rules.EffectiveFrom = claim.UnrecordedGap, time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, x := range map[string]struct {
		change func(*claim.Rules)
		ok     bool
	}{
		"as seeded":         {func(*claim.Rules) {}, true},
		"none":              {func(r *claim.Rules) { r.Reinspection = claim.ReinspectionRules{} }, true},
		"not final":         {func(r *claim.Rules) { r.Reinspection.Final = false }, false},
		"not independent":   {func(r *claim.Rules) { r.Reinspection.Independent = false }, false},
		"below zero":        {func(r *claim.Rules) { r.Reinspection.RetestDays = -1 }, false},
		"longer than a due": {func(r *claim.Rules) { r.Reinspection.RetestDays = claim.RetestDaysMax + 1 }, false},
		"no rank of its own": {func(r *claim.Rules) {
			r.Ladder = []claim.Rung{{Rank: 1, Kinds: []claim.AuthenticatorKind{claim.Court}}, {Rank: 6}}
		}, false},
	} {
		r := rules
		r.Reinspection = claim.ReinspectionRules{Independent: true, Final: true, RetestDays: 21}
		x.change(&r)
		refusal, refused := fault.As(r.CheckTerms())
		if refused == x.ok || refused && refusal.Field != "decision_rules.retest_days" {
			t.Errorf("%s: %v", name, refusal)
		}
	}
}
