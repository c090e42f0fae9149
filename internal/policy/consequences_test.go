package policy_test

import (
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch a policy that compensates what could not be told or gray-market goods, a refusal
// that does not say why, and a version from before consequences were kept that compensates more
// than counterfeits.
func TestV4PoliciesCompensateNeitherDoubtNorGrayMarket(t *testing.T) {
	t.Parallel()
	for field, set := range map[string]func(v *policy.Version){
		"inconclusive": func(v *policy.Version) { v.Consequences.Inconclusive = policy.Tenfold },
		"gray_market":  func(v *policy.Version) { v.Consequences.GrayMarket = policy.Tenfold },
	} {
		e, ok := fault.As(version(policy.Promise, set).Check())
		if !ok || e.Reason != fault.RequestInvalid || e.Field != "policy_version.consequences."+field || !strings.Contains(e.Detail, "compensated") {
			t.Errorf("%s: %+v", field, e)
		}
	}
	before := version(policy.Promise)
	if got := before.Consequence(); got != policy.DefaultConsequences() {
		t.Errorf("a version that says nothing has %+v", got)
	}
	d := policy.DefaultConsequences()
	for _, c := range []policy.Consequence{d.NotOurProduct, d.GrayMarket, d.Tampered, d.Altered, d.NotAsDescribed, d.Inconclusive} {
		if c != policy.RefundPath && c != policy.Review {
			t.Errorf("by default something is %q", c)
		}
	}
	some := version(policy.Promise, func(v *policy.Version) { v.Consequences.Tampered = policy.Tenfold })
	if got := some.Consequence(); got.Tampered != policy.Tenfold || got.Altered != policy.RefundPath {
		t.Errorf("one that says one thing has %+v", got)
	}
}
