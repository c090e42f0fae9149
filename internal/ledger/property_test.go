package ledger_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Would catch any sequence of transfers after which debits and credits differ, an
// account is overdrawn or holds something else than its story says, a hold gives
// out more than it set aside, or a refused step has left something behind.
func TestRandomStepsKeepTheBook(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := newBook()
		moved := make(tally)
		for n := range rapid.IntRange(1, 60).Draw(t, "steps") {
			s := drawStep(t, b, n)
			before := book{maps.Clone(b.balances), maps.Clone(b.holds)}
			if err := b.run(s); err != nil {
				if _, refused := fault.As(err); !refused && !errors.Is(err, errBelowZero) {
					t.Fatalf("%+v: %v", s, err)
				}
				if !maps.Equal(b.balances, before.balances) || !maps.Equal(b.holds, before.holds) {
					t.Fatalf("%+v was refused and changed the book", s)
				}
				continue
			}
			moved[s.kind()] += s.amount
			if err := b.check(); err != nil {
				t.Fatalf("after %+v: %v", s, err)
			}
			checkAgainstModel(t, b, moved)
		}
	})
}

// tally is what moved by each kind of transfer.
type tally map[ledger.Kind]money.Amount

// of is what moved by some kinds together.
func (m tally) of(kinds ...ledger.Kind) (sum money.Amount) {
	for _, k := range kinds {
		sum += m[k]
	}
	return sum
}

// checkAgainstModel proves that every account has what an accountant would tell of
// it, in words that know nothing of debit and credit.
func checkAgainstModel(t *rapid.T, b *book, m tally) {
	merchant := m.of(ledger.DepositToppedUp, ledger.DepositRestored, ledger.DepositForfeitureReversed, ledger.FeeRefunded,
		ledger.SuspenseToDeposit, ledger.DepositTopUpRaised, ledger.ShopFundsReclassified) -
		m.of(ledger.DepositWithdrawn, ledger.DepositTopUpReversed, ledger.DepositCaptured, ledger.RecoveredFromDeposit,
			ledger.WriteOffRecovered, ledger.DepositForfeited, ledger.DepositTopUpLowered, ledger.DepositReclassified)
	sales := m.of(ledger.ShopFundsHandedOver, ledger.ShopFundsRestored, ledger.PenaltyReversed, ledger.FeeRefundedToShopFunds,
		ledger.SuspenseToShopFunds, ledger.DepositReclassified) -
		m.of(ledger.ShopFundsTakenBack, ledger.ShopFundsCaptured, ledger.RecoveredFromShopFunds, ledger.PenaltyTaken, ledger.ShopFundsReclassified)
	funded := m.of(ledger.DepositCaptured, ledger.ShopFundsCaptured, ledger.ShortfallAdvanced, ledger.ReversalLossBorne, ledger.ClawBackClaimed) -
		m.of(ledger.DepositRestored, ledger.ShopFundsRestored, ledger.AdvanceCancelled, ledger.WriteOffCancelled,
			ledger.ReversalLossReversed, ledger.ClawBackCancelled)
	gone := m.of(ledger.PayoutConfirmed, ledger.CouponIssued) - m.of(ledger.PayoutCameBack, ledger.CouponReturned)
	for what, c := range map[string]struct{ has, want money.Amount }{
		"the deposit, free and held":            {b.of(ledger.Deposit) + b.of(ledger.DepositHeld), merchant},
		"the shop funds, free and held":         {b.of(ledger.ShopFunds) + b.of(ledger.ShopFundsHeld), sales},
		"what is payable and what is under way": {b.of(ledger.ClaimPayable) + b.of(ledger.PayoutClearing), funded - gone},
		"what the merchant owes": {b.of(ledger.Receivable),
			m.of(ledger.ShortfallAdvanced, ledger.DepositTopUpReversedOwed, ledger.DepositTopUpLoweredOwed, ledger.FeeOwed) -
				m.of(ledger.AdvanceCancelled, ledger.RecoveredFromDeposit, ledger.RecoveredFromShopFunds, ledger.ReceivableWrittenOff, ledger.FeeForgiven)},
		"what was given up": {b.of(ledger.WriteOff),
			m.of(ledger.ReceivableWrittenOff) - m.of(ledger.WriteOffCancelled, ledger.WriteOffRecovered)},
		"what consumers owe": {b.of(ledger.ConsumerReceivable),
			m.of(ledger.ClawBackClaimed, ledger.FeeOwedByConsumer) - m.of(ledger.ClawBackCancelled, ledger.ClawBackRepaid, ledger.FeeForgivenConsumer)},
		"what the platform lost": {b.of(ledger.ReversalLoss), m.of(ledger.ReversalLossBorne) - m.of(ledger.ReversalLossReversed)},
		"the fees that nobody was charged": {b.of(ledger.AuthenticationFees),
			m.of(ledger.FeeFronted, ledger.FeeForgiven, ledger.FeeRefunded, ledger.FeeRefundedToShopFunds, ledger.FeeForgivenConsumer) - m.of(ledger.FeeOwed, ledger.FeeOwedByConsumer)},
		"coupons not yet spent": {b.of(ledger.CouponLiability),
			m.of(ledger.CouponIssued) - m.of(ledger.CouponRedeemed, ledger.CouponLapsed, ledger.CouponReturned)},
		"penalties": {b.of(ledger.Penalty),
			m.of(ledger.DepositForfeited, ledger.PenaltyTaken) - m.of(ledger.DepositForfeitureReversed, ledger.PenaltyReversed)},
		"the platform's cash": {b.of(ledger.PlatformCash),
			m.of(ledger.PayoutCameBack, ledger.ClawBackRepaid, ledger.SuspenseReceived, ledger.SuspenseTakenInCash, ledger.ClearingReclassified) -
				m.of(ledger.PayoutConfirmed, ledger.CouponRedeemed, ledger.FeeFronted, ledger.SuspenseGivenBackCash, ledger.CashReclassified)},
		"money without an owner": {b.of(ledger.Suspense),
			m.of(ledger.SuspenseReceived, ledger.CouponLapsed, ledger.SuspenseTakenIn, ledger.SuspenseTakenInCash) -
				m.of(ledger.SuspenseGivenBack, ledger.SuspenseGivenBackCash, ledger.SuspenseToDeposit, ledger.SuspenseToShopFunds)},
	} {
		if c.has != c.want {
			t.Fatalf("%s: the accounts have %d, the story says %d", what, c.has, c.want)
		}
	}
}

// rounds are kinds that undo each other one after the other: a kind and its
// opposite, or the way that money takes until somebody has it back.
var rounds = [][]ledger.Kind{
	{ledger.DepositToppedUp, ledger.DepositTopUpReversed},
	{ledger.DepositToppedUp, ledger.DepositWithdrawn},
	{ledger.ShopFundsHandedOver, ledger.ShopFundsTakenBack},
	{ledger.DepositSetAside, ledger.DepositReleased},
	{ledger.ShopFundsSetAside, ledger.ShopFundsReleased},
	{ledger.DepositSetAside, ledger.DepositCaptured, ledger.DepositRestored},
	{ledger.ShopFundsSetAside, ledger.ShopFundsCaptured, ledger.ShopFundsRestored},
	{ledger.ShortfallAdvanced, ledger.AdvanceCancelled},
	{ledger.ShortfallAdvanced, ledger.RecoveredFromDeposit, ledger.DepositRestored},
	{ledger.ShortfallAdvanced, ledger.RecoveredFromShopFunds, ledger.ShopFundsRestored},
	{ledger.ShortfallAdvanced, ledger.ReceivableWrittenOff, ledger.WriteOffCancelled},
	{ledger.ShortfallAdvanced, ledger.ReceivableWrittenOff, ledger.WriteOffRecovered, ledger.DepositRestored},
	{ledger.DepositToppedUp, ledger.DepositTopUpReversedOwed, ledger.RecoveredFromDeposit},
	{ledger.PayoutInstructed, ledger.PayoutNotMade},
	{ledger.PayoutInstructed, ledger.PayoutConfirmed, ledger.PayoutCameBack},
	{ledger.PayoutInstructed, ledger.CouponIssued, ledger.CouponReturned},
	{ledger.ReversalLossBorne, ledger.ReversalLossReversed},
	{ledger.ClawBackClaimed, ledger.ClawBackCancelled},
	{ledger.PayoutInstructed, ledger.PayoutConfirmed, ledger.ClawBackClaimed, ledger.ClawBackRepaid},
	{ledger.DepositForfeited, ledger.DepositForfeitureReversed},
	{ledger.PenaltyTaken, ledger.PenaltyReversed},
	{ledger.FeeOwed, ledger.FeeForgiven},
	{ledger.FeeOwed, ledger.RecoveredFromDeposit, ledger.FeeRefunded},
	{ledger.FeeOwed, ledger.RecoveredFromShopFunds, ledger.FeeRefundedToShopFunds},
	{ledger.FeeOwedByConsumer, ledger.FeeForgivenConsumer},
	{ledger.SuspenseTakenIn, ledger.SuspenseGivenBack},
	{ledger.SuspenseTakenInCash, ledger.SuspenseGivenBackCash},
	{ledger.SuspenseTakenIn, ledger.SuspenseToDeposit, ledger.DepositWithdrawn},
	{ledger.SuspenseTakenIn, ledger.SuspenseToShopFunds, ledger.ShopFundsTakenBack},
	{ledger.DepositToppedUp, ledger.DepositTopUpLowered},
	{ledger.DepositToppedUp, ledger.DepositTopUpLoweredOwed, ledger.RecoveredFromDeposit},
	{ledger.DepositTopUpRaised, ledger.DepositTopUpLowered},
	{ledger.DepositReclassified, ledger.ShopFundsReclassified},
	{ledger.ClearingReclassified, ledger.CashReclassified},
}

// forGood are kinds that nothing undoes: money that arrived or was spent.
var forGood = []ledger.Kind{ledger.SuspenseReceived, ledger.FeeFronted, ledger.CouponRedeemed, ledger.CouponLapsed}

// Would catch a kind that does not undo what it is meant to undo: however rounds of
// different amounts are mixed, in the end every account is as it was.
func TestRandomRoundsGiveZero(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := wealthy()
		type turn struct {
			kinds  []ledger.Kind
			amount money.Amount
		}
		var open []turn
		for range rapid.IntRange(1, 20).Draw(t, "rounds") {
			open = append(open, turn{
				rapid.SampledFrom(rounds).Draw(t, "round"), money.Amount(rapid.Int64Range(1, wealth/20).Draw(t, "amount")),
			})
		}
		for len(open) > 0 {
			i := rapid.IntRange(0, len(open)-1).Draw(t, "next")
			if err := b.post(open[i].kinds[0], open[i].amount); err != nil {
				t.Fatalf("%s of %d: %v", open[i].kinds[0], open[i].amount, err)
			}
			if open[i].kinds = open[i].kinds[1:]; len(open[i].kinds) == 0 {
				open = slices.Delete(open, i, i+1)
			}
		}
		for _, p := range ledger.Purposes() {
			if got := b.of(p); got != wealth {
				t.Fatalf("%s has %d, not %d as before", p, got, wealth)
			}
		}
	})
}

// Would catch a new kind that is undone by nothing and is not meant to stay.
func TestEveryKindIsUndoneOrForGood(t *testing.T) {
	t.Parallel()
	for _, k := range ledger.Kinds() {
		undone := slices.ContainsFunc(rounds, func(r []ledger.Kind) bool { return slices.Contains(r, k) })
		if undone == slices.Contains(forGood, k) {
			t.Errorf("%s is undone: %t, and for good: %t", k, undone, !undone)
		}
	}
}

// wealth is what every account of a wealthy book has.
const wealth = 1_000_000

// wealthy is a book that has enough of everything, so that nothing is refused.
func wealthy() *book {
	b := newBook()
	for _, p := range ledger.Purposes() {
		if p.Normal() == ledger.Debit {
			b.balances[p] = ledger.Balance{Debits: 2 * wealth, Credits: wealth}
		} else {
			b.balances[p] = ledger.Balance{Debits: wealth, Credits: 2 * wealth}
		}
	}
	return b
}

// posted are the kinds that are no part of a hold's life.
var posted = slices.DeleteFunc(ledger.Kinds(), func(k ledger.Kind) bool {
	for _, p := range ledger.Purposes() {
		if k == ledger.PlaceKind(p) || k == ledger.ReleaseKind(p) || k == ledger.CaptureKind(p) {
			return true
		}
	}
	return false
})

// drawStep draws a step that may or may not be possible.
func drawStep(t *rapid.T, b *book, n int) step {
	s := step{amount: money.Amount(rapid.Int64Range(-1, 1_000).Draw(t, "amount"))}
	s.action = rapid.SampledFrom([]string{"post", "post", "post", "hold", "capture", "release", "expire"}).Draw(t, "action")
	switch s.action {
	case "post":
		s.account = string(rapid.SampledFrom(posted).Draw(t, "kind"))
	case "hold":
		s.subject = fmt.Sprintf("claim-%d/1", n)
		s.account = string(rapid.SampledFrom([]ledger.Purpose{ledger.Deposit, ledger.ShopFunds}).Draw(t, "source"))
	default:
		names := slices.Sorted(maps.Keys(b.holds))
		if len(names) == 0 {
			return step{action: "post", account: string(ledger.DepositToppedUp), amount: s.amount}
		}
		s.subject = rapid.SampledFrom(names).Draw(t, "of")
		s.account = string(b.holds[s.subject].Source)
		if s.action == "expire" || rapid.Bool().Draw(t, "the rest") {
			h := b.holds[s.subject]
			s.amount = h.Open()
		}
	}
	return s
}
