package engine_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
)

// among runs bad between mates that file claims in the same book and in another
// one, and fails the test unless bad alone is refused, with want.
func (f *fixture) among(bad engine.Asked, want error) {
	f.t.Helper()
	var batch []engine.Asked
	for n := range 9 {
		merchant := "m1"
		if n%3 == 2 {
			merchant = "m2"
		}
		batch = append(batch, engine.Asked{
			Header: f.request(merchant, "FileClaim"),
			Of:     new(filing(line(merchant, fmt.Sprintf("mate-%d-%d", f.count, n), 1, 10_000), 1)),
		})
	}
	const at = 4
	batch = slices.Insert(batch, at, bad)
	for i, a := range f.engine.Together(batch...) {
		switch {
		case i != at && a.Err != nil:
			f.t.Errorf("mate %d: %v", i, a.Err)
		case i == at && !errors.Is(a.Err, want):
			f.t.Errorf("poison: %v, want %v", a.Err, want)
		}
	}
	f.audited()
}

func twoBooks(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.open("m2", 500_000)
	return f
}

// Would catch a running total that wraps round, or that stops every command of
// its batch.
func TestOverflowingTotalRefusesItsCommandAlone(t *testing.T) {
	t.Parallel()
	f := twoBooks(t)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1)))
	// A total that only a book of centuries reaches; the audit sees it, so it is
	// taken back before.
	admin := f.admin()
	set := func(total int64) {
		_, err := admin.ExecContext(t.Context(), `
			UPDATE books SET version = version + 1, claim_payable_debits_minor = $1, claim_payable_credits_minor = $1
			WHERE merchant_id = 'm1'`, total)
		f.must(err)
	}
	set(math.MaxInt64 - 50_000)
	answers := f.engine.Together(
		engine.Asked{Header: f.request("m1", "FileClaim"), Of: new(filing(line("m1", "a", 1, 10_000), 1))},
		engine.Asked{Header: f.request("m1", "AcceptClaim"), Of: new(book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}})},
		engine.Asked{Header: f.request("m2", "FileClaim"), Of: new(filing(line("m2", "a", 1, 10_000), 1))},
	)
	set(0)
	if answers[0].Err != nil || answers[2].Err != nil || !errors.Is(answers[1].Err, fault.AmountOutOfRange) {
		t.Fatalf("answers: %v, %v, %v", answers[0].Err, answers[1].Err, answers[2].Err)
	}
	f.audited()
	f.accept(c)
	f.audited()
}

// Would catch a batch that fails for a text that PostgreSQL cannot store. NUL
// is valid UTF-8 and comes through every transport.
func TestTextThatCannotBeStoredRefusesItsCommandAlone(t *testing.T) {
	t.Parallel()
	f := twoBooks(t)
	c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
	nul := filing(line("m1", "l2", 1, 10_000), 1)
	nul.Destination = "wallet\x00"
	unit := filing(line("m1", "l3", 1, 10_000), 1)
	unit.Line.OrderID = "\x00"
	broken := filing(line("m1", "l4", 1, 10_000), 1)
	broken.Destination = "\xff"
	for _, bad := range []engine.Asked{
		{Header: f.request("m1", "FileClaim"), Of: &nul},
		{Header: f.request("m1", "FileClaim"), Of: &unit},
		{Header: f.request("m1", "FileClaim"), Of: &broken},
		{Header: f.request("m1", "WithdrawClaim"), Of: new(book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "\x00"})},
		{Header: f.request("m1", "WithdrawClaim"), Of: new(book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: "\x00"}})},
	} {
		f.among(bad, fault.RequestInvalid)
	}
}

// Would catch one reference that cannot be stored and refuses the references
// that others reserve at the same time.
func TestReferenceThatCannotBeStoredRefusesItsCommandAlone(t *testing.T) {
	t.Parallel()
	f := twoBooks(t)
	errs := make(chan error)
	const good = 24
	for n := range good + 1 {
		h := f.request("m1", "TopUpDeposit")
		reference := fmt.Sprintf("ref-%d", n)
		if n == good/2 {
			reference = "ref\x00"
		}
		go func() {
			_, err := f.engine.Do(t.Context(), h, &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 1, Currency: "CNY", Reference: reference})
			errs <- err
		}()
	}
	refused := 0
	for range good + 1 {
		switch err := <-errs; {
		case errors.Is(err, fault.RequestInvalid):
			refused++
		case err != nil:
			t.Error(err)
		}
	}
	if refused != 1 {
		t.Errorf("%d references refused, want 1", refused)
	}
	f.audited()
}

// Would catch an order line that is written into the book of another merchant,
// whose lock the command does not hold.
func TestOrderLineOfAnotherMerchantIsRefused(t *testing.T) {
	t.Parallel()
	f := twoBooks(t)
	f.among(engine.Asked{
		Header: f.request("m1", "FileClaim"), Of: new(filing(line("m2", "l1", 1, 10_000), 1)),
	}, fault.RequestInvalid)
}

// Would catch a refusal that leaves something of itself in the batch: the
// second line of a reversal, a number, an event.
func TestRefusalLeavesNoTrace(t *testing.T) {
	t.Parallel()
	f := twoBooks(t)
	changed := filing(line("m1", "l1", 1, 10_000), 1)
	f.file(filing(line("m1", "l1", 1, 10_000), 1))
	changed.Line.GoodsPaid = 9_999
	for _, one := range []struct {
		of   book.Command
		want error
	}{
		{&changed, fault.OrderLineChanged},
		{new(filing(line("m1", "l1", 1, 10_000), 1)), fault.ClaimAlreadyFiled},
		{new(filing(line("m1", "l1", 1, 10_000), 2)), fault.UnitsOutOfRange},
		{&book.FileClaim{LineID: "unseen", ClaimantID: "x", Ordinals: []int32{1}}, fault.OrderLineNotFound},
		{&book.OpenBook{Currency: "CNY"}, fault.MerchantAlreadyOpened},
		{&book.MoneyMove{Kind: ledger.DepositWithdrawn, Amount: 500_001, Currency: "CNY"}, fault.DepositInsufficient},
		{&book.MoneyMove{Kind: ledger.ShopFundsTakenBack, Amount: 1, Currency: "CNY"}, fault.ShopFundsInsufficient},
		{&book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 0, Currency: "CNY"}, fault.AmountOutOfRange},
		{&book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: -1, Currency: "CNY"}, fault.AmountOutOfRange},
		{&book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: math.MaxInt64, Currency: "CNY"}, fault.AmountOutOfRange},
		{&book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 1, Currency: "USD"}, fault.CurrencyMismatch},
		{new(book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: "0123", Etag: "1"}}), fault.ClaimNotFound},
		{&book.AnswerPayout{PayoutID: "none"}, fault.PayoutNotFound},
		{new(book.RecordResult{Result: claim.Result{ClaimID: "none"}}), fault.ClaimNotFound},
	} {
		f.among(engine.Asked{Header: f.request("m1", fmt.Sprintf("%T", one.of)), Of: one.of}, one.want)
	}
	f.among(engine.Asked{Header: f.request("m3", "FileClaim"), Of: new(filing(line("m3", "l1", 1, 1), 1))}, fault.MerchantNotFound)
}

// Would catch two requests that take one line id with different contents in one
// batch, where neither sees the other in the database.
func TestOneLineIDWithTwoContentsInABatch(t *testing.T) {
	t.Parallel()
	f := twoBooks(t)
	other := filing(line("m1", "l1", 2, 10_000), 2)
	other.Refunds = []book.OrderRefund{{RefundID: "r", Amount: 1, Currency: "CNY", RefundedAt: start}}
	answers := f.engine.Together(
		engine.Asked{Header: f.request("m1", "FileClaim"), Of: new(filing(line("m1", "l1", 2, 20_000), 1))},
		engine.Asked{Header: f.request("m1", "FileClaim"), Of: &other},
		engine.Asked{Header: f.request("m1", "FileClaim"), Of: new(filing(line("m1", "l1", 2, 20_000), 2))},
	)
	for i, want := range []error{nil, fault.OrderLineChanged, nil} {
		if !errors.Is(answers[i].Err, want) {
			t.Errorf("command %d: %v, want %v", i, answers[i].Err, want)
		}
	}
	f.audited()
}
