package worker_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

func reservation(outNumber string) postgres.Reservation {
	return postgres.Reservation{Kind: book.OutNumber, Reference: outNumber, MerchantID: "nobody", Holder: "nobody"}
}

// watched lets a test step in before and after an instruction.
type watched struct {
	payout.Gateway
	before, after func()
}

func (g watched) Instruct(ctx context.Context, p *payout.Payout) (payout.Answer, error) {
	if g.before != nil {
		g.before()
	}
	a, err := g.Gateway.Instruct(ctx, p)
	if g.after != nil {
		g.after()
	}
	return a, err
}

// Would catch money that is paid twice or not at all when the process dies
// between the steps of a payout.
func TestCrashPaysOnce(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(g *watched, crash func()){
		"before anything":        nil,
		"before the instruction": func(g *watched, crash func()) { g.before = crash },
		"before the record":      func(g *watched, crash func()) { g.after = crash },
	} {
		for _, destination := range []string{"wallet-1", payouttest.Lose, payouttest.Miss, payouttest.Process} {
			t.Run(name+", "+destination, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				f.open("m1")
				g := &watched{Gateway: f.gateway}
				mortal := f.begin(g, worker.Defaults())
				f.engine = mortal.engine
				c := f.paying("m1", "l1", destination)
				if place == nil {
					mortal.stop()
				} else {
					// An engine that is closed takes no answer any more, as if the process were gone.
					place(g, mortal.stop)
					_, _ = mortal.worker.RunDue(t.Context())
				}
				f.process = f.begin(f.gateway, worker.Defaults())
				f.wantState(c, claim.Paying)
				f.run(lookAgain)
				f.run(lookAgain)
				f.run(worker.Defaults().LookAgain)
				f.wantState(c, claim.Paid)
				if paid := f.payments.Paid(); paid != (payouttest.Paid{Payouts: 2, Minor: 11_000}) {
					t.Errorf("paid: %+v", paid)
				}
			})
		}
	}
}

// running runs a process's worker; end tells it to stop and waits until it has.
func (f *fixture) running(p process) (stop, end func()) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	f.t.Cleanup(cancel)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.worker.Run(ctx)
	}()
	return cancel, func() { cancel(); <-ended }
}

// Would catch a worker that cuts a payout short when it is told to stop, and a
// RunDue that returns before what Run has under way is recorded.
func TestRunFinishesWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	var begun sync.WaitGroup
	begun.Add(2)
	goOn := make(chan struct{})
	p := f.begin(watched{Gateway: f.gateway, before: func() { begun.Done(); <-goOn }}, worker.Defaults())
	f.engine = p.engine
	stop, end := f.running(p)
	c := f.paying("m1", "l1", "wallet-1")
	begun.Wait()
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if done, err := p.worker.RunDue(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("RunDue beside a payout under way: %+v, %v", done, err)
	}
	stop()
	close(goOn)
	end()
	f.wantState(c, claim.Paid)
}

// Would catch a loop that does not take its steps by itself: the notice lapses,
// the payouts it makes are sent and get lost, and are looked after.
func TestRunDoesWhatIsDue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	sent := make(chan struct{}, 100)
	config := worker.Defaults()
	config.Pause, config.CatalogPause, config.SweepPause = time.Millisecond, time.Millisecond, time.Millisecond
	p := f.begin(watched{Gateway: f.gateway, after: func() { sent <- struct{}{} }}, config)
	f.engine = p.engine
	_, end := f.running(p)
	c := f.confirmed("m1", "l1", payouttest.Miss)
	f.clock.Move(8 * day)
	twoSent := func() {
		t.Helper()
		for range 2 {
			select {
			case <-sent:
			case <-time.After(30 * time.Second):
				t.Fatal("a payout was not sent")
			}
		}
	}
	twoSent()
	f.clock.Move(lookAgain)
	twoSent()
	end()
	f.wantState(c, claim.Paid)
}
