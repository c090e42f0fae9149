// Package worker does what nobody calls for: it sends payouts to the gateway
// and asks after them, lets deadlines pass, and keeps reservations and
// catalogue tidy. Everything it does it does through commands of the engine, so
// any number of workers may run over one database, and any of them may die at
// any time.
package worker

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Config bounds the worker. Every value must be set; Defaults gives good ones.
type Config struct {
	// Senders is how many payouts are on their way to the gateway at once.
	Senders int
	// HintsMax is how many payouts may wait for a sender; what exceeds it is
	// found again by the list of dues.
	HintsMax int
	// BatchMax is how many dues or deadlines are taken at once.
	BatchMax int
	// Pause is how often dues and deadlines are looked for.
	Pause time.Duration
	// LookAgain is how long after a first look a payout without an outcome is
	// looked at again; every further look waits twice as long, up to LookAgainMax.
	LookAgain    time.Duration
	LookAgainMax time.Duration
	// CatalogPause is how often policies and authenticators are read afresh.
	CatalogPause time.Duration
	// SweepPause is how often orphaned reservations are looked for, SweepAge how
	// old one must be: longer than any command can be under way.
	SweepPause time.Duration
	SweepAge   time.Duration
	// SweepSpan is how far back they are looked for.
	SweepSpan time.Duration
}

// Defaults are the settings of `serve`.
func Defaults() Config {
	return Config{
		Senders: 128, HintsMax: 16384, BatchMax: 256,
		Pause: time.Second, LookAgain: 15 * time.Second, LookAgainMax: 10 * time.Minute,
		CatalogPause: 10 * time.Second,
		SweepPause:   time.Minute, SweepAge: 15 * time.Minute, SweepSpan: 24 * time.Hour,
	}
}

// Done counts what was done.
type Done struct {
	DeadlinesPassed   int64
	PayoutsInstructed int64
	PayoutsQueried    int64
	OutcomesRecorded  int64
}

// Worker does the work of one process.
type Worker struct {
	db      *postgres.DB
	engine  *engine.Engine
	gateway payout.Gateway
	config  Config
	log     *slog.Logger

	hints chan payout.Payout
	// pending counts hints that are not done with; idle is signalled at zero.
	pending struct {
		sync.Mutex
		sync.Cond
		count int
	}
	done struct {
		deadlines, instructed, queried, recorded atomic.Int64
	}
}

// New makes a worker and lets the engine tell it of new payouts. Nothing is
// sent before Run.
func New(db *postgres.DB, e *engine.Engine, g payout.Gateway, config Config, log *slog.Logger) *Worker {
	w := &Worker{db: db, engine: e, gateway: g, config: config, log: log, hints: make(chan payout.Payout, config.HintsMax)}
	w.pending.L = &w.pending.Mutex
	e.OnPayouts(w.hint)
	return w
}

// Run works until ctx ends; calls under way end with it, and what they were
// about is found again by the list of dues.
func (w *Worker) Run(ctx context.Context) {
	var running sync.WaitGroup
	for range w.config.Senders {
		running.Go(func() { w.sendHints(ctx) })
	}
	for _, loop := range []struct {
		what  string
		pause time.Duration
		step  func(context.Context) error
	}{
		{"look after payouts", w.config.Pause, w.lookAfterPayouts},
		{"pass deadlines", w.config.Pause, w.passDeadlines},
		{"reload catalogue", w.config.CatalogPause, w.engine.ReloadCatalog},
		{"sweep reservations", w.config.SweepPause, w.sweep},
	} {
		running.Go(func() { w.loop(ctx, loop.what, loop.pause, loop.step) })
	}
	running.Wait()
}

// loop takes a step now and then, with jitter, so that replicas spread out.
// Nothing ends it but ctx.
func (w *Worker) loop(ctx context.Context, what string, pause time.Duration, step func(context.Context) error) {
	for {
		t := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		if err := step(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("worker step failed", "step", what, "error", err)
		}
	}
}

// RunDue does everything that is due at the engine's time, until nothing more
// is, and counts it. Payouts told of meanwhile are sent by Run, which must be
// running.
func (w *Worker) RunDue(ctx context.Context) (Done, error) {
	before := w.counts()
	for {
		start := w.counts()
		err := errors.Join(w.idle(ctx), w.lookAfterPayouts(ctx), w.passDeadlines(ctx), w.idle(ctx))
		if err != nil {
			return w.since(before), err
		}
		if w.counts() == start {
			return w.since(before), nil
		}
	}
}

func (w *Worker) counts() Done {
	return Done{
		DeadlinesPassed: w.done.deadlines.Load(), PayoutsInstructed: w.done.instructed.Load(),
		PayoutsQueried: w.done.queried.Load(), OutcomesRecorded: w.done.recorded.Load(),
	}
}

func (w *Worker) since(before Done) Done {
	now := w.counts()
	return Done{
		DeadlinesPassed:   now.DeadlinesPassed - before.DeadlinesPassed,
		PayoutsInstructed: now.PayoutsInstructed - before.PayoutsInstructed,
		PayoutsQueried:    now.PayoutsQueried - before.PayoutsQueried,
		OutcomesRecorded:  now.OutcomesRecorded - before.OutcomesRecorded,
	}
}

// each runs f for every item, several at once, so that the commands meet in the
// pipeline and become one batch.
func each[T any](ctx context.Context, most int, items []T, f func(context.Context, T)) {
	var running sync.WaitGroup
	slots := make(chan struct{}, most)
	for _, item := range items {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			f(ctx, item)
		})
	}
	running.Wait()
}

// sweep frees references that a crash left reserved.
func (w *Worker) sweep(ctx context.Context) error {
	before := w.engine.Now().Add(-w.config.SweepAge)
	freed, err := w.db.SweepReservations(ctx, before.Add(-w.config.SweepSpan), before, w.config.BatchMax)
	if freed > 0 {
		w.log.Info("orphaned reservations freed", "count", freed)
	}
	return err
}
