package worker

import (
	"context"
	"sync"

	"github.com/tenfold-claims/tenfold/internal/payout"
)

// Hints are payouts that an engine has announced and nobody has sent yet. They are
// made before the engine, which is given Tell, and before the worker.
type Hints struct {
	queue chan payout.Payout
	state *hintState
}

// hintState counts the hints that are not done, including those in the queue.
type hintState struct {
	sync.Mutex
	ended sync.Cond // A hint was done with, or a wait was given up.
	open  int
}

// NewHints makes room for up to most payouts.
func NewHints(most int) *Hints {
	h := &Hints{queue: make(chan payout.Payout, most), state: new(hintState)}
	h.state.ended.L = h.state
	return h
}

// Tell takes over new payouts. It never blocks; the list of dues brings up payouts
// that find no room.
func (h *Hints) Tell(made []payout.Payout) {
	h.state.Lock()
	defer h.state.Unlock()
	for _, p := range made {
		select {
		case h.queue <- p:
			h.state.open++
		default:
		}
	}
}

// end records that a hint taken from the queue is done.
func (h *Hints) end() {
	h.state.Lock()
	defer h.state.Unlock()
	h.state.open--
	h.state.ended.Broadcast()
}

// idle waits until no hint is under way.
func (h *Hints) idle(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		h.state.Lock()
		defer h.state.Unlock()
		h.state.ended.Broadcast()
	})
	defer stop()
	h.state.Lock()
	defer h.state.Unlock()
	for h.state.open > len(h.queue) && ctx.Err() == nil {
		h.state.ended.Wait()
	}
	return ctx.Err()
}

// sendHints sends payouts as the engine announces them, until ctx ends. While the
// breaker is open they are left to the list of dues.
func (w *Worker) sendHints(ctx, calls context.Context) {
	if w.config.Hold {
		return // The list of dues brings them up once nothing is held.
	}
	whole := context.WithoutCancel(ctx)
	var sending group
	defer sending.wait()
	for {
		select {
		case w.telling <- struct{}{}:
		case <-ctx.Done():
			return
		}
		select {
		case p := <-w.hints.queue:
			permit, admitted := w.breaker.admit()
			if !admitted {
				<-w.telling
				w.hints.end()
				continue
			}
			fl := w.flights.begin(w.telling, calls, permit)
			sending.run(func() error {
				if err := w.sendHint(whole, fl, &p); err != nil {
					w.log.Error("payout left for later", "merchant", p.MerchantID, "payout", p.ID, "error", err)
				}
				return nil
			})
		case <-ctx.Done():
			<-w.telling
			return
		}
	}
}

func (w *Worker) sendHint(ctx context.Context, fl *flight, p *payout.Payout) error {
	defer w.hints.end()
	defer fl.end()
	return w.send(ctx, fl, p)
}

// sendTold sends every payout that the engine has announced so far, and waits for
// those that others are sending. It does not ask the breaker.
func (w *Worker) sendTold(ctx, calls context.Context) error {
	if w.config.Hold {
		return nil
	}
	whole := context.WithoutCancel(ctx)
	var sending group
	for ctx.Err() == nil && w.sendNext(ctx, calls, whole, &sending) {
	}
	sending.wait()
	err := sending.take()
	if idle := w.hints.idle(ctx); err == nil {
		err = idle
	}
	return err
}

// sendNext starts to send the next announced payout, if there is one.
func (w *Worker) sendNext(ctx, calls, whole context.Context, sending *group) bool {
	select {
	case w.telling <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	select {
	case p := <-w.hints.queue:
		fl := w.flights.begin(w.telling, calls, w.breaker.always())
		sending.run(func() error { return w.sendHint(whole, fl, &p) })
		return true
	default:
		<-w.telling
		return false
	}
}
