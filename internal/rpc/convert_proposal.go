package rpc

import (
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func proposalOf(p *proposal.Proposal, currency string) *tenfoldv1.Proposal {
	out := &tenfoldv1.Proposal{
		Name: proposalName(p.MerchantID, p.Number), Kind: proposalKinds.proto(p.Kind), State: proposalStates.proto(p.State),
		Amount: moneyOf(p.Amount, currency), Undone: moneyOf(p.Undone, currency), DebtKind: debtKinds.proto(p.DebtKind),
		Note: p.Note, ProposedBy: p.ProposedBy, ProposedAt: stamp(p.ProposedAt), EndedAt: stamp(p.EndedAt), UpdateTime: stamp(p.ChangedAt),
	}
	out.PaymentReference, out.FromAccount, out.ToAccount = p.Reference, purposes.proto(p.From), purposes.proto(p.To)
	out.EffectiveAt = stamp(p.EffectiveAt)
	if p.Kind == proposal.CorrectTopUp {
		out.BookedAmount = moneyOf(p.Booked, currency)
	}
	switch p.DebtKind {
	case debt.TopUp:
		out.PaymentReference = p.DebtID
	case debt.Advance, debt.Fee:
		out.Claim = claimName(p.MerchantID, p.DebtID)
	case debt.Shortfall, debt.Hold:
	}
	if p.Undoes != 0 {
		out.Undoes = proposalName(p.MerchantID, p.Undoes)
	}
	if p.TransferNumber != 0 {
		out.Transfer = transferName(p.MerchantID, p.TransferNumber)
	}
	for _, v := range p.Votes {
		out.Votes = append(out.Votes, &tenfoldv1.ProposalVote{
			Person: v.Person, Approved: v.Approved, Note: v.Note, VotedAt: stamp(v.VotedAt), EventNumber: v.EventNumber,
		})
	}
	return out
}
