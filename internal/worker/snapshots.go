package worker

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// takeSnapshots brings the snapshots of books forward, of which the answers as of a time are
// made. A step looks at a bounded number of books; the next one goes on after them.
func (w *Worker) takeSnapshots(ctx context.Context) error {
	due, next, err := w.db.BooksToSnapshot(ctx, w.snapshotted, postgres.SnapshotEvery)
	if err != nil {
		return err
	}
	for _, merchantID := range due {
		for more := true; more && ctx.Err() == nil; {
			if more, err = w.db.SnapshotBook(ctx, merchantID, postgres.SnapshotEvery); err != nil {
				return err
			}
		}
	}
	w.snapshotted = next
	return w.takeExposure(ctx)
}

// takeExposure does the same for the snapshots of the exposure.
func (w *Worker) takeExposure(ctx context.Context) error {
	due, next, err := w.db.ExposuresToSnapshot(ctx, w.exposed, postgres.SnapshotEvery)
	if err != nil {
		return err
	}
	for _, merchantID := range due {
		for more := true; more && ctx.Err() == nil; {
			if more, err = w.db.SnapshotExposure(ctx, merchantID, postgres.SnapshotEvery); err != nil {
				return err
			}
		}
	}
	w.exposed = next
	return nil
}

// sumPeriods brings the sums over all books forward.
func (w *Worker) sumPeriods(ctx context.Context) error {
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = w.db.SumPeriods(ctx, w.config.PeriodEvents); err != nil {
			return err
		}
	}
	return nil
}
