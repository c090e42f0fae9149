package engine_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch a version that tells of an earlier publication and so prices orders that are
// paid already, and a replay of one that is refused because time has passed.
func TestP2PolicyAppliesToNoOrderPaidBefore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e, err := engine.New(t.Context(), f.pg, f.clock.Now, engine.Defaults(), engine.Hooks{}, slog.New(slog.DiscardHandler))
	f.must(err)
	t.Cleanup(e.Close)
	v := policy.Seeds()[0]
	v.Number, v.Multiplier.Num = 2, 1
	v.PublishedAt, v.EffectiveFrom = start.AddDate(0, 0, -60), start.AddDate(0, 0, 7).Add(-time.Second)
	h := f.request("", "PublishPolicyVersion")
	_, err = e.PublishPolicyVersion(t.Context(), h, v)
	refusal, ok := fault.As(err)
	if !ok || refusal.Reason != fault.PolicyNoticeTooShort || refusal.Field != "policy_version.effective_from" ||
		refusal.Fields["earliestEffectiveFrom"] != start.AddDate(0, 0, 7).Format(time.RFC3339) {
		t.Fatalf("in force in less than seven days: %v", err)
	}
	v.EffectiveFrom = start.AddDate(0, 0, 7)
	h = f.request("", "PublishPolicyVersion")
	for _, replay := range []bool{false, true} {
		replayed, err := e.PublishPolicyVersion(t.Context(), h, v)
		if err != nil || replayed != replay {
			t.Fatalf("replayed %t, %v", replayed, err)
		}
		f.clock.Move(30 * 24 * time.Hour)
	}
}
