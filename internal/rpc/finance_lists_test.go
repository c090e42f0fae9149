package rpc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// transfers reads every page of a list of transfers.
func (f *fixture) transfers(role string, r *tenfoldv1.ListTransfersRequest) (list []*tenfoldv1.Transfer) {
	f.t.Helper()
	r = proto.CloneOf(r)
	for more := true; more; more = r.PageToken != "" {
		page, err := f.books.ListTransfers(f.as(role), r)
		if err != nil {
			f.t.Fatalf("%v: %v", r, err)
		}
		if r.PageSize > 0 && len(page.GetTransfers()) > int(r.GetPageSize()) {
			f.t.Fatalf("a page of %d has %d transfers", r.GetPageSize(), len(page.GetTransfers()))
		}
		list, r.PageToken = append(list, page.GetTransfers()...), page.GetNextPageToken()
	}
	return list
}

// those gives the names of the transfers that are asked for.
func those(list []*tenfoldv1.Transfer, asked func(*tenfoldv1.Transfer) bool) []string {
	var out []string
	for _, x := range list {
		if asked(x) {
			out = append(out, x.GetName())
		}
	}
	return out
}

func everyTransfer(*tenfoldv1.Transfer) bool { return true }

// Would catch a list over all merchants that leaves something of one out, a transfer that does
// not name the order, the verdict and the channel's reference that it belongs to, a filter that
// finds something else, and one that tells a merchant what is hidden from it.
func TestListsOfFinance(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.open("m2", 100_000)
	f.open("m3", 0)
	first := f.paid(f.accept(f.confirm(f.notified("m1", "l1"))))
	second := f.accept(f.confirm(f.notified("m2", "l2")))
	f.runDueWork()
	f.notified("m2", "l3")

	all := f.transfers("finance", &tenfoldv1.ListTransfersRequest{Parent: "merchants/-", PageSize: 3})
	if !slices.IsSortedFunc(all, func(a, b *tenfoldv1.Transfer) int {
		return a.GetRecordedAt().AsTime().Compare(b.GetRecordedAt().AsTime())
	}) {
		t.Error("the transfers of all merchants are not in the order of their recording")
	}
	for _, merchant := range []string{"m1", "m2", "m3"} {
		alone := f.transfers("finance", &tenfoldv1.ListTransfersRequest{Parent: "merchants/" + merchant, PageSize: 2})
		of := those(all, func(x *tenfoldv1.Transfer) bool { return nameUnder(x.GetName(), merchant) })
		if got := those(alone, everyTransfer); len(got) == 0 && merchant != "m3" || !slices.Equal(got, of) {
			t.Errorf("of %s: %q, and among all %q", merchant, got, of)
		}
	}
	f.checkTransferFilters(all, first, second)
	f.checkTransferFacts(all, first)
	f.checkFinanceRefusals(first)
	f.checkOtherLists(second)
	f.audited()
}

func nameUnder(name, merchant string) bool { return strings.HasPrefix(name, "merchants/"+merchant+"/") }

// checkTransferFilters compares filters with what they say about every transfer.
func (f *fixture) checkTransferFilters(all []*tenfoldv1.Transfer, first, second *tenfoldv1.Claim) {
	f.t.Helper()
	payouts, err := f.claims.ListPayouts(f.as("finance"), &tenfoldv1.ListPayoutsRequest{Parent: first.GetName()})
	if err != nil || len(payouts.GetPayouts()) != 2 {
		f.t.Fatalf("payouts %v, %v", payouts, err)
	}
	p := payouts.GetPayouts()[1]
	line, err := f.claims.GetOrderLine(f.as("finance"), &tenfoldv1.GetOrderLineRequest{Name: first.GetOrderLineName()})
	if err != nil {
		f.t.Fatal(err)
	}
	ofFirst := func(x *tenfoldv1.Transfer) bool { return x.GetClaim() == first.GetName() }
	middle := all[len(all)/2].GetRecordedAt().AsTime()
	for _, list := range []struct {
		filter, order, claim string
		want                 func(*tenfoldv1.Transfer) bool
	}{
		{filter: fmt.Sprintf("order_id = %q", first.GetOrderId()), want: ofFirst},
		{filter: fmt.Sprintf("payment_id = %q", line.GetOrderLine().GetPaymentId()), want: ofFirst},
		{claim: "merchants/-/" + strings.TrimPrefix(first.GetName(), "merchants/m1/"), want: ofFirst},
		{filter: fmt.Sprintf("out_number = %q", p.GetOutNumber()), want: func(x *tenfoldv1.Transfer) bool { return x.GetPayout() == p.GetName() }},
		{filter: fmt.Sprintf("gateway_reference = %q", p.GetGatewayReference()), want: func(x *tenfoldv1.Transfer) bool { return x.GetPayout() == p.GetName() }},
		{filter: "kind = PAYOUT_CONFIRMED", want: func(x *tenfoldv1.Transfer) bool {
			return x.GetKind() == tenfoldv1.TransferKind_TRANSFER_KIND_PAYOUT_CONFIRMED
		}},
		{filter: "account = CLAIM_PAYABLE AND amount >= 100000", want: func(x *tenfoldv1.Transfer) bool {
			const payable = tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_CLAIM_PAYABLE
			return (x.GetDebit() == payable || x.GetCredit() == payable) && x.GetAmount().GetMinorUnits() >= 100_000
		}},
		{filter: fmt.Sprintf("recorded_at >= %q", middle.Format("2006-01-02T15:04:05.999999Z07:00")), want: func(x *tenfoldv1.Transfer) bool {
			return !x.GetRecordedAt().AsTime().Before(middle)
		}},
		{filter: fmt.Sprintf("effective_at <= %q", middle.Format("2006-01-02T15:04:05.999999Z07:00")), want: func(x *tenfoldv1.Transfer) bool {
			return !x.GetEffectiveAt().AsTime().After(middle)
		}},
		{filter: `order_id = "nothing"`, want: func(*tenfoldv1.Transfer) bool { return false }},
	} {
		r := &tenfoldv1.ListTransfersRequest{Parent: "merchants/-", Filter: list.filter, Claim: list.claim, PageSize: 2}
		if got, want := those(f.transfers("finance", r), everyTransfer), those(all, list.want); !slices.Equal(got, want) {
			f.t.Errorf("%s%s: %q, want %q", list.filter, list.claim, got, want)
		}
	}
	backwards := those(f.transfers("finance", &tenfoldv1.ListTransfersRequest{Parent: "merchants/-", OrderBy: "recorded_at desc", PageSize: 2}), everyTransfer)
	slices.Reverse(backwards)
	if want := those(all, everyTransfer); !slices.Equal(backwards, want) {
		f.t.Errorf("the newest first, turned around: %q, want %q", backwards, want)
	}
	elsewhere := &tenfoldv1.ListTransfersRequest{Parent: "merchants/m1", Filter: fmt.Sprintf("order_id = %q", second.GetOrderId())}
	if got := f.transfers("finance", elsewhere); len(got) > 0 {
		f.t.Errorf("an order of another merchant has the transfers %v", got)
	}
}

// checkTransferFacts compares a payout's transfer with its payout and its claim.
func (f *fixture) checkTransferFacts(all []*tenfoldv1.Transfer, c *tenfoldv1.Claim) {
	f.t.Helper()
	checked := 0
	for _, x := range all {
		if x.GetClaim() != c.GetName() || x.GetKind() != tenfoldv1.TransferKind_TRANSFER_KIND_PAYOUT_CONFIRMED {
			continue
		}
		checked++
		if x.GetOrderId() != c.GetOrderId() || x.GetRevision() != 1 || x.GetGatewayReference() == "" {
			f.t.Errorf("order %q, revision %d, reference %q", x.GetOrderId(), x.GetRevision(), x.GetGatewayReference())
		}
	}
	if checked != 2 {
		f.t.Errorf("%d confirmed payouts were checked", checked)
	}
	for _, x := range f.transfers("merchant", &tenfoldv1.ListTransfersRequest{Parent: "merchants/m1"}) {
		if x.GetGatewayReference() != "" {
			f.t.Errorf("a merchant sees the channel's reference of %s", x.GetName())
		}
	}
}

// checkFinanceRefusals asks for what no index serves, or what is hidden.
func (f *fixture) checkFinanceRefusals(c *tenfoldv1.Claim) {
	f.t.Helper()
	for _, refused := range []struct{ role, parent, filter, order, field string }{
		{"finance", "merchants/-", `color = "red"`, "", "filter"},
		{"finance", "merchants/-", `kind = HELD`, "", "filter"},
		{"finance", "merchants/-", `kind = "DEPOSIT_HELD"`, "", "filter"},
		{"finance", "merchants/-", `amount >= 1.5`, "", "filter"},
		{"finance", "merchants/-", `recorded_at >= "yesterday"`, "", "filter"},
		{"finance", "merchants/-", `kind = PAYOUT_CONFIRMED OR amount >= 1`, "", "filter"},
		{"finance", "merchants/-", `external_reference = "pay-1"`, "", "filter"},
		{"finance", "merchants/-", `order_id = "a" AND payment_id = "b"`, "", "filter"},
		{"merchant", "merchants/m1", `gateway_reference = "x"`, "", "filter"},
		{"finance", "merchants/-", "", "effective_at", "order_by"},
		{"finance", "merchants/m1", "", "amount", "order_by"},
		{"finance", "merchants/m1", "", "recorded_at, effective_at", "order_by"},
		{"finance", "merchants/m1", `order_id = "a"`, "recorded_at desc", "order_by"},
		{"finance", "merchants/m1", `external_reference = "a"`, "effective_at", "order_by"},
	} {
		_, err := f.books.ListTransfers(f.as(refused.role), &tenfoldv1.ListTransfersRequest{Parent: refused.parent, Filter: refused.filter, OrderBy: refused.order})
		if r := refusal(err); r.reason != "FILTER_UNSUPPORTED" || r.field != refused.field {
			f.t.Errorf("%s %q %q: %v", refused.parent, refused.filter, refused.order, err)
		}
	}
	_, err := f.books.ListTransfers(f.as("merchant"), &tenfoldv1.ListTransfersRequest{Parent: "merchants/-"})
	if refusal(err).reason != "ACCESS_DENIED" {
		f.t.Errorf("a merchant lists the transfers of all: %v", err)
	}
	_, err = f.claims.ListPayouts(f.as("finance"), &tenfoldv1.ListPayoutsRequest{
		Parent: "merchants/-", State: tenfoldv1.PayoutState_PAYOUT_STATE_FAILED, Filter: "state = SUCCEEDED",
	})
	if r := refusal(err); r.reason != "FILTER_UNSUPPORTED" || r.field != "filter" {
		f.t.Errorf("payouts in two states: %v", err)
	}
	_, err = f.claims.ListPayouts(f.as("finance"), &tenfoldv1.ListPayoutsRequest{Parent: c.GetName(), OrderBy: "instructed_at desc"})
	if r := refusal(err); r.reason != "FILTER_UNSUPPORTED" || r.field != "order_by" {
		f.t.Errorf("payouts of a claim, newest first: %v", err)
	}
}

// checkOtherLists lists payouts, holds, debts and books of all merchants. The second claim's
// money was advanced in part.
func (f *fixture) checkOtherLists(second *tenfoldv1.Claim) {
	f.t.Helper()
	payouts, err := f.claims.ListPayouts(f.as("finance"), &tenfoldv1.ListPayoutsRequest{Parent: "merchants/-", OrderBy: "instructed_at desc", Filter: "part = REFUND"})
	if list := payouts.GetPayouts(); err != nil || len(list) != 2 || list[0].GetClaim() != second.GetName() {
		f.t.Errorf("refunds of all merchants: %v, %v", payouts, err)
	}
	holds, err := f.books.ListHolds(f.as("finance"), &tenfoldv1.ListHoldsRequest{Parent: "merchants/-", Filter: "source = DEPOSIT AND state = CAPTURED"})
	if list := holds.GetHolds(); err != nil || len(list) != 2 || list[0].GetAmount().GetCurrencyCode() != "CNY" {
		f.t.Errorf("captured holds of all merchants: %v, %v", holds, err)
	}
	debts, err := f.books.ListDebts(f.as("finance"), &tenfoldv1.ListDebtsRequest{Parent: "merchants/-", Filter: "open >= 120000"})
	if err != nil || len(debts.GetDebts()) == 0 || len(debts.GetBuckets()) != 4 {
		f.t.Fatalf("debts of all merchants: %v, %v", debts, err)
	}
	for _, d := range debts.GetDebts() {
		if d.GetBook() != "merchants/m2" || d.GetOpen().GetCurrencyCode() != "CNY" {
			f.t.Errorf("a debt of nobody else: %v", d)
		}
	}
	books, err := tenfoldv1.NewBookServiceClient(f.conn).ListBooks(f.as("finance"), &tenfoldv1.ListBooksRequest{OrderBy: "name desc", Filter: "receivable <= 0"})
	if got := names(books.GetBooks()); err != nil || !slices.Equal(got, []string{"merchants/m3", "merchants/m1"}) {
		f.t.Errorf("books of merchants who owe nothing: %q, %v", got, err)
	}
	f.propose(f.forfeiting(1_000))
	for filter, want := range map[string]int{"kind = DEPOSIT_FORFEITURE": 1, "kind = PENALTY": 0, "amount >= 1001": 0} {
		proposals, err := f.money.ListProposals(f.as("finance"), &tenfoldv1.ListProposalsRequest{Parent: "merchants/-", Filter: filter})
		if err != nil || len(proposals.GetProposals()) != want {
			f.t.Errorf("%s: %v, %v", filter, proposals, err)
		}
	}
}
