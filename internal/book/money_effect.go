package book

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// affect does to a claim's money what the table of its kind says of a transfer.
// Nothing else changes what a claim is funded with, or what its tests cost, but for
// what waits for an operator.
func affect(c *claim.Claim, k ledger.Kind, amount money.Amount, p *posting) {
	e := k.Effect(p.due)
	for _, item := range e.Takes {
		take(c, item, p.part, amount)
	}
	for _, item := range e.Adds {
		*itemOf(c, item, p.part) += amount
	}
}

// take takes amount off an item. What a consumer gave back is of no part: it comes off
// what exceeds each part of the award, and off compensation before refund, so that the
// same verdict found once more pays exactly that again.
func take(c *claim.Claim, item ledger.Item, part payout.Part, amount money.Amount) {
	if item != ledger.ItemPaid || part != "" {
		*itemOf(c, item, part) -= amount
		return
	}
	parts := payout.Parts()
	slices.Reverse(parts)
	for _, keep := range []claim.Award{c.Award, {}} {
		for _, of := range parts {
			owed := keep.Compensation
			if of == payout.Refund {
				owed = keep.Refund
			}
			paid := itemOf(c, item, of)
			back := max(0, min(amount, *paid-owed))
			*paid -= back
			amount -= back
		}
	}
}

// itemOf is where a claim keeps an item, of a part where the item has parts.
func itemOf(c *claim.Claim, item ledger.Item, part payout.Part) *money.Amount {
	f := &c.Funding
	refund := part == payout.Refund
	if item == ledger.ItemInFlight && refund {
		return &f.RefundInFlight
	}
	if item == ledger.ItemInFlight {
		return &f.CompensationInFlight
	}
	if item == ledger.ItemPaid && refund {
		return &f.RefundPaid
	}
	if item == ledger.ItemPaid {
		return &f.CompensationPaid
	}
	return items[item](c)
}

// items are where a claim keeps the items that have no parts.
var items = [ledger.ItemCount]func(*claim.Claim) *money.Amount{
	ledger.ItemHeld:             func(c *claim.Claim) *money.Amount { return &c.Funding.Held },
	ledger.ItemFromDeposit:      func(c *claim.Claim) *money.Amount { return &c.Funding.FromDeposit },
	ledger.ItemFromShopFunds:    func(c *claim.Claim) *money.Amount { return &c.Funding.FromShopFunds },
	ledger.ItemAdvanced:         func(c *claim.Claim) *money.Amount { return &c.Funding.Advanced },
	ledger.ItemWrittenOff:       func(c *claim.Claim) *money.Amount { return &c.Funding.WrittenOff },
	ledger.ItemLost:             func(c *claim.Claim) *money.Amount { return &c.Funding.Lost },
	ledger.ItemClawedBack:       func(c *claim.Claim) *money.Amount { return &c.Funding.ClawedBack },
	ledger.ItemRepaid:           func(c *claim.Claim) *money.Amount { return &c.Funding.Repaid },
	ledger.ItemFeeFronted:       func(c *claim.Claim) *money.Amount { return &c.Fees.Fronted },
	ledger.ItemFeeMerchant:      func(c *claim.Claim) *money.Amount { return &c.Fees.Merchant },
	ledger.ItemFeeConsumer:      func(c *claim.Claim) *money.Amount { return &c.Fees.Consumer },
	ledger.ItemFeeOwed:          func(c *claim.Claim) *money.Amount { return &c.Fees.Owed },
	ledger.ItemFeeWrittenOff:    func(c *claim.Claim) *money.Amount { return &c.Fees.WrittenOff },
	ledger.ItemFeeFromShopFunds: func(c *claim.Claim) *money.Amount { return &c.Fees.FromShopFunds },
}

// dueOf is what of a claim a debt of the kind is about.
func dueOf(k debt.Kind) ledger.Due {
	if k == debt.Fee {
		return ledger.DueFee
	}
	return ledger.DueAward
}
