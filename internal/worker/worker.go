// Package worker does the work that no caller asks for. It sends payouts to the
// gateway and queries their outcome, lets deadlines pass and holds expire, draws bodies for
// re-tests, sweeps income, and keeps reservations and the catalog tidy. It does everything through
// commands of the engine, so any number of workers may run over one database, and
// any of them may die at any time.
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
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Config bounds the worker. Every value but Hold must be set; Defaults gives good ones.
type Config struct {
	// Hold keeps every payout from the gateway: none is instructed or queried.
	Hold bool
	// Senders is how many new payouts, and how many open ones, are under way to the
	// gateway at once, apart from those in the slow lane: enough for thousands a second
	// through a gateway that answers within 50 ms.
	Senders int
	// SlowMax is the size of the slow lane, to which calls move that take longer than
	// nearly all others. A gateway that leaves 170 calls a second of a thousand
	// unanswered fills it within six seconds.
	SlowMax int
	// PatienceMin and PatienceMax bound after how long a call moves to the slow lane;
	// between them the time follows the gateway's own durations. A call is cut for want
	// of room there after OverdueMin at the earliest.
	PatienceMin, PatienceMax, OverdueMin time.Duration
	// BreakAfter is how many calls in a row may stay unanswered before none begins for
	// BreakPause. Each probe in vain doubles the pause, up to BreakPauseMax.
	BreakAfter                int
	BreakPause, BreakPauseMax time.Duration
	// Grace is how long the calls under way may still take when the worker is told to
	// stop. Then they are cut, and their payouts stay due.
	Grace time.Duration
	// HintsMax is how many payouts may wait for a sender; the list of dues brings
	// up any others again.
	HintsMax int
	// BatchMax is how many dues or deadlines are taken at once.
	BatchMax int
	// Pause is how often the worker looks for dues and deadlines.
	Pause time.Duration
	// PauseMax is the longest pause of a loop while the database is away.
	PauseMax time.Duration
	// LookAgain is how long after a first look the worker looks again at a payout
	// without an outcome; every further pause is twice as long, up to LookAgainMax.
	// It must be longer than two calls take, so that no two workers query the same
	// payout.
	LookAgain    time.Duration
	LookAgainMax time.Duration
	// CatalogPause is how often policies and authenticators are reloaded.
	CatalogPause time.Duration
	// SnapshotPause is how often sums of transfers are brought forward, and PeriodEvents how
	// many events are added to those over all books at once.
	SnapshotPause time.Duration
	PeriodEvents  int
	// JobLease is how long a server that is gone keeps a job from the others: several times
	// what a step takes. JobItems is how many items of a job one step looks at.
	JobLease time.Duration
	JobItems int
	// StatementLines is how many transfers of a statement one step reads: as CSV they have
	// some 500 KB.
	StatementLines int
	// SweepPause is how often the worker looks for orphaned reservations, SweepAge
	// how old one must be: longer than any command can be under way.
	SweepPause time.Duration
	SweepAge   time.Duration
	// SweepSpan is how far back a starting worker looks for them, SweepWindow how
	// much time one statement covers.
	SweepSpan   time.Duration
	SweepWindow time.Duration
}

// Defaults are the settings of `serve`.
func Defaults() Config {
	return Config{
		Senders: 256, HintsMax: 8192, BatchMax: 256,
		SlowMax: 1024, PatienceMin: 100 * time.Millisecond, PatienceMax: 5 * time.Second, OverdueMin: time.Second,
		BreakAfter: 32, BreakPause: time.Second, BreakPauseMax: 30 * time.Second,
		Grace: 2 * time.Second,
		Pause: time.Second, PauseMax: 30 * time.Second,
		LookAgain: 30 * time.Second, LookAgainMax: 10 * time.Minute,
		CatalogPause:  10 * time.Second,
		SnapshotPause: 5 * time.Second, PeriodEvents: 5000,
		JobLease: time.Minute, JobItems: 256, StatementLines: 2000,
		SweepPause: time.Minute, SweepAge: 15 * time.Minute,
		SweepSpan: 30 * 24 * time.Hour, SweepWindow: 10 * time.Minute,
	}
}

// Done counts the work of one run.
type Done struct {
	DeadlinesPassed   int64
	PayoutsInstructed int64
	PayoutsQueried    int64
	OutcomesRecorded  int64
	BooksSwept        int64
	HoldsExpired      int64
	DemandsLapsed     int64
	JobItemsDone      int64
}

// Add adds the work of another run.
func (d *Done) Add(other Done) {
	d.DeadlinesPassed += other.DeadlinesPassed
	d.PayoutsInstructed += other.PayoutsInstructed
	d.PayoutsQueried += other.PayoutsQueried
	d.OutcomesRecorded += other.OutcomesRecorded
	d.BooksSwept += other.BooksSwept
	d.HoldsExpired += other.HoldsExpired
	d.DemandsLapsed += other.DemandsLapsed
	d.JobItemsDone += other.JobItemsDone
}

// Worker does the work of one process.
type Worker struct {
	db      *postgres.DB
	engine  *engine.Engine
	gateway payout.Gateway
	config  Config
	log     *slog.Logger

	hints *Hints
	// telling and asking are the places of payouts under way: of new ones and of open
	// ones, so that neither kind keeps the other from the gateway.
	telling, asking chan struct{}
	flights         *flights
	breaker         *breaker
	// looks are the looks at open payouts that Run has under way, and steps how often it
	// has begun some.
	looks group
	steps atomic.Int64
	// silences are payouts whose outcome stayed unknown since they were last
	// logged.
	silences silences
	// cleared is the time up to which reservations were swept.
	cleared time.Time
	// snapshotted is the book after which the next look for due snapshots begins, exposed that for
	// snapshots of the exposure.
	snapshotted, exposed string
	done                 struct {
		deadlines, instructed, queried, recorded, swept, expired, lapsed, items atomic.Int64
	}
	// holder names the worker in the jobs that it works on.
	holder string
	// atJob is called between the parts of a step of a job.
	atJob func(jobPlace)
	// outcomes counts the outcomes of payouts, and the gateway calls without one.
	outcomes struct {
		succeeded, failed, unknown atomic.Int64
	}
	// calls counts the gateway calls by how they ended.
	calls struct {
		answered, unanswered, cut, foreign atomic.Int64
	}
}

// New makes a worker that sends the payouts announced to hints. Nothing is sent
// before Run or RunDue.
func New(db *postgres.DB, e *engine.Engine, g payout.Gateway, hints *Hints, config Config, log *slog.Logger) *Worker {
	return &Worker{
		db: db, engine: e, gateway: g, config: config, log: log, hints: hints,
		telling: make(chan struct{}, config.Senders), asking: make(chan struct{}, config.Senders),
		flights: newFlights(&config), breaker: newBreaker(&config), holder: holderName(), atJob: func(jobPlace) {},
	}
}

// Name names the worker in the jobs that it has taken.
func (w *Worker) Name() string { return w.holder }

// Holds says whether payouts are kept from the gateway.
func (w *Worker) Holds() bool { return w.config.Hold }

// Run works until ctx ends. Work under way is then finished, but for calls to the
// gateway that take longer than the grace. Waiting work is found again by the list of
// dues, here or elsewhere.
func (w *Worker) Run(ctx context.Context) {
	calls, release := w.untilGrace(ctx)
	defer release()
	var running sync.WaitGroup
	running.Go(func() { w.sendHints(ctx, calls) })
	for _, l := range []struct {
		what  string
		pause time.Duration
		step  func(context.Context) error
	}{
		{"look after payouts", w.config.Pause, func(ctx context.Context) error { return w.lookStep(ctx, calls) }},
		{"pass deadlines", w.config.Pause, w.passDeadlines},
		{"pass commissions", w.config.Pause, w.passCommissions},
		{"end commissions of suspended bodies", w.config.SweepPause, w.leaveSuspended},
		{"draw bodies for re-tests", w.config.Pause, w.drawRetests},
		{"pass requests for evidence", w.config.Pause, w.passEvidenceRequests},
		{"sweep books", w.config.Pause, w.sweepBooks},
		{"expire holds", w.config.Pause, w.expireHolds},
		{"lapse demands", w.config.Pause, w.lapseDemands},
		{"log silent payouts", w.config.Pause, w.logSilences},
		{"reload catalog", w.config.CatalogPause, w.engine.ReloadCatalog},
		{"sweep reservations", w.config.SweepPause, w.sweep},
		{"resume notices", w.config.SweepPause, w.resumeNotices},
		{"take snapshots", w.config.SnapshotPause, w.takeSnapshots},
		{"sum periods", w.config.SnapshotPause, w.sumPeriods},
		{"run retractions", w.config.Pause, w.runRetractions},
		{"write statements", w.config.Pause, w.writeStatements},
		{"expire statements", w.config.SweepPause, w.expireStatements},
	} {
		running.Go(func() { w.loop(ctx, l.what, l.pause, l.step) })
	}
	running.Wait()
	w.looks.wait()
	if err := w.looks.take(); err != nil {
		w.log.Error("payout left for later", "error", err)
	}
}

// untilGrace gives the context of gateway calls made by work that ends with ctx: it ends
// a grace later.
func (w *Worker) untilGrace(ctx context.Context) (calls context.Context, release func()) {
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(w.config.Grace, cancel) })
	return calls, func() {
		stop()
		cancel()
	}
}

// loop takes a step after each pause, with jitter, so that replicas spread out, and
// with longer pauses while the database is away. Only ctx ends it.
func (w *Worker) loop(ctx context.Context, what string, pause time.Duration, step func(context.Context) error) {
	wait := pause
	for {
		t := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		err := step(ctx)
		if away(err) {
			wait = max(pause, min(2*wait, w.config.PauseMax))
		} else {
			wait = pause
		}
		if err != nil && ctx.Err() == nil {
			w.log.Error("worker step failed", "step", what, "error", err)
		}
	}
}

// away says whether the database cannot be reached, so that the next step would
// fail as well.
func away(err error) bool {
	return errors.Is(err, postgres.ErrUnavailable) || errors.Is(err, fault.DatabaseUnavailable)
}

// RunDue does everything that is due at the engine's time, until nothing more is,
// and counts it. It needs no Run beside it, and waits for work that a Run has under
// way. An error says that something could not be recorded and stays due.
func (w *Worker) RunDue(ctx context.Context) (Done, error) {
	calls, release := w.untilGrace(ctx)
	defer release()
	before := w.counts()
	var first error
	for {
		start := w.counts()
		for _, step := range []func(context.Context) error{
			func(ctx context.Context) error { return w.sendTold(ctx, calls) },
			func(ctx context.Context) error { return w.lookAfterPayouts(ctx, calls) },
			w.resumeNotices, w.passDeadlines, w.passCommissions, w.leaveSuspended, w.drawRetests, w.passEvidenceRequests, w.expireHolds, w.sweepBooks, w.lapseDemands, w.runRetractions, w.writeStatements, w.expireStatements,
		} {
			err := step(ctx)
			if first == nil {
				first = err
			}
			if ctx.Err() != nil || away(err) {
				return w.since(before), err
			}
		}
		if w.counts() == start {
			return w.since(before), first
		}
	}
}

func (w *Worker) counts() Done {
	return Done{
		DeadlinesPassed: w.done.deadlines.Load(), PayoutsInstructed: w.done.instructed.Load(),
		PayoutsQueried: w.done.queried.Load(), OutcomesRecorded: w.done.recorded.Load(),
		BooksSwept: w.done.swept.Load(), HoldsExpired: w.done.expired.Load(),
		DemandsLapsed: w.done.lapsed.Load(), JobItemsDone: w.done.items.Load(),
	}
}

func (w *Worker) since(before Done) Done {
	now := w.counts()
	return Done{
		DeadlinesPassed:   now.DeadlinesPassed - before.DeadlinesPassed,
		PayoutsInstructed: now.PayoutsInstructed - before.PayoutsInstructed,
		PayoutsQueried:    now.PayoutsQueried - before.PayoutsQueried,
		OutcomesRecorded:  now.OutcomesRecorded - before.OutcomesRecorded,
		BooksSwept:        now.BooksSwept - before.BooksSwept,
		HoldsExpired:      now.HoldsExpired - before.HoldsExpired,
		DemandsLapsed:     now.DemandsLapsed - before.DemandsLapsed,
		JobItemsDone:      now.JobItemsDone - before.JobItemsDone,
	}
}

// group is work that runs beside its starter. It keeps the first error.
type group struct {
	running sync.WaitGroup
	first   atomic.Pointer[error]
}

// run starts f.
func (g *group) run(f func() error) {
	g.running.Go(func() {
		if err := f(); err != nil {
			g.first.CompareAndSwap(nil, &err)
		}
	})
}

// wait waits until all that was started has ended.
func (g *group) wait() { g.running.Wait() }

// take gives the first error since the last time.
func (g *group) take() error {
	if err := g.first.Swap(nil); err != nil {
		return *err
	}
	return nil
}

// together runs f several times at once and returns the first error.
func together(times int, f func() error) error {
	var running sync.WaitGroup
	var first atomic.Pointer[error]
	for range times {
		running.Go(func() {
			if err := f(); err != nil {
				first.CompareAndSwap(nil, &err)
			}
		})
	}
	running.Wait()
	if err := first.Load(); err != nil {
		return *err
	}
	return nil
}

// each runs f for every item, most of them at once, so that the commands meet in
// the pipeline and form one batch. It returns the first error, after every item had
// its turn; an item that was begun is finished even if ctx ends.
func each[T any](ctx context.Context, most int, items []T, f func(context.Context, *T) error) error {
	var next atomic.Int64
	whole := context.WithoutCancel(ctx)
	err := together(min(most, len(items)), func() (first error) {
		for ctx.Err() == nil {
			i := next.Add(1) - 1
			if i >= int64(len(items)) {
				break
			}
			if err := f(whole, &items[i]); first == nil {
				first = err
			}
		}
		return first
	})
	if err == nil {
		err = ctx.Err()
	}
	return err
}
