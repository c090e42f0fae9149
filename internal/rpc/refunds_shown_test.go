package rpc_test

import (
	"fmt"
	"sync"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a line that is shown with more refunds than an answer has room for, with the
// wrong ones, or without a word on those that are left out.
func TestRefundsOfALineAreBounded(t *testing.T) {
	t.Parallel()
	const most, more = 500, 12
	f := newFixture(t)
	f.open("m1", 1_000_000)
	filed := f.file("m1", "l1")
	report := func(n int) {
		_, err := f.claims.ReportOrderRefund(f.as("order-service"), &tenfoldv1.ReportOrderRefundRequest{
			Name: filed.GetOrderLineName(), RequestId: f.id(),
			Refund: &tenfoldv1.LineRefund{RefundId: fmt.Sprintf("r%04d", n), Amount: fen(1), RefundedAt: timestamppb.New(f.now())},
		})
		if err != nil {
			t.Error(err)
		}
	}
	// The oldest come first, the others in any order.
	for n := range more {
		report(n)
	}
	var callers sync.WaitGroup
	for part := range 10 {
		callers.Go(func() {
			for n := more + part; n < more+most; n += 10 {
				report(n)
			}
		})
	}
	callers.Wait()
	line, err := f.claims.GetOrderLine(f.as("support"), &tenfoldv1.GetOrderLineRequest{Name: filed.GetOrderLineName()})
	if err != nil {
		t.Fatal(err)
	}
	full, err := f.claims.GetClaim(f.as("support"), &tenfoldv1.GetClaimRequest{Name: filed.GetName(), View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range []*tenfoldv1.OrderLine{line.GetOrderLine(), full.GetClaim().GetOrderLine()} {
		if len(l.GetRefunds()) != most || l.GetRefundsLeftOut() != more {
			t.Errorf("%d refunds are shown, and %d left out", len(l.GetRefunds()), l.GetRefundsLeftOut())
		}
		for _, r := range l.GetRefunds() {
			if r.GetRefundId() < fmt.Sprintf("r%04d", more) {
				t.Errorf("%s is shown, which is one of the oldest", r.GetRefundId())
			}
		}
	}
}
