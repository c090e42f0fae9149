package watch

import (
	"context"
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Bell tells loops of this process, and of the other replicas, that something was
// committed. Rings during a loop's work become one, and a lost ring only costs a
// pause.
type Bell struct {
	mu    sync.Mutex
	loops []chan struct{}
	// told wakes the loop that notifies the other replicas.
	told chan struct{}
}

// NewBell makes a bell.
func NewBell() *Bell { return &Bell{told: make(chan struct{}, 1)} }

// Ring wakes every loop of this process and, as long as Run runs, those of the
// other replicas. It never blocks.
func (b *Bell) Ring() {
	b.wake()
	ring(b.told)
}

// wake wakes every loop here.
func (b *Bell) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.loops {
		ring(c)
	}
}

func ring(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Listen gives a channel that is rung from now on.
func (b *Bell) Listen() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := make(chan struct{}, 1)
	b.loops = append(b.loops, c)
	return c
}

// each calls f after a ring, at least gap after the last time, and after pause
// without a ring, until ctx ends.
func (b *Bell) each(ctx context.Context, gap, pause time.Duration, f func()) {
	Loop(ctx, b.Listen(), gap, pause, f)
}

// Loop calls f after a ring of c, at least gap after it last returned, and after
// pause without a ring, until ctx ends.
func Loop(ctx context.Context, c <-chan struct{}, gap, pause time.Duration, f func()) {
	t := time.NewTimer(pause)
	defer t.Stop()
	for {
		t.Reset(pause)
		select {
		case <-c:
		case <-t.C:
		case <-ctx.Done():
			return
		}
		f()
		t.Reset(gap)
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// tellGap is the least time between two notifications. It limits the load on the
// database; readers do not look more often anyway.
const tellGap = 20 * time.Millisecond

// Run passes rings to the other replicas and receives theirs, until ctx ends.
func (b *Bell) Run(ctx context.Context, db *postgres.DB) {
	var running sync.WaitGroup
	running.Go(func() {
		const never = 24 * time.Hour
		Loop(ctx, b.told, tellGap, never, func() {
			// Listeners find a lost ring after their pause.
			_ = db.NotifyCommitted(ctx)
		})
	})
	running.Go(func() {
		const again = time.Second
		Loop(ctx, nil, again, again, func() { _ = db.ListenCommitted(ctx, b.wake) })
	})
	running.Wait()
}
