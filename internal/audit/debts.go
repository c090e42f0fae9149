package audit

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
)

// owed is a debt in the form that is compared.
type owed struct {
	kind  debt.Kind
	open  money.Amount
	since int64
	of    string
}

// checkDebts proves that the debts listed for a claim are those that follow from
// it.
func (b *inspection) checkDebts(subject string, c *claim.Claim, debts []debt.Debt) {
	listed := make(map[debt.Kind]owed)
	for _, d := range debts {
		listed[d.Kind] = owed{d.Kind, d.Open, d.Since.UnixMicro(), d.SamplingCase}
	}
	should := []owed{
		{debt.Shortfall, c.Shortfall(), c.ConfirmedAt.UnixMicro(), c.SamplingCase},
		{debt.Advance, c.Funding.Advanced, c.ConfirmedAt.UnixMicro(), c.SamplingCase},
		{debt.Fee, c.Fees.Owed, c.ConfirmedAt.UnixMicro(), c.SamplingCase},
		{debt.Hold, c.Unheld(), c.StateSince.UnixMicro(), c.SamplingCase},
	}
	should = slices.DeleteFunc(should, func(d owed) bool { return d.open == 0 })
	b.as(reconcile.ReceivableDiffers, func() {
		equal(b, subject, "number of debts", len(debts), len(should))
		for _, d := range should {
			equal(b, subject, "debt "+string(d.kind), listed[d.kind], d)
		}
	})
}

// totals is the money of all claims of a book together.
type totals struct {
	payable, inFlight         money.Amount
	owed, writtenOff, lost    money.Amount
	owedByConsumers, exposure money.Amount
	coupons                   money.Amount
}

// addClaim adds a claim to the totals.
func (b *inspection) addClaim(c *claim.Claim) {
	t, f := &b.claims, &c.Funding
	t.payable += f.Payable()
	t.inFlight += f.InFlight()
	t.owed += f.Advanced + c.Fees.Owed
	t.writtenOff += f.WrittenOff + c.Fees.WrittenOff
	t.lost += f.Lost
	t.owedByConsumers += f.ClawedBack + c.Fees.Consumer
	t.exposure += c.Exposure()
}

// checkTotals compares the accounts, and the book-wide figures, with the claims and
// debts.
func (b *inspection) checkTotals() error {
	topUps, err := b.rows.TopUpsOwed(b.head.MerchantID)
	if err != nil {
		return err
	}
	flows, err := b.rows.Unclaimed(b.head.MerchantID)
	if err != nil {
		return err
	}
	m, t := byKind(flows), &b.claims
	b.as(reconcile.ReceivableDiffers, func() { equal(b, "bounced top-ups", "open amount", topUps, m.onto(ledger.Receivable)) })
	for _, a := range []struct {
		of    ledger.Purpose
		want  money.Amount
		class reconcile.Class
	}{
		{ledger.DepositHeld, b.held[ledger.Deposit], reconcile.HoldsDiffer},
		{ledger.ShopFundsHeld, b.held[ledger.ShopFunds], reconcile.HoldsDiffer},
		{ledger.ClaimPayable, t.payable, reconcile.BooksDiffer},
		{ledger.PayoutClearing, t.inFlight, reconcile.BooksDiffer},
		{ledger.Receivable, t.owed + topUps, reconcile.ReceivableDiffers},
		{ledger.WriteOff, t.writtenOff + m.onto(ledger.WriteOff), reconcile.ReceivableDiffers},
		{ledger.ReversalLoss, t.lost, reconcile.BooksDiffer},
		{ledger.ConsumerReceivable, t.owedByConsumers, reconcile.BooksDiffer},
		{ledger.CouponLiability, t.coupons, reconcile.CouponsDiffer},
	} {
		b.as(a.class, func() { equal(b, "account "+string(a.of), "balance", b.head.Balances.At(a.of).Of(a.of), a.want) })
	}
	equal(b, "book", "exposure", b.head.Exposure, t.exposure)
	return nil
}
