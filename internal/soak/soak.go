// Package soak runs a marketplace for any length of time on two replicas that are
// cut off and restarted at random. The payout gateway delays, fails, doubles,
// stalls, loses answers and takes payouts back. At the end the package audits every
// book, and checks that the payments of the payment service equal those of the
// ledger: nothing was paid twice, and nothing was lost.
package soak

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Start is the first time of the soak's clock, which moves with the commands.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Config is the input of a soak.
type Config struct {
	// DatabaseURL is the URL of an empty database with the schema, for the engine's
	// role.
	DatabaseURL string
	// Seed is the seed of all random choices; the order in which commands meet is
	// not determined by it.
	Seed uint64
	// Commands is the number of commands that are answered before all claims are
	// ended. Callers is the number of commands in flight, and Merchants the number
	// of books.
	Commands  int64
	Callers   int
	Merchants int
	// Restarts is how often a replica is cut off from the database and restarted.
	Restarts int
	// Pace is how far each command moves the clock.
	Pace time.Duration
	// Progress receives the number of answered commands; it must not block.
	Progress func(done, total int)
	// Log receives the log of the replicas.
	Log *slog.Logger
}

// Defaults are the settings of a full soak.
func Defaults() Config {
	return Config{Commands: 1_000_000, Callers: 64, Merchants: 12, Restarts: 40, Pace: 20 * time.Second}
}

// Check returns an error for settings with which a soak cannot run.
func (c *Config) Check() error {
	if c.Commands < 1 || c.Callers < 1 || c.Merchants < 1 || c.Restarts < 0 || c.Pace <= 0 {
		return errors.New("a soak needs at least one command, one caller, one merchant, and a clock that moves")
	}
	return nil
}

// Report is the result of a soak.
type Report struct {
	Seed uint64 `json:"seed"`
	// Commands is the number of answered commands, of which Refused were refused.
	// Retries is how often a command was sent again because its answer never came
	// or the book was busy.
	Commands int64            `json:"commands"`
	Refused  map[string]int64 `json:"refused"`
	Retries  int64            `json:"retries"`
	Restarts int              `json:"restarts"`
	Passed   time.Duration    `json:"time_passed"`

	Claims  map[string]int64 `json:"claims_by_state"`
	Payouts map[string]int64 `json:"payouts_by_state"`
	// PaidMinor is the amount that consumers received, by the payment service's
	// books.
	PaidMinor int64 `json:"paid_minor"`
	// Wrong lists the discrepancies; it is empty if all checks passed.
	Wrong []string `json:"wrong"`
}

// wrongMax is the largest number of discrepancies in a report.
const wrongMax = 100

func (r *Report) wrong(format string, args ...any) {
	if len(r.Wrong) < wrongMax {
		r.Wrong = append(r.Wrong, fmt.Sprintf(format, args...))
	}
}

// soak is one run.
type soak struct {
	Config
	clock    clock
	gateway  *gateway
	replicas [2]atomic.Pointer[replica]

	answered, retries, serial atomic.Int64
	// jobItems is how many items of a job a step looks at; zero is the default.
	jobItems int

	mu      sync.Mutex
	refused map[fault.Reason]int64
}

// clock is the clock of all parts of the soak.
type clock struct{ past atomic.Int64 }

func (c *clock) now() time.Time       { return Start.Add(time.Duration(c.past.Load())) }
func (c *clock) move(d time.Duration) { c.past.Add(int64(d)) }

// Run soaks and reports. It returns an error if the soak could not be carried
// through.
func Run(ctx context.Context, c Config) (_ *Report, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	s := &soak{Config: c, refused: make(map[fault.Reason]int64)}
	if s.gateway, err = startGateway(s.clock.now, c.Seed); err != nil {
		return nil, err
	}
	defer s.gateway.stop()
	for i := range s.replicas {
		r, err := s.startReplica(ctx)
		if err != nil {
			return nil, err
		}
		s.replicas[i].Store(r)
	}
	defer func() {
		for i := range s.replicas {
			err = errors.Join(err, s.replicas[i].Load().stop())
		}
	}()
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	restarts, err := s.trade(ctx)
	if err != nil {
		return nil, err
	}
	s.gateway.mend()
	if err := s.windUp(ctx); err != nil {
		return nil, err
	}
	return s.report(ctx, restarts)
}

// trade lets callers send random commands until enough commands were answered. In
// the meantime replicas are restarted, and the payment service sends its reports.
func (s *soak) trade(ctx context.Context) (restarts int, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var callers, others sync.WaitGroup
	over := make(chan struct{})
	fail := func(err error) {
		if err != nil {
			cancel(err)
		}
	}
	for i := range s.Callers {
		callers.Go(func() { fail(s.newCaller(i).run(ctx)) })
	}
	others.Go(func() { fail(s.deliverReports(ctx, over)) })
	others.Go(func() {
		n, err := s.restartNowAndThen(ctx, over)
		restarts = n
		fail(err)
	})
	callers.Wait()
	close(over)
	others.Wait()
	return restarts, context.Cause(ctx)
}

// tick counts an answered command and moves the clock.
func (s *soak) tick() {
	n := s.answered.Add(1)
	s.clock.move(s.Pace)
	if s.Progress != nil && n <= s.Commands {
		s.Progress(int(n), int(s.Commands))
	}
}

// report audits the books, and compares them with those of the payment service.
func (s *soak) report(ctx context.Context, restarts int) (*Report, error) {
	r := &Report{
		Seed: s.Seed, Commands: s.answered.Load(), Refused: make(map[string]int64), Retries: s.retries.Load(), Restarts: restarts,
		Passed: s.clock.now().Sub(Start), Claims: make(map[string]int64), Payouts: make(map[string]int64), Wrong: []string{},
		PaidMinor: s.gateway.Paid().Minor,
	}
	for reason, n := range s.refused {
		r.Refused[string(reason)] = n
	}
	db := s.replicas[0].Load().db
	found, err := audit.Check(ctx, db)
	if err != nil {
		return nil, err
	}
	for _, d := range found {
		r.wrong("audit: %s", d)
	}
	return r, s.reconcile(ctx, db, r)
}
