package book

import (
	"slices"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// adjustment is a kind of proposal with the accounts that it names. SUSPENSE is the other
// side of money that is taken in or given away, and is not named.
type adjustment struct {
	kind     proposal.Kind
	from, to ledger.Purpose
}

// adjustments are all adjustments that there are, with the kind of transfer that makes
// each. Accounts that follow from claims and debts are in none: such a balance changes with
// its claim or its debt alone.
var adjustments = map[adjustment]ledger.Kind{
	{kind: proposal.SuspenseIn, from: ledger.SettlementClearing}:                          ledger.SuspenseTakenIn,
	{kind: proposal.SuspenseIn, from: ledger.PlatformCash}:                                ledger.SuspenseTakenInCash,
	{kind: proposal.SuspenseOut, to: ledger.SettlementClearing}:                           ledger.SuspenseGivenBack,
	{kind: proposal.SuspenseOut, to: ledger.PlatformCash}:                                 ledger.SuspenseGivenBackCash,
	{kind: proposal.SuspenseOut, to: ledger.Deposit}:                                      ledger.SuspenseToDeposit,
	{kind: proposal.SuspenseOut, to: ledger.ShopFunds}:                                    ledger.SuspenseToShopFunds,
	{kind: proposal.Reclassify, from: ledger.Deposit, to: ledger.ShopFunds}:               ledger.DepositReclassified,
	{kind: proposal.Reclassify, from: ledger.ShopFunds, to: ledger.Deposit}:               ledger.ShopFundsReclassified,
	{kind: proposal.Reclassify, from: ledger.SettlementClearing, to: ledger.PlatformCash}: ledger.ClearingReclassified,
	{kind: proposal.Reclassify, from: ledger.PlatformCash, to: ledger.SettlementClearing}: ledger.CashReclassified,
}

// outside are the accounts whose other side is outside of the book: money that moves
// between them and the book has a reference there.
func outside(p ledger.Purpose) bool {
	return p == ledger.SettlementClearing || p == ledger.PlatformCash
}

// moves says whether money of the adjustment moves outside.
func (a adjustment) moves() bool {
	return a.kind != proposal.Reclassify && (outside(a.from) || outside(a.to))
}

func adjustmentOf(p *proposal.Proposal) adjustment { return adjustment{p.Kind, p.From, p.To} }

// checkAdjustment refuses accounts between which nothing may be moved, a missing or a used
// reference, more money than is there, and deposit of a merchant that is leaving.
func (b *Book) checkAdjustment(p *proposal.Proposal) error {
	a := adjustmentOf(p)
	kind, known := adjustments[a]
	switch {
	case !known:
		return a.refuse()
	case a.moves() != (p.Reference != ""):
		return fault.New(fault.RequestInvalid, "payment_reference must be set for money that comes in or goes out, and must be empty otherwise").
			At("payment_reference")
	case p.Reference == "" && !p.EffectiveAt.IsZero():
		return fault.New(fault.RequestInvalid, "effective_at must be unset for money that does not move outside").At("effective_at")
	}
	if _, used := b.transferWith(p.Reference, kind); used {
		return ReferenceUsed(p.Reference)
	}
	if _, err := b.moved(p.EffectiveAt, "effective_at"); err != nil {
		return err
	}
	switch debit := kind.Legs().Debit; {
	case debit == ledger.Suspense:
		return b.checkSuspense(p.Amount)
	case debit == ledger.Deposit:
		return b.checkFromDeposit(p.Amount)
	case debit == ledger.ShopFunds:
		return b.checkFree(ledger.ShopFunds, p.Amount, 0)
	}
	return nil
}

// refuse says which accounts an adjustment of its kind may name.
func (a adjustment) refuse() error {
	var pairs []string
	for other := range adjustments {
		if other.kind == a.kind {
			pairs = append(pairs, other.way())
		}
	}
	slices.Sort(pairs)
	f := fault.New(fault.RequestInvalid, "a %s cannot move money %s; it moves money %s", a.kind, a.way(), strings.Join(pairs, ", or "))
	if a.kind == proposal.SuspenseIn {
		return f.At("from_account")
	}
	return f.At("to_account")
}

// way says from where to where the adjustment moves money, as far as it names accounts.
func (a adjustment) way() string {
	var parts []string
	if a.from != "" {
		parts = append(parts, "from "+string(a.from))
	}
	if a.to != "" {
		parts = append(parts, "to "+string(a.to))
	}
	return strings.Join(parts, " ")
}

// checkSuspense refuses to give away more than lies in suspense.
func (b *Book) checkSuspense(amount money.Amount) error {
	has := b.available(ledger.Suspense)
	if amount <= has {
		return nil
	}
	return fault.New(fault.SuspenseInsufficient, "%s %s lies in suspense, but %s is required", money.Format(has, b.head.Currency), b.head.Currency,
		money.Format(amount, b.head.Currency)).
		With("availableMinor", int64(has)).With("requiredMinor", int64(amount)).With("currency", b.head.Currency).At("amount.minor_units")
}

// carryAdjustment carries an adjustment out, as part of the running event. Money that reaches a
// source of the merchant pays what is owed, like any other income.
func (b *Book) carryAdjustment(p *proposal.Proposal) error {
	kind := adjustments[adjustmentOf(p)]
	if err := b.post(kind, p.Amount, posting{external: p.Reference, at: b.seen(p.EffectiveAt)}); err != nil {
		return err
	}
	if to := kind.Legs().Credit; to == ledger.Deposit || to == ledger.ShopFunds {
		return b.income(to, p.Amount)
	}
	return nil
}
