package worker

import (
	"context"
	"fmt"
)

// lapseDemands notes demands for deposit whose time has passed, of so many books at
// a time. A book that fails comes up again with the next step.
func (w *Worker) lapseDemands(ctx context.Context) error {
	books, err := w.db.PassedDemands(ctx, w.engine.Now(), w.config.BatchMax)
	if err != nil {
		return err
	}
	return each(ctx, w.config.BatchMax, books, w.lapseDemand)
}

func (w *Worker) lapseDemand(ctx context.Context, merchantID *string) error {
	if _, err := w.engine.LapseDemand(ctx, *merchantID); err != nil {
		return fmt.Errorf("lapse demand of merchant %s: %w", *merchantID, err)
	}
	w.done.lapsed.Add(1)
	return nil
}
