package worker

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// drawRetests draws a body for each claim on whose units results of one rank disagree (rule V3). One
// that fails does not hold up the others. A claim for which nobody can be drawn says when it is
// tried again.
func (w *Worker) drawRetests(ctx context.Context) error {
	now := w.engine.Now()
	var after postgres.RetestDue
	var first error
	for {
		due, err := w.db.RetestsDue(ctx, now, after, w.config.BatchMax)
		if err != nil {
			return err
		}
		if err = each(ctx, w.config.BatchMax, due, w.drawRetest); first == nil {
			first = err
		}
		if len(due) < w.config.BatchMax || ctx.Err() != nil || away(err) {
			return first
		}
		after = due[len(due)-1]
	}
}

// drawRetest draws a body for a claim. The draw of one time has one request id, so whoever takes it
// up, and however often, one body is commissioned.
func (w *Worker) drawRetest(ctx context.Context, due *postgres.RetestDue) error {
	cmd := book.DrawRetest{ClaimID: due.ClaimID, At: due.At}
	cmd.Draw.Kinds = []claim.AuthenticatorKind{claim.AccreditedLab}
	h := request.System(due.MerchantID, "DrawRetest")
	h.RequestID = due.ClaimID + "-" + strconv.FormatInt(due.At.UnixMicro(), 10)
	err := w.engine.Draw(ctx, book.Key{MerchantID: due.MerchantID, ID: due.ClaimID}, &cmd.Draw)
	if err == nil {
		_, err = w.engine.Do(ctx, h, &cmd)
	}
	switch {
	case err == nil:
		w.done.deadlines.Add(1)
		return nil
	case errors.Is(err, fault.ClaimChanged):
		return nil // Another replica was first, or no re-test is needed any more.
	}
	return fmt.Errorf("draw a body for the re-test of claim %s of merchant %s: %w", due.ClaimID, due.MerchantID, err)
}

// leaveSuspended ends the open commissions of bodies that have been suspended for a while. One that
// fails does not hold up the others.
func (w *Worker) leaveSuspended(ctx context.Context) error {
	before := authenticator.SuspendedBefore(w.engine.Now())
	var after postgres.CommissionCursor
	var first error
	for {
		left, err := w.db.CommissionsLeft(ctx, before, after, w.config.BatchMax)
		if err != nil {
			return err
		}
		if err = each(ctx, w.config.BatchMax, left, w.leaveBody); first == nil {
			first = err
		}
		if len(left) < w.config.BatchMax || ctx.Err() != nil || away(err) {
			return first
		}
		last := &left[len(left)-1]
		after = postgres.CommissionCursor{DueAt: last.DueAt, MerchantID: last.MerchantID, ClaimID: last.ClaimID, Number: last.Number}
	}
}

func (w *Worker) leaveBody(ctx context.Context, x *commission.Commission) error {
	cmd := book.LeaveSuspended{OnCommission: book.OnCommission{ClaimID: x.ClaimID, Number: x.Number}, Body: x.AuthenticatorID}
	var err error
	if len(x.Seed) > 0 {
		err = w.drawAnother(ctx, x, &cmd.Draw)
	}
	if err == nil {
		_, err = w.engine.Do(ctx, request.System(x.MerchantID, "LeaveSuspended"), &cmd)
	}
	switch {
	case err == nil:
		w.done.deadlines.Add(1)
		return nil
	case errors.Is(err, fault.ClaimChanged):
		return nil // Another replica was first, or the body counts again.
	}
	return fmt.Errorf("end commission %d of claim %s of merchant %s: %w", x.Number, x.ClaimID, x.MerchantID, err)
}

// drawAnother makes the draw of a body of the same kind as the one that was drawn before.
func (w *Worker) drawAnother(ctx context.Context, x *commission.Commission, d *book.Drawing) error {
	body, err := w.engine.Authenticator(ctx, x.AuthenticatorID)
	if err != nil {
		return err
	}
	d.Kinds = []claim.AuthenticatorKind{body.Kind}
	return w.engine.Draw(ctx, book.Key{MerchantID: x.MerchantID, ID: x.ClaimID}, d)
}
