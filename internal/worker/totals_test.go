package worker_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// Would catch an outcome that is counted as another, or calls of a gateway that is
// away counted as outcomes.
func TestTotalsTellOutcomesApart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	f.paying("m1", "l1", "wallet-1")
	f.payments.Break(lost("Instruct"))
	f.run(0)
	f.payments.Break(nil)
	f.run(2 * time.Minute)
	f.paying("m1", "l2", payouttest.Fail)
	f.run(0)
	want := worker.Totals{
		Done:              worker.Done{PayoutsInstructed: 6, PayoutsQueried: 2, OutcomesRecorded: 4},
		OutcomesSucceeded: 2, OutcomesFailed: 2, OutcomesUnknown: 2,
		CallsAnswered: 6, CallsUnanswered: 2,
	}
	if got := f.worker.Totals(); got != want {
		t.Errorf("the worker did %+v, want %+v", got, want)
	}
}
