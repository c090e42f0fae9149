package book

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// bearer is one of those who fund a claim after it was confirmed: how much the bearer
// has put in, and the transfers that put in more or give it back.
type bearer struct {
	item ledger.Item
	bear ledger.Kind
	back ledger.Kind
}

var (
	platform = bearer{ledger.ItemLost, ledger.ReversalLossBorne, ledger.ReversalLossReversed}
	consumer = bearer{ledger.ItemClawedBack, ledger.ClawBackClaimed, ledger.ClawBackCancelled}
)

// restores are the merchant's own sources in the order in which they get back what a
// claim cost too much: what is still owed, then what was written off, then shop funds
// before the deposit, which reverses the usual waterfall. Money that is restored in
// full returns exactly to where it came from (rule M5).
var restores = []bearer{
	{item: ledger.ItemAdvanced, back: ledger.AdvanceCancelled},
	{item: ledger.ItemWrittenOff, back: ledger.WriteOffCancelled},
	{item: ledger.ItemFromShopFunds, back: ledger.ShopFundsRestored},
	{item: ledger.ItemFromDeposit, back: ledger.DepositRestored},
}

// level brings the bearers of a claim in line with its award and with what the
// consumer has received. The merchant bears no more than the award. If the consumer
// has received (or will receive) more than the merchant bears, the excess is charged
// to by; it is returned to them once the merchant covers it. The consumer owes none of
// an award that is confirmed: what the merchant does not bear of it yet, the platform
// does. Money moves through what is payable, and never takes that below zero.
func (b *Book) level(c *claim.Claim, by policy.ReversalBearer) error {
	f := &c.Funding
	out := f.Paid() + f.InFlight()
	restore := max(0, f.Borne()-c.Award.Total())
	others := max(0, out-(f.Borne()-restore))
	if lack := others - f.Lost - f.ClawedBack; lack > 0 {
		who := platform
		if by == policy.BorneConsumer {
			who = consumer
		}
		if err := b.post(who.bear, lack, posting{claim: c}); err != nil {
			return err
		}
	}
	if err := b.giveBack(c, restore, restores); err != nil {
		return err
	}
	if err := b.giveBack(c, f.Lost+f.ClawedBack-others, []bearer{consumer, platform}); err != nil {
		return err
	}
	if awarded := f.ClawedBack - max(0, out-c.Award.Total()); awarded > 0 && c.State.Confirmed() {
		if err := b.shift(c, awarded, consumer, platform); err != nil {
			return err
		}
	}
	b.trimFailed(c)
	return nil
}

// shift lets one bearer put in what another gets back.
func (b *Book) shift(c *claim.Claim, amount money.Amount, from, to bearer) error {
	if err := b.post(to.bear, amount, posting{claim: c}); err != nil {
		return err
	}
	return b.post(from.back, amount, posting{claim: c})
}

// giveBack gives amount of what is payable back to bearers, in their order.
func (b *Book) giveBack(c *claim.Claim, amount money.Amount, to []bearer) error {
	for _, who := range to {
		part := min(amount, *items[who.item](c))
		if part <= 0 {
			continue
		}
		if err := b.post(who.back, part, posting{claim: c}); err != nil {
			return err
		}
		amount -= part
	}
	return nil
}

// trimFailed reduces what waits for an operator to what is still owed.
func (b *Book) trimFailed(c *claim.Claim) {
	f := &c.Funding
	f.RefundFailed = max(0, min(f.RefundFailed, c.Award.Refund-f.RefundPaid-f.RefundInFlight))
	f.CompensationFailed = max(0, min(f.CompensationFailed, c.Award.Compensation-f.CompensationPaid-f.CompensationInFlight))
	f.CompensationFailed = max(0, min(f.CompensationFailed, f.Payable()-f.RefundFailed))
	f.RefundFailed = min(f.RefundFailed, f.Payable())
}

// reversalBearer says who bears what was paid when a claim's verdict falls: the
// consumer after fraud, otherwise whomever the policy names.
func (b *Book) reversalBearer(c *claim.Claim, fraud bool) (policy.ReversalBearer, error) {
	switch {
	case fraud:
		return policy.BorneConsumer, nil
	case c.PolicyID == "":
		return policy.BornePlatform, nil
	}
	v, err := b.terms(c)
	if err != nil {
		return "", err
	}
	return v.ReversalBearer(), nil
}
