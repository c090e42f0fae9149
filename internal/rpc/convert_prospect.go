package rpc

import (
	"context"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// choicesOf gives every way in which a caller can do something to a claim. The line may be
// nil unless the catalog asks for it.
func choicesOf(c *claim.Claim, l *order.Line, catalog *book.Catalog, now time.Time, by caller) []explain.Choice {
	var out []explain.Choice
	for _, a := range by.allowed(c) {
		who := takers(a)
		for _, p := range c.Prospects(a) {
			out = append(out, explain.Choice{Action: a, Roles: who, Prospect: p, Deadline: catalog.Due(c, l, p, now)})
		}
	}
	return out
}

// governedLine reads a claim's order line if the catalog asks for it.
func governedLine(ctx context.Context, r postgres.Reader, catalog *book.Catalog, c *claim.Claim) (*order.Line, error) {
	if !catalog.AsksForLine(c) {
		return nil, nil
	}
	l, _, _, err := r.OrderLine(ctx, c.MerchantID, c.OrderLineID)
	switch {
	case err != nil:
		return nil, err
	case l == nil:
		return nil, fmt.Errorf("claim %s has no order line", c.ID)
	}
	return &l.Line, nil
}

// markUnset says of a shown claim whether its deadline was counted through a year that the
// calendar does not have. Nearly always that is known without another read.
func markUnset(ctx context.Context, r postgres.Reader, catalog *book.Catalog, c *claim.Claim, shown *tenfoldv1.Claim) error {
	if shown.GetDeadline() == nil || catalog.Calendar.UnsetBetween(c.StateSince, c.Deadline) == 0 {
		return nil
	}
	l, err := governedLine(ctx, r, catalog, c)
	if err == nil {
		shown.Deadline.UnsetCalendarYear = int32(catalog.UnsetYear(c, l))
	}
	return err
}

func effectsOf(choices []explain.Choice, currency string) []*tenfoldv1.ActionEffect {
	out := make([]*tenfoldv1.ActionEffect, len(choices))
	for i, c := range choices {
		out[i] = &tenfoldv1.ActionEffect{
			Action: actions.proto(c.Action), Method: shortMethod(actionMethods[c.Action]), Roles: c.Roles,
			Trigger: triggers.proto(c.Prospect.Trigger), NextState: claimStates.proto(c.Prospect.To),
			Movements: movementsOf(c.Prospect.Movements, currency), Unpriced: c.Prospect.Unpriced,
		}
		if !c.Deadline.IsZero() {
			out[i].Deadline = &tenfoldv1.Deadline{PassesAt: stamp(c.Deadline), Kind: deadlines.proto(c.Prospect.Fires)}
		}
	}
	return out
}

func movementsOf(list []claim.Movement, currency string) []*tenfoldv1.MoneyMovement {
	out := make([]*tenfoldv1.MoneyMovement, len(list))
	for i, m := range list {
		out[i] = &tenfoldv1.MoneyMovement{Effect: moneyEffects.proto(m.Effect), Amount: moneyOf(m.Amount, currency)}
	}
	return out
}

// lapseOf is the effect of the claim's deadline passing; nil if no deadline runs. The
// line may be nil unless the catalog asks for it.
func lapseOf(c *claim.Claim, l *order.Line, catalog *book.Catalog) *tenfoldv1.DeadlineEffect {
	p, runs := c.Lapse()
	if !runs {
		return nil
	}
	return &tenfoldv1.DeadlineEffect{
		Deadline: &tenfoldv1.Deadline{
			PassesAt: stamp(c.Deadline), Kind: deadlines.proto(c.Fires), UnsetCalendarYear: int32(catalog.UnsetYear(c, l)),
		},
		Trigger: triggers.proto(p.Trigger), NextState: claimStates.proto(p.To), Escalates: p.Trigger == "",
		Movements: movementsOf(p.Movements, c.Currency), UnsetCalendarYear: int32(catalog.UnsetYear(c, l)),
	}
}

func verdictOf(v *claim.Revision, currency string) *tenfoldv1.VerdictSummary {
	return &tenfoldv1.VerdictSummary{
		Revision: v.Number, Verdict: verdicts.proto(v.Verdict), Cause: v.Cause, Note: v.Note, RecordedAt: stamp(v.RecordedAt),
		Award: &tenfoldv1.Award{Refund: moneyOf(v.Award.Refund, currency), Compensation: moneyOf(v.Award.Compensation, currency)},
	}
}
