package telemetry

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

const (
	// standingPause is how often everything is summed up, and standingTimeout how long
	// that may take: it reads every book's row.
	standingPause   = time.Minute
	standingTimeout = 20 * time.Second
	// standingAge is how long sums are shown.
	standingAge = 5 * time.Minute
)

// Standing sums up how the business and the database stand. Every replica sums up the
// same.
type Standing struct {
	db     *postgres.DB
	engine *engine.Engine
	clock  engine.Clock
	log    *slog.Logger
	last   atomic.Pointer[summed]
}

// summed is one sum: claims wait by the engine's time, the database by real time.
type summed struct {
	postgres.Standing
	now, at time.Time
}

// Standing prepares to sum up; clock gives real time.
func (t *Telemetry) Standing(db *postgres.DB, e *engine.Engine, clock engine.Clock, log *slog.Logger) (*Standing, error) {
	s := &Standing{db: db, engine: e, clock: clock, log: log}
	if err := t.ask(s.readings()); err != nil {
		return nil, err
	}
	_, err := t.meter.Float64ObservableGauge("tenfold.ledger.balance",
		metric.WithDescription("Sums of the books' accounts in minor units, by account and currency."),
		metric.WithFloat64Callback(s.balances))
	return s, err
}

// Run sums up again and again until ctx ends.
func (s *Standing) Run(ctx context.Context) {
	again(ctx, standingPause, s.Count, func(err error) { s.log.WarnContext(ctx, "cannot sum up how the books stand", "error", err) })
}

// Count sums up once.
func (s *Standing) Count(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, standingTimeout)
	defer cancel()
	c := summed{now: s.engine.Now(), at: s.clock()}
	var err error
	if c.Standing, err = s.db.Reader().Standing(ctx, backlogMax); err != nil {
		return err
	}
	s.last.Store(&c)
	return nil
}

// fresh is the last sum, nil if it is old.
func (s *Standing) fresh() *summed {
	c := s.last.Load()
	if c == nil || s.clock().Sub(c.at) > standingAge {
		return nil
	}
	return c
}

func (s *Standing) of(f func(*summed) float64) func() (float64, bool) {
	return func() (float64, bool) {
		c := s.fresh()
		if c == nil {
			return 0, false
		}
		return f(c), true
	}
}

// age is for how long something has been so; zero for nothing.
func age(now, since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(0, now.Sub(since).Seconds())
}

func (s *Standing) readings() []reading {
	const (
		open, ofOpen = "tenfold.claims.open", "Claims that have not ended, by state."
		ages, ofAges = "tenfold.claims.open.age", "For how long the first filed of them has been in its state, by state."
	)
	var counts, oldest []reading
	for _, state := range claim.States() {
		if state.Final() {
			continue
		}
		counts = append(counts, reading{name: open, about: ofOpen, label: "state", value: string(state),
			read: s.of(func(c *summed) float64 { return float64(c.Waiting[state].Count) })})
		oldest = append(oldest, reading{name: ages, about: ofAges, unit: "s", label: "state", value: string(state),
			read: s.of(func(c *summed) float64 { return age(c.now, c.Waiting[state].Oldest) })})
	}
	return append(append(counts, oldest...), []reading{
		{name: "tenfold.notices.undelivered", about: "Claims whose notice the merchant is not known to have.",
			read: s.of(func(c *summed) float64 { return float64(c.Undelivered.Count) })},
		{name: "tenfold.notices.undelivered.age", unit: "s", about: "For how long the oldest of them has been under way.",
			read: s.of(func(c *summed) float64 { return age(c.now, c.Undelivered.Oldest) })},
		{name: "tenfold.database.size", unit: "By", about: "Size of the database's files.",
			read: s.of(func(c *summed) float64 { return float64(c.Bytes) })},
		{name: "tenfold.database.transaction_age", about: "Transactions since the oldest row that is not frozen; PostgreSQL stops taking writes at some two thousand million.",
			read: s.of(func(c *summed) float64 { return float64(c.TransactionAge) })},
		{name: "tenfold.database.oldest_transaction", unit: "s", about: "Age of the oldest open transaction of the application's role.",
			read: s.of(func(c *summed) float64 { return age(c.at, c.OldestTransaction) })},
	}...)
}

func (s *Standing) balances(_ context.Context, o metric.Float64Observer) error {
	c := s.fresh()
	if c == nil {
		return nil
	}
	for currency, sums := range c.Money {
		for _, p := range ledger.Purposes() {
			o.Observe(float64(sums.At(p).Of(p)), metric.WithAttributes(attribute.String("account", string(p)), attribute.String("currency", currency)))
		}
	}
	return nil
}

// Certificates reports when certificates expire. until gives the time, and whether it is
// known.
func (t *Telemetry) Certificates(until map[string]func() (time.Time, bool)) error {
	var readings []reading
	for use, f := range until {
		readings = append(readings, reading{
			name: "tenfold.certificate.expires", unit: "s", about: "When a certificate of this server expires, in seconds since 1970, by its use: server or gateway.",
			label: "use", value: use,
			read: func() (float64, bool) {
				at, known := f()
				return float64(at.Unix()), known
			},
		})
	}
	return t.ask(readings)
}
