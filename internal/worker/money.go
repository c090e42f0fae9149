package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// sweepsMax bounds how often one step lists the books that are due for a sweep. A
// book with more debts than one command looks at comes up again and again.
const sweepsMax = 100

// sweepBooks uses income for what merchants owe, until no book is due. A book that
// fails does not keep the others from their turn.
func (w *Worker) sweepBooks(ctx context.Context) error {
	for range sweepsMax {
		books, err := w.db.BooksToSweep(ctx, w.config.BatchMax)
		if err != nil || len(books) == 0 {
			return err
		}
		if err := each(ctx, w.config.BatchMax, books, w.sweepBook); err != nil {
			return err
		}
	}
	return nil
}

func (w *Worker) sweepBook(ctx context.Context, merchantID *string) error {
	if _, err := w.engine.SweepBook(ctx, *merchantID); err != nil {
		return fmt.Errorf("sweep book of merchant %s: %w", *merchantID, err)
	}
	w.done.swept.Add(1)
	return nil
}

// expireHolds gives back what has been held for as long as it may. A hold that
// fails does not keep those behind it from their turn.
func (w *Worker) expireHolds(ctx context.Context) error {
	before := w.engine.Now()
	var after postgres.WaitCursor
	var first error
	for {
		waits, err := w.db.ExpiredHolds(ctx, before, after, w.config.BatchMax)
		if err != nil {
			return err
		}
		if err = each(ctx, w.config.BatchMax, waits, w.expireHold); first == nil {
			first = err
		}
		if len(waits) < w.config.BatchMax || ctx.Err() != nil || away(err) {
			return first
		}
		last := waits[len(waits)-1]
		after = postgres.WaitCursor{Deadline: last.HoldExpires, ClaimID: last.ClaimID}
	}
}

func (w *Worker) expireHold(ctx context.Context, wait *postgres.Wait) error {
	_, err := w.engine.ExpireHold(ctx, *wait)
	switch {
	case err == nil:
		w.done.expired.Add(1)
		return nil
	case errors.Is(err, fault.ClaimChanged):
		// Another replica, or whoever extended or took the hold, was first.
		w.log.Debug("end of hold overtaken", "merchant", wait.MerchantID, "claim", wait.ClaimID, "error", err)
		return nil
	}
	return fmt.Errorf("expire hold of claim %s of merchant %s: %w", wait.ClaimID, wait.MerchantID, err)
}
