package book

import (
	"slices"
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// causeFee marks a revision caused by a fee that the claimant proved after the
// verdict.
const causeFee = "FEE_ADDED"

// keepFee records what a result cost, as part of the running event: what the platform
// paid, and what the claimant paid and may get back with the award.
func (b *Book) keepFee(r *claim.Result) error {
	if r.Fee == 0 {
		return nil
	}
	c := b.change(r.ClaimID)
	b.detail("fee_minor", strconv.FormatInt(int64(r.Fee), 10))
	b.detail("fee_paid_by", string(r.FeePaidBy))
	if r.FeePaidBy == claim.FeePayerPlatform {
		return feeAt(b.post(ledger.FeeFronted, r.Fee, posting{claim: c}))
	}
	sum, err := c.Fees.Claimant.Add(r.Fee)
	if err != nil {
		return feeAt(money.InCurrency(err, c.Currency))
	}
	c.Fees.Claimant = sum
	return nil
}

// feeAt names the field of a refused fee.
func feeAt(err error) error {
	if f, ok := fault.As(err); ok {
		switch f.Field {
		case "amount.currency_code":
			f.At("fee.currency_code")
		default:
			f.At("fee.minor_units")
		}
	}
	return err
}

// lateFee counts a fee on a claim that its result did not move. If the claim was rejected,
// the fee is charged. If it is confirmed, the merchant is notified anew of a further
// charge, as of any further amount. What the claimant paid may be added to the award, or
// make another basis the best.
func (b *Book) lateFee(c *claim.Claim, by claim.FeePayer) error {
	if !c.State.Live() {
		return b.chargeFees(c)
	}
	if !c.Owed() || c.Revision == 0 {
		return nil
	}
	v := b.governing(c)
	charged := v != nil && c.State.Confirmed() && v.FeeShares(c.Fees.Fronted, foundBy(c)).Merchant > c.Fees.Merchant
	before := c.Award
	if by == claim.FeePayerClaimant {
		changes, err := b.feeChanges(c)
		if err != nil || !changes {
			return err
		}
	} else if !charged {
		return nil
	}
	if err := b.reprice(c.ID, true, causeFee, ""); err != nil {
		return err
	}
	if charged {
		return b.notify(c, claim.RevisedUpward, "")
	}
	return b.react(c, c.Award.Total() > before.Total())
}

// feeChanges says whether a fee that the claimant paid changes an award: that of the claim,
// or that of another of its group, which takes over what the claim no longer needs.
func (b *Book) feeChanges(c *claim.Claim) (bool, error) {
	all, err := b.settlement(c.OrderLineID, deciding{c.ID, true})
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(all, func(s settled) bool { return award(&s.Share) != b.claims.get(s.ClaimID).Award }), nil
}

// chargeFees charges the tests that the platform paid for to whom the policy's rule
// names, given their outcome. The merchant is charged only with a confirmed claim:
// before that there was no notice, and nothing is debited without one. A charge that
// is no longer due is given back.
func (b *Book) chargeFees(c *claim.Claim) error {
	f := &c.Fees
	if f.Fronted == 0 && f.Merchant == 0 && f.Consumer == 0 {
		return nil
	}
	v := b.governing(c)
	if v == nil {
		return nil
	}
	due := v.FeeShares(f.Fronted, foundBy(c))
	if !c.State.Confirmed() {
		due.Merchant = 0
	}
	// Reductions come first, so that the charges never exceed what was paid.
	if due.Claimant < f.Consumer {
		if err := b.chargeConsumer(c, due.Claimant); err != nil {
			return err
		}
	}
	if err := b.chargeMerchant(c, due.Merchant-f.Merchant); err != nil {
		return err
	}
	return b.chargeConsumer(c, due.Claimant)
}

// chargeConsumer sets the consumer's charge to due.
func (b *Book) chargeConsumer(c *claim.Claim, due money.Amount) error {
	change := due - c.Fees.Consumer
	switch {
	case change > 0:
		return b.post(ledger.FeeOwedByConsumer, change, posting{claim: c})
	case change < 0:
		return b.post(ledger.FeeForgivenConsumer, -change, posting{claim: c})
	}
	return nil
}

// foundBy is the outcome of a claim's authentication.
func foundBy(c *claim.Claim) policy.Finding {
	switch {
	case c.State.Confirmed():
		return policy.FoundForClaimant
	case c.State == claim.Rejected && c.Verdict == claim.Genuine:
		return policy.FoundForMerchant
	}
	return policy.NothingFound
}

// chargeMerchant makes the merchant owe change more. If change is negative it gives
// that much back, starting with what is not paid yet.
func (b *Book) chargeMerchant(c *claim.Claim, change money.Amount) error {
	if change > 0 {
		return b.post(ledger.FeeOwed, change, posting{claim: c})
	}
	forgiven := min(-change, c.Fees.Owed)
	if forgiven > 0 {
		if err := b.post(ledger.FeeForgiven, forgiven, posting{claim: c}); err != nil {
			return err
		}
	}
	return b.refundFee(c, -change-forgiven)
}

// refundFee gives amount of a fee back to what paid it: to shop funds, which pay last,
// before the deposit. A written-off part was never paid: it goes back to where it was
// written off.
func (b *Book) refundFee(c *claim.Claim, amount money.Amount) error {
	if shop := min(amount, c.Fees.FromShopFunds); shop > 0 {
		if err := b.post(ledger.FeeRefundedToShopFunds, shop, posting{claim: c}); err != nil {
			return err
		}
		if err := b.income(ledger.ShopFunds, shop); err != nil {
			return err
		}
		amount -= shop
	}
	if amount == 0 {
		return nil
	}
	if err := b.post(ledger.FeeRefunded, amount, posting{claim: c}); err != nil {
		return err
	}
	unpaid := min(amount, c.Fees.WrittenOff)
	if unpaid > 0 {
		if err := b.post(ledger.WriteOffRecovered, unpaid, posting{claim: c, due: ledger.DueFee}); err != nil {
			return err
		}
	}
	if amount == unpaid {
		return nil
	}
	return b.income(ledger.Deposit, amount-unpaid)
}
