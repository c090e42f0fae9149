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

// sendHints sends payouts as the engine announces them, until ctx ends.
func (w *Worker) sendHints(ctx context.Context) {
	whole := context.WithoutCancel(ctx)
	for ctx.Err() == nil {
		select {
		case p := <-w.hints.queue:
			if err := w.sendHint(whole, &p); err != nil {
				w.log.Error("payout left for later", "merchant", p.MerchantID, "payout", p.ID, "error", err)
			}
		case <-ctx.Done():
		}
	}
}

func (w *Worker) sendHint(ctx context.Context, p *payout.Payout) error {
	defer w.hints.end()
	return w.send(ctx, p)
}

// sendTold sends every payout that the engine has announced so far, and waits for
// those that others are sending.
func (w *Worker) sendTold(ctx context.Context) error {
	whole := context.WithoutCancel(ctx)
	err := together(min(w.config.Senders, len(w.hints.queue)), func() (first error) {
		for ctx.Err() == nil {
			select {
			case p := <-w.hints.queue:
				if err := w.sendHint(whole, &p); first == nil {
					first = err
				}
			default:
				return first
			}
		}
		return first
	})
	if idle := w.hints.idle(ctx); err == nil {
		err = idle
	}
	return err
}
