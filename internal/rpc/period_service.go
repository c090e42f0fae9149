package rpc

import (
	"context"
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/period"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/statement/reading"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// periodService implements PeriodService.
type periodService struct {
	tenfoldv1.UnimplementedPeriodServiceServer
	backend
}

// periodNamed is the period of a name whose form the contract's rules have checked.
func periodNamed(name string) period.ID {
	id, _ := nameOf(name)
	return period.ID(id)
}

func periodName(p period.ID) string { return "periods/" + string(p) }

func hashOf(h period.Hash, has bool) string {
	if !has {
		return ""
	}
	return hex.EncodeToString(h[:])
}

func periodChangeOf(c *period.Change) *tenfoldv1.PeriodChange {
	linked := c.State == period.Done
	kept := linked && c.Action == period.Close
	return &tenfoldv1.PeriodChange{
		Number: c.Number, Period: periodName(c.Period), Action: periodActions.proto(c.Action), State: periodChangeStates.proto(c.State),
		ProposedBy: c.Proposed.By.Person, ProposedAt: stamp(c.Proposed.At), Note: c.Proposed.Note,
		DecidedBy: c.Decided.By.Person, DecidedAt: stamp(c.Decided.At), DecidedNote: c.Decided.Note,
		Link: c.Link, PreviousHash: hashOf(c.Previous, linked), Hash: hashOf(c.Hash, linked),
		Books: c.Books, HeadsSha256: hashOf(c.Heads, kept), SumsSha256: hashOf(c.Sums, kept),
	}
}

// readPeriod reads a period with its changes, and the checklist of an open one.
func (s *periodService) readPeriod(ctx context.Context, p period.ID) (out *tenfoldv1.Period, err error) {
	err = s.db.Snapshot(ctx, func(read postgres.Reader) error {
		changes, err := read.PeriodChanges(ctx)
		if err != nil {
			return err
		}
		so := period.Fold(changes)
		out = &tenfoldv1.Period{Name: periodName(p), StartsAt: stamp(p.Start()), EndsAt: stamp(p.End()), Closed: so.Closing(p) != nil}
		for i := range changes {
			if changes[i].Period == p {
				out.Changes = append(out.Changes, periodChangeOf(&changes[i]))
			}
		}
		if out.Closed {
			return nil
		}
		list, err := read.Checklist(ctx, p)
		out.Checks = each(list, func(c *period.Checked) *tenfoldv1.PeriodCheck {
			return &tenfoldv1.PeriodCheck{Item: periodItems.proto(c.Item), Missing: c.Open, Detail: c.Missing, Examples: c.Examples}
		})
		return err
	})
	return out, err
}

func (s *periodService) GetPeriod(ctx context.Context, r *tenfoldv1.GetPeriodRequest) (*tenfoldv1.GetPeriodResponse, error) {
	p, err := s.readPeriod(ctx, periodNamed(r.GetName()))
	return answer(&tenfoldv1.GetPeriodResponse{Period: p}, err)
}

func (s *periodService) ListPeriodChanges(ctx context.Context, r *tenfoldv1.ListPeriodChangesRequest) (*tenfoldv1.ListPeriodChangesResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	before, err := p.number(0)
	if err != nil {
		return nil, err
	}
	if r.GetPageToken() == "" {
		before = math.MaxInt64
	}
	changes, err := s.db.Reader().PeriodChanges(ctx)
	if err != nil {
		return nil, err
	}
	slices.Reverse(changes)
	changes = slices.DeleteFunc(changes, func(c period.Change) bool { return c.Number >= before })
	out := &tenfoldv1.ListPeriodChangesResponse{}
	if len(changes) > p.size {
		changes = changes[:p.size]
		out.NextPageToken = p.token(decimal(changes[p.size-1].Number))
	}
	out.Changes = each(changes, periodChangeOf)
	return out, nil
}

// periodMutation is a request that changes a period.
type periodMutation interface {
	mutation
	GetName() string
	GetNote() string
}

func (s *periodService) change(ctx context.Context, r periodMutation, c engine.PeriodChange) (*tenfoldv1.Period, bool, error) {
	c.Period, c.Note = periodNamed(r.GetName()), r.GetNote()
	replayed, err := s.engine.ChangePeriod(ctx, s.header(ctx, "", r), &c)
	if err != nil {
		return nil, false, err
	}
	p, err := s.readPeriod(ctx, c.Period)
	return p, replayed, err
}

func (s *periodService) ClosePeriod(ctx context.Context, r *tenfoldv1.ClosePeriodRequest) (*tenfoldv1.ClosePeriodResponse, error) {
	p, replayed, err := s.change(ctx, r, engine.PeriodChange{Action: period.Close})
	return answer(&tenfoldv1.ClosePeriodResponse{Period: p, Replayed: replayed}, err)
}

func (s *periodService) ReopenPeriod(ctx context.Context, r *tenfoldv1.ReopenPeriodRequest) (*tenfoldv1.ReopenPeriodResponse, error) {
	p, replayed, err := s.change(ctx, r, engine.PeriodChange{Action: period.Reopen})
	return answer(&tenfoldv1.ReopenPeriodResponse{Period: p, Replayed: replayed}, err)
}

func (s *periodService) ApprovePeriodChange(ctx context.Context, r *tenfoldv1.ApprovePeriodChangeRequest) (*tenfoldv1.ApprovePeriodChangeResponse, error) {
	p, replayed, err := s.change(ctx, r, engine.PeriodChange{Approve: true})
	return answer(&tenfoldv1.ApprovePeriodChangeResponse{Period: p, Replayed: replayed}, err)
}

func (s *periodService) RefusePeriodChange(ctx context.Context, r *tenfoldv1.RefusePeriodChangeRequest) (*tenfoldv1.RefusePeriodChangeResponse, error) {
	p, replayed, err := s.change(ctx, r, engine.PeriodChange{})
	return answer(&tenfoldv1.RefusePeriodChangeResponse{Period: p, Replayed: replayed}, err)
}

func (s *periodService) NoteSuspense(ctx context.Context, r *tenfoldv1.NoteSuspenseRequest) (*tenfoldv1.NoteSuspenseResponse, error) {
	merchant, _ := nameOf(r.GetName())
	x, replayed, err := s.engine.NoteSuspense(ctx, s.header(ctx, "", r), &engine.SuspenseSeen{
		MerchantID: merchant, Note: r.GetNote(), Amount: money.Amount(r.GetAmount().GetMinorUnits()), Currency: r.GetAmount().GetCurrencyCode(),
	})
	return answer(&tenfoldv1.NoteSuspenseResponse{Replayed: replayed, Explanation: &tenfoldv1.SuspenseExplanation{
		Book: merchantName(merchant), Amount: moneyOf(x.Balance, x.Currency), Note: x.Note, Person: x.By.Person, ExplainedAt: stamp(x.At),
	}}, err)
}

// beganPeriod reads a period of which something is asked. It refuses one that is still to come.
func (s *periodService) beganPeriod(name string) (period.ID, error) {
	p := periodNamed(name)
	if now := s.engine.Now(); now.Before(p.Start()) {
		return p, fault.New(fault.RequestInvalid, "period %s has not begun: it begins at %s", p, p.Start().Format(time.RFC3339)).At("period")
	}
	return p, nil
}

func (s *periodService) GetPeriodStatement(ctx context.Context, r *tenfoldv1.GetPeriodStatementRequest) (*tenfoldv1.GetPeriodStatementResponse, error) {
	p, err := s.beganPeriod(r.GetPeriod())
	if err != nil {
		return nil, err
	}
	merchant, _ := nameOf(r.GetName())
	out := &tenfoldv1.GetPeriodStatementResponse{}
	err = s.db.Snapshot(ctx, func(read postgres.Reader) error {
		changes, err := read.PeriodChanges(ctx)
		if err != nil {
			return err
		}
		so := period.Fold(changes)
		of := postgres.PeriodOfBooks(&so, p)
		out.Provisional = of.Closing == nil
		all, err := periodTotals(ctx, read, anchor(merchant), of)
		if err != nil {
			return err
		}
		for _, currency := range slices.Sorted(maps.Keys(all)) {
			sums, err := periodSumsOf(all[currency], currency)
			if err != nil {
				return err
			}
			out.Sums = append(out.Sums, sums)
		}
		return nil
	})
	return answer(out, err)
}

func periodTotals(ctx context.Context, read postgres.Reader, merchant string, of postgres.PeriodOf) (map[string]postgres.PeriodTotals, error) {
	if merchant == "" {
		return read.TotalsOfPeriodOfAll(ctx, of)
	}
	h, err := readHead(ctx, read, merchant)
	if err != nil {
		return nil, err
	}
	totals, err := read.TotalsOfPeriod(ctx, merchant, of)
	return map[string]postgres.PeriodTotals{h.Currency: totals}, err
}

func periodSumsOf(t postgres.PeriodTotals, currency string) (*tenfoldv1.PeriodSums, error) {
	sums, err := statementSumsOf(t.Opening, t.Closing, currency)
	if err != nil {
		return nil, err
	}
	within := ledger.Totals{}
	within.Plus(t.Closing, 1)
	within.Plus(t.Opening, -1)
	within.Plus(t.Late, -1)
	return &tenfoldv1.PeriodSums{
		CurrencyCode: currency, Accounts: sums.GetAccounts(), Lines: sums.GetLines(),
		Totals: transferTotalsOf(within, currency), LateTotals: transferTotalsOf(t.Late, currency),
	}, nil
}

func (s *periodService) ListLateTransfers(ctx context.Context, r *tenfoldv1.ListLateTransfersRequest) (*tenfoldv1.ListLateTransfersResponse, error) {
	of, err := s.beganPeriod(r.GetPeriod())
	if err != nil {
		return nil, err
	}
	const cursorParts = 2
	p, err := s.pageOf(ctx, r, cursorParts)
	if err != nil {
		return nil, err
	}
	at, err := p.number(0)
	if err != nil {
		return nil, err
	}
	var after ledger.Transfer
	if after.Number, err = p.number(1); err != nil {
		return nil, err
	}
	if r.GetPageToken() != "" {
		after.EffectiveAt = time.UnixMicro(at).UTC()
	}
	merchant, _ := nameOf(r.GetParent())
	out := &tenfoldv1.ListLateTransfersResponse{}
	err = s.db.Snapshot(ctx, func(read postgres.Reader) error {
		if _, err := readHead(ctx, read, merchant); err != nil {
			return err
		}
		changes, err := read.PeriodChanges(ctx)
		if err != nil {
			return err
		}
		so := period.Fold(changes)
		list, err := read.LateTransfers(ctx, merchant, postgres.PeriodOfBooks(&so, of), after, p.size+1)
		if err != nil {
			return err
		}
		if len(list) > p.size {
			list = list[:p.size]
			last := &list[p.size-1]
			out.NextPageToken = p.token(microseconds(last.EffectiveAt), decimal(last.Number))
		}
		rows, err := reading.WithFacts(ctx, read, list)
		out.Transfers = each(rows, transferReadOf)
		return err
	})
	return answer(out, err)
}
