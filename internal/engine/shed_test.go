package engine_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// Would catch a lane that forgets what it is just writing: what the next batch read
// instead would be older, and the database refuse what was decided on it.
func TestBookIsShedWhileItIsWritten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	config := engine.Defaults()
	config.Lanes, config.KeptMax, config.Ahead, config.Half = 1, 1, 1, 8
	_, f.engine = f.replica(config)
	var stale, batches atomic.Int64
	f.engine.Observe(&engine.Observer{
		Clock: f.clock.Now, Batch: func(engine.Batch) { batches.Add(1) }, Stale: func() { stale.Add(1) },
	})

	const consumers, each, price, multiplier = 16, 3, 10_000, 10
	const deposit = consumers * each * price * (multiplier + 1)
	f.open("m1", deposit)
	f.authenticator("lab-1", claim.AccreditedLab)
	together(consumers, func(n int) {
		for i := range each {
			// The claims of one consumer on one product are priced together.
			l := line("m1", fmt.Sprintf("l%d-%d", n, i), 1, price)
			l.PayerID = fmt.Sprintf("consumer-%d", n)
			c := f.file(filing(l, 1))
			c = f.record(c, result(c, claim.Counterfeit, "R-"+l.ID))
			f.accept(f.confirmNotice(c))
		}
	})
	made := f.takePayouts()
	if len(made) != 2*consumers*each {
		t.Fatalf("%d payouts", len(made))
	}
	paid := make([]claim.State, len(made))
	together(len(made), func(n int) {
		f.answer(made[n], payout.OutcomeSucceeded)
		// A second answer changes nothing and tells what became of the claim.
		paid[n] = f.answer(made[n], payout.OutcomeSucceeded).State
	})
	var ended int
	for _, s := range paid {
		if s == claim.Paid {
			ended++
		}
	}
	if ended < consumers*each {
		t.Errorf("%d answers found their claim PAID", ended)
	}
	f.balanced("m1", balances{ledger.SettlementClearing: deposit, ledger.PlatformCash: -money.Amount(deposit)})
	if n := stale.Load(); n > 0 {
		t.Errorf("%d of %d batches were decided on what was not so any more", n, batches.Load())
	}
}

// together runs f for every number below n at once.
func together(n int, f func(int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { f(i) })
	}
	all.Wait()
}
