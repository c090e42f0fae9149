package engine_test

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// told is what an observer was told.
type told struct {
	mu      sync.Mutex
	now     time.Time
	batches []engine.Batch
	callers int
	stale   int
}

func observe(e *engine.Engine) *told {
	o := &told{now: start}
	e.Observe(&engine.Observer{
		// Each look is a second later than the one before.
		Clock: func() time.Time {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.now = o.now.Add(time.Second)
			return o.now
		},
		Batch: func(b engine.Batch) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.callers += len(slices.Collect(b.Contexts()))
			o.batches = append(o.batches, b)
		},
		Stale: func() {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.stale++
		},
	})
	return o
}

// Would catch an observer that is not told of a batch, or told of what was refused
// and never committed, and a batch that another replica made stale and nobody
// notices.
func TestObserverIsToldOfBatches(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	o := observe(f.engine)
	f.open("m1", 100)
	if _, err := f.engine.Do(t.Context(), f.request("m1", "OpenBook"), &book.OpenBook{Currency: "CNY"}); err == nil {
		t.Fatal("a book is opened twice")
	}
	_, other := f.replica(engine.Defaults())
	h := f.request("m1", "TopUpDeposit")
	_, err := other.Do(t.Context(), h, &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 100, Currency: "CNY", Reference: "pay-other"})
	if err != nil {
		t.Fatal(err)
	}
	f.topUp("m1", 100)
	o.mu.Lock()
	defer o.mu.Unlock()
	var locked []bool
	for _, b := range o.batches {
		locked = append(locked, b.Locked)
		if b.Commands != 1 || b.Took != time.Second || b.Began.Before(start) {
			t.Errorf("told of %+v", b)
		}
	}
	if !slices.Equal(locked, []bool{false, false, true}) || o.callers != 3 || o.stale != 1 {
		t.Errorf("books were locked first: %v; %d callers; %d stale batches", locked, o.callers, o.stale)
	}
	for lane, waiting := range f.engine.Queues() {
		if lane < 0 || lane >= engine.Defaults().Lanes || waiting != 0 {
			t.Errorf("%d commands wait in lane %d", waiting, lane)
		}
	}
}

// Would catch a lane that takes all that waits into one batch, so that the database
// idles while it is decided and the lane while it is written.
func TestLaneHalvesWhatWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 100)
	const waiting = 40
	headers := make([]request.Header, waiting)
	for i := range headers {
		headers[i] = f.request("m1", "TopUpDeposit")
	}
	var callers sync.WaitGroup
	var mu sync.Mutex
	var sizes []int
	f.engine.Observe(&engine.Observer{
		Clock: f.clock.Now,
		Batch: func(b engine.Batch) {
			mu.Lock()
			defer mu.Unlock()
			if sizes = append(sizes, b.Commands); len(sizes) > 1 {
				return
			}
			// The lane stands still until all the others wait.
			for i, h := range headers {
				callers.Go(func() {
					_, err := f.engine.Do(t.Context(), h, &book.MoneyMove{
						Kind: ledger.DepositToppedUp, Amount: 100, Currency: "CNY", Reference: fmt.Sprintf("pay-%d", i),
					})
					if err != nil {
						t.Error(err)
					}
				})
			}
			for f.engine.Waiting() < waiting {
				runtime.Gosched()
			}
		},
		Stale: func() {},
	})
	f.topUp("m1", 100)
	callers.Wait()
	mu.Lock()
	defer mu.Unlock()
	if want := []int{1, waiting / 2, waiting / 2}; !slices.Equal(sizes, want) {
		t.Errorf("batches of %v, want %v", sizes, want)
	}
}
