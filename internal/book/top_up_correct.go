package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// topUp finds a top-up by its payment reference, and the amount at which it is booked with
// its corrections. It refuses one that does not exist or was reversed.
func (b *Book) topUp(reference string) (*ledger.Transfer, money.Amount, error) {
	t, ok := b.transferWith(reference, ledger.DepositToppedUp)
	if !ok {
		return nil, 0, fault.New(fault.TransferNotFound, "no top-up has the payment reference %s", reference).
			With("reference", reference).At("payment_reference")
	}
	if done, ok := b.transferWith(reference, ledger.DepositTopUpReversed, ledger.DepositTopUpReversedOwed); ok {
		return nil, 0, fault.New(fault.TransferAlreadyReversed, "top-up %s has already been reversed by transfer %d", reference, done.Number).
			With("reference", reference).With("transferNumber", done.Number)
	}
	booked := t.Amount
	if up, ok := b.transferWith(reference, ledger.DepositTopUpRaised); ok {
		booked += up.Amount
	}
	for _, k := range []ledger.Kind{ledger.DepositTopUpLowered, ledger.DepositTopUpLoweredOwed} {
		if down, ok := b.transferWith(reference, k); ok {
			booked -= down.Amount
		}
	}
	return t, booked, nil
}

// checkCorrection refuses the correction of a top-up that does not exist, was reversed, is
// booked at another amount than when the correction was proposed or at the right one
// already, or was corrected in the same direction before.
func (b *Book) checkCorrection(p *proposal.Proposal) error {
	t, booked, err := b.topUp(p.Reference)
	if err != nil {
		return err
	}
	format := func(a money.Amount) string { return money.Format(a, b.head.Currency) }
	kinds := []ledger.Kind{ledger.DepositTopUpRaised}
	switch {
	case booked != p.Booked:
		return proposalConflict(p, "top-up %s is booked at %s, not at %s any more", p.Reference, format(booked), format(p.Booked))
	case p.Amount == booked:
		return fault.New(fault.RequestInvalid, "top-up %s is booked at %s already", p.Reference, format(booked)).
			With("bookedMinor", int64(booked)).At("amount.minor_units")
	case p.Amount < booked:
		kinds = []ledger.Kind{ledger.DepositTopUpLowered, ledger.DepositTopUpLoweredOwed}
	}
	if done, again := b.transferWith(p.Reference, kinds...); again {
		return fault.New(fault.TransferAlreadyReversed,
			"top-up %s was corrected in this direction by transfer %d, and each direction is open once", p.Reference, done.Number).
			With("reference", p.Reference).With("transferNumber", done.Number)
	}
	if _, err := b.moved(p.EffectiveAt, "effective_at"); err != nil {
		return err
	}
	return b.notBefore(p.EffectiveAt, t.EffectiveAt, "effective_at", "the correction of a top-up", "its payment")
}

// correctTopUp posts the difference to the right amount, as part of the running event. The
// transfers name the top-up, and take effect when it did unless the proposer told a time.
func (b *Book) correctTopUp(p *proposal.Proposal) error {
	t, booked, err := b.topUp(p.Reference)
	if err != nil {
		return err
	}
	at := b.seen(p.EffectiveAt)
	if at.IsZero() {
		at = t.EffectiveAt
	}
	if p.Amount < booked {
		return b.takeFromTopUp(takenFromTopUp{
			reference: p.Reference, number: t.Number, amount: booked - p.Amount, at: at,
			free: ledger.DepositTopUpLowered, owed: ledger.DepositTopUpLoweredOwed,
		})
	}
	more := p.Amount - booked
	if err := b.post(ledger.DepositTopUpRaised, more, posting{external: p.Reference, reverses: t.Number, at: at}); err != nil {
		return err
	}
	return b.income(ledger.Deposit, more)
}

// takenFromTopUp is an amount that is taken out of a top-up, and the kinds of transfer for
// the part that the deposit has and for the rest.
type takenFromTopUp struct {
	reference  string
	number     int64
	amount     money.Amount
	at         time.Time
	free, owed ledger.Kind
}

// takeFromTopUp takes money of a top-up out of the deposit. What the deposit no longer has,
// the merchant owes.
func (b *Book) takeFromTopUp(x takenFromTopUp) error {
	back := min(x.amount, b.available(ledger.Deposit))
	for _, part := range []struct {
		kind   ledger.Kind
		amount money.Amount
	}{{x.free, back}, {x.owed, x.amount - back}} {
		if part.amount == 0 {
			continue
		}
		if err := b.post(part.kind, part.amount, posting{external: x.reference, reverses: x.number, at: x.at}); err != nil {
			return err
		}
	}
	if owed := x.amount - back; owed > 0 {
		b.oweTopUp(x.reference, owed, x.at)
	}
	return nil
}

// oweTopUp adds to what the merchant owes for a top-up. It takes effect at a time, or if that is
// zero, now.
func (b *Book) oweTopUp(reference string, amount money.Amount, at time.Time) {
	k, arose := debtKey{debt.TopUp, reference}, b.now
	if !at.IsZero() && at.Before(b.now) {
		arose = at
		b.owedLate(debt.Late{ID: reference, From: at, Open: amount})
	}
	if b.debts.get(k) == nil {
		b.beginDebt(debt.Debt{MerchantID: b.merchantID, Kind: debt.TopUp, ID: reference, Since: b.now, Arose: arose, Open: amount})
		return
	}
	d := b.changeDebt(k)
	d.Open += amount
	if arose.Before(d.Arose) {
		d.Arose = arose
	}
}
