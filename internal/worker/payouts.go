package worker

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// hint takes new payouts over for the senders. It never blocks.
func (w *Worker) hint(made []payout.Payout) {
	w.pending.Lock()
	defer w.pending.Unlock()
	for _, p := range made {
		select {
		case w.hints <- p:
			w.pending.count++
		default:
			// The list of dues brings it up again.
		}
	}
}

// sendHints sends payouts as the engine tells of them.
func (w *Worker) sendHints(ctx context.Context) {
	for {
		select {
		case p := <-w.hints:
			w.send(ctx, &p)
			w.pending.Lock()
			if w.pending.count--; w.pending.count == 0 {
				w.pending.Broadcast()
			}
			w.pending.Unlock()
		case <-ctx.Done():
			return
		}
	}
}

// idle waits until every payout that the engine told of was sent.
func (w *Worker) idle(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		w.pending.Lock()
		defer w.pending.Unlock()
		w.pending.Broadcast()
	})
	defer stop()
	w.pending.Lock()
	defer w.pending.Unlock()
	for w.pending.count > 0 && ctx.Err() == nil {
		w.pending.Wait()
	}
	return ctx.Err()
}

// send instructs a payout and records the answer. The out-number is reserved
// first: it leads a report of the payment service to the payout. When the
// outcome stays unknown the list of dues brings the payout up again.
func (w *Worker) send(ctx context.Context, p *payout.Payout) {
	_, ours, err := w.engine.Reserve(ctx, postgres.Reservation{
		Kind: postgres.OutNumber, Reference: p.OutNumber, MerchantID: p.MerchantID, Holder: p.ID,
	})
	if err != nil || !ours {
		w.failed(ctx, "reserve out-number", p, err)
		return
	}
	w.done.instructed.Add(1)
	a, err := w.gateway.Instruct(ctx, p)
	if err != nil {
		w.failed(ctx, "instruct payout", p, err)
		return
	}
	w.record(ctx, p, a)
}

// record books the gateway's answer, where it says anything.
func (w *Worker) record(ctx context.Context, p *payout.Payout, a payout.Answer) {
	if a.Outcome == payout.Processing || a.Outcome == payout.NotFound {
		return
	}
	_, err := w.engine.AnswerPayout(ctx, p.MerchantID, engine.AnswerPayout{PayoutID: p.ID, ClaimID: p.ClaimID, Answer: a})
	if err != nil {
		w.failed(ctx, "record answer", p, err)
		return
	}
	w.done.recorded.Add(1)
}

// failed notes a step that will be taken again; a caller that stops is no news.
func (w *Worker) failed(ctx context.Context, step string, p *payout.Payout, err error) {
	if ctx.Err() == nil {
		w.log.Warn("payout left for later", "step", step, "merchant", p.MerchantID, "payout", p.ID, "error", err)
	}
}

// lookAfterPayouts asks the gateway after payouts whose outcome is open.
func (w *Worker) lookAfterPayouts(ctx context.Context) error {
	for {
		dues, err := w.db.TakeDues(ctx, w.engine.Now(), w.config.LookAgain, w.config.LookAgainMax, w.config.BatchMax)
		if err != nil {
			return err
		}
		each(ctx, w.config.Senders, dues, func(ctx context.Context, p payout.Payout) { w.lookAfter(ctx, &p) })
		if len(dues) < w.config.BatchMax || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// lookAfter asks first and sends again only what the gateway never saw, under
// the same out-number.
func (w *Worker) lookAfter(ctx context.Context, p *payout.Payout) {
	w.done.queried.Add(1)
	a, err := w.gateway.Query(ctx, p.OutNumber)
	switch {
	case err != nil:
		w.failed(ctx, "query payout", p, err)
	case a.Outcome == payout.NotFound && w.engine.Now().After(p.NotAfter):
		// The gateway does not have it and may not pay it any more.
		w.record(ctx, p, payout.Answer{Outcome: payout.OutcomeFailed, FailureCode: "NOT_AFTER_PASSED"})
	case a.Outcome == payout.NotFound, a.Outcome == payout.OutcomeFailed && retried(p, &a):
		w.send(ctx, p)
	default:
		w.record(ctx, p, a)
	}
}

// retried says whether a failure is older than the instruction: an operator
// sent the payout again under its number, and that never arrived.
func retried(p *payout.Payout, a *payout.Answer) bool {
	return !p.AnsweredAt.IsZero() && !a.OccurredAt.IsZero() && !a.OccurredAt.After(p.AnsweredAt)
}

// passDeadlines fires the deadlines that passed at least a grace ago.
func (w *Worker) passDeadlines(ctx context.Context) error {
	before := w.engine.Now().Add(-w.engine.LapseGrace())
	var after postgres.WaitCursor
	for {
		waits, err := w.db.DueWaits(ctx, before, after, w.config.BatchMax)
		if err != nil {
			return err
		}
		each(ctx, w.config.BatchMax, waits, w.passDeadline)
		if len(waits) < w.config.BatchMax || ctx.Err() != nil {
			return ctx.Err()
		}
		last := waits[len(waits)-1]
		after = postgres.WaitCursor{Deadline: last.Deadline, ClaimID: last.ClaimID}
	}
}

func (w *Worker) passDeadline(ctx context.Context, wait postgres.Wait) {
	_, err := w.engine.PassDeadline(ctx, wait.MerchantID, engine.NewPassDeadline(wait))
	if err == nil {
		w.done.deadlines.Add(1)
		return
	}
	// Another replica or the merchant may have been first; the list tells again.
	if _, refused := fault.As(err); !refused && ctx.Err() == nil {
		w.log.Error("deadline failed", "merchant", wait.MerchantID, "claim", wait.ClaimID, "error", err)
	}
}
