package rpc_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a merchant whom finance does not find, or finds twice, a book that is shown
// otherwise than on its own, and a standing that lists others.
func TestBooksAreListed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var want []string
	for i := range 7 {
		merchant := fmt.Sprintf("m%d", i)
		f.open(merchant, int64(i)*100_000)
		want = append(want, "merchants/"+merchant)
	}
	// The first has no deposit: what its claim is paid is advanced, and owed.
	c := f.accept(f.confirm(f.notified("m0", "l1")))
	f.runDueWork()
	if _, err := f.money.BeginExit(f.as("finance"), &tenfoldv1.BeginExitRequest{Name: "merchants/m3", RequestId: f.id(), Note: "they leave"}); err != nil {
		t.Fatal(err)
	}
	list := func(role string, r *tenfoldv1.ListBooksRequest) (books []*tenfoldv1.Book) {
		t.Helper()
		for more := true; more; more = r.PageToken != "" {
			page, err := tenfoldv1.NewBookServiceClient(f.conn).ListBooks(f.as(role), r)
			if err != nil {
				t.Fatal(err)
			}
			if len(page.GetBooks()) > int(r.GetPageSize()) {
				t.Fatalf("a page of %d has %d books", r.GetPageSize(), len(page.GetBooks()))
			}
			books, r.PageToken = append(books, page.GetBooks()...), page.GetNextPageToken()
		}
		return books
	}
	for size := range int32(9) {
		if size == 0 {
			continue
		}
		for _, debts := range []bool{false, true} {
			books := list("finance", &tenfoldv1.ListBooksRequest{PageSize: size, WithDebts: debts})
			if got := names(books); !slices.Equal(got, want) {
				t.Errorf("in pages of %d the books are %q", size, got)
			}
			for _, b := range books {
				alone, err := tenfoldv1.NewDepositServiceClient(f.conn).GetBook(f.as("finance"), &tenfoldv1.GetBookRequest{Name: b.GetName()})
				if err != nil {
					t.Fatal(err)
				}
				if !debts {
					alone.GetBook().Debts, alone.GetBook().OpenShortfall = nil, nil
				}
				if !proto.Equal(alone.GetBook(), b) {
					t.Errorf("with debts %v the book is listed as %v, and alone %v", debts, b, alone.GetBook())
				}
			}
		}
	}
	// Commands need a policy and its time for a demand; the row alone is listed by.
	for _, statement := range []string{
		`UPDATE books SET demanded_minor = 1, demand_deadline_at = now() WHERE merchant_id IN ('m1', 'm2')`,
		`UPDATE books SET demand_lapsed_at = now() WHERE merchant_id = 'm2'`,
		`UPDATE books SET exit_begun_at = now(), exited_at = now() WHERE merchant_id = 'm6'`,
	} {
		f.admin().MustExec(statement)
	}
	for standing, merchants := range map[tenfoldv1.BookStanding][]string{
		tenfoldv1.BookStanding_BOOK_STANDING_OWING: {"merchants/m0"}, tenfoldv1.BookStanding_BOOK_STANDING_LEAVING: {"merchants/m3"},
		tenfoldv1.BookStanding_BOOK_STANDING_LEFT: {"merchants/m6"}, tenfoldv1.BookStanding_BOOK_STANDING_LAPSED: {"merchants/m2"},
		tenfoldv1.BookStanding_BOOK_STANDING_DEMANDED: {"merchants/m1", "merchants/m2"}, tenfoldv1.BookStanding_BOOK_STANDING_UNSPECIFIED: want,
	} {
		if got := names(list("auditor", &tenfoldv1.ListBooksRequest{PageSize: 2, Standing: standing})); !slices.Equal(got, merchants) {
			t.Errorf("%s lists %q, want %q (claim %s)", standing, got, merchants, c.GetState())
		}
	}
	if n := len(tenfoldv1.BookStanding_name); n != 6 {
		t.Errorf("there are %d standings; list by each of them", n)
	}
	if got := list("operator", &tenfoldv1.ListBooksRequest{PageSize: 100, CurrencyCode: "USD"}); len(got) != 0 {
		t.Errorf("in dollars there are %v", got)
	}
	_, err := tenfoldv1.NewBookServiceClient(f.conn).ListBooks(f.as("merchant"), &tenfoldv1.ListBooksRequest{})
	if refusal(err).reason != "ACCESS_DENIED" {
		t.Errorf("a merchant: %v", err)
	}
}
