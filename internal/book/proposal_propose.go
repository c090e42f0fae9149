package book

import (
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// ProposeDecision asks two people to agree to a decision about a merchant's money: to
// write off a debt, to recover a write-off or waive it for a merchant who leaves, to take a
// penalty, or to give one back. It
// moves no money. Refuses decisions that could not be carried out now, with
// DEBT_NOT_FOUND, DEBT_EXCEEDED, FREE_AMOUNT_EXCEEDED, PROPOSAL_NOT_FOUND or
// PROPOSAL_STATE_CONFLICT.
type ProposeDecision struct {
	Kind     proposal.Kind
	Amount   money.Amount
	Currency string
	// DebtKind and DebtID name the debt to write off: its claim, or the payment
	// reference of a bounced top-up.
	DebtKind debt.Kind
	DebtID   string
	// Undoes is the number of the write-off or penalty to undo.
	Undoes int64
	Note   string
}

func (p *ProposeDecision) need(c *Call, n *Needs) {
	switch {
	case p.Kind.Undoes():
		n.proposal(c.Header.MerchantID, p.Undoes)
	case p.Kind == proposal.WriteOff:
		n.owed(c.Header.MerchantID, p.DebtKind, p.DebtID)
	}
}

func (p *ProposeDecision) follow(b *Book, n *Needs, round int) {
	if of := b.proposals.get(p.Undoes); of != nil && round == 0 {
		n.owed(b.merchantID, of.DebtKind, of.DebtID)
	}
}

// owed asks for the row that shows a debt that can be written off: the claim, or the
// debt itself.
func (n *Needs) owed(merchantID string, kind debt.Kind, id string) {
	switch kind {
	case debt.TopUp:
		n.debt(debt.Key{MerchantID: merchantID, Kind: kind, ID: id})
	case debt.Advance, debt.Fee:
		n.claim(merchantID, id)
	case debt.Shortfall, debt.Hold:
	}
}

func (p *ProposeDecision) Cover(d *request.Digest) {
	d.Texts(string(p.Kind), p.Currency, string(p.DebtKind), p.DebtID, p.Note)
	d.Number(int64(p.Amount))
	d.Number(p.Undoes)
}

func (p *ProposeDecision) decide(b *Book) (Outcome, error) {
	person := b.call.Header.Principal.Person
	if person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "a decision about money must be proposed by a person, but the call names no person")
	}
	if err := b.checkAmount(p.Amount, p.Currency); err != nil {
		return Outcome{}, err
	}
	made := proposal.Proposal{
		Key:  proposal.Key{MerchantID: b.merchantID},
		Kind: p.Kind, State: proposal.Open, Amount: p.Amount, DebtKind: p.DebtKind, DebtID: p.DebtID,
		Undoes: p.Undoes, Note: p.Note, ProposedBy: person, ProposedAt: b.now,
	}
	if err := b.checkDecision(&made); err != nil {
		return Outcome{}, err
	}
	made.Number = b.record(event.ProposalMade, b.claimOfDecision(&made)).Number
	b.detail("kind", string(p.Kind))
	b.detail("amount_minor", strconv.FormatInt(int64(p.Amount), 10))
	if p.DebtKind != "" {
		b.detail("debt", string(p.DebtKind))
	}
	if p.Undoes != 0 {
		b.detail("undoes", strconv.FormatInt(p.Undoes, 10))
	}
	made.ChangedAt = b.now
	b.proposals.add(made.Number, made, b.command)
	return b.proposed(made.Number), nil
}

// proposed is the outcome of a command on a proposal.
func (b *Book) proposed(number int64) Outcome {
	p := *b.proposals.get(number)
	return Outcome{Proposal: &p, TransferNumber: p.TransferNumber}
}
