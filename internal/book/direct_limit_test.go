package book_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// Would catch a movement of a merchant's money that one caller may make above the limit, one
// at the limit that is refused, and a refusal that names no proposal or leaves a trace.
func TestDirectMovesHaveALimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	const limit = 100_000
	reference := 0
	move := func(kind ledger.Kind, amount money.Amount) error {
		reference++
		_, err := f.Do(f.request("m1", "any"), &book.MoneyMove{Kind: kind, Amount: amount, Currency: "CNY", Reference: "r-" + string(rune('a'+reference))})
		return err
	}
	f.must(move(ledger.DepositToppedUp, 3*limit))
	f.must(move(ledger.ShopFundsHandedOver, 3*limit))
	_, err := f.Do(f.request("m1", "any"), &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: limit + 1, Currency: "CNY", Reference: "bounces"})
	f.must(err)
	f.LimitDirect(book.DirectLimit{Whole: limit / 100})
	for kind, proposed := range map[ledger.Kind]proposal.Kind{
		ledger.DepositToppedUp: proposal.TopUp, ledger.ShopFundsHandedOver: proposal.HandOver,
		ledger.DepositWithdrawn: proposal.Withdrawal, ledger.ShopFundsTakenBack: proposal.TakeBack,
	} {
		before := f.head("m1")
		refusal, ok := fault.As(move(kind, limit+1))
		if !ok || refusal.Reason != fault.DirectLimitExceeded || refusal.Fields["proposalKind"] != string(proposed) || refusal.Fields["limitMinor"] != "100000" {
			t.Errorf("%s above the limit: %v", kind, refusal)
		}
		if diff := cmp.Diff(before, f.head("m1")); diff != "" {
			t.Errorf("the refusal of %s left: %s", kind, diff)
		}
		if err := move(kind, limit); err != nil {
			t.Errorf("%s at the limit: %v", kind, err)
		}
	}
	_, err = f.Do(f.request("m1", "any"), &book.ReverseTopUp{Reference: "bounces"})
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.DirectLimitExceeded || refusal.Fields["proposalKind"] != "TOP_UP_REVERSAL" {
		t.Errorf("a bounce above the limit: %v", err)
	}
}

// Would catch a limit of another currency, one in the wrong units, and a currency that is
// named and takes the limit of the others.
func TestLimitsAreByCurrency(t *testing.T) {
	t.Parallel()
	const amount = 1_000
	const most = book.DefaultDirectLimit * 100
	for name, c := range map[string]struct {
		limit  book.DirectLimit
		within bool
		more   money.Amount
	}{
		"none":                              {book.DirectLimit{}, true, 0},
		"none, a large amount":              {book.DirectLimit{}, true, most},
		"of another currency":               {book.DirectLimit{Named: map[string]money.Amount{"USD": 1}}, true, most - amount},
		"of another currency, the default":  {book.DirectLimit{Named: map[string]money.Amount{"USD": 1}}, false, most - amount + 1},
		"whole units":                       {book.DirectLimit{Whole: 10}, true, 0},
		"whole units, below":                {book.DirectLimit{Whole: 9}, false, 0},
		"named":                             {book.DirectLimit{Whole: 1, Named: map[string]money.Amount{"CNY": amount}}, true, 0},
		"named, below":                      {book.DirectLimit{Whole: 1_000_000, Named: map[string]money.Amount{"CNY": amount - 1}}, false, 0},
		"whole units beyond what there may": {book.DirectLimit{Whole: int64(money.MaxAmount)}, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.open("m1", 0)
			f.LimitDirect(c.limit)
			err := f.move("m1", ledger.DepositToppedUp, amount+c.more)
			if refusal, refused := fault.As(err); refused == c.within || refused && refusal.Reason != fault.DirectLimitExceeded {
				t.Errorf("%v", err)
			}
		})
	}
}
