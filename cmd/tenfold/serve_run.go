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
	"google.golang.org/grpc/credentials/insecure"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ops"
	"github.com/tenfold-claims/tenfold/internal/payout/gatewayclient"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/sandbox"
	"github.com/tenfold-claims/tenfold/internal/telemetry"
	"github.com/tenfold-claims/tenfold/internal/watch"
	"github.com/tenfold-claims/tenfold/internal/webhook"
	"github.com/tenfold-claims/tenfold/internal/worker"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	// lanePool is how many connections each lane has, poolExtra how many the pool
	// has beside them: for previews, reservations, reads, watches and workers.
	lanePool, poolExtra = 2, 16
	// drainMax is how long a stopping server waits for calls under way.
	drainMax = 20 * time.Second
	// readyPause is how often the server asks whether the database answers, and
	// how long that may take.
	readyPause = 2 * time.Second
	// gatewayCallMax is how long the gateway may take; beyond it the outcome is
	// unknown and is asked after.
	gatewayCallMax = 10 * time.Second
)

// The server lives on little: some ten megabytes are in use at any time, and
// collecting them at the default pace costs a quarter of its CPU time under
// load. It lets garbage grow further, up to a bound on all of its memory.
const (
	garbagePercent = 800
	memoryLimit    = 160 << 20
)

// collectSeldom sets that pace, unless the environment sets its own.
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}

// tuneMemory sets pace and bound.
func tuneMemory() {
	collectSeldom()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// parts are what a server is made of, in the order in which they were opened.
type parts struct {
	close     []func() error
	telemetry *telemetry.Telemetry
	health    *ops.Health
}

// opened notes how to close what was opened.
func (p *parts) opened(f func() error) { p.close = append(p.close, f) }

// shut closes everything, the last opened first.
func (p *parts) shut() error {
	var all error
	for i := len(p.close) - 1; i >= 0; i-- {
		all = errors.Join(all, p.close[i]())
	}
	return all
}

// serve runs the server until ctx ends, then drains it: no new calls, those
// under way are answered, then the workers, then the database.
func serve(ctx context.Context, c serveConfig, out, errOut io.Writer) (err error) {
	tuneMemory()
	log := structured(errOut, c.ops)
	var p parts
	defer func() { err = errors.Join(err, p.shut()) }()
	if err := p.operators(ctx, &c, log); err != nil {
		return err
	}
	db, err := p.database(ctx, c, log)
	if err != nil {
		return err
	}
	clock, now := (*sandbox.Clock)(nil), time.Now
	if c.sandbox {
		clock = sandboxClock(c)
		now = clock.Now
	}
	config := engine.Defaults()
	config.Lanes, config.BatchMax, config.QueueMax = c.lanes, c.batchMax, c.queueMax
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

	gateway, simulator, err := p.gateway(c, now)
	if err != nil {
		return err
	}
	w := worker.New(db, e, gateway, hints, worker.Defaults(), log)
	p.running(w.Run)
	var bench *sandbox.Bench
	if c.sandbox {
		if bench, err = sandbox.New(ctx, clock, db, e, w, simulator); err != nil {
			return err
		}
	}
	p.running(func(ctx context.Context) { bell.Run(ctx, db) })
	hub := watch.New(db, watch.Defaults(), bell, log)
	p.running(hub.Run)
	p.running(func(ctx context.Context) { tuneForWatches(ctx, hub) })
	if err := p.measured(db, e, w, hub, log); err != nil {
		return err
	}
	if err := p.relay(ctx, c, db, bell, log); err != nil {
		return err
	}
	hooks := webhook.New(db, rpc.MerchantCloudEvent, time.Now, c.webhooks.bounds(), log)
	p.running(func(ctx context.Context) { hooks.Run(ctx, bell) })
	gate, err := p.gate(ctx, &c.access, db, log)
	if err != nil {
		return err
	}
	bounds := rpc.Defaults()
	bounds.Quota = c.access.quota
	if bounds.Observer, err = p.telemetry.Calls(); err != nil {
		return err
	}
	server, err := rpc.New(e, db, hub, hooks, bench, gate, bounds, log)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if err := p.overHTTP(ctx, &c.http, server, gate, log); err != nil {
		return err
	}
	p.running(func(ctx context.Context) { p.watchDatabase(ctx, db, server, log) })
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintf(out, "serving on %s\n", listener.Addr())
	select {
	case err = <-served:
		return err
	case <-ctx.Done():
	}
	p.health.Stopping()
	log.Info("stopping: calls under way are answered")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainMax)
	defer cancel()
	server.Stop(drain)
	return <-served
}

// watchBytes is what a watch may use beside what the server lives on.
const watchBytes = 24 << 10

// tuneForWatches lets the memory's bound grow with the number of watches, unless
// the environment sets its own.
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

// running starts f, and ends it when the parts are shut.
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

// database opens the database, or starts one of its own, with its schema at the
// version of this binary.
func (p *parts) database(ctx context.Context, c serveConfig, log *slog.Logger) (*postgres.DB, error) {
	databaseURL, ownerURL := c.databaseURL, c.ownerURL
	if databaseURL == "" {
		server, err := ownDatabase(ctx, c.dataDir, log)
		if err != nil {
			return nil, err
		}
		p.opened(func() error { return server.Stop(context.Background()) })
		databaseURL, ownerURL = server.AppURL(), server.OwnerURL()
	}
	if ownerURL != "" {
		if _, _, err := postgres.Migrate(ctx, ownerURL, log); err != nil {
			return nil, err
		}
	}
	db, err := postgres.Open(databaseURL, lanePool*c.lanes+poolExtra)
	if err != nil {
		return nil, usageError{fmt.Errorf("TENFOLD_DATABASE_URL: %w", err)}
	}
	p.opened(db.Close)
	return db, db.CheckSchema(ctx)
}

func ownDatabase(ctx context.Context, dataDir string, log *slog.Logger) (*embedpg.Server, error) {
	if dataDir == "" {
		var err error
		if dataDir, err = embedpg.DefaultDataDir(os.Getenv); err != nil {
			return nil, err
		}
	}
	return embedpg.Start(ctx, embedpg.Config{DataDir: dataDir, Durable: true, Logger: log})
}

// sandboxClock stands at the configured start, or at the present time.
func sandboxClock(c serveConfig) *sandbox.Clock {
	start, err := time.Parse(time.RFC3339, c.sandboxStart)
	if err != nil {
		start = time.Now()
	}
	return sandbox.NewClock(start)
}

// gateway connects to the payout gateway. A sandbox without one gets a
// simulator, which it speaks to over gRPC like to any other.
func (p *parts) gateway(c serveConfig, now engine.Clock) (*gatewayclient.Client, *payouttest.Simulator, error) {
	address := c.gateway
	var simulator *payouttest.Simulator
	if address == "" {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, fmt.Errorf("listen for the payout simulator: %w", err)
		}
		simulator = payouttest.New(now)
		server := grpc.NewServer()
		tenfoldv1.RegisterPayoutGatewayServiceServer(server, simulator)
		go func() { _ = server.Serve(listener) }() // Ends with Stop, which is no error.
		p.opened(func() error { server.Stop(); return nil })
		address = listener.Addr().String()
	}
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithStatsHandler(p.telemetry.GatewayCalls()))
	if err != nil {
		return nil, nil, fmt.Errorf("connect to the payout gateway: %w", err)
	}
	p.opened(conn.Close)
	return gatewayclient.New(conn, gatewayCallMax), simulator, nil
}

// watchDatabase lets the health service, and what operators see, follow the
// database.
func (p *parts) watchDatabase(ctx context.Context, db *postgres.DB, server *rpc.Server, log *slog.Logger) {
	ready := false
	for {
		ping, cancel := context.WithTimeout(ctx, readyPause)
		err := db.Ping(ping)
		cancel()
		if ctx.Err() != nil {
			return
		}
		p.health.Asked(err)
		if ready != (err == nil) {
			ready = err == nil
			server.Ready(ready)
			log.Info("database reachable", "ready", ready, "error", err)
		}
		select {
		case <-time.After(readyPause):
		case <-ctx.Done():
			return
		}
	}
}
