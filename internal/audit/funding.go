package audit

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
)

// moved holds amounts by kind of transfer.
type moved map[ledger.Kind]money.Amount

func byKind(flows []postgres.Flow) moved {
	m := make(moved, len(flows))
	for _, f := range flows {
		m[f.Kind] += f.Amount
	}
	return m
}

// onto is the amount that an account gained, on its normal side.
func (m moved) onto(p ledger.Purpose) money.Amount {
	var of ledger.Balance
	for k, amount := range m {
		if k.Legs().Debit == p {
			of.Debits += amount
		}
		if k.Legs().Credit == p {
			of.Credits += amount
		}
	}
	return of.Of(p)
}

// checkHolds compares holds with the transfers that placed, captured and released
// them.
func (b *inspection) checkHolds(subject string, c *claim.Claim, holds []*ledger.Hold, m moved) {
	open := make(map[ledger.Purpose]money.Amount)
	captured := make(map[ledger.Purpose]money.Amount)
	for i, h := range holds {
		equal(b, subject, "number of a hold", h.Number, int32(i+1))
		open[h.Source] += h.Open()
		captured[h.Source] += h.Captured
		b.held[h.Source] += h.Open()
	}
	b.as(reconcile.HoldsDiffer, func() {
		equal(b, subject, "amount in open holds", open[ledger.Deposit]+open[ledger.ShopFunds], c.Funding.Held)
		equal(b, subject, "deposit in open holds", open[ledger.Deposit], m.onto(ledger.DepositHeld))
		equal(b, subject, "shop funds in open holds", open[ledger.ShopFunds], m.onto(ledger.ShopFundsHeld))
	})
	b.as(reconcile.SourceMixDiffers, func() {
		equal(b, subject, "deposit captured", captured[ledger.Deposit], m[ledger.DepositCaptured])
		equal(b, subject, "shop funds captured", captured[ledger.ShopFunds], m[ledger.ShopFundsCaptured])
	})
}

// itemClasses are the classes of items that disagree with the transfers.
var itemClasses = [ledger.ItemCount]reconcile.Class{
	ledger.ItemHeld:        reconcile.HoldsDiffer,
	ledger.ItemFromDeposit: reconcile.SourceMixDiffers, ledger.ItemFromShopFunds: reconcile.SourceMixDiffers,
	ledger.ItemAdvanced: reconcile.ReceivableDiffers, ledger.ItemWrittenOff: reconcile.ReceivableDiffers,
	ledger.ItemFeeFronted: reconcile.FeeMischarged, ledger.ItemFeeMerchant: reconcile.FeeMischarged, ledger.ItemFeeConsumer: reconcile.FeeMischarged,
	ledger.ItemFeeOwed: reconcile.FeeMischarged, ledger.ItemFeeWrittenOff: reconcile.FeeMischarged, ledger.ItemFeeFromShopFunds: reconcile.FeeMischarged,
}

// items computes the amounts of a claim's money from its transfers, by the table of
// effects, as if every transfer on the receivable concerned the given due.
func (m moved) items(due ledger.Due) (sums [ledger.ItemCount]money.Amount) {
	for k, amount := range m {
		e := k.Effect(due)
		for _, item := range e.Adds {
			sums[item] += amount
		}
		for _, item := range e.Takes {
			sums[item] -= amount
		}
	}
	return sums
}

// itemsOf are the amounts in the claim's row.
func itemsOf(c *claim.Claim) [ledger.ItemCount]money.Amount {
	f, fees := &c.Funding, &c.Fees
	return [ledger.ItemCount]money.Amount{
		ledger.ItemHeld:        f.Held,
		ledger.ItemFromDeposit: f.FromDeposit, ledger.ItemFromShopFunds: f.FromShopFunds,
		ledger.ItemAdvanced: f.Advanced, ledger.ItemWrittenOff: f.WrittenOff,
		ledger.ItemLost: f.Lost, ledger.ItemClawedBack: f.ClawedBack,
		ledger.ItemInFlight: f.InFlight(), ledger.ItemPaid: f.Paid(), ledger.ItemRepaid: f.Repaid,
		ledger.ItemFeeFronted: fees.Fronted, ledger.ItemFeeMerchant: fees.Merchant, ledger.ItemFeeConsumer: fees.Consumer,
		ledger.ItemFeeOwed: fees.Owed, ledger.ItemFeeWrittenOff: fees.WrittenOff, ledger.ItemFeeFromShopFunds: fees.FromShopFunds,
	}
}

// itemNames are the names of the items in discrepancies.
var itemNames = [ledger.ItemCount]string{
	ledger.ItemHeld:        "amount held",
	ledger.ItemFromDeposit: "amount from the deposit", ledger.ItemFromShopFunds: "amount from shop funds",
	ledger.ItemAdvanced: "amount advanced", ledger.ItemWrittenOff: "amount written off",
	ledger.ItemLost: "amount lost", ledger.ItemClawedBack: "amount clawed back",
	ledger.ItemInFlight: "amount in flight", ledger.ItemPaid: "amount paid", ledger.ItemRepaid: "amount repaid",
	ledger.ItemFeeFronted: "fee fronted", ledger.ItemFeeMerchant: "fee of the merchant", ledger.ItemFeeConsumer: "fee of the consumer",
	ledger.ItemFeeOwed: "fee owed", ledger.ItemFeeWrittenOff: "fee written off", ledger.ItemFeeFromShopFunds: "fee from shop funds",
}

// checkItems compares the amounts in a claim's row with those that the table of
// effects computes from its transfers. A transfer that recovers or writes off does
// not distinguish an advance from a fee: only the sum of the two is known exactly,
// and each of them lies between two bounds.
func (b *inspection) checkItems(subject string, c *claim.Claim, m moved) {
	has, award, fee := itemsOf(c), m.items(ledger.DueAward), m.items(ledger.DueFee)
	for item, name := range itemNames {
		b.as(itemClasses[item], func() {
			if award[item] == fee[item] {
				equal(b, subject, name, has[item], award[item])
			} else {
				between(b, subject, name, has[item], award[item], fee[item])
			}
		})
	}
	both := func(name string, one, other ledger.Item) {
		b.as(reconcile.ReceivableDiffers, func() { equal(b, subject, name, has[one]+has[other], award[one]+award[other]) })
	}
	both("amount advanced or owed as a fee", ledger.ItemAdvanced, ledger.ItemFeeOwed)
	paid := c.Fees.Merchant - c.Fees.Owed - c.Fees.WrittenOff
	b.as(reconcile.FeeMischarged, func() { within(b, subject, "fee that shop funds paid", c.Fees.FromShopFunds, paid) })
	both("amount written off", ledger.ItemWrittenOff, ledger.ItemFeeWrittenOff)
	// A recovered fee is money of a source that does not bear the award.
	fees := award[ledger.ItemFeeOwed] - has[ledger.ItemFeeOwed] - has[ledger.ItemFeeWrittenOff]
	b.as(reconcile.SourceMixDiffers, func() {
		equal(b, subject, "amount recovered of fees", award[ledger.ItemFromDeposit]+award[ledger.ItemFromShopFunds]-
			has[ledger.ItemFromDeposit]-has[ledger.ItemFromShopFunds], fees)
	})
}

// between notes a discrepancy when got is not between the two amounts.
func between(b *inspection, subject, what string, got, one, other money.Amount) {
	within(b, subject, what+" beyond the least", got-min(one, other), max(one, other)-min(one, other))
}

// checkBearers compares the bearers of a claim with its transfers, and with the
// amount that was sent to the consumer.
func (b *inspection) checkBearers(subject string, c *claim.Claim, m moved) {
	f := &c.Funding
	equal(b, subject, "amount payable", f.Payable(), m.onto(ledger.ClaimPayable))
	if f.Payable() < 0 {
		b.as(reconcile.BalanceNegative, func() { b.wrong(subject, "has %d payable, which is below zero", f.Payable()) })
	}
	if f.Payable() > 0 && f.Lost+f.ClawedBack > 0 {
		b.wrong(subject, "has %d payable although the platform or the consumer bears %d of the sent amount", f.Payable(), f.Lost+f.ClawedBack)
	}
	if undecided := c.State == claim.InReview || c.State == claim.Authenticating; !undecided && f.Borne() > c.Award.Total() {
		b.wrong(subject, "has cost the merchant %d, more than its award of %d", f.Borne(), c.Award.Total())
	}
}

// within records a discrepancy if got is not between zero and most.
func within(b *inspection, subject, what string, got, most money.Amount) {
	if got < 0 || got > most {
		b.wrong(subject, "%s is %d, should be between 0 and %d", what, got, most)
	}
}

// parts are amounts of one part of an award.
type parts struct{ inFlight, paid, failed money.Amount }

// couponed adds the amounts of a coupon, and returns the amount that lapsed.
func (b *inspection) couponed(o *payout.Payout, p *parts) (lapsed money.Amount) {
	b.claims.coupons += o.CouponLeft()
	switch o.Coupon.State {
	case payout.CouponReturned:
		p.paid += o.Coupon.Redeemed
	case payout.CouponLapsed:
		return o.Reached() - o.Coupon.Redeemed
	case payout.CouponNone, payout.CouponIssued, payout.CouponRedeemed:
	}
	return 0
}

// checkPayouts compares the amounts sent, paid and failed with payouts and
// transfers.
func (b *inspection) checkPayouts(subject string, c *claim.Claim, payouts []*payout.Payout, m moved) {
	f := &c.Funding
	by := map[payout.Part]*parts{payout.Refund: {}, payout.Compensation: {}}
	// Money that came back after the consumer had repaid it came twice.
	twice := m[ledger.SuspenseReceived] + m[ledger.CouponLapsed]
	for _, o := range payouts {
		p := by[o.Part]
		if p == nil {
			b.wrong(subject, "has a payout of part %q", o.Part)
			continue
		}
		twice -= b.couponed(o, p)
		switch {
		case o.State == payout.Instructed:
			p.inFlight += o.Amount
		case o.State == payout.Succeeded:
			p.paid += o.Stayed()
		}
		p.failed += o.Lacks()
	}
	refund, compensation := by[payout.Refund], by[payout.Compensation]
	equal(b, subject, "refund in flight", f.RefundInFlight, refund.inFlight)
	equal(b, subject, "compensation in flight", f.CompensationInFlight, compensation.inFlight)
	equal(b, subject, "amount paid and repaid", f.Paid()+f.Repaid-twice, refund.paid+compensation.paid)
	within(b, subject, "refund paid", f.RefundPaid, refund.paid)
	within(b, subject, "compensation paid", f.CompensationPaid, compensation.paid)
	within(b, subject, "refund that failed", f.RefundFailed, min(refund.failed, max(0, c.Award.Refund-f.RefundPaid-f.RefundInFlight)))
	within(b, subject, "compensation that failed", f.CompensationFailed,
		min(compensation.failed, max(0, c.Award.Compensation-f.CompensationPaid-f.CompensationInFlight)))
	within(b, subject, "amount that failed", f.Failed(), f.Payable())
	switch {
	case c.State == claim.PayoutFailed && f.Failed() == 0:
		b.wrong(subject, "is PAYOUT_FAILED but no amount failed")
	case c.State == claim.Paying && f.Failed() > 0:
		b.wrong(subject, "is PAYING although %d failed", f.Failed())
	}
}
