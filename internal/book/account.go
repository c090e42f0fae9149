package book

import (
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// account brings the book-wide figures in line with what the running command did:
// the exposure of its claims, what is owed, which claims wait for money, and whether
// the deposit meets the minimum.
func (b *Book) account() error {
	for _, u := range b.claims.touched {
		c := &b.claims.rows[u.key].value.Claim
		var before money.Amount
		if !u.fresh {
			before = u.before.value.Exposure()
		}
		exposure, err := b.head.Exposure.Add(c.Exposure() - before)
		if err != nil {
			return money.InCurrency(err, b.head.Currency)
		}
		b.head.Exposure = exposure
		b.owe(c)
		b.awaitFunds(c)
	}
	b.givenBack()
	if err := b.owesMore(); err != nil {
		return err
	}
	b.demand()
	return nil
}

// owe keeps the rows of a claim's debts in step with the claim.
func (b *Book) owe(c *claim.Claim) {
	open := debt.Of(c)
	for _, kind := range debt.Kinds() {
		if kind == debt.TopUp {
			continue // It belongs to no claim.
		}
		k := debtKey{kind, c.ID}
		old := b.debts.get(k)
		var due *debt.Debt
		for i := range open {
			if open[i].Kind == kind {
				due = &open[i]
			}
		}
		switch {
		case due == nil && old != nil:
			b.endDebt(k)
		case due != nil && old == nil:
			b.beginDebt(*due)
		case due != nil && (old.Open != due.Open || !old.Since.Equal(due.Since)):
			d := b.changeDebt(k)
			d.SamplingCase, d.Since, d.Arose, d.Open = due.SamplingCase, due.Since, due.Since, due.Open
		}
	}
}

// income marks the book for a sweep when money has come in and something may be
// owed. Of shop funds, the share that the policy protects stays out of the sweep.
func (b *Book) income(p ledger.Purpose, amount money.Amount) error {
	if b.nothingOpen() {
		return nil
	}
	s := &b.head.Sweep
	if s.Since.IsZero() {
		s.Since = b.now
	}
	s.After = debt.Position{}
	if p == ledger.Deposit {
		s.Deposit += amount
		return nil
	}
	terms := b.catalog.Policies.MerchantTerms(b.head.Currency, b.now)
	protected, err := terms.Protected(amount)
	if err != nil {
		return money.InCurrency(err, b.head.Currency)
	}
	s.ShopFunds += amount - protected
	return nil
}

// owesMore marks the book for a sweep when the running command made a debt, or let one
// grow, while money lies there that may pay it: otherwise only income would be used.
// Money of a hold that expired is left alone: it would be set aside again at once.
func (b *Book) owesMore() error {
	if b.events.kept < len(b.events.list) && b.event().Kind == event.HoldExpired {
		return nil
	}
	grown := false
	for _, u := range b.debts.touched {
		r := b.debts.rows[u.key]
		var before money.Amount
		if !u.fresh && u.before.live {
			before = u.before.value.Open
		}
		if !r.live || r.value.Open <= before {
			continue
		}
		payable, err := b.payable(u.key)
		if err != nil {
			return err
		}
		grown = grown || payable
	}
	if !grown {
		return nil
	}
	terms := b.catalog.Policies.MerchantTerms(b.head.Currency, b.now)
	protected, err := terms.Protected(b.available(ledger.ShopFunds))
	if err != nil {
		return money.InCurrency(err, b.head.Currency)
	}
	s := &b.head.Sweep
	if s.Since.IsZero() {
		s.Since = b.now
	}
	s.Deposit, s.After = b.available(ledger.Deposit), debt.Position{}
	s.ShopFunds = max(s.ShopFunds, b.available(ledger.ShopFunds)-protected)
	return nil
}

// payable says whether money lies there that may pay a debt: money of any source for
// what is owed to the platform, of the policy's sources for a claim's own.
func (b *Book) payable(k debtKey) (bool, error) {
	if k.kind != debt.Shortfall && k.kind != debt.Hold {
		return b.available(ledger.Deposit)+b.available(ledger.ShopFunds) > 0, nil
	}
	sources, err := b.sourcesOf(&b.claims.get(k.id).Claim)
	if err != nil {
		return false, err
	}
	for _, s := range sources {
		if s.Amount > 0 {
			return true, nil
		}
	}
	return false, nil
}

// givesBack weighs the kinds of transfer: 1 for those that give money back to the
// merchant, where other claims can use it, and -1 for those that set it aside again.
var givesBack = map[ledger.Kind]money.Amount{
	ledger.DepositReleased: 1, ledger.DepositRestored: 1, ledger.DepositSetAside: -1,
	ledger.ShopFundsReleased: 1, ledger.ShopFundsRestored: 1, ledger.ShopFundsSetAside: -1,
}

// givenBack marks the book for a sweep when the running command returned money to the
// merchant, from a hold or from what a claim had cost, and something may be owed:
// another claim may be waiting for it. None of it is protected, because it was already
// meant for claims. The money of an expired hold is left out: the sweep would set it
// aside again at once.
func (b *Book) givenBack() {
	if b.nothingOpen() || b.events.kept < len(b.events.list) && b.event().Kind == event.HoldExpired {
		return
	}
	var deposit, shopFunds money.Amount
	for i := b.transfers.kept; i < len(b.transfers.list); i++ {
		t := &b.transfers.list[i]
		amount := t.Amount * givesBack[t.Kind]
		if t.Debit == ledger.Deposit || t.Credit == ledger.Deposit {
			deposit += amount
		} else {
			shopFunds += amount
		}
	}
	deposit, shopFunds = max(0, deposit), max(0, shopFunds)
	if deposit+shopFunds == 0 {
		return
	}
	s := &b.head.Sweep
	if s.Since.IsZero() {
		s.Since = b.now
	}
	s.After = debt.Position{}
	s.Deposit += deposit
	s.ShopFunds += shopFunds
}

// nothingOpen says that nothing is owed and nothing is yet to be set aside.
func (b *Book) nothingOpen() bool {
	return b.head.Exposure == b.heldInAll() && b.available(ledger.Receivable) == 0
}

func (b *Book) heldInAll() money.Amount {
	return b.available(ledger.DepositHeld) + b.available(ledger.ShopFundsHeld)
}

// free is what the merchant may take out.
func (b *Book) free() money.Amount { return b.head.Free() }

// demand asks the merchant to bring the deposit back to the policy's minimum once
// it has fallen below, and notes when that is met.
func (b *Book) demand() {
	if !b.exists || b.opened || !b.head.ExitBegunAt.IsZero() {
		return
	}
	stays := !b.before.head.ExitBegunAt.IsZero()
	if !b.movedDeposit() && !stays {
		return
	}
	terms := b.catalog.Policies.MerchantTerms(b.head.Currency, b.now)
	lack := max(0, terms.MinimumDeposit-b.available(ledger.Deposit)-b.available(ledger.DepositHeld))
	switch {
	case lack == b.head.Demanded:
	case lack > 0 && b.head.Demanded == 0:
		b.record(event.DepositDemanded, "")
		b.detail("amount_minor", strconv.FormatInt(int64(lack), 10))
		b.head.DemandDeadline = b.after(b.now, terms.TopUp)
	case lack == 0:
		b.record(event.DepositDemandMet, "")
		b.head.DemandDeadline, b.head.DemandLapsedAt = time.Time{}, time.Time{}
	}
	b.head.Demanded = lack
}

// movedDeposit says whether the running command moved the deposit as a whole.
func (b *Book) movedDeposit() bool {
	for i := b.transfers.kept; i < len(b.transfers.list); i++ {
		t := &b.transfers.list[i]
		if inDeposit(t.Debit) != inDeposit(t.Credit) {
			return true
		}
	}
	return false
}

func inDeposit(p ledger.Purpose) bool { return p == ledger.Deposit || p == ledger.DepositHeld }
