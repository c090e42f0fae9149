package book

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// bearer is one of those who fund a claim after it was confirmed: how much it has
// put in, and the transfers by which it puts in more and gets back.
type bearer struct {
	item ledger.Item
	bear ledger.Kind
	back ledger.Kind
}

var (
	platform = bearer{ledger.ItemLost, ledger.ReversalLossBorne, ledger.ReversalLossReversed}
	consumer = bearer{ledger.ItemClawedBack, ledger.ClawBackClaimed, ledger.ClawBackCancelled}
)

// restores are the merchant's own, in the order in which they get back what a
// claim cost too much: first what is still owed, then what was given up, then
// shop funds before deposit, the reverse of the usual waterfall. What is restored
// whole goes back to exactly where it came from (rule M5).
var restores = []bearer{
	{item: ledger.ItemAdvanced, back: ledger.AdvanceCancelled},
	{item: ledger.ItemWrittenOff, back: ledger.WriteOffCancelled},
	{item: ledger.ItemFromShopFunds, back: ledger.ShopFundsRestored},
	{item: ledger.ItemFromDeposit, back: ledger.DepositRestored},
}

// level brings who bears a claim in line with its award and with what has gone to
// the consumer: the merchant bears no more than the award; what the consumer has,
// or is about to have, beyond what the merchant bears falls on by, and comes back
// from there as soon as the merchant bears it. Money moves through what is payable
// and never below it.
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
	b.trimFailed(c)
	return nil
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

// trimFailed takes what is not owed any more out of what waits for an operator.
func (b *Book) trimFailed(c *claim.Claim) {
	f := &c.Funding
	f.RefundFailed = max(0, min(f.RefundFailed, c.Award.Refund-f.RefundPaid-f.RefundInFlight))
	f.CompensationFailed = max(0, min(f.CompensationFailed, c.Award.Compensation-f.CompensationPaid-f.CompensationInFlight))
	f.CompensationFailed = max(0, min(f.CompensationFailed, f.Payable()-f.RefundFailed))
	f.RefundFailed = min(f.RefundFailed, f.Payable())
}

// reversalBearer is who bears what was paid when a claim's verdict falls: the
// consumer after fraud, else whom the policy names.
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
