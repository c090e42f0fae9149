package telemetry_test

import (
	"context"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/tenfold-claims/tenfold/internal/accesslog"
	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/peers"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/sandbox"
	"github.com/tenfold-claims/tenfold/internal/telemetry"
	"github.com/tenfold-claims/tenfold/internal/watch"
	"github.com/tenfold-claims/tenfold/internal/webhook"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// start is the time at which every fixture's clock stands.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// fixture is a server's parts over a database of its own.
type fixture struct {
	t      testing.TB
	pg     *pgtest.DB
	db     *postgres.DB
	clock  *sandbox.Clock
	engine *engine.Engine
	worker *worker.Worker
	bench  *sandbox.Bench
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	return observed(t, nil)
}

// observed makes a fixture whose engine tells an observer.
func observed(t testing.TB, observer *engine.Observer) *fixture {
	t.Helper()
	f := &fixture{t: t, pg: pgtest.New(t), clock: sandbox.NewClock(start)}
	log, hints := slog.New(slog.DiscardHandler), worker.NewHints(worker.Defaults().HintsMax)
	var err error
	if f.db, err = postgres.Open(f.pg.AppURL, 16); err != nil {
		t.Fatal(err)
	}
	if f.engine, err = engine.New(t.Context(), f.db, f.clock.Now, engine.Defaults(), engine.Hooks{Payouts: hints.Tell, Observer: observer}, log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.engine.Close()
		_ = f.db.Close()
	})
	payments := payouttest.New(f.clock.Now)
	f.worker = worker.New(f.db, f.engine, nil, hints, worker.Defaults(), log)
	if f.bench, err = sandbox.New(t.Context(), f.clock, f.db, f.engine, f.worker, payments); err != nil {
		t.Fatal(err)
	}
	return f
}

// telemetry makes a telemetry without a collector.
func (f *fixture) telemetry() *telemetry.Telemetry {
	f.t.Helper()
	return newTelemetry(f.t)
}

func newTelemetry(t testing.TB) *telemetry.Telemetry {
	t.Helper()
	made, err := telemetry.New(t.Context(), telemetry.Config{Version: "1.2.3", Revision: "abc"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = made.Close(context.Background()) })
	return made
}

// pipeline observes the fixture's engine from its beginning.
func pipeline(t testing.TB, m *telemetry.Telemetry, clock engine.Clock) *fixture {
	t.Helper()
	o, err := m.Observer(clock)
	if err != nil {
		t.Fatal(err)
	}
	f := observed(t, o)
	if err := m.Queues(f.engine); err != nil {
		t.Fatal(err)
	}
	return f
}

// serve serves callers with an observer, and connects to it.
func (f *fixture) serve(observer rpc.Observer) *grpc.ClientConn {
	f.t.Helper()
	log := slog.New(slog.DiscardHandler)
	quarantine := watch.NewQuarantine(f.db, time.Now, log)
	hub := watch.New(f.db, quarantine, watch.Defaults(), watch.NewBell(), log)
	hooks := webhook.New(f.db, rpc.MerchantCloudEvent, quarantine, nil, time.Now, webhook.Defaults(), log)
	bounds := rpc.Defaults()
	bounds.Observer, bounds.Quota = observer, identity.Quota{}
	gate := rpc.Gate{Authority: identity.Loopback{}, Refusals: accesslog.New(f.db, log), Now: time.Now}
	server, err := rpc.New(f.engine, f.db, hub, hooks, f.bench, gate, bounds, log)
	if err != nil {
		f.t.Fatal(err)
	}
	listener := bufconn.Listen(1 << 20)
	served := make(chan error, 1)
	go func() { served <- server.Serve(peers.Listen(listener, peers.Defaults())) }()
	conn, err := grpc.NewClient("passthrough:///bufconn",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		_ = conn.Close()
		server.Stop(context.Background())
		<-served
	})
	return conn
}

// operator is a context of an operator's calls.
func (f *fixture) operator() context.Context {
	return caller.Identity{Workload: "test", Role: "operator", Person: "person-1"}.Attach(f.t.Context())
}

// scrape gives what is measured.
func scrape(t *telemetry.Telemetry) string {
	w := httptest.NewRecorder()
	t.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// measured fails the test unless what is measured has each of some lines.
func (f *fixture) measured(t *telemetry.Telemetry, lines ...string) {
	f.t.Helper()
	body := "\n" + scrape(t)
	for _, line := range lines {
		if !strings.Contains(body, "\n"+line+"\n") {
			f.t.Errorf("not measured: %s\n%s", line, body)
		}
	}
}
