package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// passDeadlines fires the deadlines that passed longer ago than the grace period.
// One that fails does not keep later ones from firing.
func (w *Worker) passDeadlines(ctx context.Context) error {
	before := w.engine.Now().Add(-w.engine.LapseGrace())
	var after postgres.WaitCursor
	var first error
	for {
		waits, err := w.db.DueWaits(ctx, before, after, w.config.BatchMax)
		if err != nil {
			return err
		}
		if err = each(ctx, w.config.BatchMax, waits, w.passDeadline); first == nil {
			first = err
		}
		if len(waits) < w.config.BatchMax || ctx.Err() != nil || away(err) {
			return first
		}
		last := waits[len(waits)-1]
		after = postgres.WaitCursor{Deadline: last.Deadline, ClaimID: last.ClaimID}
	}
}

func (w *Worker) passDeadline(ctx context.Context, wait *book.Wait) error {
	_, err := w.engine.Do(ctx, request.System(wait.MerchantID, "PassDeadline"), &book.PassDeadline{OnClaim: book.OnClaim{ClaimID: wait.ClaimID}, Fires: wait.Fires, Deadline: wait.Deadline})
	switch {
	case err == nil:
		w.done.deadlines.Add(1)
		return nil
	case errors.Is(err, fault.ClaimChanged):
		// Another replica was first, or the claim no longer waits.
		w.log.Debug("deadline overtaken", "merchant", wait.MerchantID, "claim", wait.ClaimID, "error", err)
		return nil
	}
	return fmt.Errorf("pass deadline of claim %s of merchant %s: %w", wait.ClaimID, wait.MerchantID, err)
}

// resumeNotices takes up the notices that an earlier version gave up, some at a time. There
// are none in a database that began with this version.
func (w *Worker) resumeNotices(ctx context.Context) error {
	left, err := w.db.LeftNotices(ctx, w.config.BatchMax)
	if err != nil {
		return err
	}
	return each(ctx, w.config.BatchMax, left, func(ctx context.Context, k *book.Key) error {
		_, err := w.engine.Do(ctx, request.System(k.MerchantID, "ResumeNotice"), &book.ResumeNotice{OnClaim: book.OnClaim{ClaimID: k.ID}})
		if errors.Is(err, fault.ClaimChanged) {
			return nil // Another replica was first.
		}
		return err
	})
}
