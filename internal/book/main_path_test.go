package book_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// Would catch a claim that reaches PAID with other money moved than its award.
func TestClaimIsPaidFromTheDeposit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)

	c := f.file(filing(line("m1", "l1", 2, 20_000), 1, 2))
	if c.State != claim.Authenticating {
		t.Fatalf("filed claim is %s", c.State)
	}
	c = f.record(c, result(c, claim.Counterfeit, "R-1"))
	if c.State != claim.Notified || c.Award != (claim.Award{Refund: 20_000, Compensation: 200_000}) || c.Funding.Held != 220_000 {
		t.Fatalf("after the result: %s %+v %+v", c.State, c.Award, c.Funding)
	}
	c = f.confirmNotice(c)
	c = f.accept(c)
	if c.State != claim.Paying || c.Funding.FromDeposit != 220_000 || c.Funding.InFlight() != 220_000 {
		t.Fatalf("after acceptance: %s %+v", c.State, c.Funding)
	}
	made := f.Made()
	if len(made) != 2 || made[0].Part != payout.Refund || made[0].Amount != 20_000 || made[1].Amount != 200_000 {
		t.Fatalf("payouts: %+v", made)
	}
	for _, p := range made {
		c = f.answer(p, payout.OutcomeSucceeded)
	}
	if c.State != claim.Paid || c.Funding.Paid() != 220_000 {
		t.Fatalf("after payment: %s %+v", c.State, c.Funding)
	}
	want := map[ledger.Purpose]money.Amount{
		ledger.Deposit: 280_000, ledger.SettlementClearing: 500_000, ledger.PlatformCash: -220_000,
	}
	if diff := cmp.Diff(want, f.balances("m1")); diff != "" {
		t.Fatal(diff)
	}
	f.audited()
}
