package watch_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/watch"
)

// Would catch replicas that do not tell each other of commits: a reader that never
// looks by itself hears of them all the same.
func TestCommitsWakeOtherReplicas(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	f.open("a")
	deaf := bounds()
	deaf.Pause = time.Hour
	here, there := watch.NewBell(), watch.NewBell()
	f.ring.Store(new(here.Ring))
	h := watch.New(f.db, f.quarantine(), deaf, there, slog.New(slog.DiscardHandler))
	running, stop := context.WithCancel(context.Background())
	var loops sync.WaitGroup
	for _, loop := range []func(){
		func() { here.Run(running, f.db) }, func() { there.Run(running, f.db) }, func() { h.Run(running) },
		func() {
			for running.Err() == nil {
				f.topUp("a") // The other may not listen yet.
			}
		},
	} {
		loops.Go(loop)
	}
	r := newRecord(t)
	f.until(h, watch.Query{MerchantID: "a", Start: watch.FromNow, Heartbeat: time.Minute}, r, func() bool { return r.total > 0 })
	stop()
	loops.Wait()
	h.Stop()
}
