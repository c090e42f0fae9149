package worker_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// Would catch a held payout that reaches the gateway, by a hint or by the list of dues, work
// of another kind that is held with it, and payouts that stay behind once nothing is held.
func TestHeldPayoutsWait(t *testing.T) {
	t.Parallel()
	config := worker.Defaults()
	config.Hold = true
	f := newFixtureOf(t, config, callMax)
	f.open("m1")
	c, other := f.paying("m1", "l1", payouttest.Succeed), f.confirmed("m1", "l2", payouttest.Succeed)
	for range 3 {
		if done := f.run(20 * time.Second); done.PayoutsInstructed+done.PayoutsQueried != 0 {
			t.Fatalf("held payouts were told: %+v", done)
		}
	}
	if done := f.run(30 * 24 * time.Hour); done.DeadlinesPassed == 0 {
		t.Error("no deadline passed while payouts are held")
	}
	if paid := f.payments.Paid(); paid.Payouts != 0 {
		t.Errorf("the gateway paid %+v", paid)
	}
	f.wantState(c, claim.Paying)
	f.wantState(other, claim.Paying)
	again := f.begin(f.gateway, worker.Defaults())
	f.clock.Move(-30 * 24 * time.Hour)
	f.clock.Move(20 * time.Minute)
	if _, err := again.worker.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wantState(c, claim.Paid)
}
