package engine

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/period"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// PeriodChange is what a person asks of a period: to close or reopen it, or, without an action,
// to approve or refuse the change that waits.
type PeriodChange struct {
	Period  period.ID
	Action  period.Action
	Approve bool
	Note    string
}

// Cover covers what is asked.
func (c *PeriodChange) Cover(d *request.Digest) {
	d.Texts(string(c.Period), string(c.Action), c.Note)
	d.Flag(c.Approve)
}

// ChangePeriod proposes a change of a period, or decides the one that waits. Refuses with what
// period.Books refuses, and a close with PERIOD_NOT_CLEAN.
func (e *Engine) ChangePeriod(ctx context.Context, h request.Header, c *PeriodChange) (replayed bool, err error) {
	return e.once(h, c, func(r request.Once) (bool, error) {
		r.Name = "periods/" + string(c.Period)
		step := period.Step{By: h.Principal, Note: c.Note, At: e.Now()}
		if c.Action != "" {
			return e.db.ProposePeriodChange(ctx, r, func(read postgres.Reader, so period.Books) (period.Change, error) {
				change := period.Change{Period: c.Period, Action: c.Action, State: period.Proposed, Proposed: step}
				if err := so.CheckPropose(c.Period, c.Action, h.Principal.Person, step.At); err != nil {
					return change, err
				}
				return change, e.checkClean(ctx, read, &change)
			})
		}
		return e.db.DecidePeriodChange(ctx, r, func(read postgres.Reader, so period.Books) (period.Change, error) {
			if err := so.CheckDecide(c.Period, c.Approve, h.Principal.Person, step.At); err != nil {
				return period.Change{}, err
			}
			change := *so.Open
			change.Decided = step
			if change.State = period.Refused; !c.Approve {
				return change, nil
			}
			change.State = period.Done
			return change, e.checkClean(ctx, read, &change)
		})
	})
}

// checkClean refuses a close whose checklist is not clean.
func (e *Engine) checkClean(ctx context.Context, read postgres.Reader, c *period.Change) error {
	if c.Action != period.Close {
		return nil
	}
	list, err := read.Checklist(ctx, c.Period)
	if err != nil {
		return err
	}
	return period.NotClean(c.Period, list)
}

// SuspenseSeen is what a person says of money in suspense, and how much of it the person saw.
type SuspenseSeen struct {
	MerchantID, Note string
	Amount           money.Amount
	Currency         string
}

// withAmount is the list of fields that has the amount.
const withAmount = request.FirstVersion + 1

// DigestVersion says which list of fields covers the content.
func (s *SuspenseSeen) DigestVersion() int64 { return withAmount }

// Cover covers what is said, of which money.
func (s *SuspenseSeen) Cover(d *request.Digest) {
	d.Texts(s.MerchantID, s.Note, s.Currency)
	d.Number(int64(s.Amount))
}

// NoteSuspense keeps what a person says of the money that lies in suspense in a book. Refuses
// with SUSPENSE_CHANGED if another amount lies there than the person saw.
func (e *Engine) NoteSuspense(ctx context.Context, h request.Header, seen *SuspenseSeen) (x postgres.SuspenseExplanation, replayed bool, err error) {
	if h.Principal.Person == "" {
		return x, false, fault.New(fault.PersonRequired, "money in suspense must be explained by a person, but the call names none")
	}
	x = postgres.SuspenseExplanation{
		MerchantID: seen.MerchantID, Balance: seen.Amount, Currency: seen.Currency, RequestID: h.RequestID,
		Step: period.Step{By: h.Principal, Note: seen.Note, At: e.Now()},
	}
	replayed, err = e.once(h, seen, func(r request.Once) (bool, error) {
		r.Name = "merchants/" + seen.MerchantID
		return e.db.NoteSuspense(ctx, r, &x)
	})
	if err == nil && replayed {
		x, err = e.db.Reader().SuspenseExplained(ctx, seen.MerchantID, h.Principal.Workload, h.RequestID)
	}
	return x, replayed, err
}
