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

// sweepsMax bounds how often one step lists the books that are due for a sweep. A
// book with more debts than one command handles comes up again and again.
const sweepsMax = 100

// sweepBooks sweeps books until none is due that can be swept. A book that fails
// does not hold up the others.
func (w *Worker) sweepBooks(ctx context.Context) error {
	var first error
	for range sweepsMax {
		before := w.done.swept.Load()
		err := w.eachBook(ctx, w.db.BooksToSweep, w.sweepBook)
		if first == nil {
			first = err
		}
		if w.done.swept.Load() == before || ctx.Err() != nil || away(err) {
			break
		}
	}
	return first
}

func (w *Worker) sweepBook(ctx context.Context, due *postgres.BookDue) error {
	if _, err := w.engine.Do(ctx, request.System(due.MerchantID, "SweepBook"), &book.SweepBook{}); err != nil {
		return fmt.Errorf("sweep book of merchant %s: %w", due.MerchantID, err)
	}
	w.done.swept.Add(1)
	return nil
}

// eachBook runs f for every book that list gives, a limited number at a time, and
// returns the first error.
func (w *Worker) eachBook(
	ctx context.Context,
	list func(ctx context.Context, after postgres.BookDue, limit int) ([]postgres.BookDue, error),
	f func(context.Context, *postgres.BookDue) error,
) error {
	var after postgres.BookDue
	var first error
	for {
		books, err := list(ctx, after, w.config.BatchMax)
		if err != nil {
			return err
		}
		if err = each(ctx, w.config.BatchMax, books, f); first == nil {
			first = err
		}
		if len(books) < w.config.BatchMax || ctx.Err() != nil || away(err) {
			return first
		}
		after = books[len(books)-1]
	}
}

// expireHolds expires holds that have lasted as long as they may. A hold that fails
// does not hold up the others.
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

func (w *Worker) expireHold(ctx context.Context, wait *book.Wait) error {
	_, err := w.engine.Do(ctx, request.System(wait.MerchantID, "ExpireHold"), &book.ExpireHold{OnClaim: book.OnClaim{ClaimID: wait.ClaimID}, ExpiresAt: wait.HoldExpires})
	switch {
	case err == nil:
		w.done.expired.Add(1)
		return nil
	case errors.Is(err, fault.ClaimChanged):
		// Another replica was first, or the hold was extended or captured.
		w.log.Debug("end of hold overtaken", "merchant", wait.MerchantID, "claim", wait.ClaimID, "error", err)
		return nil
	}
	return fmt.Errorf("expire hold of claim %s of merchant %s: %w", wait.ClaimID, wait.MerchantID, err)
}
