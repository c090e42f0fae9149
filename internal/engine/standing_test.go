package engine_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// stored is a book as the database has it.
func (f *fixture) stored(merchant string) *book.Standing {
	f.t.Helper()
	s := &book.Standing{Head: f.head(merchant)}
	rows, err := f.pg.Reader().DebtSums(f.t.Context(), merchant, "")
	f.must(err)
	for _, r := range rows {
		s.Debts = s.Debts.Plus(r.Kind, debt.Sum{Open: r.Open, Count: r.Count})
	}
	return s
}

// stands fails the test unless a command was answered with its book as the database
// has it now.
func (f *fixture) stands(o book.Outcome) {
	f.t.Helper()
	if o.Book == nil {
		f.t.Error("answered without the book")
		return
	}
	if diff := cmp.Diff(f.stored(o.MerchantID), o.Book, sumsEqual); diff != "" {
		f.t.Errorf("the book that was answered (+) and the stored one (-):\n%s", diff)
	}
}

// sumsEqual takes sums of nothing for no sums.
var sumsEqual = cmp.FilterValues(func(a, b debt.Sums) bool { return len(a)+len(b) == 0 }, cmp.Ignore())

// Would catch an answer that shows what other commands of its batch did to the book
// afterwards, or that misses what its own command did.
func TestCommandAnswersWithItsOwnBook(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	moves := []struct {
		kind               ledger.Kind
		amount             money.Amount
		deposit, shopFunds money.Amount // Afterwards.
	}{
		{ledger.DepositToppedUp, 10_000, 10_000, 0},
		{ledger.DepositToppedUp, 5_000, 15_000, 0},
		{ledger.ShopFundsHandedOver, 700, 15_000, 700},
		{ledger.DepositWithdrawn, 1_000, 14_000, 700},
	}
	asked := make([]engine.Asked, len(moves))
	for i, m := range moves {
		asked[i] = engine.Asked{
			Header: f.request("m1", string(m.kind)),
			Of:     &book.MoneyMove{Kind: m.kind, Amount: m.amount, Currency: "CNY", Reference: fmt.Sprintf("ref-%d", i)},
		}
	}
	answers := f.engine.Together(asked...)
	for i, m := range moves {
		f.must(answers[i].Err)
		o := answers[i].Outcome
		deposit, shopFunds := o.Book.Balances.At(ledger.Deposit), o.Book.Balances.At(ledger.ShopFunds)
		if deposit.Of(ledger.Deposit) != m.deposit || shopFunds.Of(ledger.ShopFunds) != m.shopFunds || o.Book.EventNumber != o.EventNumber {
			t.Errorf("%s of %d answers with deposit %d, shop funds %d and event %d of its own %d", m.kind, m.amount,
				deposit.Of(ledger.Deposit), shopFunds.Of(ledger.ShopFunds), o.Book.EventNumber, o.EventNumber)
		}
	}
	f.stands(answers[len(moves)-1].Outcome)
	// A replay reads the book as it is, which is for whoever asks to do.
	if again := f.engine.Together(asked[0])[0]; again.Err != nil || !again.Outcome.Replayed || again.Outcome.Book != nil {
		t.Errorf("sent again: %v, %+v", again.Err, again.Outcome)
	}
}

// Would catch sums of debts that miss what the batch before changed while it is
// still being written, count it twice, or stay behind when a book is shed.
func TestAnswerSumsDebtsWhileTheyChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.limited(1_000)
	config := engine.Defaults()
	config.Lanes, config.KeptMax, config.Ahead, config.Half = 1, 1, 1, 2
	_, f.engine = f.replica(config)
	f.authenticator("lab-1", claim.AccreditedLab)
	const claims, topUps = 12, 24
	f.open("m1", 15_000)
	list := make([]*claim.Claim, claims)
	for n := range list {
		list[n] = f.found(filing(line("m1", fmt.Sprintf("l%d", n), 1, 10_000), 1))
	}
	answers := make([]book.Outcome, topUps)
	together(claims+topUps, func(n int) {
		if n < claims {
			// A sweep may change the claim in between, so it is accepted as it stands.
			f.confirmNotice(list[n])
			_, err := f.engine.Do(t.Context(), f.request("m1", "AcceptClaim"), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: list[n].ID}})
			if err != nil {
				t.Error(err)
			}
			return
		}
		i := n - claims
		reference := fmt.Sprintf("bank-%d", i)
		o, err := f.engine.Do(t.Context(), f.request("m1", "TopUpDeposit"),
			&book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 100, Currency: "CNY", Reference: reference})
		if err == nil && i%2 == 0 {
			f.sweep("m1")
			o, err = f.engine.Do(t.Context(), f.request("m1", "ReverseTopUp"), &book.ReverseTopUp{Reference: reference})
		}
		if err != nil {
			t.Error(err)
		}
		answers[i] = o
	})
	for _, o := range answers {
		if t.Failed() {
			return
		}
		// Every claim has been found counterfeit, so what of the exposure is not held is
		// one of two debts; the others are what the merchant owes the platform.
		d, h := o.Book.Debts, o.Book.Head
		at := func(p ledger.Purpose) money.Amount { return h.Balances.At(p).Of(p) }
		unheld := h.Exposure - at(ledger.DepositHeld) - at(ledger.ShopFundsHeld)
		if sum := d[debt.Shortfall].Open + d[debt.Hold].Open; sum != unheld {
			t.Errorf("after event %d debts to consumers are summed to %d, the book says %d", h.EventNumber, sum, unheld)
		}
		if sum := d[debt.Advance].Open + d[debt.Fee].Open + d[debt.TopUp].Open; sum != at(ledger.Receivable) {
			t.Errorf("after event %d debts to the platform are summed to %d, the book says %d", h.EventNumber, sum, at(ledger.Receivable))
		}
	}
	last, err := f.engine.Do(t.Context(), f.request("m1", "BeginExit"), &book.BeginExit{})
	f.must(err)
	f.stands(last)
	if last.Book.Debts[debt.Shortfall].Count == 0 || last.Book.Debts[debt.Advance].Count == 0 {
		t.Errorf("nothing is owed that could be summed: %+v", last.Book.Debts)
	}
	f.audited()
}
