package rpc_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/policy"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// seenThen is what somebody saw at a time.
type seenThen struct {
	name     string
	at       time.Time
	debts    *tenfoldv1.ListDebtsResponse
	exposure *tenfoldv1.GetExposureResponse
}

// Would catch debts, their ages or an exposure as of a past time that differ from what was shown
// then: while claims are notified, short of money, advanced for, paid in parts, and written off.
func TestDebtsAndExposureAsOfATime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.publish(func(v *policy.Version) { v.AdvanceLimit = 50_000 })
	f.open("m1", 100_000)
	f.open("m2", 0)
	var seen []seenThen
	see := func() {
		t.Helper()
		f.runDueWork()
		f.advance(time.Second) // Everything is done, and was recorded before.
		for _, name := range []string{"merchants/m1", "merchants/m2", "merchants/-"} {
			debts, err := f.books.ListDebts(f.as("finance"), &tenfoldv1.ListDebtsRequest{Parent: name})
			if err != nil {
				t.Fatal(err)
			}
			exposure, err := f.bookReads().GetExposure(f.as("finance"), &tenfoldv1.GetExposureRequest{Name: name})
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, seenThen{name, f.now(), debts, exposure})
		}
		f.advance(9 * 24 * time.Hour)
	}
	see()
	f.file("m1", "l1")
	f.notified("m2", "l2")
	see()
	f.accept(f.confirm(f.notified("m1", "l3")))
	f.runDueWork()
	see()
	f.toppedUp("m1", 60_000)
	f.runDueWork()
	see()
	decided := f.proposing(tenfoldv1.ProposalKind_PROPOSAL_KIND_WRITE_OFF, 20_000)
	for _, d := range seen[len(seen)-3].debts.GetDebts() {
		if d.GetKind() == tenfoldv1.DebtKind_DEBT_KIND_ADVANCE {
			decided.DebtKind, decided.Claim = d.GetKind(), d.GetClaim()
		}
	}
	f.agreed(decided)
	see()
	f.toppedUp("m1", 900_000)
	f.toppedUp("m2", 900_000)
	f.runDueWork()
	see()

	kinds := make(map[tenfoldv1.DebtKind]bool)
	for _, s := range seen {
		at := timestamppb.New(s.at)
		for _, r := range []*tenfoldv1.ListDebtsRequest{
			{Parent: s.name, AsOf: &tenfoldv1.ListDebtsRequest_RecordedBy{RecordedBy: at}},
			{Parent: s.name, AsOf: &tenfoldv1.ListDebtsRequest_EffectiveBy{EffectiveBy: at}}, // All took effect when they were recorded.
		} {
			got := f.debtPages(r)
			for _, d := range got.GetDebts() {
				kinds[d.GetKind()] = true
			}
			if !proto.Equal(got, s.debts) {
				t.Errorf("%s as of %s: %v, was %v", s.name, s.at, got, s.debts)
			}
		}
		exposure, err := f.bookReads().GetExposure(f.as("auditor"), &tenfoldv1.GetExposureRequest{Name: s.name, RecordedBy: at})
		if err != nil || !proto.Equal(exposure, s.exposure) {
			t.Errorf("the exposure of %s as of %s: %v, %v, was %v", s.name, s.at, exposure, err, s.exposure)
		}
	}
	if len(kinds) != 3 {
		t.Errorf("kinds of debt %v", kinds)
	}
	f.checkPastDebts(t, seen[len(seen)-1].at)
	f.audited()
}

func (f *fixture) toppedUp(merchant string, minor int64) {
	f.t.Helper()
	if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp(merchant, minor, "pay-"+f.id())); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) bookReads() tenfoldv1.BookServiceClient {
	return tenfoldv1.NewBookServiceClient(f.conn)
}

// debtPages reads debts one by one.
func (f *fixture) debtPages(r *tenfoldv1.ListDebtsRequest) *tenfoldv1.ListDebtsResponse {
	f.t.Helper()
	all := &tenfoldv1.ListDebtsResponse{}
	r.PageSize = 1
	for more := true; more; {
		page, err := f.books.ListDebts(f.as("finance"), r)
		if err != nil {
			f.t.Fatal(err)
		}
		all.Debts = append(all.Debts, page.GetDebts()...)
		all.Buckets = append(all.Buckets, page.GetBuckets()...)
		r.PageToken, more = page.GetNextPageToken(), page.GetNextPageToken() != ""
	}
	return all
}

// checkPastDebts asks for times and books that are refused, and narrows a list down.
func (f *fixture) checkPastDebts(t *testing.T, at time.Time) {
	t.Helper()
	future, past := timestamppb.New(f.now().Add(time.Hour)), timestamppb.New(at.AddDate(0, 0, -25))
	for field, r := range map[string]*tenfoldv1.ListDebtsRequest{
		"recorded_by":  {AsOf: &tenfoldv1.ListDebtsRequest_RecordedBy{RecordedBy: future}},
		"effective_by": {AsOf: &tenfoldv1.ListDebtsRequest_EffectiveBy{EffectiveBy: future}},
	} {
		r.Parent = "merchants/m1"
		if _, err := f.books.ListDebts(f.as("merchant"), r); refusal(err).reason != "REQUEST_INVALID" || refusal(err).field != field {
			t.Errorf("debts %s a time in the future: %v", field, err)
		}
	}
	if _, err := f.bookReads().GetExposure(f.as("merchant"), &tenfoldv1.GetExposureRequest{Name: "merchants/m1", RecordedBy: future}); refusal(err).reason != "REQUEST_INVALID" ||
		refusal(err).field != "recorded_by" {
		t.Errorf("the exposure of the future: %v", err)
	}
	recorded := &tenfoldv1.ListDebtsRequest_RecordedBy{RecordedBy: past}
	for _, name := range []string{"merchants/m2", "merchants/-"} {
		if _, err := f.books.ListDebts(f.as("merchant"), &tenfoldv1.ListDebtsRequest{Parent: name, AsOf: recorded}); err == nil {
			t.Errorf("the merchant m1 reads the debts of %s", name)
		}
		if _, err := f.bookReads().GetExposure(f.as("merchant"), &tenfoldv1.GetExposureRequest{Name: name, RecordedBy: past}); err == nil {
			t.Errorf("the merchant m1 reads the exposure of %s", name)
		}
	}
	if _, err := f.books.ListDebts(f.as("finance"), &tenfoldv1.ListDebtsRequest{Parent: "merchants/nobody", AsOf: recorded}); refusal(err).reason != "MERCHANT_NOT_FOUND" {
		t.Errorf("the debts of nobody: %v", err)
	}
	own, err := f.books.ListDebts(f.as("merchant"), &tenfoldv1.ListDebtsRequest{Parent: "merchants/m1", AsOf: recorded, PageSize: 1})
	if err != nil || len(own.GetDebts()) != 1 || own.GetNextPageToken() == "" {
		t.Fatalf("the merchant's own debts: %v, %v", own, err)
	}
	_, err = f.books.ListDebts(f.as("merchant"), &tenfoldv1.ListDebtsRequest{
		Parent: "merchants/m1", PageSize: 1, PageToken: own.GetNextPageToken(),
		AsOf: &tenfoldv1.ListDebtsRequest_RecordedBy{RecordedBy: timestamppb.New(past.AsTime().Add(time.Second))},
	})
	if refusal(err).reason != "PAGE_TOKEN_INVALID" {
		t.Errorf("a page as of another time: %v", err)
	}
	few, err := f.books.ListDebts(f.as("finance"), &tenfoldv1.ListDebtsRequest{
		Parent: "merchants/-", AsOf: recorded, Kind: tenfoldv1.DebtKind_DEBT_KIND_SHORTFALL, Filter: `open >= 60001`,
	})
	if err != nil || len(few.GetDebts()) > 1 {
		t.Errorf("shortfalls above 600.00: %v, %v", few, err)
	}
}
