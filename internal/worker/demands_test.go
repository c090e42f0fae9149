package worker_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// Would catch a demand for deposit that no worker ever lets lapse, or that comes up
// again with every step.
func TestDemandsLapse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	v := policy.WithoutLimits()[0]
	v.Number, v.MinimumDeposit = 2, 10_000
	v.PublishedAt, v.EffectiveFrom = start.AddDate(-1, 0, -30), start.AddDate(-1, 0, 0)
	if _, err := f.engine.PublishPolicyVersion(t.Context(), f.request("", "PublishPolicyVersion"), v); err != nil {
		t.Fatal(err)
	}
	f.openWith("m1", 4_000)
	h, _, err := f.db.Reader().Head(t.Context(), "m1")
	if err != nil {
		t.Fatal(err)
	}
	if done := f.run(h.DemandDeadline.Sub(f.clock.Now()) - time.Second); done.DemandsLapsed != 0 {
		t.Fatalf("before its time: %+v", done)
	}
	if done := f.run(time.Second); done != (worker.Done{DemandsLapsed: 1}) {
		t.Fatalf("at its time: %+v", done)
	}
	if done := f.run(time.Hour); done != (worker.Done{}) {
		t.Fatalf("once more: %+v", done)
	}
	if h, _, err = f.db.Reader().Head(t.Context(), "m1"); err != nil || h.DemandLapsedAt.IsZero() {
		t.Fatalf("the book does not tell: %v %+v", err, h)
	}
}
