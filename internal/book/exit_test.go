package book_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/proposal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// quarantine is how long the seeds keep the deposit of who leaves.
const quarantine = 30 * 24 * time.Hour

func (f *fixture) beginExit(merchant string) error {
	_, err := f.Do(f.request(merchant, "BeginExit"), &book.BeginExit{Note: "closing"})
	return err
}

func (f *fixture) cancelExit(merchant string) error {
	_, err := f.Do(f.request(merchant, "CancelExit"), &book.CancelExit{Note: "staying"})
	return err
}

func (f *fixture) completeExit(merchant, deposit, shopFunds string) (book.Outcome, error) {
	return f.Do(f.request(merchant, "CompleteExit"), &book.CompleteExit{
		DepositReference: deposit, ShopFundsReference: shopFunds,
	})
}

// Would catch a deposit that is paid out before the quarantine has ended, around
// it, or while a claim is open, and a refusal that does not name what is in the way.
func TestA9ExitWaitsForQuarantineAndClaims(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 200_000)
	f.must(f.move("m1", ledger.ShopFundsHandedOver, 50_000))
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.found(filing(line("m1", "l1", 2, 20_000), 1, 2))

	conflict := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, fault.ExitStateConflict) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := f.completeExit("m1", "out-1", "out-2")
	conflict("completed before notice", err)
	conflict("cancelled before notice", f.cancelExit("m1"))
	f.must(f.beginExit("m1"))
	conflict("begun twice", f.beginExit("m1"))
	conflict("withdrawn in the quarantine", f.move("m1", ledger.DepositWithdrawn, 1))

	_, err = f.completeExit("m1", "out-1", "out-2")
	refusal, ok := fault.As(err)
	want := map[string]string{
		"merchantId": "m1", "possibleFrom": f.head("m1").ExitBegunAt.Add(quarantine).Format(time.RFC3339),
		"exposureMinor": "220000", "heldMinor": "220000", "currency": "CNY",
	}
	if !ok || refusal.Reason != fault.ExitNotPossible || !cmp.Equal(refusal.Fields, want) {
		t.Fatalf("with an open claim: %v", err)
	}
	c = f.accept(f.confirmNotice(c))
	f.Move(quarantine + time.Second)
	if _, err = f.completeExit("m1", "out-1", "out-2"); !errors.Is(err, fault.ExitNotPossible) {
		t.Fatalf("with payouts under way: %v", err)
	}
	f.paid(c)
	if _, err = f.completeExit("m1", "", "out-2"); err != nil {
		t.Fatal(err) // Nothing of the deposit is left, so that it needs no reference.
	}
	f.balanced("m1", balances{ledger.PlatformCash: -220_000, ledger.SettlementClearing: 220_000})
	_, err = f.completeExit("m1", "out-3", "out-4")
	conflict("completed twice", err)
	conflict("cancelled after it", f.cancelExit("m1"))
	if f.head("m1").ExitedAt.IsZero() {
		t.Error("the book does not tell of the exit")
	}
}

// Would catch a way by which deposit reaches a merchant that is leaving before the quarantine has
// ended: directly, by a proposal, or by one that was made before the notice.
func TestA9DepositStaysInQuarantineOnEveryWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 200_000)
	withdrawal := proposing(proposal.Withdrawal, 1_000)
	withdrawal.Reference = "out-1"
	reclassified := proposing(proposal.Reclassify, 1_000)
	reclassified.From, reclassified.To = ledger.Deposit, ledger.ShopFunds
	before := map[string]int64{}
	for name, what := range map[string]book.ProposeDecision{"withdrawal": withdrawal, "reclassification": reclassified} {
		p, err := f.propose("m1", what)
		f.must(err)
		_, err = f.approveProposal("approver-1", "m1", p.Number)
		f.must(err)
		before[name] = p.Number
	}
	f.must(f.beginExit("m1"))
	if err := f.move("m1", ledger.DepositWithdrawn, 1); !errors.Is(err, fault.ExitStateConflict) {
		t.Errorf("directly: %v", err)
	}
	for name, number := range before {
		if _, err := f.approveProposal("approver-2", "m1", number); !errors.Is(err, fault.ExitStateConflict) {
			t.Errorf("%s that was proposed before: %v", name, err)
		}
	}
	withdrawal.Reference = "out-2"
	for name, what := range map[string]book.ProposeDecision{"withdrawal": withdrawal, "reclassification": reclassified} {
		if _, err := f.propose("m1", what); !errors.Is(err, fault.ExitStateConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.must(f.cancelExit("m1"))
	for name, number := range before {
		if p, err := f.approveProposal("approver-2", "m1", number); err != nil || p.State != proposal.CarriedOut {
			t.Errorf("%s of a merchant that stays: %v", name, err)
		}
	}
	f.audited()
}

// Would catch an exit that pays twice when it is sent again, pays under a reference
// that was used, or keeps a reference of a try that was refused.
func TestExitPaysBothSourcesOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 200_000)
	f.open("m2", 0)
	f.must(f.move("m1", ledger.ShopFundsHandedOver, 50_000))
	f.must(f.beginExit("m1"))
	f.Move(quarantine + time.Second)
	for name, references := range map[string][2]string{
		"one reference for both":  {"out-1", "out-1"},
		"a reference of a top-up": {"out-1", "pay-request-2"},
	} {
		if _, err := f.completeExit("m1", references[0], references[1]); !errors.Is(err, fault.ReferenceAlreadyUsed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.completeExit("m1", "out-1", ""); !errors.Is(err, fault.RequestInvalid) {
		t.Errorf("without a reference: %v", err)
	}
	// The refused tries gave the first reference back.
	h := f.request("m1", "CompleteExit")
	cmd := book.CompleteExit{DepositReference: "out-1", ShopFundsReference: "out-2"}
	for i := range 2 {
		o, err := f.Do(h, &cmd)
		if err != nil || o.Replayed != (i > 0) || i == 0 && len(o.Transfers) != 2 {
			t.Fatalf("try %d: %v %+v", i, err, o)
		}
	}
	f.balanced("m1", balances{})
	_, err := f.Do(f.request("m2", "TopUpDeposit"), &book.MoneyMove{
		Kind: ledger.DepositToppedUp, Amount: 1, Currency: "CNY", Reference: "out-2",
	})
	if !errors.Is(err, fault.ReferenceAlreadyUsed) {
		t.Errorf("the exit's reference was used again: %v", err)
	}
}

// demanding publishes a promise that asks for a minimum deposit.
func (f *fixture) demanding(least money.Amount) {
	f.t.Helper()
	v := policy.WithoutLimits()[0]
	v.Number, v.MinimumDeposit = 2, least
	f.publish(v)
}

func (f *fixture) lapse(merchant string) {
	f.t.Helper()
	_, err := f.Do(request.System(merchant, "LapseDemand"), &book.LapseDemand{})
	f.must(err)
}

// Would catch a demand that lapses before its time, twice, or after it was met, and
// one that a merchant who leaves must meet.
func TestDemandLapsesOnceUntilItIsMet(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.demanding(100_000)
	f.open("m1", 40_000)
	h := f.head("m1")
	if h.Demanded != 60_000 || h.DemandDeadline.IsZero() {
		t.Fatalf("demanded %d until %s", h.Demanded, h.DemandDeadline)
	}
	f.lapse("m1")
	if f.head("m1").Version != h.Version {
		t.Error("lapsed before its time")
	}
	f.Move(h.DemandDeadline.Sub(f.Now()))
	f.lapse("m1")
	lapsed := f.head("m1")
	if lapsed.DemandLapsedAt.IsZero() || !lapsed.DemandDeadline.IsZero() || lapsed.Demanded != 60_000 {
		t.Fatalf("lapsed: %+v", lapsed)
	}
	f.lapse("m1")
	if f.head("m1").Version != lapsed.Version {
		t.Error("lapsed twice")
	}
	f.must(f.beginExit("m1"))
	if h := f.head("m1"); h.Demanded != 0 || !h.DemandLapsedAt.IsZero() {
		t.Errorf("demanded of who leaves: %+v", h)
	}
	f.must(f.cancelExit("m1"))
	if h := f.head("m1"); h.Demanded != 60_000 || h.DemandDeadline.IsZero() {
		t.Errorf("not demanded of who stays: %+v", h)
	}
	f.topUp("m1", 60_000)
	if h := f.head("m1"); h.Demanded != 0 || !h.DemandDeadline.IsZero() || !h.DemandLapsedAt.IsZero() {
		t.Errorf("met: %+v", h)
	}
	f.lapse("m1")
	f.audited()
}

// Would catch a leaving merchant who gets the whole deposit while a debt that was given
// up only in the books could be taken from it.
func TestF5WriteOffIsRecoveredBeforeAnExit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.advanced("m1")
	off := f.carriedOut("m1", writingOff(c, 30_000))
	f.topUp("m1", 500_000)
	f.sweepAll("m1", 0)
	f.must(f.beginExit("m1"))
	f.Move(quarantine + time.Hour)
	_, err := f.completeExit("m1", "exit-1", "")
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.ExitNotPossible || refusal.Fields["writtenOffMinor"] != "30000" {
		t.Fatalf("with a write-off: %v", err)
	}
	if _, err := f.propose("m1", proposing(proposal.WriteOffWaiver, 30_001)); !errors.Is(err, fault.DebtExceeded) {
		t.Errorf("more is waived than was written off: %v", err)
	}
	waived := f.carriedOut("m1", proposing(proposal.WriteOffWaiver, 10_000))
	if waived.TransferNumber != 0 {
		t.Errorf("the waiver moved money: %+v", waived)
	}
	_, err = f.completeExit("m1", "exit-1", "")
	if refusal, ok := fault.As(err); !ok || refusal.Fields["writtenOffMinor"] != "20000" {
		t.Fatalf("with a part waived: %v", err)
	}
	f.carriedOut("m1", undoing(proposal.WriteOffRecovery, off.Number, 20_000))
	left := f.balances("m1")[ledger.Deposit]
	o, err := f.completeExit("m1", "exit-1", "")
	f.must(err)
	if len(o.Transfers) != 1 || o.Transfers[0].Amount != left {
		t.Errorf("paid out %+v of %d", o.Transfers, left)
	}
	f.audited()
}
