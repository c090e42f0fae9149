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

// Would catch a lane that forgets what it is just writing: the siblings of a claim,
// so that the floor of their group is awarded more than once; or anything else, so
// that the database refuses what was decided on older rows.
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

	// One consumer's eggs are one group, whose members meet in batches that follow one
	// another.
	const eggs, price, floor = 40, 66, 100_000
	const owed = eggs*price + floor
	f.open("m1", owed)
	f.authenticator("lab-1", claim.AccreditedLab)
	claims := make([]*claim.Claim, eggs)
	together(eggs, func(n int) { claims[n] = f.found(egg("m1", n)) })
	together(eggs, func(n int) { claims[n] = f.accept(f.confirmNotice(claims[n])) })
	var awarded money.Amount
	for _, c := range claims {
		awarded += c.Award.Total()
	}
	if awarded != owed {
		t.Errorf("%d are awarded, want %d", awarded, owed)
	}
	// The gateway answers each instruction twice.
	made := f.takePayouts()
	together(2*len(made), func(n int) { f.answer(made[n/2], payout.OutcomeSucceeded) })
	for _, c := range claims {
		if c = f.current(c); c.State != claim.Paid {
			t.Errorf("claim %s is %s", c.ID, c.State)
		}
	}
	f.balanced("m1", balances{ledger.SettlementClearing: owed, ledger.PlatformCash: -owed})
	if n := stale.Load(); n > 0 {
		t.Errorf("%d of %d batches were decided on what was not so any more", n, batches.Load())
	}
}

// Would catch a lane whose memory grows with all that a busy merchant's claims ever
// touched.
func TestMemoryOfALaneIsBounded(t *testing.T) {
	t.Parallel()
	const keptMax, claims = 60, 50
	f, e := oneLane(t, func(c *engine.Config) { c.KeptMax = keptMax })
	most, before, fell := 0, 0, 0
	e.Observe(&engine.Observer{Clock: f.clock.Now, Stale: func() {}, Batch: func(engine.Batch) {
		kept := e.Kept()
		if kept < before {
			fell++
		}
		most, before = max(most, kept), kept
	}})
	// Nothing else is in the way: each claim is a batch of its own.
	for n := range claims {
		if err := <-f.filesOn(e, "m1", fmt.Sprintf("l%d", n)); err != nil {
			t.Fatal(err)
		}
	}
	const batch = 20 // More rows than one claim has.
	if most > keptMax+batch {
		t.Errorf("up to %d rows are kept, the bound is %d", most, keptMax)
	}
	if fell == 0 || fell > claims/2 {
		t.Errorf("rows were forgotten %d times in %d batches", fell, claims)
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
