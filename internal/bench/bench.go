// Package bench measures Tenfold from the side of its callers. It runs a server
// process and calls it over gRPC, with a durable PostgreSQL below, and runs pgbench
// on the same PostgreSQL for comparison. The package owns the database server, the
// server process, the payout gateway, the callers of a run and their measurements.
// The meaning of the figures is explained at the workloads. The package knows
// nothing of how the server works inside.
package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Config is the input of a run.
type Config struct {
	Plan
	// Binary is the measured tenfold program.
	Binary string
	// Dir is the directory in which the run makes its own directory, which it
	// removes at the end. Dir must be on a real disk, and the operating system's
	// user of PostgreSQL must be able to enter it.
	Dir string
	// Now gives the time.
	Now func() time.Time
	// Progress receives the step that is running, and the finished share of the
	// whole run. It is never called by two goroutines at once.
	Progress func(doing string, percent int)
}

// Plan says which load is run and for how long.
type Plan struct {
	// Quick says that the windows are too short for reliable figures.
	Quick bool
	// Callers is the number of calls in flight at the same time, over Connections.
	Callers     int
	Connections int
	// Lanes and BatchMax are settings of the server.
	Lanes    int
	BatchMax int
	// Merchants is the number of merchants in workloads with many merchants.
	Merchants int
	// Ramp precedes every window and is not measured; Window is the window of W1.
	Ramp   time.Duration
	Window time.Duration
	// Accepts is the number of claims that are filed before W2 and W3 accept them.
	// AcceptsOfOne is that number for the server without batching.
	Accepts      int
	AcceptsOfOne int
	// Soak is the duration of W4 at its maximum. Slice is the duration for which
	// one rate of W4 is reported.
	Soak  time.Duration
	Slice time.Duration
	// InFlight is the number of claims in W4 that are filed and not yet paid.
	InFlight int
	// ReadWindow is the window of W5, and ReadsPerSecond its rate of GetClaim.
	ReadWindow     time.Duration
	ReadsPerSecond int
	// Watchers is the number of watchers in W6. IdleStreams is the number of
	// watches in W7, over IdleConnections.
	Watchers        int
	IdleStreams     int
	IdleConnections int
	// PgbenchClients are the client counts of pgbench, of which the best is taken.
	// Each runs for PgbenchTime.
	PgbenchClients []int
	PgbenchTime    time.Duration
}

// FullPlan gives reliable figures. With a soak of five minutes it takes about
// eight.
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

// Check returns an error that names the first setting without sense.
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
	// Before and after a window every caller must have work.
	if least := 4 * c.Callers; c.Accepts < least || c.AcceptsOfOne < least {
		return fmt.Errorf("with %d callers, at least %d claims must be accepted", c.Callers, least)
	}
	if c.Soak < 2*c.Slice || c.Slice <= 0 || c.Window <= 0 || c.ReadWindow <= 0 || c.PgbenchTime < time.Second {
		return errors.New("every window must be longer than zero, and the soak must have at least two slices")
	}
	return nil
}

// soakShare is the share of the soak in a whole run, for the progress.
const soakShare = 0.5

// run is a run in progress.
type run struct {
	Config
	cluster *cluster
	report  *Report
	share   float64
}

// Run measures everything of the plan. It fails if a call fails after all tries, or
// if a counted claim is not PAID. A missed target is not an error.
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

// doing reports the step that is running.
func (r *run) doing(format string, args ...any) {
	if r.Progress != nil {
		r.Progress(fmt.Sprintf(format, args...), int(100*min(r.share, 1)))
	}
}
