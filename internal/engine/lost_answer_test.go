package engine_test

import (
	"bytes"
	"errors"
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

// wire stands between an engine and its database and passes everything on. Once armed,
// it loses the answer to the next write: the server has committed, and the engine hears
// nothing.
type wire struct {
	t       *testing.T
	network string
	address string
	url     string
	// armed says which write is lost: nothing, one that stands alone, or a COMMIT.
	armed atomic.Int32
	// breaks is how many more connections end as soon as a lane begins on them.
	breaks atomic.Int32
	// lost is called after the commit and before the connection ends.
	lost func()
	gone chan struct{}
}

const (
	loseNothing = iota
	loseStatement
	loseCommit
	loseUnreserve
)

func layWire(t *testing.T, appURL string) *wire {
	t.Helper()
	u, err := url.Parse(appURL)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, network: "tcp", address: u.Host, gone: make(chan struct{}), lost: func() {}}
	q := u.Query()
	if dir := q.Get("host"); len(dir) > 0 && dir[0] == '/' {
		port := q.Get("port")
		if port == "" {
			port = "5432"
		}
		w.network, w.address = "unix", dir+"/.s.PGSQL."+port
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	q.Del("host")
	q.Del("port")
	q.Set("sslmode", "disable")
	u.Host, u.RawQuery = l.Addr().String(), q.Encode()
	w.url = u.String()
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			w.carry(in)
		}
	}()
	return w
}

// carry passes one connection on in both directions.
func (w *wire) carry(in net.Conn) {
	out, err := net.Dial(w.network, w.address)
	if err != nil {
		_ = in.Close()
		return
	}
	var once sync.Once
	end := func() { once.Do(func() { _, _ = in.Close(), out.Close() }) }
	var writing atomic.Bool
	go pump(in, out, end, func(sent []byte) bool {
		if w.breaks.Load() > 0 && bytes.Contains(sent, []byte("BEGIN")) {
			w.breaks.Add(-1)
			return false
		}
		switch w.armed.Load() {
		case loseStatement:
			if bytes.Contains(sent, []byte("INSERT INTO transfers")) {
				writing.Store(true)
			}
		case loseUnreserve:
			if bytes.Contains(sent, []byte("DELETE FROM reservations")) {
				writing.Store(true)
			}
		case loseCommit:
			if bytes.Contains(sent, []byte("COMMIT")) {
				writing.Store(true)
			}
		}
		return true
	})
	go pump(out, in, end, func(answer []byte) bool {
		// The write itself answers with its tag; what comes before is its preparation.
		done := bytes.Contains(answer, []byte("SELECT 1")) || bytes.Contains(answer, []byte("DELETE 0")) ||
			bytes.Contains(answer, []byte("COMMIT"))
		if !writing.Load() || !done || w.armed.Swap(loseNothing) == loseNothing {
			return true
		}
		w.lost()
		close(w.gone)
		return false
	})
}

// pump passes what it reads on, as long as pass says so.
func pump(from, to net.Conn, end func(), pass func([]byte) bool) {
	defer end()
	b := make([]byte, 1<<20)
	for {
		n, err := from.Read(b)
		if n > 0 {
			if !pass(b[:n]) {
				return
			}
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// overWire starts another engine on the fixture's database, behind a wire.
func (f *fixture) overWire(w *wire) *engine.Engine {
	f.t.Helper()
	pg, err := postgres.Open(w.url, 16)
	f.must(err)
	e, err := engine.New(f.t.Context(), pg, f.clock.Now, engine.Defaults(), engine.Hooks{}, slog.New(slog.DiscardHandler))
	f.must(err)
	f.t.Cleanup(func() {
		e.Close()
		_ = pg.Close()
	})
	return e
}

// bankPayment is a top-up under one payment of the bank.
func bankPayment(reference string) *book.MoneyMove {
	return &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 100, Currency: "CNY", Reference: reference}
}

// notTwice checks that a payment whose first top-up got the answer err is in one book
// only, whatever was answered, and that the same request finds out what became of it.
func (f *fixture) notTwice(reference string, first func() error, err error) {
	f.t.Helper()
	booked := f.rows(`SELECT count(*) FROM transfers WHERE external_reference = '` + reference + `'`)
	if _, refused := fault.As(err); refused && booked > 0 {
		f.t.Errorf("a top-up that was carried out is answered by the refusal %v", err)
	}
	if err != nil && !errors.Is(err, fault.OutcomeUnknown) {
		f.t.Errorf("a top-up whose answer was lost is answered by %v", err)
	}
	_, elsewhere := f.engine.Do(f.t.Context(), f.request("m2", "TopUpDeposit"), bankPayment(reference))
	if elsewhere == nil {
		f.t.Error("one payment of the bank is booked in two books")
	}
	f.must(first())
	if n := f.rows(`SELECT count(*) FROM transfers WHERE external_reference = '` + reference + `'`); n != 1 {
		f.t.Errorf("the payment is booked %d times", n)
	}
	f.audited()
}

// The write is committed, its answer is lost, and so are the next connections of the
// lane. Would catch a top-up that is answered as if it had not happened, and whose
// payment another merchant may book again.
func TestLostAnswerAndLostConnections(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.open("m2", 0)
	w := layWire(t, f.db.AppURL)
	e := f.overWire(w)
	const connections = 3 // As many as the lane tries.
	w.lost = func() { w.breaks.Store(connections) }
	w.armed.Store(loseStatement)
	h := f.request("m1", "TopUpDeposit")
	send := func() error {
		_, err := e.Do(t.Context(), h, bankPayment("bank-1"))
		return err
	}
	err := send()
	<-w.gone
	if !errors.Is(err, fault.OutcomeUnknown) {
		t.Errorf("answered by %v", err)
	}
	f.notTwice("bank-1", send, err)
}

// The commit's answer is lost while replicas compete for the book, which then stays
// busy. Would catch a command that gives up against contention and says that nothing was
// changed, although an earlier try of it was committed.
func TestLostCommitOfABusyBook(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.open("m2", 0)
	w := layWire(t, f.db.AppURL)
	e := f.overWire(w)
	// The other replica changes the book between two commands of this one, which from
	// then on locks it first.
	for i, with := range []*engine.Engine{e, f.engine, e} {
		_, err := with.Do(t.Context(), f.request("m1", "TopUpDeposit"), bankPayment([]string{"a", "b", "c"}[i]))
		f.must(err)
	}
	var release func()
	w.lost = func() { release = f.occupy("m1") }
	w.armed.Store(loseCommit)
	h := f.request("m1", "TopUpDeposit")
	send := func() error {
		_, err := e.Do(t.Context(), h, bankPayment("bank-1"))
		return err
	}
	err := send()
	<-w.gone
	release()
	f.notTwice("bank-1", send, err)
}

// Would catch a database that cannot be reached and is said to have an unknown outcome:
// nothing was sent to it, so nothing was changed.
func TestNothingSentIsNoUnknownOutcome(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	w := layWire(t, f.db.AppURL)
	e := f.overWire(w)
	_, err := e.Do(t.Context(), f.request("m1", "TopUpDeposit"), bankPayment("a"))
	f.must(err)
	// The replica's lane locks first from now on, and no connection of it gets that far.
	_, err = f.engine.Do(t.Context(), f.request("m1", "TopUpDeposit"), bankPayment("b"))
	f.must(err)
	_, err = e.Do(t.Context(), f.request("m1", "TopUpDeposit"), bankPayment("c"))
	f.must(err)
	w.breaks.Store(100)
	began := time.Now()
	_, err = e.Do(t.Context(), f.request("m1", "TopUpDeposit"), bankPayment("bank-1"))
	if !errors.Is(err, fault.DatabaseUnavailable) {
		t.Errorf("answered after %s by %v", time.Since(began), err)
	}
	if n := f.rows(`SELECT count(*) FROM reservations WHERE reference = 'bank-1'`); n != 0 {
		t.Error("the reference of a command that never began is not free again")
	}
	w.breaks.Store(0)
}

// Would catch a statement through the pool that the driver runs once more after its
// answer was lost: the second of two tries would lose its reservation with the first.
func TestLostAnswerIsNotRepeatedThroughThePool(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	of := postgres.Reservation{Kind: book.OutNumber, Reference: "out-1", MerchantID: "m1", Holder: "payout-1"}
	const tries = 3
	for range tries {
		_, _, err := f.engine.Reserve(t.Context(), of)
		f.must(err)
	}
	w := layWire(t, f.db.AppURL)
	pg, err := postgres.Open(w.url, 4)
	f.must(err)
	t.Cleanup(func() { _ = pg.Close() })
	w.armed.Store(loseUnreserve)
	err = pg.Unreserve(t.Context(), of)
	<-w.gone
	if !errors.Is(err, postgres.ErrUnavailable) {
		t.Errorf("the lost answer is told as %v", err)
	}
	if n := f.rows(`SELECT coalesce(sum(attempts), 0) FROM reservations WHERE reference = 'out-1'`); n != tries-1 {
		t.Errorf("%d tries are left of %d", n, tries)
	}
}
