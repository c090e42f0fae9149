package rpc

import (
	"context"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// readProposal reads a proposal, with the currency of its book.
func (b *backend) readProposal(ctx context.Context, k proposal.Key) (*tenfoldv1.Proposal, error) {
	reader := b.db.Reader()
	h, err := readHead(ctx, reader, k.MerchantID)
	if err != nil {
		return nil, err
	}
	p, found, err := reader.Proposal(ctx, k)
	if err == nil && !found {
		err = proposalNotFound(k.MerchantID, k.Number)
	}
	return proposalOf(&p, h.Currency), err
}

func proposalNotFound(merchant string, number int64) *fault.Error {
	return fault.New(fault.ProposalNotFound, "merchant %s has no proposal %d", merchant, number).With("proposalNumber", number)
}

// proposals are the kinds of proposals that the caller sees; nil for all. A merchant sees
// what would take or give back its money. What it is spared stays among staff until it is
// done: whoever reads that a debt will be given up does not pay it.
func (c caller) proposals() []proposal.Kind {
	if c.Role != principal.RoleMerchant {
		return nil
	}
	return []proposal.Kind{
		proposal.DepositForfeiture, proposal.Penalty, proposal.PenaltyReversal, proposal.WriteOffRecovery,
		proposal.CorrectTopUp, proposal.TopUpReversal, proposal.Withdrawal, proposal.TakeBack,
	}
}

func (s *merchantMoneyService) ProposeDecision(ctx context.Context, r *tenfoldv1.ProposeDecisionRequest) (*tenfoldv1.ProposeDecisionResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	cmd := book.ProposeDecision{
		Kind: proposalKinds.domain(r.GetKind()), Amount: money.Amount(r.GetAmount().GetMinorUnits()),
		Currency: r.GetAmount().GetCurrencyCode(), DebtKind: debtKinds.domain(r.GetDebtKind()), Note: r.GetNote(),
		From: purposes.domain(r.GetFromAccount()), To: purposes.domain(r.GetToAccount()), EffectiveAt: moment(r.GetEffectiveAt()),
	}
	if cmd.Kind == proposal.WriteOff {
		cmd.DebtID = r.GetPaymentReference()
	} else {
		cmd.Reference = r.GetPaymentReference()
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
	o, err := s.run(ctx, merchant, r, &cmd)
	if err != nil {
		return nil, err
	}
	// The event of the proposal is its number.
	p, err := s.proposalAfter(ctx, o.EventNumber, &o)
	return answer(&tenfoldv1.ProposeDecisionResponse{Proposal: p, Replayed: o.Replayed}, err)
}

func (s *merchantMoneyService) ApproveProposal(ctx context.Context, r *tenfoldv1.ApproveProposalRequest) (*tenfoldv1.ApproveProposalResponse, error) {
	merchant, _ := nameOf(r.GetName())
	number := numberOf(r.GetName())
	o, err := s.run(ctx, merchant, r, &book.ApproveProposal{OnProposal: book.OnProposal{Number: number}, Note: r.GetNote()})
	if err != nil {
		return nil, err
	}
	p, err := s.proposalAfter(ctx, number, &o)
	if err != nil {
		return nil, err
	}
	transfers, err := s.transfersAfter(ctx, &o)
	return answer(&tenfoldv1.ApproveProposalResponse{Proposal: p, Transfers: transfers, Replayed: o.Replayed}, err)
}

func (s *merchantMoneyService) RefuseProposal(ctx context.Context, r *tenfoldv1.RefuseProposalRequest) (*tenfoldv1.RefuseProposalResponse, error) {
	merchant, _ := nameOf(r.GetName())
	number := numberOf(r.GetName())
	o, err := s.run(ctx, merchant, r, &book.RefuseProposal{OnProposal: book.OnProposal{Number: number}, Note: r.GetNote()})
	if err != nil {
		return nil, err
	}
	p, err := s.proposalAfter(ctx, number, &o)
	return answer(&tenfoldv1.RefuseProposalResponse{Proposal: p, Replayed: o.Replayed}, err)
}

func (s *merchantMoneyService) GetProposal(ctx context.Context, r *tenfoldv1.GetProposalRequest) (*tenfoldv1.GetProposalResponse, error) {
	merchant, _ := nameOf(r.GetName())
	p, err := s.readProposal(ctx, proposal.Key{MerchantID: merchant, Number: numberOf(r.GetName())})
	if kinds := callerOf(ctx).proposals(); err == nil && kinds != nil && !slices.Contains(kinds, proposalKinds.domain(p.GetKind())) {
		return nil, proposalNotFound(merchant, numberOf(r.GetName()))
	}
	return answer(&tenfoldv1.GetProposalResponse{Proposal: p}, err)
}

func (s *merchantMoneyService) ListProposals(ctx context.Context, r *tenfoldv1.ListProposalsRequest) (*tenfoldv1.ListProposalsResponse, error) {
	who := callerOf(ctx)
	q, err := proposalFilter.parse(r.GetFilter(), who)
	if err != nil {
		return nil, err
	}
	merchant, _ := nameOf(r.GetParent())
	q.MerchantID, q.State, q.Kinds = anchor(merchant), proposalStates.domain(r.GetState()), who.proposals()
	const cursorParts = 3
	p, err := s.pageOf(ctx, r, cursorParts)
	if err != nil {
		return nil, err
	}
	at, err := p.number(0)
	if err != nil {
		return nil, err
	}
	number, err := p.number(2)
	if err != nil {
		return nil, err
	}
	from := postgres.ProposalCursor{ProposedAt: time.UnixMicro(at).UTC(), Key: proposal.Key{MerchantID: p.cursor[1], Number: number}}
	reader := s.db.Reader()
	if err := checkBook(ctx, reader, q.MerchantID); err != nil {
		return nil, err
	}
	var list postgres.Page[postgres.ProposalRead, postgres.ProposalCursor]
	proposals, err := fitting(p.size, func(size int) ([]postgres.ProposalRead, error) {
		list, err = reader.Proposals(ctx, q, from, size)
		return list.Rows, err
	}, func(x *postgres.ProposalRead) *tenfoldv1.Proposal { return proposalOf(&x.Proposal, x.Currency) })
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ListProposalsResponse{Proposals: proposals}
	if n := list.Next; list.More {
		out.NextPageToken = p.token(microseconds(n.ProposedAt), n.MerchantID, decimal(n.Number))
	}
	return out, nil
}
