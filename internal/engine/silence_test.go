package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// swallower passes connections to a database on, until it swallows what the present ones
// carry. It closes nothing, and new connections work.
type swallower struct {
	url, network, address string
	mu                    sync.Mutex
	silent                []*atomic.Bool
	// swallowed counts what was said on silent connections, farewells apart.
	swallowed atomic.Int64
}

func newSwallower(t *testing.T, appURL string) *swallower {
	t.Helper()
	w := layWire(t, appURL) // For its address only.
	s := &swallower{network: w.network, address: w.address}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	u, err := url.Parse(w.url)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = l.Addr().String()
	s.url = u.String()
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			s.carry(in)
		}
	}()
	return s
}

func (s *swallower) carry(in net.Conn) {
	out, err := net.Dial(s.network, s.address)
	if err != nil {
		_ = in.Close()
		return
	}
	silent := new(atomic.Bool)
	s.mu.Lock()
	s.silent = append(s.silent, silent)
	s.mu.Unlock()
	var once sync.Once
	end := func() { once.Do(func() { _, _ = in.Close(), out.Close() }) }
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			defer end()
			b := make([]byte, 1<<16)
			for {
				n, err := way[0].Read(b)
				if err != nil {
					return
				}
				if silent.Load() {
					const farewell = 'X'
					if b[0] != farewell {
						s.swallowed.Add(1)
					}
					continue
				}
				if _, err := way[1].Write(b[:n]); err != nil {
					return
				}
			}
		}()
	}
}

// swallow has every present connection go silent.
func (s *swallower) swallow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.silent {
		one.Store(true)
	}
	s.silent = nil
}

// Would catch a lane, a reservation or a read that waits for ever for a connection that
// says nothing and is not closed, a payment that is booked twice or lost by it, and an
// engine that does not end.
func TestSilentConnectionsAreReplaced(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.open("m2", 0)
	s := newSwallower(t, f.db.AppURL)
	const limit = 300 * time.Millisecond
	pg, err := postgres.OpenWithin(s.url, 16, limit)
	f.must(err)
	e, err := engine.New(t.Context(), pg, f.clock.Now, engine.Defaults(), engine.Hooks{}, slog.New(slog.DiscardHandler))
	f.must(err)
	// A caller without a deadline, as a worker's.
	ctx := context.WithoutCancel(t.Context())
	pay := func(merchant string, n int) {
		h := f.request(merchant, "TopUpDeposit")
		h.RequestID = fmt.Sprintf("pay-%s-%d", merchant, n)
		cmd := &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 1, Currency: "CNY", Reference: h.RequestID}
		for {
			_, err := e.Do(ctx, h, cmd)
			if err == nil {
				return
			}
			if refused, certain := fault.As(err); certain && refused.Reason != fault.DatabaseUnavailable && refused.Reason != fault.TransactionContended {
				t.Errorf("payment %d of %s: %v", n, merchant, err)
				return
			}
		}
	}
	const payments = 40
	var paying sync.WaitGroup
	for _, merchant := range []string{"m1", "m2"} {
		paying.Go(func() {
			for n := range payments {
				if n%10 == 5 {
					s.swallow()
				}
				pay(merchant, n)
			}
		})
	}
	paying.Wait()
	if _, _, err := pg.Reader().Head(ctx, "m1"); err != nil {
		t.Errorf("a read afterwards: %v", err)
	}
	s.swallow()
	e.Close()
	f.must(pg.Close())
	if n := f.rows(`SELECT count(*) FROM transfers WHERE kind = 'DEPOSIT_TOPPED_UP'`); n != 2*payments {
		t.Errorf("%d payments were booked, not %d", n, 2*payments)
	}
	f.audited()
}

// Would catch lanes and readers of which each waits for the whole limit for its own silent
// connection, one after the other, although one of them has found out already.
func TestOneSilenceIsTakenForAll(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	merchants := []string{"m1", "m2", "m3", "m4", "m5", "m6"}
	for _, m := range merchants {
		f.open(m, 0)
	}
	s := newSwallower(t, f.db.AppURL)
	pg, err := postgres.OpenWithin(s.url, 16, 300*time.Millisecond)
	f.must(err)
	t.Cleanup(func() { f.must(pg.Close()) })
	e, err := engine.New(t.Context(), pg, f.clock.Now, engine.Defaults(), engine.Hooks{}, slog.New(slog.DiscardHandler))
	f.must(err)
	t.Cleanup(e.Close)
	ctx := context.WithoutCancel(t.Context())
	pay := func(merchant string) {
		h := f.request(merchant, "TopUpDeposit")
		_, err := e.Do(ctx, h, &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 1, Currency: "CNY", Reference: h.RequestID + merchant})
		f.must(err)
	}
	read := func() {
		var reading sync.WaitGroup
		for _, m := range merchants {
			reading.Go(func() {
				if _, _, err := pg.Reader().Head(ctx, m); err != nil {
					t.Error(err)
				}
			})
		}
		reading.Wait()
	}
	read() // Fills the pool.
	for _, m := range merchants {
		pay(m)
	}
	s.swallow()
	pay("m1") // Finds out.
	before := s.swallowed.Load()
	for _, m := range merchants {
		pay(m)
	}
	read()
	if n := s.swallowed.Load() - before; n != 0 {
		t.Errorf("%d more messages went to silent connections after one was found out", n)
	}
	f.audited()
}
