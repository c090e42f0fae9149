package rpc_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/policy"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a debt that is missing, counted in the wrong age or kind, or shown
// twice over pages; and a book that does not tell what is owed or free.
func TestListDebts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.publish(func(v *policy.Version) { v.AdvanceLimit = 50_000 })
	f.open("m1", 100_000)
	var claims []*tenfoldv1.Claim
	for _, id := range []string{"l1", "l2"} {
		claims = append(claims, f.accept(f.confirm(f.notified("m1", id))))
		f.runDueWork()
		f.advance(10 * 24 * time.Hour)
	}
	f.notified("m1", "l3")
	list := func(r *tenfoldv1.ListDebtsRequest) *tenfoldv1.ListDebtsResponse {
		t.Helper()
		r.Parent = "merchants/m1"
		got, err := f.books.ListDebts(f.as("merchant"), r)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	var got []*tenfoldv1.Debt
	first := list(&tenfoldv1.ListDebtsRequest{PageSize: 1})
	for page := first; ; page = list(&tenfoldv1.ListDebtsRequest{PageSize: 1, PageToken: page.GetNextPageToken()}) {
		got = append(got, page.GetDebts()...)
		if page.GetNextPageToken() == "" {
			break
		}
	}
	all := list(&tenfoldv1.ListDebtsRequest{})
	if len(got) != len(all.GetDebts()) || len(got) != 5 {
		t.Fatalf("page by page %v, at once %v", got, all.GetDebts())
	}
	short := list(&tenfoldv1.ListDebtsRequest{Kind: tenfoldv1.DebtKind_DEBT_KIND_SHORTFALL})
	if n := len(short.GetDebts()); n != 2 || short.GetDebts()[0].GetClaim() != claims[0].GetName() || short.GetDebts()[0].GetOpen().GetMinorUnits() != 70_000 ||
		short.GetDebts()[1].GetOpen().GetMinorUnits() != 170_000 {
		t.Errorf("shortfalls %v", short.GetDebts())
	}
	// The first claim is open for 20 days, the second for 10.
	buckets := short.GetBuckets()
	if len(buckets) != 4 || len(buckets[0].GetSums()) != 0 || buckets[1].GetFromDays() != 8 || buckets[1].GetToDays() != 30 || buckets[3].GetToDays() != 0 ||
		buckets[1].GetSums()[0].GetOpen().GetMinorUnits() != 240_000 || buckets[1].GetSums()[0].GetCount() != 2 {
		t.Errorf("buckets %v", buckets)
	}
	if sums := all.GetBuckets()[0].GetSums(); len(sums) != 1 || sums[0].GetKind() != tenfoldv1.DebtKind_DEBT_KIND_HOLD || sums[0].GetOpen().GetMinorUnits() != 220_000 {
		t.Errorf("what is yet to be set aside: %v", sums)
	}
	book, err := f.books.GetBook(f.as("finance"), &tenfoldv1.GetBookRequest{Name: "merchants/m1"})
	if err != nil {
		t.Fatal(err)
	}
	b := book.GetBook()
	if b.GetOpenShortfall().GetMinorUnits() != 240_000 || b.GetExposure().GetMinorUnits() != 460_000 || b.GetFreeAmount().GetMinorUnits() != 0 || len(b.GetDebts()) != 3 ||
		b.GetReceivable().GetMinorUnits() != 100_000 {
		t.Errorf("book %v", b)
	}
	if _, err := f.books.ListDebts(f.as("finance"), &tenfoldv1.ListDebtsRequest{Parent: "merchants/nobody"}); refusal(err).reason != "MERCHANT_NOT_FOUND" {
		t.Errorf("nobody's debts: %v", err)
	}
	f.audited()
}
