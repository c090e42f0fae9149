package worker

import (
	"cmp"
	"context"
	"errors"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// takeSnapshots brings the snapshots of books forward, of balances and of the exposure, of which
// the answers as of a time are made.
func (w *Worker) takeSnapshots(ctx context.Context) error {
	balances := snapshotStep{&w.snapshotted, w.db.BooksToSnapshot, w.db.SnapshotBook}
	exposure := snapshotStep{&w.exposed, w.db.ExposuresToSnapshot, w.db.SnapshotExposure}
	return errors.Join(balances.take(ctx), exposure.take(ctx))
}

// snapshotStep is a step of the snapshots of one kind. It looks at a bounded number of books after
// those that the last step looked at.
type snapshotStep struct {
	after *string
	find  func(ctx context.Context, after string, every int) (due []string, next string, err error)
	add   func(ctx context.Context, merchantID string, every int) (more bool, err error)
}

// take goes on with the other books where one cannot be done, and gives the first error.
func (s *snapshotStep) take(ctx context.Context) error {
	due, next, err := s.find(ctx, *s.after, postgres.SnapshotEvery)
	if err != nil {
		return err
	}
	var first error
	for _, merchantID := range due {
		for more := true; more && ctx.Err() == nil; {
			if more, err = s.add(ctx, merchantID, postgres.SnapshotEvery); err != nil {
				first = cmp.Or(first, err)
				break
			}
		}
	}
	*s.after = next
	return first
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
