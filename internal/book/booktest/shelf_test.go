package booktest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

func topUpOf(amount money.Amount, reference string) *book.MoneyMove {
	return &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: amount, Currency: "CNY", Reference: reference}
}

// Would catch a reference that two books use, one that a refused command keeps, and a
// report that is recorded twice under another name than its result's.
func TestReferencesAreUsedOnceOverAllBooks(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.does("", "m1", &book.OpenBook{Currency: "CNY"})
	l.does("", "m2", &book.OpenBook{Currency: "CNY"})
	bank := book.Reference{Kind: book.PaymentReference, Value: "bank-1"}
	if _, err := l.Do(l.header("", "m1", "TopUp"), topUpOf(0, "bank-1")); !errors.Is(err, fault.AmountOutOfRange) {
		t.Fatal(err)
	}
	if l.Reserved(bank) {
		t.Error("a refused command keeps its reference")
	}
	h := l.header("", "m1", "TopUp")
	for _, replayed := range []bool{false, true} {
		if o, err := l.Do(h, topUpOf(5, "bank-1")); err != nil || o.Replayed != replayed {
			t.Fatalf("replayed %v, %v", o.Replayed, err)
		}
	}
	for _, merchant := range []string{"m1", "m2"} {
		if _, err := l.Do(l.header("", merchant, "TopUp"), topUpOf(5, "bank-1")); !errors.Is(err, fault.ReferenceAlreadyUsed) {
			t.Errorf("used again by %s: %v", merchant, err)
		}
	}
	if !l.Reserved(bank) {
		t.Error("a refused command of another gives the reference back")
	}

	cmd := Filing(Line("m1", "l1", 1, 10_000), 1)
	c := l.does("", "m1", &cmd).Claim
	o := l.does("", "m1", &book.RecordResult{Result: Result(c, claim.Counterfeit, "R-1")})
	other := Filing(Line("m2", "l1", 1, 10_000), 1)
	c = l.does("", "m2", &other).Claim
	_, err := l.Do(l.header("", "m2", "RecordResult"), &book.RecordResult{Result: Result(c, claim.Genuine, "R-1")})
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.ResultAlreadyRecorded || refusal.Fields["resultId"] != o.ResultID {
		t.Errorf("one report for two claims: %v", err)
	}
	for _, spelled := range []string{"Ｒ－１", "R\u200b-1", "R - 1", "R\u3000-1"} {
		_, err := l.Do(l.header("", "m2", "RecordResult"), &book.RecordResult{Result: Result(c, claim.Genuine, spelled)})
		if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.ResultAlreadyRecorded || refusal.Fields["resultId"] != o.ResultID {
			t.Errorf("the report spelled %q for another claim: %v", spelled, err)
		}
	}
	if _, err := l.Do(l.header("", "m2", "RecordResult"), &book.RecordResult{Result: Result(c, claim.Genuine, "\u200b")}); !errors.Is(err, fault.RequestInvalid) {
		t.Errorf("a report that nobody can see: %v", err)
	}
	stranger := Result(c, claim.Genuine, "R-2")
	stranger.AuthenticatorID = "nobody"
	if _, err := l.Do(l.header("", "m2", "RecordResult"), &book.RecordResult{Result: stranger}); !errors.Is(err, fault.AuthenticatorNotFound) {
		t.Errorf("by nobody: %v", err)
	}
}

// Would catch a preview that leaves a row, a number or a line in memory.
func TestPreviewsStoreNothing(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.does("", "m1", &book.OpenBook{Currency: "CNY"})
	before := l.Rows("m1").Head
	quote := book.QuotePayout{FileClaim: Filing(Line("m1", "l1", 1, 10_000), 1)}
	o, err := l.Do(l.header("", "m1", "QuotePayout"), &quote)
	if err != nil || len(o.Quotes) != 1 || o.Quotes[0].Compensation != 100_000 {
		t.Fatalf("quoted %+v, %v", o.Quotes, err)
	}
	h := l.header("", "m1", "TopUp")
	h.ValidateOnly = true
	if _, err := l.Do(h, topUpOf(5, "bank-1")); err != nil {
		t.Fatal(err)
	}
	if r := l.Rows("m1"); r.Head != before || len(r.Lines)+len(r.Claims)+len(r.Transfers) > 0 || l.Reserved(book.Reference{Kind: book.PaymentReference, Value: "bank-1"}) {
		t.Errorf("a preview left %+v", r.Head)
	}
	l.does("", "m1", topUpOf(7, "bank-1"))
}

// Would catch a batch whose commands do not see one another, and a request that was
// stored before and is carried out again because nothing of it is in memory.
func TestTogetherIsOneBatch(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	open, top := l.header("", "m1", "OpenBook"), l.header("", "m1", "TopUp")
	answers := l.Together(
		Asked{l.header("", "m1", "TopUp"), topUpOf(5, "")}, // There is no book yet.
		Asked{open, &book.OpenBook{Currency: "CNY"}},
		Asked{top, topUpOf(5, "")},
		Asked{top, topUpOf(5, "")},
		Asked{l.header("", "m2", "OpenBook"), &book.OpenBook{Currency: "CNY"}},
	)
	for i, want := range []error{fault.MerchantNotFound, nil, nil, nil, nil} {
		if !errors.Is(answers[i].Err, want) {
			t.Errorf("command %d: %v, want %v", i, answers[i].Err, want)
		}
	}
	if !answers[3].Outcome.Replayed || !slices.Equal(l.Merchants(), []string{"m1", "m2"}) {
		t.Errorf("answered %+v; open are %v", answers[3].Outcome, l.Merchants())
	}
	l.Forget("m1")
	mates := l.Together(Asked{top, topUpOf(5, "")}, Asked{l.header("", "m1", "TopUp"), topUpOf(2, "")}, Asked{open, &book.OpenBook{Currency: "CNY"}})
	for i, a := range mates {
		if a.Err != nil || a.Outcome.Replayed != (i != 1) {
			t.Errorf("command %d: %+v", i, a)
		}
	}
	if h := l.Rows("m1").Head; h.Balances.At(ledger.Deposit).Of(ledger.Deposit) != 7 || h.Version != 2 {
		t.Errorf("the book is %+v", h)
	}
}

// Would catch debts that are handed out in another order than income goes to them, or
// more at once than a sweep may look at.
func TestOldestDebtsComeInOrder(t *testing.T) {
	t.Parallel()
	r := newRows("m1")
	var want []string
	for place, kind := range debt.Kinds() {
		for n := range book.DebtsMax + 5 {
			d := debt.Debt{MerchantID: "m1", Kind: kind, ID: fmt.Sprintf("%d-%03d", place, n), Open: 1}
			d.Since = Start.Add(time.Duration(n/2) * time.Hour) // Two of one age.
			r.Debts[DebtKey{kind, d.ID}] = d
			want = append(want, d.ID)
		}
	}
	var got []string
	var after debt.Position
	for {
		page := r.oldest(after)
		if len(page) > book.DebtsMax {
			t.Errorf("%d debts after %v, at most %d may be", len(page), after, book.DebtsMax)
		}
		for _, d := range page {
			got, after = append(got, d.ID), debt.PositionOf(&d)
		}
		if len(page) < book.DebtsMax {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("listed as %v", got)
	}
}

// Would catch an award that seems usual because of claims that fell, were never
// confirmed, are too old, or are of another merchant.
func TestUsualAwards(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	const extra = 10
	usual := func(merchant string, newest, oldest int) (u policy.Usual) {
		for n := oldest; n <= newest; n++ {
			if n%3 == 0 && (n%7 == 0) == (merchant == "m2") {
				u.Awarded += money.Amount(n + 1)
				u.Claims++
			}
		}
		return u
	}
	for n := range book.UsualOver + extra {
		c := claim.Claim{MerchantID: "m1", ID: fmt.Sprintf("c-%04d", n), ProductID: "p", State: claim.Rejected, ConfirmedAt: Start}
		c.Award = claim.Award{Refund: money.Amount(n), Compensation: 1}
		if n%7 == 0 {
			c.MerchantID = "m2"
		}
		switch n % 3 {
		case 0:
			c.State = []claim.State{claim.Paid, claim.Paying, claim.PayoutFailed}[n/3%3]
		case 1:
			c.State, c.ConfirmedAt = claim.Notified, time.Time{}
		}
		l.Rows(c.MerchantID).Claims[c.ID] = c
	}
	got := l.usual(book.ProductKey{MerchantID: "m2", ProductID: "p"})
	want := book.Usual{
		ProductKey: book.ProductKey{MerchantID: "m2", ProductID: "p"},
		OfMerchant: usual("m2", book.UsualOver+extra-1, 0), OfProduct: usual("m2", book.UsualOver+extra-1, extra),
	}
	if got != want {
		t.Errorf("usual are %+v, want %+v", got, want)
	}
	if none := l.usual(book.ProductKey{MerchantID: "m2"}); none.OfProduct != (policy.Usual{}) {
		t.Errorf("of no product %+v", none.OfProduct)
	}
}

// Would catch a version of a policy that leaves a number out, and an authenticator that
// is registered twice.
func TestCatalogueGrowsInOrder(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	v := policy.WithoutLimits()[0]
	v.PublishedAt, v.EffectiveFrom = Start.AddDate(-1, 0, -30), Start.AddDate(-1, 0, 0)
	for _, number := range []int32{1, 2, 4, 3} {
		if v.Number = number; (l.Publish(v) == nil) != (number == 3) {
			t.Errorf("number %d after 2: taken %v", number, number != 3)
		}
	}
	if err := l.Register(claim.Authenticator{ID: "lab-1"}); !errors.Is(err, fault.AuthenticatorRegistered) {
		t.Errorf("registered again: %v", err)
	}
	if !slices.IsSortedFunc(l.Catalog().Policies.Listed("", "", 0), func(a, b policy.Version) int {
		if a.PolicyID != b.PolicyID {
			return 0
		}
		return int(a.Number - b.Number)
	}) {
		t.Error("versions are out of order")
	}
}

// Would catch books that are wrong and go on as if they were not.
func TestBrokenBooksAreTold(t *testing.T) {
	t.Parallel()
	l := lived(t)
	l.Rows("m1").Head.Exposure++
	if _, err := l.Do(l.header("", "m1", "BeginExit"), &book.BeginExit{}); err != nil {
		t.Fatal(err) // The book in memory is sound, and is written whole.
	}
	l.Rows("m1").Head.Version++
	if _, err := l.Do(l.header("", "m1", "TopUp"), topUpOf(1, "")); !errors.Is(err, ErrBroken) {
		t.Errorf("written over another version: %v", err)
	}
	if len(l.Broken()) == 0 {
		t.Error("nothing is told")
	}
}
