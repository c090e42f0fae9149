package book

import (
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// penalty is where a penalty is taken from, and by which transfers.
type penalty struct {
	source      ledger.Purpose
	taken, back ledger.Kind
}

// penalties are the kinds of proposal that take a penalty. None of them touches a
// claim: a consumer's payout is never mixed with a merchant's fine.
var penalties = map[proposal.Kind]penalty{
	proposal.DepositForfeiture: {ledger.Deposit, ledger.DepositForfeited, ledger.DepositForfeitureReversed},
	proposal.Penalty:           {ledger.ShopFunds, ledger.PenaltyTaken, ledger.PenaltyReversed},
}

// checkDecision refuses a proposal that could not be carried out on the book as it
// stands.
func (b *Book) checkDecision(p *proposal.Proposal) error {
	switch p.Kind {
	case proposal.WriteOff:
		return b.checkDebt(p.DebtKind, p.DebtID, p.Amount)
	case proposal.DepositForfeiture, proposal.Penalty:
		return b.checkFree(penalties[p.Kind].source, p.Amount, 0)
	case proposal.WriteOffRecovery:
		if err := b.checkUndoing(p); err != nil {
			return err
		}
		return b.checkFree(ledger.Deposit, p.Amount, 0)
	case proposal.PenaltyReversal:
		return b.checkUndoing(p)
	case proposal.WriteOffWaiver:
		if open := max(0, b.available(ledger.WriteOff)-b.head.Waived); p.Amount > open {
			return b.debtExceeded(p.Amount, open)
		}
	case proposal.SuspenseIn, proposal.SuspenseOut, proposal.Reclassify:
		return b.checkAdjustment(p)
	case proposal.CorrectTopUp:
		return b.checkCorrection(p)
	case proposal.TopUp, proposal.Withdrawal, proposal.HandOver, proposal.TakeBack:
		return moneyMoveOf(p, b.head.Currency).check(b)
	case proposal.TopUpReversal:
		return b.checkProposedReversal(p)
	}
	return nil
}

// checkDebt refuses to write off a debt that does not exist, or more than is open.
func (b *Book) checkDebt(kind debt.Kind, id string, amount money.Amount) error {
	open := b.owedNow(kind, id)
	switch {
	case open == 0:
		return fault.New(fault.DebtNotFound, "merchant %s has no debt of kind %s for %s", b.merchantID, kind, id).
			With("debtKind", kind).With("debtId", id)
	case amount > open:
		return b.debtExceeded(amount, open)
	}
	return nil
}

// debtExceeded refuses an amount above what is open.
func (b *Book) debtExceeded(asked, open money.Amount) *fault.Error {
	return fault.New(fault.DebtExceeded, "only %s %s are open, but the proposal is for %s", money.Format(open, b.head.Currency), b.head.Currency,
		money.Format(asked, b.head.Currency)).
		With("openMinor", int64(open)).With("askedMinor", int64(asked)).With("currency", b.head.Currency).At("amount.minor_units")
}

// owedNow is the open amount of a debt that can be written off.
func (b *Book) owedNow(kind debt.Kind, id string) money.Amount {
	if kind == debt.TopUp {
		if d := b.debts.get(debtKey{kind, id}); d != nil {
			return d.Open
		}
		return 0
	}
	c := b.claims.get(id)
	switch {
	case c == nil:
	case kind == debt.Advance:
		return c.Funding.Advanced
	case kind == debt.Fee:
		return c.Fees.Owed
	}
	return 0
}

// undoable are the kinds of proposal that each undoing kind can undo.
var undoable = map[proposal.Kind][]proposal.Kind{
	proposal.WriteOffRecovery: {proposal.WriteOff},
	proposal.PenaltyReversal:  {proposal.DepositForfeiture, proposal.Penalty},
}

// checkUndoing refuses to undo a proposal that was not carried out or is already
// undone. It also refuses to give back part of a penalty, because a transfer is
// reversed once and in full.
func (b *Book) checkUndoing(p *proposal.Proposal) error {
	of := b.proposals.get(p.Undoes)
	if of == nil {
		return proposalNotFound(b.merchantID, p.Undoes)
	}
	fits := false
	for _, kind := range undoable[p.Kind] {
		fits = fits || of.Kind == kind
	}
	if !fits || of.State != proposal.CarriedOut {
		return proposalConflict(of, "proposal %d is a %s in state %s, which a %s cannot undo", of.Number, of.Kind, of.State, p.Kind)
	}
	left := b.undoableOf(of)
	switch {
	case left == 0:
		return proposalConflict(of, "proposal %d has nothing left to undo", of.Number)
	case p.Amount > left:
		return b.debtExceeded(p.Amount, left)
	case p.Kind == proposal.PenaltyReversal && p.Amount < left:
		return fault.New(fault.RequestInvalid, "a penalty must be given back in full: %s", money.Format(left, b.head.Currency)).At("amount")
	}
	return nil
}

// undoableOf is the amount of a carried-out proposal that can still be undone. A later
// verdict may have cancelled part of a claim's write-off.
func (b *Book) undoableOf(of *proposal.Proposal) money.Amount {
	left := of.Amount - of.Undone
	c := b.claims.get(of.DebtID)
	switch {
	case of.DebtKind == debt.Advance && c != nil:
		return min(left, c.Funding.WrittenOff)
	case of.DebtKind == debt.Fee && c != nil:
		return min(left, c.Fees.WrittenOff)
	}
	return left
}

// claimOfDecision is the claim that a proposal is about; empty for none.
func (b *Book) claimOfDecision(p *proposal.Proposal) string {
	of := p
	if p.Undoes != 0 {
		of = b.proposals.get(p.Undoes)
	}
	if of.DebtKind == debt.Advance || of.DebtKind == debt.Fee {
		return of.DebtID
	}
	return ""
}

// carryOut does what a proposal says, as part of the running event.
func (b *Book) carryOut(p *proposal.Proposal) error {
	first := b.head.TransferNumber + 1
	var err error
	switch p.Kind {
	case proposal.WriteOff:
		err = b.writeOff(p.DebtKind, p.DebtID, p.Amount)
	case proposal.WriteOffRecovery:
		err = b.recoverWriteOff(b.undo(p), p.Amount)
	case proposal.DepositForfeiture, proposal.Penalty:
		err = b.post(penalties[p.Kind].taken, p.Amount, posting{})
	case proposal.PenaltyReversal:
		err = b.reversePenalty(b.undo(p), p.Amount)
	case proposal.WriteOffWaiver:
		b.head.Waived += p.Amount
	case proposal.SuspenseIn, proposal.SuspenseOut, proposal.Reclassify:
		err = b.carryAdjustment(p)
	case proposal.CorrectTopUp:
		err = b.correctTopUp(p)
	case proposal.TopUp, proposal.Withdrawal, proposal.HandOver, proposal.TakeBack:
		err = moneyMoveOf(p, b.head.Currency).carryOut(b)
	case proposal.TopUpReversal:
		err = b.reverseProposed(p)
	}
	p.State, p.EndedAt = proposal.CarriedOut, b.now
	if p.Kind.Moves() {
		p.TransferNumber = first
	}
	return err
}

// undo adds to the undone amount of an earlier proposal, and gives that proposal.
func (b *Book) undo(p *proposal.Proposal) *proposal.Proposal {
	of := b.changeProposal(p.Undoes)
	of.Undone += p.Amount
	return of
}

// writeOff writes off what the merchant owes, in the books and not against the
// merchant (rule F5).
func (b *Book) writeOff(kind debt.Kind, id string, amount money.Amount) error {
	if kind == debt.TopUp {
		k := debtKey{kind, id}
		if d := b.changeDebt(k); d.Open > amount {
			d.Open -= amount
		} else {
			b.endDebt(k)
		}
		return b.post(ledger.ReceivableWrittenOff, amount, posting{})
	}
	return b.post(ledger.ReceivableWrittenOff, amount, posting{claim: b.change(id), due: dueOf(kind)})
}

// recoverWriteOff takes a written-off amount from the deposit after all.
func (b *Book) recoverWriteOff(of *proposal.Proposal, amount money.Amount) error {
	if of.DebtKind == debt.TopUp {
		return b.post(ledger.WriteOffRecovered, amount, posting{})
	}
	return b.post(ledger.WriteOffRecovered, amount, posting{claim: b.change(of.DebtID), due: dueOf(of.DebtKind)})
}

// reversePenalty gives a penalty back to the source it was taken from. It counts as
// income that can pay what the merchant owes.
func (b *Book) reversePenalty(of *proposal.Proposal, amount money.Amount) error {
	b.record(event.PenaltyReversed, "")
	from := penalties[of.Kind]
	if err := b.post(from.back, amount, posting{reverses: of.TransferNumber}); err != nil {
		return err
	}
	return b.income(from.source, amount)
}
