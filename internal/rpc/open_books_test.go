package rpc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/watch"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a batch in which one book takes others with it, that opens one twice, that
// cannot be sent again item by item, or that stores what was only to be validated.
func TestBatchOpenBooks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	open := func(merchant, currency string) *tenfoldv1.OpenBookRequest {
		return &tenfoldv1.OpenBookRequest{MerchantId: merchant, RequestId: f.id(), CurrencyCode: currency}
	}
	send := func(requests ...*tenfoldv1.OpenBookRequest) []*tenfoldv1.BatchOpenBooksItem {
		t.Helper()
		r, err := f.books.BatchOpenBooks(f.as("finance"), &tenfoldv1.BatchOpenBooksRequest{Requests: requests})
		if err != nil {
			t.Fatal(err)
		}
		return r.GetItems()
	}
	preview := open("m9", "CNY")
	preview.ValidateOnly = true
	good, nameless := open("m2", "USD"), open("m5", "CNY")
	nameless.RequestId = ""
	items := send(open("m1", "CNY"), good, open("m 3", "CNY"), open("m4", "yuan"), nameless, open("-", "CNY"), preview)
	for i, want := range []tenfoldv1.Reason{
		tenfoldv1.Reason_REASON_MERCHANT_ALREADY_OPENED, tenfoldv1.Reason_REASON_UNSPECIFIED, tenfoldv1.Reason_REASON_REQUEST_INVALID,
		tenfoldv1.Reason_REASON_REQUEST_INVALID, tenfoldv1.Reason_REASON_REQUEST_INVALID, tenfoldv1.Reason_REASON_REQUEST_INVALID,
		tenfoldv1.Reason_REASON_UNSPECIFIED,
	} {
		if got := items[i].GetStatus().GetReason(); got != want || (items[i].GetBook() != nil) != (want == tenfoldv1.Reason_REASON_UNSPECIFIED) {
			t.Errorf("item %d: %v, not %s", i, items[i], want)
		}
	}
	if b := items[1].GetBook(); b.GetName() != "merchants/m2" || b.GetCurrencyCode() != "USD" || b.GetEventNumber() != 1 {
		t.Errorf("the opened book: %v", b)
	}
	if _, err := f.books.GetBook(f.as("finance"), &tenfoldv1.GetBookRequest{Name: "merchants/m9"}); refusal(err).reason != "MERCHANT_NOT_FOUND" {
		t.Errorf("the book that was only validated: %v", err)
	}
	if again := send(good)[0]; !again.GetReplayed() || again.GetStatus().GetCode() != 0 {
		t.Errorf("sent again in another batch: %v", again)
	}
	if alone, err := f.books.OpenBook(f.as("finance"), good); err != nil || !alone.GetReplayed() {
		t.Errorf("sent again alone: %v, %v", alone, err)
	}
	other := open("m2", "CNY")
	other.RequestId = good.GetRequestId()
	if got := send(other)[0].GetStatus().GetReason(); got != tenfoldv1.Reason_REASON_REQUEST_ID_REUSED {
		t.Errorf("the same id for another currency: %s", got)
	}
	opened := 0
	for _, item := range send(open("m6", "CNY"), open("m6", "CNY"), open("m6", "CNY")) {
		if item.GetStatus().GetCode() == 0 {
			opened++
		}
	}
	if opened != 1 {
		t.Errorf("one merchant was opened %d times in one batch", opened)
	}
	f.audited()
}

// Would catch a batch that is too large, empty, or larger in its answer than clients receive.
func TestBatchOpenBooksIsBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	many := &tenfoldv1.BatchOpenBooksRequest{}
	for n := range 501 {
		many.Requests = append(many.Requests, &tenfoldv1.OpenBookRequest{
			MerchantId: fmt.Sprintf("%s%04d", strings.Repeat("m", 60), n), RequestId: f.id(), CurrencyCode: "CNY",
		})
	}
	if _, err := f.books.BatchOpenBooks(f.as("finance"), many); refusal(err).reason != "BATCH_TOO_LARGE" {
		t.Errorf("501 books: %v", err)
	}
	if _, err := f.books.BatchOpenBooks(f.as("finance"), &tenfoldv1.BatchOpenBooksRequest{}); refusal(err).reason != "REQUEST_INVALID" {
		t.Errorf("no book: %v", err)
	}
	many.Requests = many.GetRequests()[:500]
	r, err := f.books.BatchOpenBooks(f.as("finance"), many)
	if err != nil || len(r.GetItems()) != 500 {
		t.Fatalf("500 books: %d, %v", len(r.GetItems()), err)
	}
	for i, item := range r.GetItems() {
		if item.GetBook().GetName() != "merchants/"+many.GetRequests()[i].GetMerchantId() {
			t.Fatalf("item %d: %v", i, item.GetStatus())
		}
	}
}

// Would catch a server whose first claims open no book although it is told so, and one that
// does not say what to do.
func TestFirstClaimsOpenBooks(t *testing.T) {
	t.Parallel()
	config := engine.Defaults()
	config.OpenBooks = true
	f := newBounded(t, config, watch.Defaults())
	r, err := f.claims.BatchFileClaims(f.as("order-service"), &tenfoldv1.BatchFileClaimsRequest{
		Requests: []*tenfoldv1.FileClaimRequest{f.filing("m1", "l1"), f.filing("m1", "l2"), f.filing("m2", "l1")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, item := range r.GetItems() {
		if item.GetStatus().GetCode() != 0 {
			t.Errorf("item %d: %v", i, item.GetStatus())
		}
	}
	for merchant, events := range map[string]int64{"m1": 3, "m2": 2} {
		got, err := f.books.GetBook(f.as("finance"), &tenfoldv1.GetBookRequest{Name: "merchants/" + merchant})
		if err != nil || got.GetBook().GetEventNumber() != events || got.GetBook().GetCurrencyCode() != "CNY" {
			t.Errorf("book of %s: %v, %v", merchant, got.GetBook(), err)
		}
	}
	f.audited()

	closed := newFixture(t)
	_, err = closed.claims.FileClaim(closed.as("order-service"), closed.filing("m1", "l1"))
	if got := refusal(err); got.reason != "MERCHANT_NOT_FOUND" || !strings.Contains(err.Error(), "--open-books") || !strings.Contains(err.Error(), "OpenBook") {
		t.Errorf("where it is not allowed: %v", err)
	}
}
