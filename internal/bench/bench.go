// Package bench measures Tenfold as its callers meet it: a server process over
// gRPC, durable PostgreSQL beneath it, and pgbench on the same PostgreSQL beside
// it. It owns the database server, the server process, the payout gateway and
// the callers of one run, and what they measured. What the figures mean stands
// with the workloads; nothing here knows how the server does its work.
package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Config is what a run needs from outside.
type Config struct {
	Plan
	// Binary is the tenfold program that is measured.
	Binary string
	// Dir is where the run makes its directory, which it removes at the end. It
	// must lie on a real disk and be open to the user PostgreSQL runs as.
	Dir string
	// Now gives the time.
	Now func() time.Time
	// Progress is told what is under way and how much of the whole run is done; it
	// is never called by two goroutines at once.
	Progress func(doing string, percent int)
}

// Plan is what is run and for how long.
type Plan struct {
	// Quick says that windows are too short for figures to be relied on.
	Quick bool
	// Callers is how many calls are under way at once, over Connections.
	Callers     int
	Connections int
	// Lanes and BatchMax are handed to the server.
	Lanes    int
	BatchMax int
	// Merchants is over how many merchants the spread workloads go.
	Merchants int
	// Ramp comes before every window and is not measured; Window is W1's.
	Ramp   time.Duration
	Window time.Duration
	// Accepts is how many prefiled claims W2 and W3 accept, AcceptsOfOne how
	// many the server without batching does.
	Accepts      int
	AcceptsOfOne int
	// Soak is how long W4 runs at its maximum, Slice what its course is told in.
	Soak  time.Duration
	Slice time.Duration
	// InFlight is how many claims W4 has between filed and paid.
	InFlight int
	// ReadWindow is W5's window, ReadsPerSecond its rate of GetClaim.
	ReadWindow     time.Duration
	ReadsPerSecond int
	// Watchers is how many watch in W6; IdleStreams is how many watches W7 opens,
	// over IdleConnections.
	Watchers        int
	IdleStreams     int
	IdleConnections int
	// PgbenchClients are the client counts of which the best is taken; each runs
	// for PgbenchTime.
	PgbenchClients []int
	PgbenchTime    time.Duration
}

// FullPlan gives figures that can be relied on; with a soak of five minutes it
// takes about eight.
func FullPlan() Plan {
	return Plan{
		Callers: 256, Connections: 4, Lanes: 2, BatchMax: 512, Merchants: 1000,
		Ramp: 3 * time.Second, Window: 15 * time.Second,
		Accepts: 30_000, AcceptsOfOne: 6_000,
		Soak: 5 * time.Minute, Slice: 15 * time.Second, InFlight: 1024,
		ReadWindow: 20 * time.Second, ReadsPerSecond: 500,
		Watchers: 1000, IdleStreams: 10_000, IdleConnections: 100,
		PgbenchClients: []int{8, 16, 32, 64}, PgbenchTime: 8 * time.Second,
	}
}

// QuickPlan runs everything in little more than a minute.
func QuickPlan() Plan {
	p := FullPlan()
	p.Quick = true
	p.Ramp, p.Window = time.Second, 4*time.Second
	p.Accepts, p.AcceptsOfOne = 8_000, 1_600
	p.Soak, p.Slice = 10*time.Second, 2*time.Second
	p.ReadWindow = 5 * time.Second
	p.PgbenchClients, p.PgbenchTime = []int{16, 32}, 3*time.Second
	return p
}

// Check names the setting that makes no sense.
func (c *Config) Check() error {
	for _, bound := range []struct {
		name  string
		value int
	}{
		{"callers", c.Callers}, {"connections", c.Connections}, {"lanes", c.Lanes}, {"batch-max", c.BatchMax},
		{"merchants", c.Merchants}, {"in-flight", c.InFlight}, {"reads per second", c.ReadsPerSecond},
		{"watchers", c.Watchers}, {"idle streams", c.IdleStreams}, {"idle connections", c.IdleConnections},
		{"client counts of pgbench", len(c.PgbenchClients)},
	} {
		if bound.value < 1 {
			return fmt.Errorf("%s must be at least 1, not %d", bound.name, bound.value)
		}
	}
	// Outside of a window every caller must have had work and still have some.
	if least := 4 * c.Callers; c.Accepts < least || c.AcceptsOfOne < least {
		return fmt.Errorf("with %d callers at least %d claims must be accepted", c.Callers, least)
	}
	if c.Soak < 2*c.Slice || c.Slice <= 0 || c.Window <= 0 || c.ReadWindow <= 0 || c.PgbenchTime < time.Second {
		return errors.New("every window must last, and the soak at least two slices")
	}
	return nil
}

// soakShare is how much of a whole run the soak is, for the progress.
const soakShare = 0.5

// run is one run under way.
type run struct {
	Config
	cluster *cluster
	report  *Report
	share   float64
}

// Run measures everything of the plan. It fails when a call fails in the end, or
// a claim that was counted is not PAID; a target that was missed is no failure.
func Run(ctx context.Context, c Config) (_ *Report, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	r := &run{Config: c}
	r.doing("starting PostgreSQL")
	if r.cluster, err = startCluster(ctx, c); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.cluster.close()) }()
	if r.report, err = r.describe(); err != nil {
		return nil, err
	}
	for _, part := range []struct {
		run   func(context.Context) error
		share float64
	}{
		{r.measurePgbench, 0.15}, {r.measureCommands, 0.2}, {r.measureOnes, 0.05}, {r.measureLives, 0.07},
		{r.measureIdle, 1 - soakShare - 0.47},
	} {
		if err := part.run(ctx); err != nil {
			return nil, err
		}
		r.share += part.share
	}
	r.report.Targets = targets(r.report)
	r.report.Seconds = c.Now().Sub(r.report.StartedAt).Seconds()
	return r.report, nil
}

// doing tells what is under way.
func (r *run) doing(format string, args ...any) {
	if r.Progress != nil {
		r.Progress(fmt.Sprintf(format, args...), int(100*min(r.share, 1)))
	}
}
