package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// measure collects the operations of one workload between start and stop, which is
// its window. Operations outside of the window are not counted; retries are.
type measure struct {
	now     func() time.Time
	meter   meter
	latency histogram
	// done and retries count operations and repeated calls.
	done, retries atomic.Int64
	open          atomic.Bool

	began, ended  time.Time
	before, after usage
	operations    int64
}

func (b *bench) newMeasure() *measure { return &measure{now: b.run.Now, meter: b.meter()} }

// start opens the window.
func (m *measure) start() (err error) {
	if m.before, err = m.meter.read(); err != nil {
		return err
	}
	m.began = m.now()
	m.open.Store(true)
	return nil
}

// stop closes the window; later calls do nothing.
func (m *measure) stop() (err error) {
	if !m.open.CompareAndSwap(true, false) {
		return nil
	}
	m.ended = m.now()
	m.operations = m.done.Load()
	m.after, err = m.meter.read()
	return err
}

// record counts an operation that has ended, with the time at which it began.
func (m *measure) record(began time.Time) {
	if m.open.Load() {
		m.done.Add(1)
		m.latency.add(m.now().Sub(began))
	}
}

// crew runs callers until they have no more work or one of them fails.
type crew struct {
	ctx  context.Context
	stop context.CancelCauseFunc
	wait sync.WaitGroup
}

// errDone ends a crew without an error.
var errDone = errors.New("done")

func newCrew(ctx context.Context) *crew {
	c := &crew{}
	c.ctx, c.stop = context.WithCancelCause(ctx)
	return c
}

// spawn runs one caller; an error ends the whole crew.
func (c *crew) spawn(f func(ctx context.Context) error) {
	c.wait.Go(func() {
		if err := f(c.ctx); err != nil {
			c.stop(err)
		}
	})
}

// join waits for every caller and returns the first error.
func (c *crew) join() error {
	c.wait.Wait()
	c.stop(errDone)
	if err := context.Cause(c.ctx); !errors.Is(err, errDone) {
		return err
	}
	return nil
}

// forTime runs step repeatedly from every caller, during a ramp and then during the
// window of m. Steps that are running at the end are finished.
func forTime(ctx context.Context, callers int, ramp, window time.Duration, m *measure, step func(ctx context.Context, caller int) error) error {
	c := newCrew(ctx)
	var over atomic.Bool
	for n := range callers {
		c.spawn(func(ctx context.Context) error {
			for !over.Load() && ctx.Err() == nil {
				if err := step(ctx, n); err != nil {
					return err
				}
			}
			return nil
		})
	}
	c.spawn(func(ctx context.Context) error {
		defer over.Store(true)
		if err := pause(ctx, ramp); err != nil {
			return err
		}
		if err := m.start(); err != nil {
			return err
		}
		if err := pause(ctx, window); err != nil {
			return err
		}
		return m.stop()
	})
	return c.join()
}

// forAll runs step once for each of n items. If m is not nil, its window excludes
// the first tenth, and the end, when callers run out of items.
func forAll(ctx context.Context, callers, n int, m *measure, step func(ctx context.Context, caller, item int) error) error {
	c := newCrew(ctx)
	var next atomic.Int64
	for caller := range callers {
		c.spawn(func(ctx context.Context) error {
			for ctx.Err() == nil {
				item := int(next.Add(1)) - 1
				if item >= n {
					return nil
				}
				if err := m.turn(item, n, callers); err != nil {
					return err
				}
				if err := step(ctx, caller, item); err != nil {
					return err
				}
			}
			return ctx.Err()
		})
	}
	return c.join()
}

// turn opens or closes the window when an item is the first or the last in it.
func (m *measure) turn(item, n, callers int) error {
	switch {
	case m == nil:
		return nil
	case item == n/10:
		return m.start()
	case item == n-callers:
		return m.stop()
	}
	return nil
}
