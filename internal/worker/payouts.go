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
func (w *Worker) send(ctx context.Context, fl *flight, p *payout.Payout) error {
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
	a, err := w.call(fl, p, func(ctx context.Context) (payout.Answer, error) { return w.gateway.Instruct(ctx, p) })
	if err != nil {
		w.silent(p, err)
		return nil
	}
	return w.record(ctx, p, a)
}

// call makes one call of a flight to the gateway, and counts how it ended.
func (w *Worker) call(fl *flight, p *payout.Payout, f func(context.Context) (payout.Answer, error)) (payout.Answer, error) {
	var a payout.Answer
	cut, err := fl.call(func(ctx context.Context) (err error) {
		if a, err = f(ctx); err == nil {
			err = checkAnswer(p, &a)
		}
		return err
	})
	fl.permit.told(answered(err))
	switch {
	case answered(err):
		w.calls.answered.Add(1)
	case errors.Is(err, payout.ErrForeign):
		w.calls.foreign.Add(1)
	case cut || fl.calls.Err() != nil:
		w.calls.cut.Add(1)
	default:
		w.calls.unanswered.Add(1)
	}
	return a, err
}

// answered says whether the gateway answered a call. It also did where it holds other
// content under the number.
func answered(err error) bool { return err == nil || errors.Is(err, fault.ReferenceAlreadyUsed) }

// checkAnswer refuses an answer about a try that was never made, or about money in
// another currency.
func checkAnswer(p *payout.Payout, a *payout.Answer) error {
	switch {
	case a.Try > p.Try:
		return fmt.Errorf("%w: it is about try %d, and the last was try %d", payout.ErrForeign, a.Try, p.Try)
	case a.Told() && a.Currency != p.Currency:
		return fmt.Errorf("%w: it is about an amount in %.8q, and the payout is in %s", payout.ErrForeign, a.Currency, p.Currency)
	}
	return nil
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
	return errors.Is(err, payout.ErrForeign) || errors.Is(err, fault.CurrencyMismatch) || errors.Is(err, fault.AmountOutOfRange)
}

// lookStep begins to query the gateway about payouts whose outcome is open, as far as
// the breaker admits. It does not wait for the answers, so that a call that stalls holds
// up none of the next step. It returns what went wrong since the last step.
func (w *Worker) lookStep(ctx, calls context.Context) error {
	w.steps.Add(1)
	err := w.takeDues(ctx, calls, &w.looks, w.breaker.most, w.breaker.admit)
	if late := w.looks.take(); err == nil {
		err = late
	}
	return err
}

// lookAfterPayouts queries the gateway about every payout whose outcome is open and that
// is due. It does not ask the breaker.
func (w *Worker) lookAfterPayouts(ctx, calls context.Context) error {
	var looks group
	err := w.takeDues(ctx, calls, &looks, func(n int) int { return n },
		func() (permit, bool) { return w.breaker.always(), true })
	looks.wait()
	if late := looks.take(); err == nil {
		err = late
	}
	return err
}

// takeDues takes payouts that are due, no more at a time than can be looked at at once,
// and starts the looks. It ends when none is due, or no more may be looked at. Most says
// how many may be, and admit admits one.
func (w *Worker) takeDues(ctx, calls context.Context, looks *group, most func(int) int, admit func() (permit, bool)) error {
	if w.config.Hold {
		return nil
	}
	whole := context.WithoutCancel(ctx)
	for {
		want := most(w.config.BatchMax)
		if want == 0 {
			return nil
		}
		places := w.placesFor(ctx, want)
		if places == 0 {
			return ctx.Err()
		}
		dues, err := w.db.TakeDues(ctx, w.engine.Now(), w.config.LookAgain, w.config.LookAgainMax, places)
		for i := range dues {
			permit, admitted := admit()
			if !admitted {
				// The breaker has opened, or another probes: this one is looked at later.
				<-w.asking
				continue
			}
			fl := w.flights.begin(w.asking, calls, permit)
			looks.run(func() error {
				defer fl.end()
				return w.lookAfter(whole, fl, &dues[i])
			})
		}
		for range places - len(dues) {
			<-w.asking
		}
		if err != nil || len(dues) < places || want < w.config.BatchMax {
			return err
		}
	}
}

// placesFor takes up to want places, and waits for the first of them. It takes none if
// ctx ends.
func (w *Worker) placesFor(ctx context.Context, want int) int {
	select {
	case w.asking <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for n := 1; n < want; n++ {
		select {
		case w.asking <- struct{}{}:
		default:
			return n
		}
	}
	return want
}

// lookAfter queries first, and sends a payout again only if the gateway never
// received it, under the same out-number and only while the gateway may pay it. For
// a failed payout it only finds out whether the failure is final.
func (w *Worker) lookAfter(ctx context.Context, fl *flight, p *payout.Payout) error {
	w.done.queried.Add(1)
	a, err := w.call(fl, p, func(ctx context.Context) (payout.Answer, error) { return w.gateway.Query(ctx, p.OutNumber) })
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
		return w.send(ctx, fl, p)
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

// silences sums up payouts whose outcome stayed unknown. While the gateway is away, or
// answers nonsense, there are too many of them to log each one.
type silences struct {
	sync.Mutex
	unknown, foreign silence
}

// silence is how many payouts there were of a kind, and the last of them.
type silence struct {
	count int
	last  payout.Payout
	err   error
}

func (s *silence) add(p *payout.Payout, err error) {
	s.count++
	s.last, s.err = *p, err
}

// silent records that the gateway did not report the outcome of a payout.
func (w *Worker) silent(p *payout.Payout, err error) {
	w.outcomes.unknown.Add(1)
	if errors.Is(err, fault.ReferenceAlreadyUsed) {
		// Repeating the call does not help: the number stands for two payments.
		w.log.Error("out-number disputed by the gateway", "merchant", p.MerchantID, "payout", p.ID, "error", err)
		return
	}
	w.log.Debug("outcome of payout unknown", "merchant", p.MerchantID, "payout", p.ID, "error", err)
	s := &w.silences
	s.Lock()
	defer s.Unlock()
	if foreign(err) {
		s.foreign.add(p, err)
		return
	}
	s.unknown.add(p, err)
}

// logSilences logs the silences since the last time, in one line of each kind.
func (w *Worker) logSilences(context.Context) error {
	s := &w.silences
	s.Lock()
	unknown, foreign := s.unknown, s.foreign
	s.unknown, s.foreign = silence{}, silence{}
	s.Unlock()
	if unknown.count > 0 {
		w.log.Warn("outcome of payouts unknown; they will be queried again",
			"count", unknown.count, "merchant", unknown.last.MerchantID, "payout", unknown.last.ID, "error", unknown.err)
	}
	if foreign.count > 0 {
		w.log.Error("answers of the gateway cannot be about their payouts and are not taken; they will be queried again",
			"count", foreign.count, "merchant", foreign.last.MerchantID, "payout", foreign.last.ID, "outNumber", foreign.last.OutNumber,
			"error", foreign.err)
	}
	return nil
}
