package ledger_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/ledger"
)

// bears are the accounts that fund a claim, each with the items that stand for it.
var bears = map[ledger.Item]bool{
	ledger.ItemFromDeposit: true, ledger.ItemFromShopFunds: true, ledger.ItemAdvanced: true, ledger.ItemWrittenOff: true,
	ledger.ItemLost: true, ledger.ItemClawedBack: true,
}

// of is what a transfer of one unit does to an item.
func of(k ledger.Kind, due ledger.Due, matters func(ledger.Item) bool) (sum int) {
	e := k.Effect(due)
	for _, i := range e.Adds {
		if matters(i) {
			sum++
		}
	}
	for _, i := range e.Takes {
		if matters(i) {
			sum--
		}
	}
	return sum
}

// Would catch an effect that does not say what the accounts of its kind say: what is
// held, payable, on its way or lost would stand on a claim otherwise than in the
// ledger. Every kind is looked at, those without an effect too.
func TestEffectsSayWhatTheLegsSay(t *testing.T) {
	t.Parallel()
	onto := func(k ledger.Kind, purposes ...ledger.Purpose) (sum int) {
		for _, p := range purposes {
			if k.Legs().Credit == p {
				sum++
			}
			if k.Legs().Debit == p {
				sum--
			}
		}
		return sum
	}
	is := func(items ...ledger.Item) func(ledger.Item) bool {
		return func(i ledger.Item) bool {
			for _, want := range items {
				if i == want {
					return true
				}
			}
			return false
		}
	}
	for _, k := range ledger.Kinds() {
		for _, due := range []ledger.Due{ledger.DueAward, ledger.DueFee} {
			equal := func(what string, got, want int) {
				if got != want {
					t.Errorf("%s of due %d: %s changes by %d, its accounts by %d", k, due, what, got, want)
				}
			}
			if k == ledger.DepositTopUpReversedOwed || k == ledger.DepositTopUpLoweredOwed { // Of no claim.
				equal("anything", of(k, due, func(ledger.Item) bool { return true }), 0)
				continue
			}
			equal("held", of(k, due, is(ledger.ItemHeld)), onto(k, ledger.DepositHeld, ledger.ShopFundsHeld))
			equal("in flight", of(k, due, is(ledger.ItemInFlight)), onto(k, ledger.PayoutClearing))
			equal("lost", of(k, due, is(ledger.ItemLost)), -onto(k, ledger.ReversalLoss))
			equal("owed by the merchant", of(k, due, is(ledger.ItemAdvanced, ledger.ItemFeeOwed)), -onto(k, ledger.Receivable))
			equal("written off", of(k, due, is(ledger.ItemWrittenOff, ledger.ItemFeeWrittenOff)), -onto(k, ledger.WriteOff))
			equal("owed by the consumer", of(k, due, is(ledger.ItemClawedBack, ledger.ItemFeeConsumer)), -onto(k, ledger.ConsumerReceivable))
			// What is funded and neither sent nor paid is payable.
			funded := of(k, due, func(i ledger.Item) bool { return bears[i] })
			gone := of(k, due, is(ledger.ItemInFlight, ledger.ItemPaid))
			equal("payable", funded-gone, onto(k, ledger.ClaimPayable))
		}
	}
}
