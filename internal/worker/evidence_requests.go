package worker

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// passEvidenceRequests finds the open requests for evidence that was due longer ago than the
// grace period, and notes each once. One that fails does not hold up the others.
func (w *Worker) passEvidenceRequests(ctx context.Context) error {
	before := w.engine.Now().Add(-w.engine.LapseGrace())
	var after postgres.EvidenceRequestCursor
	var first error
	for {
		due, err := w.db.PassedEvidenceRequests(ctx, before, after, w.config.BatchMax)
		if err != nil {
			return err
		}
		if err = each(ctx, w.config.BatchMax, due, w.passEvidenceRequest); first == nil {
			first = err
		}
		if len(due) < w.config.BatchMax || ctx.Err() != nil || away(err) {
			return first
		}
		last := &due[len(due)-1]
		after = postgres.EvidenceRequestCursor{DueAt: last.DueAt, MerchantID: last.MerchantID, ClaimID: last.ClaimID, Number: last.Number}
	}
}

func (w *Worker) passEvidenceRequest(ctx context.Context, r *claim.EvidenceRequest) error {
	_, err := w.engine.Do(ctx, request.System(r.MerchantID, "PassEvidenceRequest"), &book.PassEvidenceRequest{
		OnEvidenceRequest: book.OnEvidenceRequest{ClaimID: r.ClaimID, Number: r.Number}, DueAt: r.DueAt,
	})
	switch {
	case err == nil:
		w.done.deadlines.Add(1)
		return nil
	case errors.Is(err, fault.ClaimChanged):
		return nil // Another replica was first, or evidence has come.
	}
	return fmt.Errorf("pass request %d for evidence on claim %s of merchant %s: %w", r.Number, r.ClaimID, r.MerchantID, err)
}
