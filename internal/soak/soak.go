// Package soak lets a marketplace run for as long as one likes on two replicas
// that are cut off and restarted at random, with a payout gateway that delays,
// fails, doubles, stalls, loses answers and takes payouts back. At the end it
// proves every book, and that what the payment service paid is what the ledger
// says: nothing twice, nothing lost.
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

// Start is where the soak's clock begins; it moves with the commands.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// Config says what to run.
type Config struct {
	// DatabaseURL leads to an empty database with the schema, as the engine's role.
	DatabaseURL string
	// Seed picks what everybody does; how commands meet is left to chance.
	Seed uint64
	// Commands is how many commands are answered before everything is brought to an
	// end, Callers how many are under way at once, Merchants how many books there are.
	Commands  int64
	Callers   int
	Merchants int
	// Restarts is how often a replica is cut off from the database and started again.
	Restarts int
	// Pace is how far the clock moves with each command.
	Pace time.Duration
	// Progress is told how many commands were answered; it must not block.
	Progress func(done, total int)
	// Log takes what the replicas log.
	Log *slog.Logger
}

// Defaults are the settings of a whole soak.
func Defaults() Config {
	return Config{Commands: 1_000_000, Callers: 64, Merchants: 12, Restarts: 40, Pace: 20 * time.Second}
}

// Check refuses settings that make no soak.
func (c *Config) Check() error {
	if c.Commands < 1 || c.Callers < 1 || c.Merchants < 1 || c.Restarts < 0 || c.Pace <= 0 {
		return errors.New("a soak needs at least one command, one caller, one merchant, and a clock that moves")
	}
	return nil
}

// Report is what came out.
type Report struct {
	Seed uint64 `json:"seed"`
	// Commands were answered, of which Refused were refused; Retries is how often one
	// was sent again because its answer never came or the book was busy.
	Commands int64            `json:"commands"`
	Refused  map[string]int64 `json:"refused"`
	Retries  int64            `json:"retries"`
	Restarts int              `json:"restarts"`
	Passed   time.Duration    `json:"time_passed"`

	Claims  map[string]int64 `json:"claims_by_state"`
	Payouts map[string]int64 `json:"payouts_by_state"`
	// PaidMinor is what consumers have, by the payment service's books.
	PaidMinor int64 `json:"paid_minor"`
	// Wrong is everything that does not fit, empty for a soak that held.
	Wrong []string `json:"wrong"`
}

// wrongMax is where a report stops listing what is wrong.
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

	mu      sync.Mutex
	refused map[fault.Reason]int64
}

// clock is what everybody lives by.
type clock struct{ past atomic.Int64 }

func (c *clock) now() time.Time       { return Start.Add(time.Duration(c.past.Load())) }
func (c *clock) move(d time.Duration) { c.past.Add(int64(d)) }

// Run soaks and reports. An error means that it could not be carried through.
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

// trade lets callers do as they like until enough commands were answered, while
// replicas come and go and the payment service reports what it has to say.
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

// tick counts an answered command and lets its time pass.
func (s *soak) tick() {
	n := s.answered.Add(1)
	s.clock.move(s.Pace)
	if s.Progress != nil && n <= s.Commands {
		s.Progress(int(n), int(s.Commands))
	}
}

// report proves the books and holds them against the payment service's.
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
