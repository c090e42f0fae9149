package book

import (
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// ProposeDecision asks two people to agree to a decision about a merchant's money: to
// write off a debt, to recover a write-off or waive it for a merchant who leaves, to take a
// penalty or give one back, to take money without an owner in or give it away, to correct a
// top-up or an account, or to move more of a merchant's money than one caller may. It
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
	// Reference is the payment reference of the top-up to correct or take back, or the one
	// under which the money moves.
	Reference string
	// From and To are the accounts of money that is taken in, given away or reclassified.
	From, To ledger.Purpose
	// EffectiveAt is when the money moved outside; zero for the second approval.
	EffectiveAt time.Time
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
	case p.Kind.Corrects():
		n.topUp(c.Header.MerchantID, p.Reference)
	case p.Reference != "":
		n.reference(c.Header.MerchantID, p.Reference)
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
	// What requests said before there was more to say keeps its digest.
	if p.Reference != "" || p.From != "" || p.To != "" || !p.EffectiveAt.IsZero() {
		d.Texts(p.Reference, string(p.From), string(p.To))
		d.Time(p.EffectiveAt)
	}
}

func (p *ProposeDecision) decide(b *Book) (Outcome, error) {
	person := b.call.Header.Principal.Person
	if person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "a decision about money must be proposed by a person, but the call names no person")
	}
	if err := b.checkProposedAmount(p); err != nil {
		return Outcome{}, err
	}
	made := proposal.Proposal{
		Key:  proposal.Key{MerchantID: b.merchantID},
		Kind: p.Kind, State: proposal.Open, Amount: p.Amount, DebtKind: p.DebtKind, DebtID: p.DebtID,
		Reference: p.Reference, From: p.From, To: p.To, EffectiveAt: p.EffectiveAt,
		Undoes: p.Undoes, Note: p.Note, ProposedBy: person, ProposedAt: b.now,
	}
	if p.Kind == proposal.CorrectTopUp {
		_, booked, err := b.topUp(p.Reference)
		if err != nil {
			return Outcome{}, err
		}
		made.Booked = booked
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
	for _, d := range [][2]string{{"reference", p.Reference}, {"from", string(p.From)}, {"to", string(p.To)}} {
		if d[1] != "" {
			b.detail(d[0], d[1])
		}
	}
	if p.Kind == proposal.CorrectTopUp {
		b.detail("booked_minor", strconv.FormatInt(int64(made.Booked), 10))
	}
	made.ChangedAt = b.now
	b.proposals.add(made.Number, made, b.command)
	return b.proposed(made.Number), nil
}

// checkProposedAmount refuses an amount as checkAmount does. Of a mistyped top-up nothing
// may have been paid.
func (b *Book) checkProposedAmount(p *ProposeDecision) error {
	if p.Kind == proposal.CorrectTopUp && p.Amount == 0 {
		return b.checkAmount(1, p.Currency)
	}
	return b.checkAmount(p.Amount, p.Currency)
}

// proposed is the outcome of a command on a proposal.
func (b *Book) proposed(number int64) Outcome {
	p := *b.proposals.get(number)
	return Outcome{Proposal: &p, TransferNumber: p.TransferNumber}
}
