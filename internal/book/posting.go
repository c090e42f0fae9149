package book

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// posting is what a transfer is for.
type posting struct {
	claim *claim.Claim
	// part is the part of the award that the money is of; empty for no one part.
	part payout.Part
	// due says what of the claim a transfer on the receivable is about.
	due      ledger.Due
	payoutID string
	external string
	reverses int64
	at       time.Time // When it happened outside; zero for now.
}

// post makes a transfer as part of the running event, with what it does to the
// claim that it is for, which must have been taken for change. It refuses what would take
// an account below zero that may not go there.
func (b *Book) post(k ledger.Kind, amount money.Amount, p posting) error {
	legs := k.Legs()
	if amount <= 0 {
		return fault.New(fault.AmountOutOfRange, "a transfer must move at least one minor unit, not %d", amount).
			With("currency", b.head.Currency)
	}
	if err := b.grow(legs.Debit, ledger.Balance{Debits: amount}, amount); err != nil {
		return err
	}
	if err := b.grow(legs.Credit, ledger.Balance{Credits: amount}, amount); err != nil {
		return err
	}
	b.head.TransferNumber++
	e := b.event()
	if p.claim != nil {
		e = b.eventOf(p.claim.ID)
	}
	t := ledger.Transfer{
		MerchantID: b.merchantID, Number: b.head.TransferNumber, Kind: k,
		Debit: legs.Debit, Credit: legs.Credit, Amount: amount, Currency: b.head.Currency,
		EventNumber: e.Number, PayoutID: p.payoutID, ExternalReference: p.external,
		Reverses: p.reverses, RecordedAt: b.now, EffectiveAt: p.at,
	}
	if p.claim != nil {
		t.ClaimID, t.OrderLineID = p.claim.ID, p.claim.OrderLineID
		affect(p.claim, k, amount, &p)
	}
	if t.EffectiveAt.IsZero() {
		t.EffectiveAt = b.now
	}
	b.transfers.add(t)
	e.Transfers = append(e.Transfers, t)
	return nil
}

// grow adds to an account's running totals.
func (b *Book) grow(p ledger.Purpose, by ledger.Balance, amount money.Amount) error {
	a := b.head.Balances.At(p)
	total, err := a.Add(by.Debits, by.Credits)
	if err != nil {
		return money.InCurrency(err, b.head.Currency)
	}
	if left := total.Of(p); left < 0 && !p.MayGoBelowZero() {
		return ledger.Insufficient(p, amount, left+amount, b.head.Currency)
	}
	*a = total
	return nil
}

// available is the balance of an account.
func (b *Book) available(p ledger.Purpose) money.Amount { return b.head.Balances.At(p).Of(p) }
