package book_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// sweepAll sweeps a book until no sweep is due, and checks that then no debt is open that
// the money lying there may pay; want is how many debts stay open.
func (f *fixture) sweepAll(merchant string, want int) {
	f.t.Helper()
	const most = 20
	for n := 0; !f.Rows(merchant).Head.Sweep.Since.IsZero(); n++ {
		if n == most {
			f.t.Fatalf("a sweep is due after %d sweeps", most)
		}
		f.sweep(merchant)
	}
	if open := len(f.Rows(merchant).Debts); open != want {
		f.t.Errorf("%d debts are open and no sweep is due, want %d; the deposit has %d", open, want, f.balances(merchant)[ledger.Deposit])
	}
	f.audited()
}

// lacking makes claims on goods of one yuan each that nobody has funded.
func (f *fixture) lacking(merchant string, claims int, category string) {
	f.t.Helper()
	for n := range claims {
		l := line(merchant, fmt.Sprintf("%s-%03d", category, n), 1, 100)
		l.Category = category
		f.accept(f.confirmNotice(f.found(filing(l, 1))))
	}
	f.Made()
}

// Two sweeps are decided in one batch, after more debts than one looks at. Would
// catch a sweep that forgets income because the list it was given is used up.
func TestTwoSweepsOfOneBatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.limited(0)
	f.open("m1", 0)
	f.authenticator("lab-1", claim.AccreditedLab)
	f.lacking("m1", book.DebtsMax+3, "cosmetics")
	f.topUp("m1", 1_000_000)
	sweep := booktest.Asked{Header: request.System("m1", "SweepBook"), Of: &book.SweepBook{}}
	for _, a := range f.Together(sweep, sweep) {
		f.must(a.Err)
	}
	f.sweepAll("m1", 0)
}

// The debts that a sweep was given are ended by the commands before it. Would catch a
// sweep that takes a list of dead debts for the end of all debts.
func TestSweepAfterItsDebtsEnded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.limited(0)
	f.open("m1", 0)
	f.authenticator("lab-1", claim.AccreditedLab)
	var claims []*claim.Claim
	for n := range book.DebtsMax + 10 {
		claims = append(claims, f.found(filing(line("m1", fmt.Sprintf("l%03d", n), 1, 100), 1)))
	}
	f.topUp("m1", 1_000_000)
	var batch []booktest.Asked
	for _, c := range claims[:book.DebtsMax] {
		batch = append(batch, booktest.Asked{
			Header: f.request("m1", "WithdrawClaim"), Of: &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "settled"},
		})
	}
	batch = append(batch, booktest.Asked{Header: request.System("m1", "SweepBook"), Of: &book.SweepBook{}})
	for _, a := range f.Together(batch...) {
		f.must(a.Err)
	}
	f.sweepAll("m1", 0)
}

// More debts than one sweep looks at may not be paid by the money that came in.
// Would catch a sweep that never gets past them to the one that may.
func TestDebtsThatCannotBePaidHideNone(t *testing.T) {
	t.Parallel()
	for _, many := range []int{book.DebtsMax - 1, book.DebtsMax, 2*book.DebtsMax + 1} {
		t.Run(fmt.Sprint(many), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.open("m1", 0)
			f.authenticator("lab-1", claim.AccreditedLab)
			v := policy.WithoutLimits()[0]
			v.PolicyID, v.Categories, v.AdvanceLimit = "promise-shop", []string{"shop-only"}, 0
			v.SourceOrder = []policy.Source{policy.SourceShopFunds}
			f.publish(v)
			f.limited(0)
			f.lacking("m1", many, "shop-only")
			f.lacking("m1", 1, "cosmetics")
			f.topUp("m1", 1_000_000)
			f.sweepAll("m1", many)
			if n := f.told("m1", event.ClaimFunded); n != 1 {
				t.Errorf("%d claims are told to be funded, want 1", n)
			}
		})
	}
}

// A fee comes to be owed while the deposit could pay it. Would catch a debt that only
// new income pays, and a merchant who cannot leave for it.
func TestDebtMadeWhileMoneyLiesThere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.charging(policy.FeeLoser)
	f.charged(500_000)
	f.sweepAll("m1", 0)
	if owed := f.balances("m1")[ledger.Receivable]; owed != 0 {
		t.Errorf("the merchant still owes %d", owed)
	}
	f.must(f.beginExit("m1"))
	f.Move(quarantine + time.Hour)
	for _, p := range f.Made() {
		f.answer(p, "SUCCEEDED")
	}
	if _, err := f.completeExit("m1", "exit-1", ""); err != nil {
		t.Errorf("the merchant cannot leave: %v", err)
	}
	f.audited()
}
