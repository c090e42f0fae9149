package rpc_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// folds are balances and totals by currency: what transfers sum up to.
type folds struct {
	debits, credits map[tenfoldv1.AccountPurpose]int64
	kinds           map[tenfoldv1.TransferKind]int64
}

func foldOf(list []*tenfoldv1.Transfer, asked func(*tenfoldv1.Transfer) bool) folds {
	f := folds{map[tenfoldv1.AccountPurpose]int64{}, map[tenfoldv1.AccountPurpose]int64{}, map[tenfoldv1.TransferKind]int64{}}
	for _, x := range list {
		if asked(x) {
			f.debits[x.GetDebit()] += x.GetAmount().GetMinorUnits()
			f.credits[x.GetCredit()] += x.GetAmount().GetMinorUnits()
			f.kinds[x.GetKind()] += x.GetAmount().GetMinorUnits()
		}
	}
	return f
}

// check compares a trial balance with the fold.
func (f folds) check(t *testing.T, what string, got *tenfoldv1.GetTrialBalanceResponse, err error) {
	t.Helper()
	if err != nil || len(got.GetBalances()) != 1 || len(got.GetBalances()[0].GetAccounts()) != 16 {
		t.Fatalf("%s: %v, %v", what, got, err)
	}
	b := got.GetBalances()[0]
	for _, a := range b.GetAccounts() {
		if a.GetDebits().GetMinorUnits() != f.debits[a.GetPurpose()] || a.GetCredits().GetMinorUnits() != f.credits[a.GetPurpose()] {
			t.Errorf("%s: %v, want debits of %d and credits of %d", what, a, f.debits[a.GetPurpose()], f.credits[a.GetPurpose()])
		}
	}
	if len(b.GetTotals()) != len(f.kinds) {
		t.Errorf("%s: %d kinds, want %d", what, len(b.GetTotals()), len(f.kinds))
	}
	for _, k := range b.GetTotals() {
		if k.GetAmount().GetMinorUnits() != f.kinds[k.GetKind()] {
			t.Errorf("%s: %v, want %d", what, k, f.kinds[k.GetKind()])
		}
	}
}

// Would catch a trial balance, a book or an exposure that is not what the transfers and claims
// say: now and as of each time that something was recorded or took effect, of one book and of
// all, also where a transfer is recorded late.
func TestBalancesAsOfATime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.open("m2", 100_000)
	f.advance(time.Second) // The clock of the sandbox stands still, and that of a book does not.
	begin := f.now()
	f.advance(72 * time.Hour)
	f.paid(f.accept(f.confirm(f.notified("m1", "l1"))))
	late := f.topUp("m2", 70_000, "late")
	late.EffectiveAt = timestamppb.New(begin.Add(24 * time.Hour))
	if _, err := f.books.TopUpDeposit(f.as("finance"), late); err != nil {
		t.Fatal(err)
	}
	f.notified("m2", "l2")
	books := tenfoldv1.NewBookServiceClient(f.conn)
	for _, name := range []string{"merchants/m1", "merchants/m2", "merchants/-"} {
		all := f.transfers("finance", &tenfoldv1.ListTransfersRequest{Parent: name})
		got, err := books.GetTrialBalance(f.as("auditor"), &tenfoldv1.GetTrialBalanceRequest{Name: name})
		foldOf(all, everyTransfer).check(t, name, got, err)
		for _, x := range all {
			for _, at := range []*timestamppb.Timestamp{x.GetRecordedAt(), x.GetEffectiveAt(), timestamppb.New(x.GetEffectiveAt().AsTime().Add(time.Microsecond))} {
				if at.AsTime().After(f.now()) {
					continue
				}
				recorded, err := books.GetTrialBalance(f.as("finance"), &tenfoldv1.GetTrialBalanceRequest{
					Name: name, AsOf: &tenfoldv1.GetTrialBalanceRequest_RecordedBy{RecordedBy: at},
				})
				foldOf(all, func(x *tenfoldv1.Transfer) bool { return !x.GetRecordedAt().AsTime().After(at.AsTime()) }).check(t, name+" recorded", recorded, err)
				effective, err := books.GetTrialBalance(f.as("finance"), &tenfoldv1.GetTrialBalanceRequest{
					Name: name, AsOf: &tenfoldv1.GetTrialBalanceRequest_EffectiveBy{EffectiveBy: at},
				})
				foldOf(all, func(x *tenfoldv1.Transfer) bool { return !x.GetEffectiveAt().AsTime().After(at.AsTime()) }).check(t, name+" effective", effective, err)
			}
		}
	}
	f.checkPastBook(t, begin)
	f.checkExposure(t)
}

// checkPastBook reads a book as it was at its beginning, and asks for times that are refused.
func (f *fixture) checkPastBook(t *testing.T, begin time.Time) {
	t.Helper()
	get := func(role string, at time.Time) (*tenfoldv1.Book, error) {
		got, err := f.books.GetBook(f.as(role), &tenfoldv1.GetBookRequest{Name: "merchants/m1", ReadTime: timestamppb.New(at)})
		return got.GetBook(), err
	}
	was, err := get("merchant", begin)
	if err != nil || was.GetDepositAvailable().GetMinorUnits() != 500_000 || was.GetDepositHeld().GetMinorUnits() != 0 || was.GetVersion() != 0 ||
		was.GetExposure() != nil || len(was.GetAccounts()) != 16 || !was.GetOpenedAt().AsTime().Equal(f.bookOf(t, "m1").GetOpenedAt().AsTime()) {
		t.Errorf("the book at its beginning: %v, %v", was, err)
	}
	if _, err := get("finance", begin.AddDate(-1, 0, 0)); refusal(err).reason != "MERCHANT_NOT_FOUND" {
		t.Errorf("a book before it was opened: %v", err)
	}
	if _, err := get("finance", f.now().Add(time.Hour)); refusal(err).reason != "REQUEST_INVALID" || refusal(err).field != "read_time" {
		t.Errorf("a book in the future: %v", err)
	}
	books := tenfoldv1.NewBookServiceClient(f.conn)
	for field, r := range map[string]*tenfoldv1.GetTrialBalanceRequest{
		"recorded_by":  {AsOf: &tenfoldv1.GetTrialBalanceRequest_RecordedBy{RecordedBy: timestamppb.New(f.now().Add(time.Hour))}},
		"effective_by": {AsOf: &tenfoldv1.GetTrialBalanceRequest_EffectiveBy{EffectiveBy: timestamppb.New(f.now().Add(time.Hour))}},
	} {
		r.Name = "merchants/m1"
		if _, err := books.GetTrialBalance(f.as("finance"), r); refusal(err).reason != "REQUEST_INVALID" || refusal(err).field != field {
			t.Errorf("%s in the future: %v", field, err)
		}
	}
	for _, name := range []string{"merchants/m2", "merchants/-"} {
		if _, err := books.GetTrialBalance(f.as("merchant"), &tenfoldv1.GetTrialBalanceRequest{Name: name}); err == nil {
			t.Errorf("the merchant m1 reads the balance of %s", name)
		}
	}
	if _, err := books.GetTrialBalance(f.as("finance"), &tenfoldv1.GetTrialBalanceRequest{Name: "merchants/nobody"}); refusal(err).reason != "MERCHANT_NOT_FOUND" {
		t.Errorf("the balance of nobody: %v", err)
	}
}

func (f *fixture) bookOf(t *testing.T, merchant string) *tenfoldv1.Book {
	t.Helper()
	got, err := f.books.GetBook(f.as("finance"), &tenfoldv1.GetBookRequest{Name: "merchants/" + merchant})
	if err != nil {
		t.Fatal(err)
	}
	return got.GetBook()
}

// checkExposure compares the exposure by week with that of the books: of a claim in each state
// that the fixture leaves open.
func (f *fixture) checkExposure(t *testing.T) {
	t.Helper()
	f.file("m1", "l3")                                                      // Undecided.
	f.accept(f.confirm(f.notified("m2", "l4")))                             // Paying, and short of money.
	f.confirm(f.notified("m1", "l5"))                                       // Its notice was delivered.
	deadline := f.notified("m2", "l6").GetDeadline().GetPassesAt().AsTime() // Its notice was not.
	want := map[string]int64{"m1": f.bookOf(t, "m1").GetExposure().GetMinorUnits(), "m2": f.bookOf(t, "m2").GetExposure().GetMinorUnits()}
	want["-"] = want["m1"] + want["m2"]
	for merchant, exposure := range want {
		got, err := tenfoldv1.NewBookServiceClient(f.conn).GetExposure(f.as("finance"), &tenfoldv1.GetExposureRequest{Name: "merchants/" + merchant})
		if err != nil {
			t.Fatal(err)
		}
		var sum int64
		found := merchant == "m1"
		for _, w := range got.GetWeeks() {
			sum += w.GetExposure().GetMinorUnits()
			starts := w.GetStartsAt().AsTime().Add(8 * time.Hour)
			if w.GetStartsAt() != nil && (starts.Weekday() != time.Monday || starts.Hour() != 0) {
				t.Errorf("a week begins at %s in Beijing", starts)
			}
			found = found || !deadline.Before(w.GetStartsAt().AsTime()) && deadline.Before(w.GetStartsAt().AsTime().AddDate(0, 0, 7))
		}
		if sum != exposure || exposure == 0 || !found {
			t.Errorf("the weeks of %s have %d, its book %d, and the deadline of a claim is in one: %v", merchant, sum, exposure, found)
		}
	}
}
