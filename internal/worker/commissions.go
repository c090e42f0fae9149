package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// passCommissions finds the open commissions whose reports were due longer ago than the grace
// period, and has their bodies reminded. One that fails does not hold up the others.
func (w *Worker) passCommissions(ctx context.Context) error {
	before := w.engine.Now().Add(-w.engine.LapseGrace())
	var after postgres.CommissionCursor
	var first error
	for {
		due, err := w.db.PassedCommissions(ctx, before, after, w.config.BatchMax)
		if err != nil {
			return err
		}
		if err = each(ctx, w.config.BatchMax, due, w.passCommission); first == nil {
			first = err
		}
		if len(due) < w.config.BatchMax || ctx.Err() != nil || away(err) {
			return first
		}
		last := &due[len(due)-1]
		after = postgres.CommissionCursor{DueAt: last.DueAt, MerchantID: last.MerchantID, ClaimID: last.ClaimID, Number: last.Number}
	}
}

func (w *Worker) passCommission(ctx context.Context, x *commission.Commission) error {
	_, err := w.engine.Do(ctx, request.System(x.MerchantID, "PassCommission"), &book.PassCommission{
		OnCommission: book.OnCommission{ClaimID: x.ClaimID, Number: x.Number}, DueAt: x.DueAt,
	})
	switch {
	case err == nil:
		w.done.deadlines.Add(1)
		return nil
	case errors.Is(err, fault.ClaimChanged):
		return nil // Another replica was first, or the body has reported.
	}
	return fmt.Errorf("pass commission %d of claim %s of merchant %s: %w", x.Number, x.ClaimID, x.MerchantID, err)
}
