package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// lives brings claims from filed to paid and counts them. A claim counts when the
// gateway has paid its last payout. At the end, lives checks claim by claim that
// every counted claim is PAID in the books, so that this check costs nothing during
// the measurement.
type lives struct {
	*bench
	// slots limits the number of claims between filed and paid.
	slots chan struct{}
	// paid counts all claims, and the claims of each merchant by its number.
	paid  atomic.Int64
	paidM []atomic.Int64

	mu    sync.Mutex
	names nameList
}

func newLives(b *bench) *lives {
	return &lives{bench: b, slots: make(chan struct{}, b.run.InFlight), paidM: make([]atomic.Int64, b.run.Merchants)}
}

// one files a claim, records its result, confirms the notice and accepts it. The
// latency that m counts starts at began and ends with the last payout.
func (l *lives) one(ctx context.Context, m *measure, caller int, began time.Time) error {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	serial := l.take(1)
	merchant := serial % l.run.Merchants
	s := l.callers.of(caller)
	f, err := l.toNotified(ctx, m, s, merchant, serial)
	if err != nil {
		return err
	}
	l.note(f.name)
	n, err := send(ctx, m, s.claims.ConfirmNotice, confirmation(serial, f.name))
	if err != nil {
		return err
	}
	l.gateway.watch(f.name, began, func(began time.Time) {
		m.record(began)
		l.paid.Add(1)
		l.paidM[merchant].Add(1)
		<-l.slots
	})
	_, err = send(ctx, m, s.claims.AcceptClaim, acceptance(serial, f.name, n.GetClaim().GetEtag()))
	return err
}

// note remembers a claim that can be read.
func (l *lives) note(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names.add(name)
}

// pick returns one of the claims; old and young claims are chosen alike.
func (l *lives) pick(n int) string {
	const stride = 7919
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.names.at(n * stride % l.names.n)
}

// soak runs W4: whole lives of claims, as many as the callers can drive. It also
// returns the claims per second in each slice since the first call.
func (l *lives) soak(ctx context.Context) (Workload, []float64, error) {
	m := l.newMeasure()
	sampling, stop := context.WithCancel(ctx)
	course := make(chan []float64, 1)
	go func() { course <- l.sample(sampling) }()
	// The first slice is the ramp.
	err := forTime(ctx, l.run.Callers, l.run.Slice, l.run.Soak-l.run.Slice, m, func(ctx context.Context, caller int) error {
		return l.one(ctx, m, caller, l.run.Now())
	})
	stop()
	return l.result("W4", "whole life, filed to paid", m), <-course, err
}

// soaking is the name of W4 in the progress.
const soaking = "W4: filing, deciding and paying claims"

// sample returns the claims paid per second in each whole slice until ctx ends.
func (l *lives) sample(ctx context.Context) []float64 {
	var course []float64
	tick := time.NewTicker(l.run.Slice)
	defer tick.Stop()
	before, at := l.paid.Load(), l.run.Now()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return course
		}
		paid, now := l.paid.Load(), l.run.Now()
		course = append(course, float64(paid-before)/now.Sub(at).Seconds())
		before, at = paid, now
		l.run.share += soakShare * l.run.Slice.Seconds() / l.run.Soak.Seconds()
		l.run.doing(soaking)
	}
}

// pacer hands out moments at a steady rate, however late they are taken.
type pacer struct {
	now       func() time.Time
	start     time.Time
	perSecond float64
	next      atomic.Int64
}

func newPacer(now func() time.Time, perSecond float64) *pacer {
	return &pacer{now: now, start: now(), perSecond: perSecond}
}

// turn waits for the next moment, and returns it with its number.
func (p *pacer) turn(ctx context.Context) (due time.Time, n int, err error) {
	n = int(p.next.Add(1)) - 1
	due = p.start.Add(time.Duration(float64(n) / p.perSecond * float64(time.Second)))
	return due, n, pause(ctx, due.Sub(p.now()))
}

// reads runs W5: GetClaim while whole lives arrive at half of the rate of W4. Both
// come at a steady rate, independent of earlier answers. Latency counts from the
// moment at which a call was due, so a pause of the server shows in every call that
// it delayed.
func (l *lives) reads(ctx context.Context, perSecond float64) (read, half Workload, err error) {
	read5, half4 := l.newMeasure(), l.newMeasure()
	c := newCrew(ctx)
	var over atomic.Bool
	l.arrive(c, half4, perSecond, &over)
	c.spawn(func(ctx context.Context) error {
		defer over.Store(true)
		if err := pause(ctx, l.run.Ramp); err != nil {
			return err
		}
		if err := half4.start(); err != nil {
			return err
		}
		calls := newPacer(l.run.Now, float64(l.run.ReadsPerSecond))
		err := forTime(ctx, l.run.Callers, 0, l.run.ReadWindow, read5, func(ctx context.Context, caller int) error {
			due, n, err := calls.turn(ctx)
			if err != nil {
				return err
			}
			_, err = send(ctx, read5, l.callers.of(caller).claims.GetClaim, &tenfoldv1.GetClaimRequest{Name: l.pick(n)})
			read5.record(due)
			return err
		})
		if err != nil {
			return err
		}
		return half4.stop()
	})
	err = c.join()
	return l.result("W5", "GetClaim, W4 at half", read5), l.result("W4/2", "whole life during W5", half4), err
}

// arrive starts whole lives at a steady rate until over is set. The returned group
// is done when the callers have made the last call of their last life.
func (l *lives) arrive(c *crew, m *measure, perSecond float64, over *atomic.Bool) *sync.WaitGroup {
	arrivals := newPacer(l.run.Now, perSecond)
	var callers sync.WaitGroup
	callers.Add(l.run.Callers)
	for caller := range l.run.Callers {
		c.spawn(func(ctx context.Context) error {
			defer callers.Done()
			for !over.Load() {
				due, _, err := arrivals.turn(ctx)
				if err != nil {
					return err
				}
				if err := l.one(ctx, m, caller, due); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return &callers
}

// settle waits until every claim is paid, and compares the books with the count.
func (l *lives) settle(ctx context.Context) error {
	err := l.await(ctx, func() error {
		if n := l.gateway.watching(); n > 0 {
			return fmt.Errorf("%d claims are not paid", n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return forAll(ctx, l.run.Callers, l.run.Merchants, nil, func(ctx context.Context, caller, merchant int) error {
		// The last outcome may not be in the book yet.
		return l.await(ctx, func() error {
			n, err := l.countPaid(ctx, caller, merchant)
			if want := l.paidM[merchant].Load(); err == nil && n != want {
				err = fmt.Errorf("%s has %d PAID claims, but the gateway has paid %d", bookName(merchant), n, want)
			}
			return err
		})
	})
}

// countPaid counts a merchant's claims that are PAID.
func (l *lives) countPaid(ctx context.Context, caller, merchant int) (int64, error) {
	const pageSize = 1000
	m := l.newMeasure()
	q := &tenfoldv1.ListClaimsRequest{Parent: bookName(merchant), Filter: "state = PAID", PageSize: pageSize}
	var n int64
	for {
		page, err := send(ctx, m, l.callers.of(caller).claims.ListClaims, q)
		if err != nil {
			return 0, err
		}
		n += int64(len(page.GetClaims()))
		if q.PageToken = page.GetNextPageToken(); q.PageToken == "" {
			return n, nil
		}
	}
}
