package worker

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// notAfterPassed is the failure code of a payout that the gateway never received
// and may no longer pay.
const notAfterPassed = "NOT_AFTER_PASSED"

// send instructs a payout and records the answer. It first reserves the out-number,
// by which a report of the payment service finds the payout. If the outcome stays
// unknown, the list of dues brings the payout up again. An error means that the
// database did not accept a change.
func (w *Worker) send(ctx context.Context, p *payout.Payout) error {
	if w.engine.Now().After(p.NotAfter) {
		// It waited too long. The list of dues will first query whether it was
		// paid.
		return nil
	}
	holder, ours, err := w.engine.Reserve(ctx, postgres.Reservation{
		Kind: book.OutNumber, Reference: p.OutNumber, MerchantID: p.MerchantID, Holder: p.ID,
	})
	if err != nil {
		return fmt.Errorf("reserve out-number of payout %s: %w", p.ID, err)
	}
	if !ours {
		return fmt.Errorf("out-number %s of payout %s already belongs to payout %s of merchant %s", p.OutNumber, p.ID, holder.Holder, holder.MerchantID)
	}
	w.done.instructed.Add(1)
	a, err := w.gateway.Instruct(ctx, p)
	if err != nil {
		w.silent(p, err)
		return nil
	}
	return w.record(ctx, p, a)
}

// record books the gateway's answer if it says how the payout ended.
func (w *Worker) record(ctx context.Context, p *payout.Payout, a payout.Answer) error {
	if a.Outcome == payout.Processing || a.Outcome == payout.NotFound {
		return nil
	}
	cmd := book.AnswerPayout{PayoutID: p.ID, ClaimID: p.ClaimID, Answer: a, NotAfter: p.NotAfter}
	_, err := w.engine.Do(ctx, request.System(p.MerchantID, "AnswerPayout"), &cmd)
	if foreign(err) {
		w.silent(p, err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("record answer of payout %s: %w", p.ID, err)
	}
	w.done.recorded.Add(1)
	if a.Outcome == payout.OutcomeFailed {
		w.outcomes.failed.Add(1)
	} else {
		w.outcomes.succeeded.Add(1)
	}
	return nil
}

// foreign says whether an answer was refused because it cannot be about the payout: then
// it is none, and its outcome stays unknown.
func foreign(err error) bool {
	return errors.Is(err, fault.CurrencyMismatch) || errors.Is(err, fault.AmountOutOfRange)
}

// lookAfterPayouts queries the gateway about payouts whose outcome is open.
func (w *Worker) lookAfterPayouts(ctx context.Context) error {
	var first error
	for {
		dues, err := w.db.TakeDues(ctx, w.engine.Now(), w.config.LookAgain, w.config.LookAgainMax, w.config.BatchMax)
		if err != nil {
			return err
		}
		if err = each(ctx, w.config.Senders, dues, w.lookAfter); first == nil {
			first = err
		}
		if len(dues) < w.config.BatchMax || ctx.Err() != nil || away(err) {
			return first
		}
	}
}

// lookAfter queries first, and sends a payout again only if the gateway never
// received it, under the same out-number and only while the gateway may pay it. For
// a failed payout it only finds out whether the failure is final.
func (w *Worker) lookAfter(ctx context.Context, p *payout.Payout) error {
	w.done.queried.Add(1)
	a, err := w.gateway.Query(ctx, p.OutNumber)
	if err != nil {
		w.silent(p, err)
		return nil
	}
	// An instruction may still be under way, and the gateway's clock may be slower.
	ended := w.engine.Now().After(p.NotAfter.Add(w.engine.LapseGrace()))
	switch {
	case a.Outcome == payout.NotFound && ended:
		return w.record(ctx, p, payout.Answer{Outcome: payout.OutcomeFailed, FailureCode: notAfterPassed})
	case p.State != payout.Instructed:
	case a.Outcome == payout.NotFound, a.Outcome == payout.OutcomeFailed && retried(p, &a) && !ended:
		return w.send(ctx, p)
	}
	return w.record(ctx, p, a)
}

// retried says whether a failure is that of an earlier try: an operator sent the payout
// again under its number, and that instruction never arrived. Times decide only where
// the gateway does not number its tries.
func retried(p *payout.Payout, a *payout.Answer) bool {
	if a.Try > 0 {
		return a.Try < p.Try
	}
	return !p.AnsweredAt.IsZero() && !a.OccurredAt.IsZero() && !a.OccurredAt.After(p.AnsweredAt)
}

// silences sums up payouts whose outcome stayed unknown. While the gateway is away
// there are too many of them to log each one.
type silences struct {
	sync.Mutex
	count int
	last  payout.Payout
	err   error
}

// silent records that the gateway did not report the outcome of a payout.
func (w *Worker) silent(p *payout.Payout, err error) {
	w.outcomes.unknown.Add(1)
	if errors.Is(err, fault.ReferenceAlreadyUsed) {
		// Repeating the call does not help: the number stands for two payments.
		w.log.Error("out-number disputed by the gateway", "merchant", p.MerchantID, "payout", p.ID, "error", err)
		return
	}
	if foreign(err) {
		w.log.Error("answer of the gateway cannot be about the payout", "merchant", p.MerchantID, "payout", p.ID, "error", err)
		return
	}
	w.log.Debug("outcome of payout unknown", "merchant", p.MerchantID, "payout", p.ID, "error", err)
	s := &w.silences
	s.Lock()
	defer s.Unlock()
	s.count++
	s.last, s.err = *p, err
}

// logSilences logs the silences since the last time, in one line.
func (w *Worker) logSilences(context.Context) error {
	s := &w.silences
	s.Lock()
	defer s.Unlock()
	if s.count > 0 {
		w.log.Warn("outcome of payouts unknown; they will be queried again",
			"count", s.count, "merchant", s.last.MerchantID, "payout", s.last.ID, "error", s.err)
	}
	s.count, s.last, s.err = 0, payout.Payout{}, nil
	return nil
}
