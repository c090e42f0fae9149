package ledger_test

import (
	"slices"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Would catch a kind without accounts, with one account on both sides, or with
// an account outside the chart.
func TestEveryKindHasTwoAccounts(t *testing.T) {
	t.Parallel()
	for _, k := range ledger.Kinds() {
		legs := k.Legs()
		if !legs.Debit.Known() || !legs.Credit.Known() || legs.Debit == legs.Credit {
			t.Errorf("%s debits %q and credits %q", k, legs.Debit, legs.Credit)
		}
	}
	if legs := ledger.Kind("NONE").Legs(); legs != (ledger.Legs{}) {
		t.Errorf("an unknown kind has the accounts %v", legs)
	}
	if ledger.Purpose("NONE").Known() || ledger.Purpose("").Known() {
		t.Error("an unknown purpose is in the chart")
	}
}

// Would catch a transfer that cannot be undone to the last unit: any kind and
// the same with its sides exchanged leave every account as it was.
func TestEveryKindReversedGivesZero(t *testing.T) {
	t.Parallel()
	for _, k := range ledger.Kinds() {
		b := wealthy()
		legs := k.Legs()
		for _, one := range []ledger.Legs{legs, {Debit: legs.Credit, Credit: legs.Debit}} {
			if err := b.transfer(one, 777); err != nil {
				t.Fatalf("%s: %v", k, err)
			}
		}
		for _, p := range ledger.Purposes() {
			if got := b.of(p); got != wealth {
				t.Errorf("after %s and its reversal %s has %d, want %d", k, p, got, wealth)
			}
		}
	}
}

// Would catch a hold whose life is booked on another source's accounts.
func TestKindsOfAHold(t *testing.T) {
	t.Parallel()
	for source, held := range map[ledger.Purpose]ledger.Purpose{
		ledger.Deposit: ledger.DepositHeld, ledger.ShopFunds: ledger.ShopFundsHeld,
	} {
		for k, want := range map[ledger.Kind]ledger.Legs{
			ledger.PlaceKind(source):   {Debit: source, Credit: held},
			ledger.ReleaseKind(source): {Debit: held, Credit: source},
			ledger.CaptureKind(source): {Debit: held, Credit: ledger.ClaimPayable},
		} {
			if got := k.Legs(); got != want {
				t.Errorf("%s moves %v, want %v", k, got, want)
			}
		}
	}
	for _, p := range ledger.Purposes() {
		if p != ledger.Deposit && p != ledger.ShopFunds && ledger.PlaceKind(p) != "" {
			t.Errorf("%s can be held", p)
		}
	}
}

// Would catch an account that grows on the wrong side, and one besides cash and
// clearing that may be overdrawn.
func TestSidesOfTheChart(t *testing.T) {
	t.Parallel()
	debit := []ledger.Purpose{
		ledger.PlatformCash, ledger.SettlementClearing, ledger.Receivable, ledger.ConsumerReceivable,
		ledger.AuthenticationFees, ledger.ReversalLoss, ledger.WriteOff,
	}
	for _, p := range ledger.Purposes() {
		want, balance := ledger.Credit, money.Amount(-30)
		if slices.Contains(debit, p) {
			want, balance = ledger.Debit, 30
		}
		if p.Normal() != want {
			t.Errorf("%s grows on the side %s, want %s", p, p.Normal(), want)
		}
		if got := (ledger.Balance{Debits: 100, Credits: 70}).Of(p); got != balance {
			t.Errorf("%s with 100 debited and 70 credited has %d, want %d", p, got, balance)
		}
		below := p == ledger.PlatformCash || p == ledger.SettlementClearing
		if p.MayGoBelowZero() != below {
			t.Errorf("%s may go below zero: %t", p, p.MayGoBelowZero())
		}
	}
}

// Would catch a running total that wraps round.
func TestBalanceRefusesToLeaveTheRange(t *testing.T) {
	t.Parallel()
	b := ledger.Balance{Debits: money.MaxAmount - 5, Credits: 7}
	if got, err := b.Add(5, 3); err != nil || got != (ledger.Balance{Debits: money.MaxAmount, Credits: 10}) {
		t.Errorf("to the limit: %v, %v", got, err)
	}
	for _, by := range []ledger.Balance{{Debits: 6}, {Credits: money.MaxAmount}} {
		got, err := b.Add(by.Debits, by.Credits)
		if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.AmountOutOfRange || got != b {
			t.Errorf("beyond the limit by %v: %v, %v", by, got, err)
		}
	}
}

// Would catch a refusal that names another source than was too small, or other
// figures.
func TestInsufficientTellsTheFigures(t *testing.T) {
	t.Parallel()
	for p, want := range map[ledger.Purpose]fault.Reason{
		ledger.Deposit: fault.DepositInsufficient, ledger.DepositHeld: fault.DepositInsufficient,
		ledger.ShopFunds: fault.ShopFundsInsufficient, ledger.ShopFundsHeld: fault.ShopFundsInsufficient,
	} {
		err := ledger.Insufficient(p, 220_000, 100_050, currency)
		if err.Reason != want || err.Fields["requiredMinor"] != "220000" ||
			err.Fields["availableMinor"] != "100050" || err.Fields["currency"] != currency {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// Would catch a waterfall that takes more than a source has, passes one over,
// or loses what nobody funds.
func TestSplit(t *testing.T) {
	t.Parallel()
	part := func(p ledger.Purpose, a money.Amount) ledger.Part { return ledger.Part{Source: p, Amount: a} }
	d, s, r := ledger.Deposit, ledger.ShopFunds, ledger.Receivable
	for name, c := range map[string]struct {
		needed money.Amount
		order  []ledger.Part
		want   []ledger.Part
		left   money.Amount
	}{
		"the first source covers all":           {100, []ledger.Part{part(d, 500), part(s, 500)}, []ledger.Part{part(d, 100)}, 0},
		"the first source covers it exactly":    {100, []ledger.Part{part(d, 100), part(s, 500)}, []ledger.Part{part(d, 100)}, 0},
		"the second takes over":                 {100, []ledger.Part{part(d, 60), part(s, 500)}, []ledger.Part{part(d, 60), part(s, 40)}, 0},
		"the order is the policy's":             {100, []ledger.Part{part(s, 60), part(d, 500)}, []ledger.Part{part(s, 60), part(d, 40)}, 0},
		"an empty source is no part":            {100, []ledger.Part{part(d, 0), part(s, 100)}, []ledger.Part{part(s, 100)}, 0},
		"an overdrawn source gives nothing":     {100, []ledger.Part{part(d, -50), part(s, 100)}, []ledger.Part{part(s, 100)}, 0},
		"the advance has a limit":               {100, []ledger.Part{part(d, 10), part(s, 20), part(r, 30)}, []ledger.Part{part(d, 10), part(s, 20), part(r, 30)}, 40},
		"what nobody funds is left":             {100, []ledger.Part{part(d, 0)}, nil, 100},
		"without sources all is left":           {100, nil, nil, 100},
		"nothing needed takes nothing":          {0, []ledger.Part{part(d, 500)}, nil, 0},
		"one minor unit is taken from the next": {1, []ledger.Part{part(d, 0), part(s, 1)}, []ledger.Part{part(s, 1)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parts, left := ledger.Split(c.needed, c.order)
			if !slices.Equal(parts, c.want) || left != c.left {
				t.Errorf("%d are split into %v and %d, want %v and %d", c.needed, parts, left, c.want, c.left)
			}
		})
	}
}
