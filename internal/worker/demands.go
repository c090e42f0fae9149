package worker

import (
	"context"
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// lapseDemands records the lapse of demands for deposit whose time has passed. A
// book that fails does not hold up the others, and comes up again with the next
// step.
func (w *Worker) lapseDemands(ctx context.Context) error {
	before := w.engine.Now()
	return w.eachBook(ctx, func(ctx context.Context, after postgres.BookDue, limit int) ([]postgres.BookDue, error) {
		return w.db.PassedDemands(ctx, before, after, limit)
	}, w.lapseDemand)
}

func (w *Worker) lapseDemand(ctx context.Context, due *postgres.BookDue) error {
	if _, err := w.engine.Do(ctx, request.System(due.MerchantID, "LapseDemand"), &book.LapseDemand{}); err != nil {
		return fmt.Errorf("lapse demand of merchant %s: %w", due.MerchantID, err)
	}
	w.done.lapsed.Add(1)
	return nil
}
