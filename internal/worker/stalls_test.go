package worker_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// staller is a gateway whose calls for destinations that begin with "stall" wait until
// their context ends.
type staller struct {
	payout.Gateway
	began chan struct{}
}

func (g staller) Instruct(ctx context.Context, p *payout.Payout) (payout.Answer, error) {
	if strings.HasPrefix(p.Destination, "stall") {
		g.began <- struct{}{}
		<-ctx.Done()
		return payout.Answer{}, ctx.Err()
	}
	return g.Gateway.Instruct(ctx, p)
}

// stalling begins a process that sends two payouts at a time, with a slow lane for some.
func (f *fixture) stalling(slowMax int, change func(*worker.Config)) (process, chan struct{}) {
	f.t.Helper()
	config := worker.Defaults()
	config.Senders, config.SlowMax = 2, slowMax
	config.PatienceMin, config.PatienceMax, config.OverdueMin = time.Millisecond, time.Millisecond, time.Millisecond
	config.Pause, config.Grace = time.Millisecond, time.Millisecond
	change(&config)
	began := make(chan struct{}, 1000)
	p := f.begin(staller{f.gateway, began}, config)
	f.engine = p.engine
	return p, began
}

// until waits until something holds, and looks again after every answer of a call to the
// database that it makes itself.
func (f *fixture) until(what string, holds func() bool) {
	f.t.Helper()
	for range 100_000 {
		if holds() {
			return
		}
		if err := f.db.Ping(f.t.Context()); err != nil {
			f.t.Fatal(err)
		}
	}
	f.t.Fatalf("never: %s", what)
}

func (f *fixture) isPaid(c *claim.Claim) func() bool {
	return func() bool { return f.read(c).State == claim.Paid }
}

// Would catch calls that stall and keep their places, so that payouts behind them wait
// although the gateway would pay them.
func TestStallsHoldUpNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	p, began := f.stalling(8, func(c *worker.Config) { c.OverdueMin = time.Hour })
	_, end := f.running(p)
	var stalled []*claim.Claim
	for _, line := range []string{"s1", "s2", "s3"} {
		stalled = append(stalled, f.paying("m1", line, "stall-"+line))
	}
	// All six stall at once, three times as many as there are places.
	for range 6 {
		<-began
	}
	for _, line := range []string{"l1", "l2", "l3"} {
		f.until("a payout behind those that stall is paid", f.isPaid(f.paying("m1", line, "wallet-1")))
	}
	f.until("only those that stall are in flight", func() bool { return p.worker.InFlight() == worker.InFlight{Calls: 6, Slow: 6} })
	end()
	for _, c := range stalled {
		f.wantState(c, claim.Paying)
	}
	f.process = f.begin(f.gateway, worker.Defaults())
	f.run(lookAgain)
	for _, c := range stalled {
		f.wantState(c, claim.Paid)
	}
	if paid := f.payments.Paid(); paid != (payouttest.Paid{Payouts: 12, Minor: 6 * 11_000}) {
		t.Errorf("paid: %+v", paid)
	}
}

// Would catch a slow lane without a bound, and one that is full for ever: when no more
// fit, the oldest call is cut, and its payout is asked after like any other without an
// answer.
func TestOldestStallIsCutWhereTheSlowLaneIsFull(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	p, began := f.stalling(2, func(*worker.Config) {})
	_, end := f.running(p)
	var stalled []*claim.Claim
	for _, line := range []string{"s1", "s2", "s3", "s4"} {
		stalled = append(stalled, f.paying("m1", line, "stall-"+line))
	}
	for range 8 {
		<-began
		if slow := p.worker.InFlight().Slow; slow > 2 {
			t.Fatalf("%d in a slow lane for two", slow)
		}
	}
	f.until("a payout behind those that stall is paid", f.isPaid(f.paying("m1", "l1", "wallet-1")))
	if cut := p.worker.Totals().CallsCut; cut < 4 {
		t.Errorf("%d of eight calls were cut, for a slow lane of two and two places", cut)
	}
	end()
	f.process = f.begin(f.gateway, worker.Defaults())
	f.run(lookAgain)
	for _, c := range stalled {
		f.wantState(c, claim.Paid)
	}
	if paid := f.payments.Paid(); paid != (payouttest.Paid{Payouts: 10, Minor: 5 * 11_000}) {
		t.Errorf("paid: %+v", paid)
	}
}

// Would catch a worker that waits for a gateway that stalls when it is told to stop, or
// that takes a call it has cut for a failure.
func TestStopCutsCallsThatStall(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	p, began := f.stalling(8, func(c *worker.Config) { c.OverdueMin = time.Hour })
	_, end := f.running(p)
	c := f.paying("m1", "s1", "stall-1")
	<-began
	<-began
	end() // It would wait for ever: these calls have no limit of their own.
	f.wantState(c, claim.Paying)
	if totals := p.worker.Totals(); totals.CallsCut != 2 || totals.OutcomesFailed != 0 {
		t.Errorf("%+v", totals)
	}
	if got := p.worker.InFlight(); got != (worker.InFlight{}) {
		t.Errorf("in flight after the end: %+v", got)
	}
	f.process = f.begin(f.gateway, worker.Defaults())
	f.run(lookAgain)
	f.wantState(c, claim.Paid)
}

// Would catch a breaker that never opens, calls that pass an open one, payouts that are
// put off or lost meanwhile, and more than one probe.
func TestBreakerSparesAGatewayThatIsAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	const pause = time.Hour
	p, _ := f.stalling(2, func(c *worker.Config) {
		c.Senders, c.BreakAfter, c.BreakPause = 1, 3, pause
		// No call is late, so one is under way at a time.
		c.PatienceMin, c.PatienceMax = time.Hour, time.Hour
	})
	var calls atomic.Int64
	f.payments.Break(func(context.Context, string, string) error { calls.Add(1); return errAway })
	var claims []*claim.Claim
	for _, line := range []string{"l1", "l2", "l3", "l4", "l5"} {
		claims = append(claims, f.paying("m1", line, "wallet-1"))
	}
	stop, end := f.running(p)
	f.until("the breaker opens", func() bool { return p.worker.Breaker() == worker.BreakerOpen })
	f.clock.Move(lookAgain)
	f.until("what is due was looked for", func() bool { return p.worker.Steps() > 3 })
	stop()
	end()
	if n := calls.Load(); n != 3 {
		t.Errorf("%d calls reached a gateway that had left three unanswered", n)
	}
	var attempts int
	if err := f.rows.Get(&attempts, `SELECT sum(attempts) FROM payout_dues`); err != nil || attempts != 0 {
		t.Errorf("payouts were put off %d times, %v", attempts, err)
	}
	// After the pause one payout probes, and an answer lets the others pass.
	f.payments.Break(nil)
	p, _ = f.stalling(2, func(c *worker.Config) { c.BreakAfter, c.BreakPause = 1, time.Millisecond })
	f.payments.Break(lost("Query"))
	_, end = f.running(p)
	f.until("a probe was made in vain", func() bool { return p.worker.Totals().CallsUnanswered > 1 })
	f.payments.Break(nil)
	for _, c := range claims {
		f.until("all are paid after the outage", func() bool { f.clock.Move(time.Second); return f.isPaid(c)() })
	}
	end()
	if got := p.worker.Breaker(); got != worker.BreakerClosed {
		t.Errorf("the breaker is %s after an answer", got)
	}
}

// Would catch more than one probe at a time, a probe in vain that opens nothing, and a
// probe that made no call and leaves the breaker probing for ever.
func TestBreakerProbesWithOne(t *testing.T) {
	t.Parallel()
	config := worker.Defaults()
	config.BreakAfter, config.BreakPause, config.BreakPauseMax = 2, time.Hour, 3*time.Hour
	b := worker.NewBreaker(&config)
	for range 2 {
		p, ok := b.Admit()
		if !ok {
			t.Fatal("a closed breaker admits all")
		}
		p.Told(false)
	}
	if _, ok := b.Admit(); ok || b.State() != worker.BreakerOpen {
		t.Fatalf("it is %s after two calls without an answer", b.State())
	}
	b.Rested()
	idle, ok := b.Admit()
	if _, second := b.Admit(); !ok || second {
		t.Fatalf("one probe: %v, another: %v", ok, second)
	}
	idle.End() // It made no call.
	probe, ok := b.Admit()
	if !ok {
		t.Fatal("a probe without a call leaves the next one to another")
	}
	probe.Told(false)
	if b.State() != worker.BreakerOpen || b.Pause() != 2*time.Hour {
		t.Fatalf("after a probe in vain it is %s for %s", b.State(), b.Pause())
	}
	b.Rested()
	probe, _ = b.Admit()
	probe.Told(true)
	probe.End()
	if _, ok := b.Admit(); !ok || b.State() != worker.BreakerClosed || b.Pause() != time.Hour {
		t.Fatalf("after an answer it is %s for %s", b.State(), b.Pause())
	}
}

// liar changes the answers of a gateway.
type liar struct {
	payout.Gateway
	lie func(*payout.Answer) error
	mu  sync.Mutex
}

func (g *liar) told(a payout.Answer, err error) (payout.Answer, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil && g.lie != nil {
		err = g.lie(&a)
	}
	return a, err
}

func (g *liar) Instruct(ctx context.Context, p *payout.Payout) (payout.Answer, error) {
	return g.told(g.Gateway.Instruct(ctx, p))
}

func (g *liar) Query(ctx context.Context, outNumber string) (payout.Answer, error) {
	return g.told(g.Gateway.Query(ctx, outNumber))
}

// Would catch an answer about another number, try or currency that is booked, is not
// counted, or keeps the right answer from being taken later.
func TestForeignAnswersAreNotTaken(t *testing.T) {
	t.Parallel()
	for name, lie := range map[string]func(*payout.Answer) error{
		"another number":        func(*payout.Answer) error { return payout.ErrForeign },
		"a try not made":        func(a *payout.Answer) error { a.Try = 2; return nil },
		"another currency":      func(a *payout.Answer) error { a.Currency, a.Amount = "USD", 1; return nil },
		"a failure not made":    func(a *payout.Answer) error { a.Outcome, a.Try = payout.OutcomeFailed, 9; return nil },
		"currency of no amount": func(a *payout.Answer) error { a.Currency, a.Amount = "XXX", 0; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.open("m1")
			g := &liar{Gateway: f.gateway, lie: lie}
			f.process = f.begin(g, worker.Defaults())
			c := f.paying("m1", "l1", "wallet-1")
			f.run(0)
			f.run(lookAgain)
			f.wantState(c, claim.Paying)
			if got := f.worker.Totals(); got.CallsForeign != 4 || got.OutcomesRecorded != 0 || got.CallsAnswered != 0 {
				t.Errorf("counted: %+v", got)
			}
			g.mu.Lock()
			g.lie = nil
			g.mu.Unlock()
			f.run(time.Minute)
			f.wantState(c, claim.Paid)
			if paid := f.payments.Paid(); paid != (payouttest.Paid{Payouts: 2, Minor: 11_000}) {
				t.Errorf("paid: %+v", paid)
			}
		})
	}
}
