package book_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Would catch a book that is opened where nobody allowed it, in another currency than that of
// the line, twice, by a claim that is refused, or without a trace of what opened it.
func TestFirstClaimOpensTheBook(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	l := line("m1", "l1", 2, 20_000)
	if err := f.refiled(filing(l, 1)); !errors.Is(err, fault.MerchantNotFound) {
		t.Fatalf("where it is not allowed: %v", err)
	}
	f.OpenBooks()
	late := filing(l, 3)
	if err := f.refiled(late); !errors.Is(err, fault.UnitsOutOfRange) || f.Rows("m1").Open {
		t.Errorf("by a claim that is refused: %v", err)
	}
	named := filing(l, 1)
	named.Line, named.LineID = nil, "l1"
	if err := f.refiled(named); !errors.Is(err, fault.MerchantNotFound) {
		t.Errorf("by a line that is only named: %v", err)
	}
	refund := &book.ReportOrderRefund{LineID: "l1", RefundID: "r1", Amount: 1, Currency: "CNY", RefundedAt: start}
	if _, err := f.Do(f.request("m1", "ReportOrderRefund"), refund); !errors.Is(err, fault.MerchantNotFound) {
		t.Errorf("by a refund: %v", err)
	}
	quote := filing(l, 1)
	q, err := f.Do(request.Header{MerchantID: "m1", Method: "QuotePayout", Principal: f.request("m1", "").Principal}, &book.QuotePayout{FileClaim: quote})
	if err != nil || len(q.Quotes) != 1 || f.Rows("m1").Open {
		t.Errorf("a quote: %+v, %v", q.Quotes, err)
	}

	var both []booktest.Asked
	for n := range int32(2) {
		both = append(both, booktest.Asked{Header: f.request("m1", "FileClaim"), Of: new(filing(l, n+1))})
	}
	for i, a := range f.Together(both...) {
		if a.Err != nil {
			t.Fatalf("claim %d of the batch: %v", i, a.Err)
		}
	}
	rows := f.Rows("m1")
	if !rows.Open || rows.Head.Currency != "CNY" || f.told("m1", event.BookOpened) != 1 {
		t.Errorf("the book is %+v, opened %d times", rows.Head, f.told("m1", event.BookOpened))
	}
	opened := rows.Events[0]
	if opened.Kind != event.BookOpened || opened.Method != "FileClaim" || opened.RequestID != both[0].Header.RequestID ||
		!slices.Contains(opened.Details, event.Detail{Key: "opened_by", Value: "FIRST_CLAIM"}) {
		t.Errorf("the event tells %+v", opened)
	}
	if _, err := f.Do(f.request("m1", "OpenBook"), &book.OpenBook{Currency: "CNY"}); !errors.Is(err, fault.MerchantAlreadyOpened) {
		t.Errorf("opened once more: %v", err)
	}
	again, err := f.Do(both[0].Header, both[0].Of)
	if err != nil || !again.Replayed {
		t.Errorf("sent again: %+v, %v", again, err)
	}
	f.topUp("m1", 500_000)
	c := again.ClaimID
	found := f.Rows("m1").Claims[c]
	f.paid(f.accept(f.confirmNotice(f.record(&found, result(&found, claim.Counterfeit, "R-1")))))
}
