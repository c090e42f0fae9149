package engine

import (
	"context"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
	"github.com/tenfold-claims/tenfold/internal/request"
)

const (
	// cutOff is how close to midnight a payment may stand in the file of the neighbouring day.
	cutOff = 10 * time.Minute
	// lookBack is how long before a day its payouts may have been made: the gateway may pay for
	// 72 hours, and a person may have sent one again.
	lookBack = 8 * 24 * time.Hour
	// implausibleFrom is from how many breaks on a comparison is not kept if they are more than
	// half of what was compared; breaksMax is how many are never kept.
	implausibleFrom = 1000
	breaksMax       = 100_000
)

// Reconciled is the outcome of the comparison of a day.
type Reconciled struct {
	reconcile.Summary
	postgres.Kept
	Sides    []reconcile.Side
	Replayed bool
}

// dayContent is the content of a request to compare a day.
type dayContent string

func (c dayContent) Cover(d *request.Digest) { d.Texts(string(c)) }

// ReconcileDay compares the payouts of a day with its files, and what shops lost with the
// marketplace's bill, and keeps the breaks. Refuses with
// RECONCILIATION_RUNNING where that takes longer than the call: the same call gives the outcome.
func (e *Engine) ReconcileDay(ctx context.Context, h request.Header, text string) (*Reconciled, error) {
	day, err := reconcile.ParseDay(text)
	if err != nil {
		return nil, err
	}
	if end := day.AddDate(0, 0, 1); end.After(e.Now()) {
		return nil, fault.New(fault.RequestInvalid, "day %s has not ended", text).At("day")
	}
	if h.ValidateOnly {
		return e.reconcileDay(ctx, h, day)
	}
	got, finished, err := e.errands.do(ctx, "day "+text+" "+h.Principal.Workload+" "+h.RequestID, func(ctx context.Context) (any, error) { return e.reconcileDay(ctx, h, day) })
	switch {
	case !finished:
		return nil, fault.New(fault.ReconciliationRunning, "the comparison of %s takes longer than the call; send the same request again", text).After(time.Second)
	case err != nil:
		return nil, err
	}
	return got.(*Reconciled), nil
}

// reconcileDay compares a day.
func (e *Engine) reconcileDay(ctx context.Context, h request.Header, day time.Time) (*Reconciled, error) {
	now := e.Now()
	c := postgres.Compared{Day: reconcile.DayText(day), Matches: &reconcile.Matches{}, By: reconcile.BreakNote{By: h.Principal, At: now}}
	seen := make(map[[4]string]bool)
	run := reconcile.New(reconcile.Settings{Day: day, CutOff: cutOff, Ours: isOutNumber}, func(b *reconcile.Break) {
		key := [4]string{string(b.Side), string(b.Class), b.Subject()}
		if seen[key] || len(c.Breaks) > breaksMax {
			return
		}
		seen[key] = true
		c.Breaks = append(c.Breaks, reconcile.StoredBreak{Break: *b, ID: e.ids.Next(now), OpenedAt: now, DueAt: b.Class.Due(now)})
	}, c.Matches.Add)
	var sides []reconcile.Side
	var summary reconcile.Summary
	err := e.db.Snapshot(ctx, func(r postgres.Reader) (err error) {
		if sides, err = addFiles(ctx, r, run, day); err != nil {
			return err
		}
		if err := addPayouts(ctx, r, run, day); err != nil {
			return err
		}
		if slices.Contains(sides, reconcile.Marketplace) {
			if err := addDebits(ctx, r, run, day); err != nil {
				return err
			}
		}
		summary = run.Finish()
		return nil
	})
	if err != nil {
		return nil, outsideErr(err)
	}
	if n := len(c.Breaks); n > breaksMax || n > implausibleFrom && n > (summary.Payouts+summary.Lines)/2 {
		return nil, fault.New(fault.ReconciliationImplausible, "%d breaks among %d payouts and %d lines: a file must be of another day or account; nothing was kept",
			n, summary.Payouts, summary.Lines).With("breaks", n).With("compared", summary.Payouts+summary.Lines)
	}
	out := &Reconciled{Summary: summary, Sides: sides}
	c.Sides = sides
	out.Replayed, err = e.once(h, dayContent(c.Day), func(r request.Once) (replayed bool, err error) {
		r.Name = "reconciliation/" + c.Day
		out.Kept, replayed, err = e.db.KeepComparison(ctx, r, &c)
		return replayed, err
	})
	return out, err
}

// isOutNumber says whether a number has the form of our out-numbers.
func isOutNumber(number string) bool {
	id, ok := claim.ParseID(number)
	return ok && claim.Compact(id) == number
}

// addFiles adds the files of a day and of its neighbours, and gives the sides of the day.
func addFiles(ctx context.Context, r postgres.Reader, run *reconcile.Run, day time.Time) (sides []reconcile.Side, err error) {
	for offset := -1; offset <= 1; offset++ {
		of := day.AddDate(0, 0, offset)
		imports, err := r.WholeImports(ctx, reconcile.DayText(of))
		if err != nil {
			return nil, err
		}
		for _, i := range imports {
			take := run.Add(reconcile.Source{
				Import: i.ID, Account: reconcile.Account{Side: i.Side, Name: i.Account, Exclusive: i.Exclusive}, Format: i.Format, Day: of,
			})
			if err := r.EachLine(ctx, i.ID, take); err != nil {
				return nil, err
			}
			if offset == 0 && !slices.Contains(sides, i.Side) {
				sides = append(sides, i.Side)
			}
		}
	}
	return sides, nil
}

// addPayouts adds the payouts of a day, and those whose numbers stand in its files.
func addPayouts(ctx context.Context, r postgres.Reader, run *reconcile.Run, day time.Time) error {
	end := day.AddDate(0, 0, 1)
	add := func(p *payout.Payout) {
		run.AddPayout(&reconcile.Payout{
			MerchantID: p.MerchantID, ID: p.ID, ClaimID: p.ClaimID, Part: p.Part, Form: string(p.Form), State: p.State,
			Amount: p.Amount, Reached: p.Reached(), CameBack: p.CameBack, Currency: p.Currency, OutNumber: p.OutNumber,
			Reference: p.GatewayReference, PaymentID: p.PaymentID, Superseded: p.Superseded, At: p.AnsweredAt,
		})
	}
	err := r.PayoutsOfDay(ctx, postgres.PayoutRange{
		From: claim.CompactFrom(day.Add(-lookBack)), To: claim.CompactFrom(end.Add(time.Hour)), Since: day, Until: end,
	}, add)
	if err != nil {
		return err
	}
	return r.PayoutsByNumber(ctx, run.Wanted(), add)
}

// addDebits adds what shops lost on a day for the claims on each order, and the orders of the
// marketplace's lines for which they lost nothing on the day.
func addDebits(ctx context.Context, r postgres.Reader, run *reconcile.Run, day time.Time) error {
	if err := r.DebitsOfDay(ctx, day, day.AddDate(0, 0, 1), run.AddDebit); err != nil {
		return err
	}
	return r.ClaimedOrders(ctx, run.Ordered(), run.AddDebit)
}
