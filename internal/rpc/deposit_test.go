package rpc_test

import (
	"fmt"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch an answer that shows the book after another caller's command, so that
// nobody can tell what one's own did.
func TestTopUpAnswersWithTheBookAfterIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	const topUps = 20
	answers := make([]*tenfoldv1.TopUpDepositResponse, topUps)
	var running sync.WaitGroup
	for i := range topUps {
		r := f.topUp("m1", int64(1+i), fmt.Sprintf("pay-%d", i))
		running.Go(func() {
			var err error
			if answers[i], err = f.books.TopUpDeposit(f.as("finance"), r); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	list, err := f.books.ListTransfers(f.as("finance"), &tenfoldv1.ListTransfersRequest{Parent: "merchants/m1", PageSize: topUps})
	if err != nil || len(list.GetTransfers()) != topUps {
		t.Fatalf("%v, %v", list, err)
	}
	after, sum := make(map[string]int64), int64(0)
	for _, x := range list.GetTransfers() {
		sum += x.GetAmount().GetMinorUnits()
		after[x.GetName()] = sum
	}
	for i, a := range answers {
		own := a.GetTransfers()[0]
		b := a.GetBook()
		if b.GetDepositAvailable().GetMinorUnits() != after[own.GetName()] || b.GetEventNumber() != own.GetEventNumber() {
			t.Errorf("top-up %d was answered with a deposit of %d after event %d; it had %d after its own event %d", i,
				b.GetDepositAvailable().GetMinorUnits(), b.GetEventNumber(), after[own.GetName()], own.GetEventNumber())
		}
	}
	f.audited()
}

// Would catch a replay that shows an old book, an answer that differs from what a
// reader of the book sees, and a preview that shows the book as it is without the
// command or stores something.
func TestReplayShowsTheBookAsItIsNow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	read := func() *tenfoldv1.Book {
		t.Helper()
		r, err := f.books.GetBook(f.as("finance"), &tenfoldv1.GetBookRequest{Name: "merchants/m1"})
		if err != nil {
			t.Fatal(err)
		}
		return r.GetBook()
	}
	opening := &tenfoldv1.OpenBookRequest{MerchantId: "m1", RequestId: f.id(), CurrencyCode: "CNY"}
	opened, err := f.books.OpenBook(f.as("finance"), opening)
	if err != nil || opened.GetReplayed() || !proto.Equal(opened.GetBook(), read()) {
		t.Fatalf("opened %v, %v; read %v", opened, err, read())
	}
	first := f.topUp("m1", 500, "pay-1")
	if _, err := f.books.TopUpDeposit(f.as("finance"), first); err != nil {
		t.Fatal(err)
	}
	second, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m1", 70, "pay-2"))
	if err != nil || !proto.Equal(second.GetBook(), read()) {
		t.Fatalf("topped up %v, %v; read %v", second, err, read())
	}
	again, err := f.books.TopUpDeposit(f.as("finance"), first)
	if err != nil || !again.GetReplayed() || again.GetTransfers()[0].GetAmount().GetMinorUnits() != 500 || !proto.Equal(again.GetBook(), read()) {
		t.Errorf("sent again %v, %v; read %v", again, err, read())
	}
	if again, err := f.books.OpenBook(f.as("finance"), opening); err != nil || !again.GetReplayed() || !proto.Equal(again.GetBook(), read()) {
		t.Errorf("opened again %v, %v; read %v", again, err, read())
	}
	before := read()
	trial := f.topUp("m1", 1_000, "pay-3")
	trial.ValidateOnly = true
	tried, err := f.books.TopUpDeposit(f.as("finance"), trial)
	if err != nil || tried.GetBook().GetDepositAvailable().GetMinorUnits() != 1_570 || !proto.Equal(before, read()) {
		t.Errorf("tried %v, %v; read %v", tried, err, read())
	}
	f.audited()
}
