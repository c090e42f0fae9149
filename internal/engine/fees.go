package engine

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// chargeFees brings who is charged for the tests that the platform paid in line
// with what they came to, by the rule of the policy. The merchant is charged only
// with a confirmed claim: before there was no notice, and without one nothing is
// debited. What was charged before and is not due any more is given back.
func (b *Book) chargeFees(c *claim.Claim) error {
	f := &c.Fees
	if f.Fronted == 0 && f.Merchant == 0 && f.Consumer == 0 {
		return nil
	}
	v := b.catalog.governing(c)
	if v == nil {
		return nil
	}
	due := v.FeeShares(f.Fronted, foundBy(c))
	if !c.State.Confirmed() {
		due.Merchant = 0
	}
	if err := b.chargeMerchant(c, due.Merchant-f.Merchant); err != nil {
		return err
	}
	change := due.Claimant - f.Consumer
	f.Consumer = due.Claimant
	switch {
	case change > 0:
		return b.post(ledger.FeeOwedByConsumer, change, posting{claim: c})
	case change < 0:
		return b.post(ledger.FeeForgivenConsumer, -change, posting{claim: c})
	}
	return nil
}

// foundBy is what a claim's authentication came to.
func foundBy(c *claim.Claim) policy.Finding {
	switch {
	case c.State.Confirmed():
		return policy.FoundForClaimant
	case c.State == claim.Rejected && c.Verdict == claim.Genuine:
		return policy.FoundForMerchant
	}
	return policy.NothingFound
}

// chargeMerchant makes the merchant owe change more, or gives so much back: first
// what is not paid yet.
func (b *Book) chargeMerchant(c *claim.Claim, change money.Amount) error {
	f := &c.Fees
	f.Merchant += change
	if change > 0 {
		f.Owed += change
		return b.post(ledger.FeeOwed, change, posting{claim: c})
	}
	forgiven := min(-change, f.Owed)
	if forgiven > 0 {
		f.Owed -= forgiven
		if err := b.post(ledger.FeeForgiven, forgiven, posting{claim: c}); err != nil {
			return err
		}
	}
	return b.refundFee(c, -change-forgiven)
}

// refundFee gives amount of a fee back to the merchant's deposit. What was given up
// of it was never paid: that goes on to where it was given up.
func (b *Book) refundFee(c *claim.Claim, amount money.Amount) error {
	if amount == 0 {
		return nil
	}
	if err := b.post(ledger.FeeRefunded, amount, posting{claim: c}); err != nil {
		return err
	}
	unpaid := min(amount, c.Fees.WrittenOff)
	if unpaid > 0 {
		c.Fees.WrittenOff -= unpaid
		if err := b.post(ledger.WriteOffRecovered, unpaid, posting{claim: c}); err != nil {
			return err
		}
	}
	if amount == unpaid {
		return nil
	}
	return b.income(ledger.Deposit, amount-unpaid)
}
