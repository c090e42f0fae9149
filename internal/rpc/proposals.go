package rpc

import (
	"context"
	"math"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// proposal reads a proposal, with the currency of its book.
func (b *backend) proposal(ctx context.Context, merchant string, number int64) (*tenfoldv1.Proposal, error) {
	reader := b.db.Reader()
	h, err := readHead(ctx, reader, merchant)
	if err != nil {
		return nil, err
	}
	p, found, err := reader.Proposal(ctx, proposal.Key{MerchantID: merchant, Number: number})
	if err == nil && !found {
		err = fault.New(fault.ProposalNotFound, "merchant %s has no proposal %d", merchant, number).With("proposalNumber", number)
	}
	return proposalOf(&p, h.Currency), err
}

// proposalAfter is the proposal of an outcome: as the command left it, or, for a
// replay, as it is now.
func (b *backend) proposalAfter(ctx context.Context, merchant string, number int64, o *book.Outcome, err error) (*tenfoldv1.Proposal, error) {
	if err != nil {
		return nil, err
	}
	if o.Replayed {
		return b.proposal(ctx, merchant, number)
	}
	return proposalOf(o.Proposal, o.Currency), nil
}

func (s *merchantMoneyService) ProposeDecision(ctx context.Context, r *tenfoldv1.ProposeDecisionRequest) (*tenfoldv1.ProposeDecisionResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	cmd := book.ProposeDecision{
		Kind: proposalKinds.domain(r.GetKind()), Amount: money.Amount(r.GetAmount().GetMinorUnits()),
		Currency: r.GetAmount().GetCurrencyCode(), DebtKind: debtKinds.domain(r.GetDebtKind()),
		DebtID: r.GetPaymentReference(), Note: r.GetNote(),
	}
	if r.GetClaim() != "" {
		id, err := claimUnder(r.GetParent(), r.GetClaim())
		if err != nil {
			return nil, err
		}
		cmd.DebtID = id
	}
	if of := r.GetUndoes(); of != "" {
		if err := under(r.GetParent(), of, "undoes"); err != nil {
			return nil, err
		}
		cmd.Undoes = numberOf(of)
	}
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &cmd)
	// The event of the proposal is its number.
	p, err := s.proposalAfter(ctx, merchant, o.EventNumber, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.ProposeDecisionResponse{Proposal: p, Replayed: o.Replayed}, nil
}

func (s *merchantMoneyService) ApproveProposal(ctx context.Context, r *tenfoldv1.ApproveProposalRequest) (*tenfoldv1.ApproveProposalResponse, error) {
	merchant, _ := nameOf(r.GetName())
	number := numberOf(r.GetName())
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.ApproveProposal{OnProposal: book.OnProposal{Number: number}, Note: r.GetNote()})
	p, err := s.proposalAfter(ctx, merchant, number, &o, err)
	if err != nil {
		return nil, err
	}
	transfers, err := s.transfersAfter(ctx, merchant, &o)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.ApproveProposalResponse{Proposal: p, Transfers: transfers, Replayed: o.Replayed}, nil
}

func (s *merchantMoneyService) RefuseProposal(ctx context.Context, r *tenfoldv1.RefuseProposalRequest) (*tenfoldv1.RefuseProposalResponse, error) {
	merchant, _ := nameOf(r.GetName())
	number := numberOf(r.GetName())
	o, err := s.engine.Do(ctx, s.header(ctx, merchant, r), &book.RefuseProposal{OnProposal: book.OnProposal{Number: number}, Note: r.GetNote()})
	p, err := s.proposalAfter(ctx, merchant, number, &o, err)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.RefuseProposalResponse{Proposal: p, Replayed: o.Replayed}, nil
}

func (s *merchantMoneyService) GetProposal(ctx context.Context, r *tenfoldv1.GetProposalRequest) (*tenfoldv1.GetProposalResponse, error) {
	merchant, _ := nameOf(r.GetName())
	p, err := s.proposal(ctx, merchant, numberOf(r.GetName()))
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.GetProposalResponse{Proposal: p}, nil
}

func (s *merchantMoneyService) ListProposals(ctx context.Context, r *tenfoldv1.ListProposalsRequest) (*tenfoldv1.ListProposalsResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	p, err := pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	before, err := p.number(0)
	if err != nil {
		return nil, err
	}
	if before == 0 {
		before = math.MaxInt64
	}
	reader := s.db.Reader()
	h, err := readHead(ctx, reader, merchant)
	if err != nil {
		return nil, err
	}
	list, err := reader.Proposals(ctx, merchant, proposalStates.domain(r.GetState()), before, p.size+1)
	if err != nil {
		return nil, err
	}
	list, more := cut(list, p.size)
	out := &tenfoldv1.ListProposalsResponse{}
	for i := range list {
		out.Proposals = append(out.Proposals, proposalOf(&list[i], h.Currency))
	}
	if more {
		out.NextPageToken = p.token(decimal(list[len(list)-1].Number))
	}
	return out, nil
}
