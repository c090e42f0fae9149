package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/caller"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	// watchersOfAll is the number of watchers that watch all books; each other
	// watcher watches one book.
	watchersOfAll = 5
	// watchConnections is the number of connections for watches, which carry no
	// calls.
	watchConnections = 10
)

// audience holds streams that are open at the same time.
type audience struct {
	*bench
	conns []*grpc.ClientConn
	// closing is set before the streams are ended.
	closing atomic.Bool
	ready   sync.WaitGroup
}

// newAudience opens connections for streams.
func (b *bench) newAudience(connections int) (*audience, error) {
	a := &audience{bench: b}
	for range connections {
		conn, err := caller.Identity{Workload: "bench-watch", Role: "operator"}.Dial(b.server.Address())
		if err != nil {
			return nil, errors.Join(err, a.close())
		}
		a.conns = append(a.conns, conn)
	}
	return a, nil
}

func (a *audience) close() error {
	var all []error
	for _, conn := range a.conns {
		all = append(all, conn.Close())
	}
	return errors.Join(all...)
}

// watch opens the n-th stream, and hands its messages to take until the audience is
// closed. Its first message marks the stream as ready.
func (a *audience) watch(ctx context.Context, n int, parent string, take func(*tenfoldv1.WatchClaimsResponse) error) (err error) {
	arrived := sync.OnceFunc(a.ready.Done)
	defer func() {
		arrived()
		if a.closing.Load() {
			err = nil
		}
	}()
	stream, err := tenfoldv1.NewWatchServiceClient(a.conns[n%len(a.conns)]).WatchClaims(ctx, &tenfoldv1.WatchClaimsRequest{
		Parent: parent, Start: tenfoldv1.WatchStart_WATCH_START_NOW,
	})
	if err != nil {
		return fmt.Errorf("watch %s: %w", parent, err)
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			return fmt.Errorf("watch %s: %w", parent, err)
		}
		arrived()
		if err := take(m); err != nil {
			return err
		}
	}
}

// watched runs W6. It measures the time from the recording of an event, before its
// commit, to its delivery, while whole lives arrive at half of the rate of W4. Five
// of the watchers watch all books, and each of the others watches one book. A
// missing or repeated event on any stream fails the run.
func (l *lives) watched(ctx context.Context, perSecond float64) (_ Workload, err error) {
	a, err := l.newAudience(watchConnections)
	if err != nil {
		return Workload{}, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	watching, end := context.WithCancel(ctx)
	defer end()
	delivered, half := l.newMeasure(), l.newMeasure()
	c := newCrew(watching)
	a.ready.Add(l.run.Watchers)
	for n := range l.run.Watchers {
		parent := "merchants/-"
		if n >= watchersOfAll {
			parent = bookName(n % l.run.Merchants)
		}
		c.spawn(func(ctx context.Context) error { return a.watch(ctx, n, parent, follow(delivered)) })
	}
	a.ready.Wait()
	var over atomic.Bool
	callers := l.arrive(c, half, perSecond, &over)
	c.spawn(func(ctx context.Context) error {
		err := errors.Join(pause(ctx, l.run.Ramp), delivered.start(), pause(ctx, l.run.ReadWindow), delivered.stop())
		over.Store(true)
		a.closing.Store(true)
		return err
	})
	c.spawn(func(ctx context.Context) error {
		// The callers end by themselves and their claims are paid; after that,
		// nobody needs the streams.
		callers.Wait()
		err := l.await(ctx, func() error {
			if n := l.gateway.watching(); n > 0 {
				return fmt.Errorf("%d claims are not paid", n)
			}
			return nil
		})
		if err == nil {
			end()
		}
		return err
	})
	err = c.join()
	if a.closing.Load() && errors.Is(err, context.Canceled) && ctx.Err() == nil {
		err = nil
	}
	return l.summary("W6", "event to watcher, W4 at half", delivered), err
}

// follow records the events of one stream, whose numbers must have no gaps.
func follow(m *measure) func(*tenfoldv1.WatchClaimsResponse) error {
	last := make(map[string]int64)
	return func(r *tenfoldv1.WatchClaimsResponse) error {
		for _, e := range r.GetEvents() {
			book := e.GetName()[:len(bookName(0))]
			if before, known := last[book]; known && e.GetNumber() != before+1 {
				return fmt.Errorf("event %s came after number %d", e.GetName(), before)
			}
			last[book] = e.GetNumber()
			m.record(e.GetRecordedAt().AsTime())
		}
		return nil
	}
}

// measureIdle runs W7: streams without events, and the memory that they cost the
// server. Its latency is the time to open a stream.
func (r *run) measureIdle(ctx context.Context) (err error) {
	r.doing("W7: opening %d books", r.Merchants)
	b, err := r.newBench(ctx, "idle")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(b.blame(err), b.close()) }()
	if err := b.open(ctx, r.Merchants); err != nil {
		return err
	}
	a, err := b.newAudience(r.IdleConnections)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	r.doing("W7: opening %d streams", r.IdleStreams)
	m := b.newMeasure()
	if err := m.start(); err != nil {
		return err
	}
	watching, end := context.WithCancel(ctx)
	defer end()
	c := newCrew(watching)
	a.ready.Add(r.IdleStreams)
	// Only some streams are opened at the same time, because their number is
	// measured and not their arrival.
	opening := make(chan struct{}, r.Callers)
	for n := range r.IdleStreams {
		opening <- struct{}{}
		began := r.Now()
		first := sync.OnceFunc(func() { m.record(began); <-opening })
		c.spawn(func(ctx context.Context) error {
			defer first()
			return a.watch(ctx, n, bookName(n%r.Merchants), func(*tenfoldv1.WatchClaimsResponse) error { first(); return nil })
		})
	}
	a.ready.Wait()
	c.spawn(func(ctx context.Context) error {
		err := errors.Join(pause(ctx, r.ReadWindow), m.stop())
		a.closing.Store(true)
		end()
		return err
	})
	if err := c.join(); err != nil && !(a.closing.Load() && ctx.Err() == nil) {
		return err
	}
	r.report.Workloads = append(r.report.Workloads, b.summary("W7", fmt.Sprintf("%d idle watches", r.IdleStreams), m))
	return nil
}
