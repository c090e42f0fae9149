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
	// watchersOfAll of the watchers watch all books, the others one each.
	watchersOfAll = 5
	// watchConnections carry them, apart from the calls.
	watchConnections = 10
)

// audience is streams that are open at once.
type audience struct {
	*bench
	conns []*grpc.ClientConn
	// close is set before the streams are ended.
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

// watch opens the n-th stream and hands its messages to take until the audience is
// closed. ready is told of the first.
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

// watched is W6: how long it takes from the recording of an event, before its
// commit, to its delivery, while whole lives arrive at half of what W4 reached. Of
// the watchers five watch all books, the others one each; a gap or a double on any
// stream fails the run.
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
		// The callers end by themselves, and what they filed is paid; then nobody
		// needs the streams any more.
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

// follow records the events of one stream, which must follow each other.
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

// measureIdle is W7: streams on which nothing happens, and what they cost the
// server in memory. Its latency is that of opening one.
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
	// Not all at once: it is their number that is measured, not their arrival.
	places := make(chan struct{}, r.Callers)
	for n := range r.IdleStreams {
		places <- struct{}{}
		began := r.Now()
		first := sync.OnceFunc(func() { m.record(began); <-places })
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
