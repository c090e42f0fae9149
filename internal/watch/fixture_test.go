package watch_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/watch"
)

// fixture is an engine over a database of its own, and a hub beside it.
type fixture struct {
	t      testing.TB
	pg     *pgtest.DB
	db     *postgres.DB
	engine *engine.Engine
	// ring is called after each commit.
	ring atomic.Pointer[func()]
	hub  *watch.Hub

	mu    sync.Mutex
	count int
}

// bounds are a hub's, with pauses that let a test go fast.
func bounds() watch.Config {
	c := watch.Defaults()
	c.Pause, c.Gap = 20*time.Millisecond, time.Millisecond
	return c
}

func (f *fixture) committed() {
	if ring := f.ring.Load(); ring != nil {
		(*ring)()
	}
}

func newFixture(t testing.TB, config watch.Config) *fixture {
	t.Helper()
	f := &fixture{t: t, pg: pgtest.New(t)}
	log := slog.New(slog.DiscardHandler)
	var err error
	if f.db, err = postgres.Open(f.pg.AppURL, 16); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	if f.engine, err = engine.New(t.Context(), f.db, func() time.Time { return at }, engine.Defaults(), engine.Hooks{Commit: f.committed}, log); err != nil {
		t.Fatal(err)
	}
	f.hub = f.replica(config)
	t.Cleanup(func() {
		f.engine.Close()
		if err := f.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// replica runs a hub on the fixture's database, as another process would have.
func (f *fixture) replica(config watch.Config) *watch.Hub {
	f.t.Helper()
	bell := watch.NewBell()
	f.ring.Store(new(bell.Ring))
	h := watch.New(f.db, f.quarantine(), config, bell, slog.New(slog.DiscardHandler))
	running, stop := context.WithCancel(context.Background())
	var loops sync.WaitGroup
	loops.Go(func() { h.Run(running) })
	f.t.Cleanup(func() {
		h.Stop()
		stop()
		loops.Wait()
	})
	return h
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

// admin connects as the superuser.
func (f *fixture) admin() *sqlx.DB {
	f.t.Helper()
	pool, err := sqlx.ConnectContext(f.t.Context(), "postgres", f.pg.AdminURL)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = pool.Close() })
	return pool
}

// heads reads how many events each book has.
func (f *fixture) heads() map[string]int64 {
	f.t.Helper()
	var rows []struct {
		MerchantID string `db:"merchant_id"`
		Number     int64  `db:"n"`
	}
	if err := f.admin().Select(&rows, `SELECT merchant_id, max(event_number) AS n FROM events GROUP BY 1`); err != nil {
		f.t.Fatal(err)
	}
	heads := make(map[string]int64)
	for _, r := range rows {
		heads[r.MerchantID] = r.Number
	}
	return heads
}

// record is what one who follows has received.
type record struct {
	t     testing.TB
	token string
	// next is the number that each book's next event must have.
	next  map[string]int64
	total int
	// beats are deliveries without events.
	beats int
}

func newRecord(t testing.TB) *record { return &record{t: t, next: make(map[string]int64)} }

// errEnough ends a watch that has received what it was to receive.
var errEnough = errors.New("enough")

// take records a delivery; a gap, a double or a wrong order fails the test.
func (r *record) take(d *watch.Delivery) {
	if len(d.Token) > 1024 {
		r.t.Errorf("a token of %d bytes", len(d.Token))
	}
	for _, e := range d.Events {
		if want, known := r.next[e.MerchantID]; known && e.Number != want {
			r.t.Errorf("event %d of %s came, want %d", e.Number, e.MerchantID, want)
		}
		r.next[e.MerchantID] = e.Number + 1
		r.total++
	}
	if len(d.Events)+len(d.Claims) == 0 {
		r.beats++
	}
	r.token = d.Token
}

// has says whether everything up to some heads was received.
func (r *record) has(heads map[string]int64) bool {
	for m, n := range heads {
		if r.next[m] != n+1 {
			return false
		}
	}
	return true
}

// all watches every book from the beginning.
func all() watch.Query {
	return watch.Query{Start: watch.FromBeginning, Heartbeat: 50 * time.Millisecond}
}

// until follows a query into a record until enough says so.
func (f *fixture) until(h *watch.Hub, q watch.Query, r *record, enough func() bool) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 30*time.Second)
	defer cancel()
	err := h.Follow(ctx, q, r.token, func(d *watch.Delivery) error {
		r.take(d)
		if enough() {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		f.t.Fatalf("the watch ended with %v after %d events", err, r.total)
	}
}
