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

// Would catch any sequence of top-ups, holds, captures, releases and payouts
// after which debits and credits differ, an account is overdrawn, a hold gives
// out more than it set aside, or a refused step has left something behind.
func TestRandomStepsKeepTheBook(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := newBook()
		in := make(map[ledger.Purpose]money.Amount) // What the merchant put in and has not taken out, by source.
		var sent money.Amount
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
			legs := s.kind().Legs()
			if legs.Debit == ledger.SettlementClearing {
				in[legs.Credit] += s.amount
			}
			if legs.Credit == ledger.SettlementClearing {
				in[legs.Debit] -= s.amount
			}
			if legs.Credit == ledger.PlatformCash {
				sent += s.amount
			}
			if err := b.check(); err != nil {
				t.Fatalf("after %+v: %v", s, err)
			}
			checkAgainstModel(t, b, in, sent)
		}
	})
}

// checkAgainstModel proves that no money came or went but what the steps say.
func checkAgainstModel(t *rapid.T, b *book, in map[ledger.Purpose]money.Amount, sent money.Amount) {
	captured := make(map[ledger.Purpose]money.Amount)
	for _, h := range b.holds {
		captured[h.Source] += h.Captured
	}
	for source, held := range map[ledger.Purpose]ledger.Purpose{
		ledger.Deposit: ledger.DepositHeld, ledger.ShopFunds: ledger.ShopFundsHeld,
	} {
		if got := b.of(source) + b.of(held) + captured[source]; got != in[source] {
			t.Fatalf("%s: free, held and captured are %d, the merchant put in %d", source, got, in[source])
		}
	}
	owed := captured[ledger.Deposit] + captured[ledger.ShopFunds] + b.of(ledger.Receivable)
	if got := b.of(ledger.ClaimPayable) + b.of(ledger.PayoutClearing) + sent; got != owed {
		t.Fatalf("payable, under way and paid are %d, funded were %d", got, owed)
	}
	if got := b.of(ledger.PlatformCash); got != -sent {
		t.Fatalf("cash is %d after payouts of %d", got, sent)
	}
}

// drawStep draws a step that may or may not be possible.
func drawStep(t *rapid.T, b *book, n int) step {
	s := step{amount: money.Amount(rapid.Int64Range(-1, 1_000).Draw(t, "amount"))}
	s.action = rapid.SampledFrom([]string{"post", "post", "hold", "capture", "release"}).Draw(t, "action")
	switch s.action {
	case "post":
		s.account = string(rapid.SampledFrom([]ledger.Kind{
			ledger.DepositToppedUp, ledger.DepositWithdrawn, ledger.ShopFundsHandedOver, ledger.ShopFundsTakenBack,
			ledger.ShortfallAdvanced, ledger.PayoutInstructed, ledger.PayoutConfirmed, ledger.PayoutNotMade,
		}).Draw(t, "kind"))
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
		if rapid.Bool().Draw(t, "the rest") {
			h := b.holds[s.subject]
			s.amount = h.Open()
		}
	}
	return s
}
