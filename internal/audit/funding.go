package audit

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// moved is what was moved, by kind of transfer.
type moved map[ledger.Kind]money.Amount

func byKind(flows []postgres.Flow) moved {
	m := make(moved, len(flows))
	for _, f := range flows {
		m[f.Kind] += f.Amount
	}
	return m
}

// onto is what an account gained, on its normal side.
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

// checkHolds compares holds with the transfers that placed, took and released them.
func (b *inspection) checkHolds(subject string, c *claim.Claim, holds []*ledger.Hold, m moved) {
	open := make(map[ledger.Purpose]money.Amount)
	captured := make(map[ledger.Purpose]money.Amount)
	for i, h := range holds {
		equal(b, subject, "number of a hold", h.Number, int32(i+1))
		open[h.Source] += h.Open()
		captured[h.Source] += h.Captured
		b.held[h.Source] += h.Open()
	}
	equal(b, subject, "amount held", c.Funding.Held, open[ledger.Deposit]+open[ledger.ShopFunds])
	equal(b, subject, "deposit in open holds", open[ledger.Deposit], m.onto(ledger.DepositHeld))
	equal(b, subject, "shop funds in open holds", open[ledger.ShopFunds], m.onto(ledger.ShopFundsHeld))
	equal(b, subject, "deposit captured", captured[ledger.Deposit], m[ledger.DepositCaptured])
	equal(b, subject, "shop funds captured", captured[ledger.ShopFunds], m[ledger.ShopFundsCaptured])
}

// checkBearers compares who bears a claim with its transfers, and with what has
// gone to the consumer.
func (b *inspection) checkBearers(subject string, c *claim.Claim, m moved) {
	f := &c.Funding
	// A transfer that recovers does not tell an advance from a fee, nor does one that
	// writes off: the two share what was recovered, and the fee's part is known from
	// the fee.
	deposit := f.FromDeposit - (m[ledger.DepositCaptured] - m[ledger.DepositRestored])
	shop := f.FromShopFunds - (m[ledger.ShopFundsCaptured] - m[ledger.ShopFundsRestored])
	within(b, subject, "amount from the deposit beyond what was captured", deposit,
		m[ledger.RecoveredFromDeposit]+m[ledger.WriteOffRecovered])
	within(b, subject, "amount from shop funds beyond what was captured", shop, m[ledger.RecoveredFromShopFunds])
	fee := m[ledger.FeeOwed] - m[ledger.FeeForgiven] - c.Fees.Owed - c.Fees.WrittenOff
	equal(b, subject, "amount recovered", deposit+shop+fee,
		m[ledger.RecoveredFromDeposit]+m[ledger.RecoveredFromShopFunds]+m[ledger.WriteOffRecovered])
	equal(b, subject, "amount advanced or owed as a fee", f.Advanced+c.Fees.Owed, m.onto(ledger.Receivable))
	equal(b, subject, "amount written off", f.WrittenOff+c.Fees.WrittenOff, m.onto(ledger.WriteOff))
	equal(b, subject, "amount lost", f.Lost, m.onto(ledger.ReversalLoss))
	equal(b, subject, "amount clawed back", f.ClawedBack,
		m[ledger.ClawBackClaimed]-m[ledger.ClawBackCancelled]-m[ledger.ClawBackRepaid])
	equal(b, subject, "amount repaid", f.Repaid, m[ledger.ClawBackRepaid])
	equal(b, subject, "amount payable", f.Payable(), m.onto(ledger.ClaimPayable))
	if f.Payable() < 0 {
		b.wrong(subject, "has %d payable, below zero", f.Payable())
	}
	if f.Payable() > 0 && f.Lost+f.ClawedBack > 0 {
		b.wrong(subject, "has %d payable although others than the merchant bear %d of what was sent", f.Payable(), f.Lost+f.ClawedBack)
	}
	if undecided := c.State == claim.InReview || c.State == claim.Authenticating; !undecided && f.Borne() > c.Award.Total() {
		b.wrong(subject, "has cost the merchant %d, beyond its award of %d", f.Borne(), c.Award.Total())
	}
}

// within notes a discrepancy when got does not lie between zero and most.
func within(b *inspection, subject, what string, got, most money.Amount) {
	if got < 0 || got > most {
		b.wrong(subject, "%s is %d, should lie between 0 and %d", what, got, most)
	}
}

// checkFees compares what tests cost and who was charged with the transfers.
func (b *inspection) checkFees(subject string, c *claim.Claim, m moved) {
	f := &c.Fees
	equal(b, subject, "fee fronted", f.Fronted, m[ledger.FeeFronted])
	equal(b, subject, "fee of the merchant", f.Merchant, m[ledger.FeeOwed]-m[ledger.FeeForgiven]-m[ledger.FeeRefunded])
	equal(b, subject, "fee of the consumer", f.Consumer, m[ledger.FeeOwedByConsumer]-m[ledger.FeeForgivenConsumer])
}

// parts are amounts of one part of an award.
type parts struct{ inFlight, paid, failed money.Amount }

// couponed adds what became of a coupon, and gives what lapsed of it.
func (b *inspection) couponed(o *payout.Payout, p *parts) (lapsed money.Amount) {
	b.claims.coupons += o.CouponLeft()
	switch o.Coupon.State {
	case payout.CouponReturned:
		p.paid += o.Coupon.Redeemed
	case payout.CouponLapsed:
		return o.Amount - o.Coupon.Redeemed
	case payout.CouponNone, payout.CouponIssued, payout.CouponRedeemed:
	}
	return 0
}

// checkPayouts compares what is sent, paid and failed with payouts and transfers.
func (b *inspection) checkPayouts(subject string, c *claim.Claim, payouts []*payout.Payout, m moved) {
	f := &c.Funding
	by := map[payout.Part]*parts{payout.Refund: {}, payout.Compensation: {}}
	// What came back after the consumer had given it back came twice.
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
			p.paid += o.Amount
		case !o.Superseded:
			p.failed += o.Amount
		}
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
		b.wrong(subject, "is PAYOUT_FAILED and nothing failed")
	case c.State == claim.Paying && f.Failed() > 0:
		b.wrong(subject, "is PAYING while %d failed", f.Failed())
	}
	equal(b, subject, "amount in flight", f.InFlight(), m.onto(ledger.PayoutClearing))
	equal(b, subject, "amount paid", f.Paid(), m[ledger.PayoutConfirmed]+m[ledger.CouponIssued]-
		m[ledger.PayoutCameBack]-m[ledger.CouponReturned]-m[ledger.ClawBackRepaid])
}
