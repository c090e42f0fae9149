package relay_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/embednats"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/relay"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/watch"
)

// fixture is an engine whose events are relayed.
type fixture struct {
	t      testing.TB
	pg     *pgtest.DB
	db     *postgres.DB
	engine *engine.Engine
	bell   *watch.Bell

	mu    sync.Mutex
	count int
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, pg: pgtest.New(t), bell: watch.NewBell()}
	var err error
	if f.db, err = postgres.Open(f.pg.AppURL, 16); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	f.engine, err = engine.New(t.Context(), f.db, func() time.Time { return at }, engine.Defaults(), engine.Hooks{Commit: f.bell.Ring}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.engine.Close()
		if err := f.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) quarantine() *watch.Quarantine {
	return watch.NewQuarantine(f.db, func() time.Time { return quarantinedAt }, slog.New(slog.DiscardHandler))
}

// quarantinedAt is when readers quarantine events.
var quarantinedAt = time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)

func (f *fixture) request(merchant, method string) request.Header {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	return request.Header{
		MerchantID: merchant, Method: method, RequestID: fmt.Sprintf("request-%d", f.count),
		Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator},
	}
}

func (f *fixture) open(merchants ...string) {
	f.t.Helper()
	for _, m := range merchants {
		if _, err := f.engine.Do(context.Background(), f.request(m, "OpenBook"), &book.OpenBook{Currency: "CNY"}); err != nil {
			f.t.Fatal(err)
		}
	}
}

// topUp makes one event in a book.
func (f *fixture) topUp(merchant string) {
	h := f.request(merchant, "TopUpDeposit")
	_, err := f.engine.Do(context.Background(), h, &book.MoneyMove{
		Kind: ledger.DepositToppedUp, Amount: 1, Currency: "CNY", Reference: "pay-" + h.RequestID,
	})
	if err != nil {
		f.t.Error(err)
	}
}

// cutConnections ends every connection of the application to its database.
func (f *fixture) cutConnections() {
	f.t.Helper()
	admin, err := sqlx.ConnectContext(f.t.Context(), "postgres", f.pg.AdminURL)
	if err != nil {
		f.t.Fatal(err)
	}
	defer admin.Close()
	admin.MustExec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tenfold_app' AND datname = current_database()`)
}

// bounds are a relay's, with pauses that let a test go fast.
func bounds() relay.Config {
	c := relay.Defaults()
	c.Pause, c.Gap, c.PutMax = 10*time.Millisecond, time.Millisecond, time.Second
	return c
}

// relay runs a relay until the function it returns is called.
func (f *fixture) relay(sink relay.Sink) (r *relay.Relay, stop func()) {
	f.t.Helper()
	return f.relayWith(sink, f.quarantine())
}

// relayWith is relay with a quarantine of the test's.
func (f *fixture) relayWith(sink relay.Sink, quarantine *watch.Quarantine) (r *relay.Relay, stop func()) {
	f.t.Helper()
	r = relay.New(f.db, sink, rpc.CloudEvent, quarantine, bounds(), slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx, f.bell) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	f.t.Cleanup(stop)
	return r, stop
}

// broker is a NATS server that can be stopped and started again.
type broker struct {
	t       testing.TB
	dir     string
	address string
	server  *embednats.Server
	conn    *nats.Conn
}

func newBroker(t testing.TB) *broker {
	t.Helper()
	b := &broker{t: t, dir: t.TempDir(), address: "127.0.0.1:0"}
	b.start()
	var err error
	if b.conn, err = nats.Connect(b.server.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(5*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.conn.Close(); b.server.Stop() })
	return b
}

func (b *broker) start() {
	b.t.Helper()
	var err error
	if b.server, err = embednats.Start(b.dir, b.address); err != nil {
		b.t.Fatal(err)
	}
	b.address = b.server.URL()[len("nats://"):]
}

// restart stops the server and starts it again over its files, at its address.
func (b *broker) restart() {
	b.t.Helper()
	b.server.Stop()
	b.start()
}

// sink opens the stream of events.
func (b *broker) sink() *relay.JetStream {
	b.t.Helper()
	s, err := relay.OpenJetStream(b.t.Context(), b.conn, relay.StreamEvents, relay.SubjectEvents, 1)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// stored is one message of a stream.
type stored struct {
	Subject string
	ID      string
	Event   map[string]any
}

// messages reads a whole stream.
func (b *broker) messages(stream string) []stored {
	b.t.Helper()
	js, err := jetstream.New(b.conn)
	if err != nil {
		b.t.Fatal(err)
	}
	s, err := js.Stream(b.t.Context(), stream)
	if err != nil {
		b.t.Fatal(err)
	}
	var list []stored
	for sequence := uint64(1); sequence <= s.CachedInfo().State.LastSeq; sequence++ {
		m, err := s.GetMsg(b.t.Context(), sequence)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			b.t.Fatal(err)
		}
		one := stored{Subject: m.Subject, ID: m.Header.Get("Nats-Msg-Id")}
		if err := json.Unmarshal(m.Data, &one.Event); err != nil {
			b.t.Fatal(err)
		}
		list = append(list, one)
	}
	return list
}

// whole fails the test unless a stream holds every event of some books up to their
// heads, once and in order.
func (b *broker) whole(list []stored, heads map[string]int64) {
	b.t.Helper()
	next := make(map[string]int64)
	for _, m := range list {
		source := m.Event["source"].(string)
		merchant := source[len("/tenfold/merchants/"):]
		next[merchant]++
		number := strconv.FormatInt(next[merchant], 10)
		if m.Event["id"] != number || m.ID != merchant+"/"+number {
			b.t.Errorf("%s holds %v where event %s of %s belongs", m.Subject, m.Event["id"], number, merchant)
		}
	}
	for merchant, head := range heads {
		if next[merchant] != head {
			b.t.Errorf("%d of %d events of %s were stored", next[merchant], head, merchant)
		}
	}
}

// relayed waits until the sink has every event of some books.
func (f *fixture) relayed(sink relay.Sink, heads map[string]int64) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	for merchant, head := range heads {
		for {
			mark, err := sink.Last(ctx, merchant)
			if ctx.Err() != nil {
				f.t.Fatalf("%d of %d events of %s were stored: %v", mark.Number, head, merchant, err)
			}
			if err == nil && mark.Number >= head {
				break
			}
		}
	}
}
