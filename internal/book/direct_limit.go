package book

import (
	"cmp"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// moneyProposals are the kinds of proposal that make a movement of a merchant's money above
// the limit.
var moneyProposals = map[ledger.Kind]proposal.Kind{
	ledger.DepositToppedUp:     proposal.TopUp,
	ledger.DepositWithdrawn:    proposal.Withdrawal,
	ledger.ShopFundsHandedOver: proposal.HandOver,
	ledger.ShopFundsTakenBack:  proposal.TakeBack,
}

// DefaultDirectLimit is the limit of each currency that has none of its own, in whole units.
const DefaultDirectLimit = 50_000

// DirectLimit is the highest amount of a merchant's money that one caller may move. The zero
// value is no limit; a limit of one currency does not lift that of the others.
type DirectLimit struct {
	// Whole is the limit of currencies that are not named, in whole units. Zero, beside a
	// currency that is named: DefaultDirectLimit.
	Whole int64
	// Named are limits in minor units, by currency.
	Named map[string]money.Amount
}

// of gives the limit of a currency; false for none.
func (l DirectLimit) of(currency string) (money.Amount, bool) {
	if limit, named := l.Named[currency]; named || l.Whole == 0 && len(l.Named) == 0 {
		return limit, named
	}
	limit := money.Amount(cmp.Or(l.Whole, DefaultDirectLimit))
	for range money.Exponent(currency) {
		limit = min(limit*10, money.MaxAmount)
	}
	return limit, true
}

// checkDirect refuses to move more than one caller may without approvers.
func (b *Book) checkDirect(amount money.Amount, proposed proposal.Kind) error {
	limit, limited := b.settings.DirectLimit.of(b.head.Currency)
	if !limited || amount <= limit {
		return nil
	}
	return fault.New(fault.DirectLimitExceeded,
		"%s %s is more than the %s that one caller may move; propose it as %s, and two people approve it",
		money.Format(amount, b.head.Currency), b.head.Currency, money.Format(limit, b.head.Currency), proposed).
		With("limitMinor", int64(limit)).With("askedMinor", int64(amount)).With("currency", b.head.Currency).
		With("proposalKind", proposed)
}

// moneyMoveOf is the movement that a proposal makes.
func moneyMoveOf(p *proposal.Proposal, currency string) *MoneyMove {
	m := &MoneyMove{Amount: p.Amount, Currency: currency, Reference: p.Reference, EffectiveAt: p.EffectiveAt}
	for kind, proposed := range moneyProposals {
		if proposed == p.Kind {
			m.Kind = kind
		}
	}
	return m
}

// checkProposedReversal refuses the reversal of a top-up that is gone, or that is booked at
// another amount than the proposal says: people approve an amount.
func (b *Book) checkProposedReversal(p *proposal.Proposal) error {
	r := ReverseTopUp{Reference: p.Reference, EffectiveAt: p.EffectiveAt}
	_, booked, err := r.check(b)
	if err == nil && p.Amount != booked {
		err = b.reversalConflict(p, booked)
	}
	return err
}

func (b *Book) reversalConflict(p *proposal.Proposal, booked money.Amount) error {
	if p.Number == 0 {
		return fault.New(fault.RequestInvalid, "a top-up is taken back in full: %s", money.Format(booked, b.head.Currency)).
			With("bookedMinor", int64(booked)).At("amount.minor_units")
	}
	return proposalConflict(p, "top-up %s is booked at %s, not at %s any more", p.Reference,
		money.Format(booked, b.head.Currency), money.Format(p.Amount, b.head.Currency))
}

// reverseProposed takes the top-up of a proposal back.
func (b *Book) reverseProposed(p *proposal.Proposal) error {
	r := ReverseTopUp{Reference: p.Reference, EffectiveAt: p.EffectiveAt}
	t, booked, err := r.check(b)
	if err != nil {
		return err
	}
	return r.carryOut(b, t.Number, booked)
}
