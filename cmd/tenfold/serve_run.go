package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/notice"
	"github.com/tenfold-claims/tenfold/internal/ops"
	"github.com/tenfold-claims/tenfold/internal/payout/gatewayclient"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/sandbox"
	"github.com/tenfold-claims/tenfold/internal/telemetry"
	"github.com/tenfold-claims/tenfold/internal/watch"
	"github.com/tenfold-claims/tenfold/internal/worker"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	// lanePool is the number of connections for each lane. poolExtra is the number
	// of further connections in the pool, for previews, reservations, reads,
	// watches and workers.
	lanePool, poolExtra = 2, 16
	// readyPause is the longest pause between two probes of the database.
	readyPause = 2 * time.Second
	// gatewayCallMax is how long a call to the gateway may take. After that its
	// outcome is unknown, and the worker asks for it later.
	gatewayCallMax = 10 * time.Second
)

// The server uses little memory: about ten megabytes at any time. Collecting
// garbage at the default pace costs a quarter of its CPU time under load. So the
// server lets garbage grow further, up to a limit on all of its memory.
const (
	garbagePercent = 800
	memoryLimit    = 160 << 20
)

// collectSeldom sets that pace, unless the environment sets another.
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}

// tuneMemory sets pace and limit.
func tuneMemory() {
	collectSeldom()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// parts are the parts of a server, in the order in which they were opened.
type parts struct {
	close []func() error
	// lost receives the reason if the embedded PostgreSQL has ended for good; it is nil
	// where there is none.
	lost      <-chan error
	telemetry *telemetry.Telemetry
	health    *ops.Health
}

// opened notes how to close a part.
func (p *parts) opened(f func() error) { p.close = append(p.close, f) }

// shut closes all parts, the last opened first.
func (p *parts) shut() error {
	var all error
	for i := len(p.close) - 1; i >= 0; i-- {
		all = errors.Join(all, p.close[i]())
	}
	return all
}

// serve runs the server until ctx ends, and then drains it: it takes no new calls,
// finishes the calls in progress, stops the workers, and closes the database.
func serve(ctx context.Context, c serveConfig, out, errOut io.Writer) (err error) {
	tuneMemory()
	outages := newOutageLog(structured(errOut, c.ops), time.Now)
	log := outages.logger()
	ctx, end := context.WithCancel(ctx)
	defer end()
	defer endWithin(ctx, c.stopMax, log)()
	var p parts
	defer func() { err = errors.Join(err, p.shut()) }()
	if err := p.operators(ctx, &c, log); err != nil {
		return err
	}
	clock, now := (*sandbox.Clock)(nil), time.Now
	if c.sandbox {
		clock = sandboxClock(c)
		now = clock.Now
	}
	gateway, simulator, err := p.gateway(&c, now, log)
	if err != nil {
		return err
	}
	db, err := p.database(ctx, c, log)
	if err != nil {
		return err
	}
	if clock != nil {
		if err := p.keepClock(ctx, &c, clock, db, log); err != nil {
			return err
		}
	}
	config := engine.Defaults()
	config.PoliciesAtOnce, config.PoliciesWithoutLimits = c.sandbox, c.withoutLimits
	config.Lanes, config.BatchMax, config.QueueMax = c.lanes, c.batchMax, c.queueMax
	config.ClockSkew, config.OpenBooks, config.PayoutsHeld = c.clockSkew, c.openBooks, c.holdPayouts
	config.RegisterByTwo, config.DirectLimit, config.StatementsKept = c.registerByTwo, c.limit, c.statementsKept
	observer, err := p.telemetry.Observer(time.Now)
	if err != nil {
		return err
	}
	bell, hints := watch.NewBell(), worker.NewHints(worker.Defaults().HintsMax)
	e, err := engine.New(ctx, db, now, config, engine.Hooks{Payouts: hints.Tell, Commit: bell.Ring, Observer: observer}, log)
	if err != nil {
		return err
	}
	p.opened(func() error { e.Close(); return nil })
	if !c.sandbox {
		if err := checkPolicies(e.Catalog().Policies, c.withoutLimits, now(), log); err != nil {
			return err
		}
	}
	w := worker.New(db, e, gateway, hints, c.workerConfig(log), log)
	p.running(w.Run)
	var bench *sandbox.Bench
	if c.sandbox {
		if bench, err = sandbox.New(ctx, clock, db, e, w, simulator); err != nil {
			return err
		}
	}
	p.running(func(ctx context.Context) { bell.Run(ctx, db) })
	quarantine := watch.NewQuarantine(db, time.Now, log)
	hub := watch.New(db, quarantine, watch.Defaults(), bell, log)
	p.running(hub.Run)
	p.running(func(ctx context.Context) { tuneForWatches(ctx, hub) })
	if err := p.measured(db, e, w, hub, quarantine, log); err != nil {
		return err
	}
	if err := p.certificates(&c); err != nil {
		return err
	}
	told, err := p.telemetry.Audits()
	if err != nil {
		return err
	}
	if c.auditEvery > 0 {
		patient, err := db.Within(auditPool, postgres.AnswerMaxAudit)
		if err != nil {
			return err
		}
		p.opened(patient.Close)
		p.running(func(ctx context.Context) { audits(ctx, c.auditEvery, patient, now, told, log) })
	}
	if err := p.relay(ctx, c, db, quarantine, bell, log); err != nil {
		return err
	}
	hooks, err := p.webhooks(ctx, &c, db, quarantine, notice.New(e), bell, log)
	if err != nil {
		return err
	}
	files, err := p.evidence(ctx, &c, db, now, log)
	if err != nil {
		return err
	}
	gate, err := p.gate(ctx, &c.access, db, log)
	if err != nil {
		return err
	}
	bounds := rpc.Defaults()
	bounds.Quota, bounds.CallsAt, bounds.Files = c.access.quota, c.ops.callsAt(), files
	bounds.Shares.Workload, bounds.Shares.Scope = c.peers.perWorkload, c.peers.perScope
	if bounds.Observer, err = p.telemetry.Calls(); err != nil {
		return err
	}
	server, err := rpc.New(e, db, hub, hooks, bench, gate, bounds, log)
	if err != nil {
		return err
	}
	listener, err := p.listen(ctx, "grpc", c.listen, c.peers.bounds())
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if err := p.overHTTP(ctx, &c, server, gate, log); err != nil {
		return err
	}
	if err := p.watchDatabase(c.answerMax, db, e, server, outages); err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintf(out, "serving on %s\n", listener.Addr())
	select {
	case err = <-served:
		return err
	case err = <-p.lost:
		log.Error("the embedded PostgreSQL is lost; ending", "error", err)
		end()
	case <-ctx.Done():
		log.Info("stopping: finishing the calls in progress")
	}
	p.health.Stopping()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.drainMax())
	defer cancel()
	server.Stop(drain)
	return errors.Join(err, <-served)
}

// endWithin ends the process if it has not ended limit after ctx, whatever it waits for
// and whether it had begun to serve. What became of a command that is cut off is told when
// it is sent again. The caller calls disarm when it has ended by itself.
func endWithin(ctx context.Context, limit time.Duration, log *slog.Logger) (disarm func()) {
	over := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
		case <-over:
			return
		}
		overdue := time.NewTimer(limit)
		defer overdue.Stop()
		select {
		case <-overdue.C:
			log.Error("the end takes too long, probably because the database or the gateway is silent; ending now", "limit", limit)
			os.Exit(1)
		case <-over:
		}
	}()
	return func() { close(over) }
}

// workerConfig are the settings of the worker.
func (c *serveConfig) workerConfig(log *slog.Logger) worker.Config {
	config := worker.Defaults()
	if config.Hold = c.holdPayouts; config.Hold {
		log.Warn("payouts are held: none is sent to the gateway, and 72 hours after it was made a payout can no longer be sent")
	}
	return config
}

// watchBytes is the memory that one watch may use.
const watchBytes = 24 << 10

// tuneForWatches raises the memory limit with the number of watches, unless the
// environment sets a limit.
func tuneForWatches(ctx context.Context, hub *watch.Hub) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	tick := time.NewTicker(readyPause)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			debug.SetMemoryLimit(memoryLimit + int64(hub.Followers())*watchBytes)
		case <-ctx.Done():
			return
		}
	}
}

// running starts f, and cancels it when the parts are shut.
func (p *parts) running(f func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(ctx)
	}()
	p.opened(func() error {
		cancel()
		<-done
		return nil
	})
}

// database opens the database, or starts an embedded one, and migrates its schema
// to the version of this binary where it may.
func (p *parts) database(ctx context.Context, c serveConfig, log *slog.Logger) (*postgres.DB, error) {
	databaseURL, ownerURL := c.databaseURL, c.ownerURL
	if databaseURL == "" {
		server, err := ownDatabase(ctx, c.dataDir, log)
		if err != nil {
			return nil, err
		}
		p.opened(func() error { return server.Stop(context.Background()) })
		p.lost = server.Lost()
		databaseURL, ownerURL = server.AppURL(), server.OwnerURL()
	}
	if ownerURL != "" {
		if _, _, err := postgres.Migrate(ctx, ownerURL, log); err != nil {
			return nil, err
		}
	}
	db, err := postgres.OpenWithin(databaseURL, lanePool*c.lanes+poolExtra, c.answerMax)
	if err != nil {
		return nil, usageError{fmt.Errorf("--database-url (TENFOLD_DATABASE_URL): %w", err)}
	}
	p.opened(db.Close)
	return db, db.CheckSchema(ctx)
}

func ownDatabase(ctx context.Context, dataDir string, log *slog.Logger) (*embedpg.Server, error) {
	dir, err := ownDataDir(dataDir)
	if err != nil {
		return nil, err
	}
	return embedpg.Start(ctx, embedpg.Config{DataDir: dir, Durable: true, Logger: log})
}

// ownDataDir is the directory of an embedded PostgreSQL: the configured one, or the default.
func ownDataDir(configured string) (string, error) {
	if configured != "" {
		return configured, nil
	}
	return embedpg.DefaultDataDir(os.Getenv)
}

// sandboxClock makes a clock that shows the configured start, or the present time.
func sandboxClock(c serveConfig) *sandbox.Clock {
	start, err := time.Parse(time.RFC3339, c.sandboxStart)
	if err != nil {
		start = time.Now()
	}
	if c.sandboxClock == clockTicking || c.sandboxClock == "" && c.sandboxStart == "" {
		return sandbox.NewTickingClock(start, time.Now)
	}
	return sandbox.NewStandingClock(start, time.Now)
}

// keepClock keeps the clock of a sandbox in its database, and says what it shows.
func (p *parts) keepClock(ctx context.Context, c *serveConfig, clock *sandbox.Clock, db *postgres.DB, log *slog.Logger) error {
	wanted, ticks := clock.Now(), clock.Ticking()
	if err := clock.Keep(ctx, db); err != nil {
		return err
	}
	p.running(func(ctx context.Context) { clock.Follow(ctx, log) })
	if clock.Ticking() {
		log.Info("the sandbox clock ticks; AdvanceClock moves it forward", "shows", clock.Now().Format(time.RFC3339))
	} else {
		log.Info("the sandbox clock stands still until AdvanceClock moves it", "shows", clock.Now().Format(time.RFC3339))
	}
	apart := clock.Now().Sub(wanted).Abs() > time.Minute || clock.Ticking() != ticks
	if (c.sandboxStart != "" || c.sandboxClock != "") && apart {
		log.Warn("the clock goes on from what the database keeps; --sandbox-start and --sandbox-clock are for a fresh database")
	}
	return nil
}

// gateway connects to the payout gateway. A sandbox without a gateway gets a
// simulator, and calls it over gRPC like any other gateway.
func (p *parts) gateway(c *serveConfig, now engine.Clock, log *slog.Logger) (*gatewayclient.Client, *payouttest.Simulator, error) {
	addresses := c.gateway.addresses
	var simulator *payouttest.Simulator
	if len(addresses) == 0 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, fmt.Errorf("listen for the payout simulator: %w", err)
		}
		simulator = payouttest.New(now)
		server := grpc.NewServer()
		tenfoldv1.RegisterPayoutGatewayServiceServer(server, simulator)
		go func() { _ = server.Serve(listener) }() // Ends with Stop, which is no error.
		p.opened(func() error { server.Stop(); return nil })
		addresses = []string{listener.Addr().String()}
	}
	conn, err := c.gateway.dial(addresses, log, grpc.WithStatsHandler(p.telemetry.GatewayCalls()))
	if err != nil {
		return nil, nil, err
	}
	p.opened(conn.Close)
	return gatewayclient.New(conn, gatewayCallMax), simulator, nil
}
