package report_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/report"
)

// Would catch a report that does not end where its account does: what tests cost the platform is
// what stands on the account of fees, and what is written off that of write-offs, whatever happened.
func TestReportsTieWithTheirAccounts(t *testing.T) {
	t.Parallel()
	for r, account := range map[report.Report]ledger.Purpose{
		report.AuthenticationCosts: ledger.AuthenticationFees, report.WriteOffs: ledger.WriteOff,
	} {
		for _, k := range ledger.Kinds() {
			want := 0
			if account == k.Legs().Debit {
				want = 1
			} else if account == k.Legs().Credit {
				want = -1
			}
			if got := int(r.Sign(k)); got != want {
				t.Errorf("%s counts %s %d times, and the account %d times", r, k, got, want)
			}
		}
	}
}

// Would catch a deduction that is not money of the merchant for a claim, and a recovery that does
// not lower what the merchant owes.
func TestReportsCountWhatTheySay(t *testing.T) {
	t.Parallel()
	held := map[ledger.Purpose]bool{ledger.DepositHeld: true, ledger.ShopFundsHeld: true}
	free := map[ledger.Purpose]bool{ledger.Deposit: true, ledger.ShopFunds: true}
	for _, k := range ledger.Kinds() {
		legs, want := k.Legs(), 0
		switch {
		case held[legs.Debit] && legs.Credit == ledger.ClaimPayable:
			want = 1
		case legs.Debit == ledger.ClaimPayable && free[legs.Credit]:
			want = -1
		}
		if got := int(report.Deductions.Sign(k)); got != want {
			t.Errorf("deductions count %s %d times, not %d", k, got, want)
		}
		if recovers := free[legs.Debit] && (legs.Credit == ledger.Receivable || legs.Credit == ledger.WriteOff); (report.Recoveries.Sign(k) == 1) != recovers {
			t.Errorf("recoveries count %s %d times", k, report.Recoveries.Sign(k))
		}
	}
	for _, r := range report.Reports() {
		if r.OfTime() != (len(r.Kinds()) > 0) {
			t.Errorf("%s has the kinds %v", r, r.Kinds())
		}
	}
}

// Would catch an age that counts a day too early or too late.
func TestAges(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 0, 30, 0, 0, time.UTC)
	for days, want := range map[int]int32{0: 0, 7: 0, 8: 8, 30: 8, 31: 31, 90: 31, 91: 91, 4000: 91} {
		since := now.AddDate(0, 0, -days)
		if got := report.AgeOf(since, now); got != want {
			t.Errorf("%d days are of the age %d, not %d", days, got, want)
		}
		if got := report.AgeOf(since.Add(time.Second), now); days == int(want) && days > 0 && got == want {
			t.Errorf("a second less than %d days is of the age %d", days, got)
		}
	}
	if got := report.DayOf(time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC)); got != "2026-03-01" {
		t.Errorf("midnight in China is of the day %s", got)
	}
}
