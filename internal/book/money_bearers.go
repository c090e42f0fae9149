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

// burden is what others than the merchant bear of a claim, given its award and what the
// consumer has received or will receive, coming included. They bear what the merchant
// does not, because the merchant bears no more than the award and perhaps not all of it
// yet. Of what exceeds the award, the consumer owes back what was paid twice, and the rest
// after fraud or where the policy says so; the platform bears the other rest, and what the
// merchant does not bear of the award.
func (b *Book) burden(c *claim.Claim, coming money.Amount) (lost, owed money.Amount, err error) {
	f := &c.Funding
	out := f.Paid() + f.InFlight() + coming
	others := max(0, out-min(f.Borne(), c.Award.Total()))
	excess := max(0, out-c.Award.Total())
	if excess == 0 {
		return others, 0, nil
	}
	by, err := b.reversalBearer(c)
	if err != nil {
		return 0, 0, err
	}
	if by == policy.BornePlatform {
		twice, err := b.paidTwice(c, out)
		if err != nil {
			return 0, 0, err
		}
		excess = min(excess, twice)
	}
	owed = min(excess, others)
	return others - owed, owed, nil
}

// level brings the bearers of a claim in line with its award and with what the consumer
// has received or will receive. Money moves through what is payable, and never takes that
// below zero.
func (b *Book) level(c *claim.Claim) error { return b.levelFor(c, 0) }

// levelFor is level where coming leaves next.
func (b *Book) levelFor(c *claim.Claim, coming money.Amount) error {
	lost, owed, err := b.burden(c, coming)
	if err != nil {
		return err
	}
	f := &c.Funding
	for _, more := range []struct {
		who    bearer
		amount money.Amount
	}{{platform, lost - f.Lost}, {consumer, owed - f.ClawedBack}} {
		if more.amount <= 0 {
			continue
		}
		if err := b.post(more.who.bear, more.amount, posting{claim: c}); err != nil {
			return err
		}
	}
	if err := b.giveBack(c, f.Borne()-c.Award.Total(), restores); err != nil {
		return err
	}
	if err := b.giveBack(c, f.ClawedBack-owed, []bearer{consumer}); err != nil {
		return err
	}
	if err := b.giveBack(c, f.Lost-lost, []bearer{platform}); err != nil {
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
func (b *Book) reversalBearer(c *claim.Claim) (policy.ReversalBearer, error) {
	switch {
	case c.Fraud:
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
