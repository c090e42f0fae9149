package book_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// revisedTo gives a claim another verdict, unit by unit, as a court would.
func (f *fixture) revisedTo(c *claim.Claim, units ...claim.Verdict) *claim.Claim {
	f.t.Helper()
	verdicts := make([]claim.Unit, len(units))
	for i, v := range units {
		verdicts[i] = claim.Unit{Ordinal: c.Units[i].Ordinal, Verdict: v}
	}
	o, err := f.Do(f.request(c.MerchantID, "ReviseVerdict"),
		&book.ReviseVerdict{OnClaim: book.OnClaim{ClaimID: c.ID}, Ground: book.GroundCourtDecision, Units: verdicts, Document: "docket-1"})
	f.must(err)
	return o.Claim
}

// orderRefund reports a refund of a line outside of its claims.
func (f *fixture) orderRefund(merchant, lineID string, amount money.Amount) {
	f.t.Helper()
	h := f.request(merchant, "ReportOrderRefund")
	_, err := f.Do(h, &book.ReportOrderRefund{
		LineID: lineID, RefundID: "refund-" + h.RequestID, Amount: amount, Currency: "CNY", RefundedAt: start,
	})
	f.must(err)
}

// half is a claim on two units of which one was paid for, but for its refund, which
// failed; a court has found the other unit counterfeit too.
func (f *fixture) half(merchant string) *claim.Claim {
	f.t.Helper()
	c := f.file(filing(line(merchant, "l1", 2, 20_000), 1, 2))
	r := result(c, claim.Counterfeit, "R-"+merchant)
	r.Units[1].Verdict = claim.Genuine
	c = f.accept(f.confirmNotice(f.record(c, r)))
	for _, p := range f.Made() {
		said := payout.OutcomeSucceeded
		if p.Part == payout.Refund {
			said = payout.OutcomeFailed
		}
		c = f.answer(p, said)
	}
	return f.revisedTo(c, claim.Counterfeit, claim.Counterfeit)
}

// Would catch an order refund that leaves the merchant bearing more than the award,
// or more waiting to be sent again than is owed, while the claim is notified anew.
func TestOrderRefundWhileNotifiedAnew(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.half("m1")
	if c.State != claim.Notified || c.Funding.RefundFailed != 10_000 {
		t.Fatalf("the claim is %s with %+v", c.State, c.Funding)
	}
	f.orderRefund("m1", "l1", 15_000)
	c = f.read(c)[0]
	if c.Award.Refund != 5_000 || c.Funding.RefundFailed != 5_000 || c.Funding.Held != 95_000 {
		t.Fatalf("awarded %+v, with %+v", c.Award, c.Funding)
	}
	f.audited()
}

// Would catch a claim that is upheld again, costs nothing more since its group was
// paid meanwhile, and stays rejected with units that it owns.
func TestUpheldAgainForNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	first := f.accept(f.confirmNotice(f.found(egg("m1", 1))))
	first = f.revisedTo(first, claim.Genuine)
	second := f.accept(f.confirmNotice(f.found(egg("m1", 2))))
	f.orderRefund("m1", "egg-01", 66)
	first = f.revisedTo(first, claim.Counterfeit)
	if first.State != claim.Paid || first.Award.Total() != 0 || second.Award.Compensation != 100_000 {
		t.Fatalf("the first is %s with %+v, the second with %+v", first.State, first.Award, second.Award)
	}
	f.audited()
}

// Would catch money that comes back and is stuck: the refund had been too much and
// counted towards the compensation, of which it is owed from then on.
func TestReturnedRefundIsOwedAsCompensation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.file(filing(line("m1", "l1", 2, 20_000), 1, 2))
	r := result(c, claim.Counterfeit, "R-1")
	r.Units[1].Verdict = claim.Genuine
	c = f.accept(f.confirmNotice(f.record(c, r)))
	made := f.Made()
	for _, p := range made {
		c = f.answer(p, payout.OutcomeSucceeded)
	}
	f.orderRefund("m1", "l1", 20_000)
	c = f.accept(f.confirmNotice(f.revisedTo(c, claim.Counterfeit, claim.Counterfeit)))
	for _, p := range f.Made() {
		c = f.answer(p, payout.OutcomeSucceeded)
	}
	if c.State != claim.Paid || c.Funding.RefundPaid != 10_000 || c.Funding.CompensationPaid != 190_000 {
		t.Fatalf("the claim is %s with %+v", c.State, c.Funding)
	}
	c = f.answer(made[0], payout.OutcomeReturned)
	if c.State != claim.Paying || c.Funding.CompensationInFlight != 10_000 {
		t.Fatalf("after the return: %s with %+v", c.State, c.Funding)
	}
	for _, p := range f.Made() {
		c = f.answer(p, payout.OutcomeSucceeded)
	}
	if c.State != claim.Paid || c.Funding.CompensationPaid != 200_000 {
		t.Fatalf("in the end: %s with %+v", c.State, c.Funding)
	}
	f.audited()
}

// Would catch a claim that timers and queues still look at although a lower award
// left nothing to wait for.
func TestLowerAwardEndsTheWaitForMoney(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.limited(0)
	f.open("m1", 110_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 2, 20_000), 1, 2))))
	if c.State != claim.Paying || c.Shortfall() != 110_000 {
		t.Fatalf("the claim is %s, short of %d", c.State, c.Shortfall())
	}
	f.audited()
	c = f.revisedTo(c, claim.Counterfeit, claim.Genuine)
	if c.State != claim.Paying || c.Shortfall() != 0 {
		t.Fatalf("after the revision: %s, short of %d", c.State, c.Shortfall())
	}
	f.balanced("m1", balances{ledger.PayoutClearing: 110_000, ledger.SettlementClearing: 110_000})
}

// Would catch a payout that goes to a place where it never arrives, for ever,
// because it was on its way there when the claim's destination changed.
func TestWhatWasOnItsWayIsRedirectedToo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1))))
	made := f.Made()
	for _, p := range []payout.Payout{made[1], made[0]} {
		f.answer(p, payout.OutcomeFailed)
		f.Move(booktest.PayoutLife + time.Hour)
		f.answer(p, payout.OutcomeFailed)
		_, err := f.Do(f.request("m1", "RetryPayout"), &book.RetryPayout{PayoutID: p.ID, Destination: "wallet-2"})
		f.must(err)
		again := f.Made()
		if len(again) != 1 || again[0].Destination != "wallet-2" || again[0].OutNumber == p.OutNumber {
			t.Fatalf("sent again: %+v", again)
		}
		c = f.answer(again[0], payout.OutcomeSucceeded)
	}
	if c.State != claim.Paid || c.Funding.Paid() != 110_000 {
		t.Fatalf("the claim is %s with %+v", c.State, c.Funding)
	}
	f.audited()
}

// Would catch money that is counted twice when a payout arrives after all that the
// order service had made good meanwhile: it takes what waits to be sent as the other
// part.
func TestLateArrivalTakesWhatWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1))))
	made := f.Made()
	for _, p := range made {
		f.answer(p, payout.OutcomeFailed)
	}
	f.orderRefund("m1", "l1", 10_000)
	c := f.answer(made[0], payout.OutcomeSucceeded)
	if c.State != claim.PayoutFailed || c.Funding.RefundPaid != 10_000 || c.Funding.CompensationFailed != 90_000 {
		t.Fatalf("the claim is %s with %+v", c.State, c.Funding)
	}
	f.audited()
}

// Would catch a claim that waits for ever for two people to approve nothing: its
// order was refunded meanwhile, and the sibling that was paid had all the rest.
func TestNothingIsLeftToApprove(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	v := policy.WithoutLimits()[0]
	v.Number, v.Cap, v.ApprovalOver = 2, 50_000, 55_000
	f.publish(v)
	f.open("m1", 1_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	buyer := func(id string, paid money.Amount) book.FileClaim {
		l := line("m1", id, 1, paid)
		l.PayerID, l.RecipientID = "buyer", "buyer"
		return filing(l, 1)
	}
	f.accept(f.confirmNotice(f.found(buyer("l1", 5_000))))
	c := f.accept(f.confirmNotice(f.found(buyer("l2", 60_000))))
	if c.State != claim.AwaitingApproval || c.Award != (claim.Award{Refund: 60_000}) {
		t.Fatalf("the claim is %s with %+v", c.State, c.Award)
	}
	f.orderRefund("m1", "l2", 60_000)
	c = f.read(c)[0]
	if c.State != claim.Paid || c.Award != (claim.Award{}) || c.Funding != (claim.Funding{}) {
		t.Fatalf("after the refund it is %s with %+v and %+v", c.State, c.Award, c.Funding)
	}
	f.audited()
}

// Would catch a refusal that comes after the claim was changed and leaves that in
// memory: its units belong to another claim by now.
func TestRefusedRevisionLeavesNoTrace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	l := line("m1", "l1", 1, 10_000)
	first := f.file(filing(l, 1))
	f.record(first, result(first, claim.Genuine, "R-1"))
	second := f.file(withEvidence(filing(l, 1), "R-2"))
	before := f.read(first)[0]
	_, err := f.Do(f.request("m1", "ReviseVerdict"), &book.ReviseVerdict{
		OnClaim: book.OnClaim{ClaimID: first.ID}, Ground: book.GroundCourtDecision,
		Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}},
	})
	refusal, ok := fault.As(err)
	if !ok || refusal.Reason != fault.ClaimAlreadyFiled || refusal.Fields["claimId"] != second.ID {
		t.Fatalf("revised: %v", err)
	}
	if diff := cmp.Diff(before, f.read(first)[0]); diff != "" {
		t.Errorf("the refusal has left in memory:\n%s", diff)
	}
	f.withdraw(second)
	if c := f.revisedTo(first, claim.Counterfeit); c.State != claim.Notified || c.Version != before.Version+1 {
		t.Errorf("revised: %s at version %d after %d", c.State, c.Version, before.Version)
	}
	f.balanced("m1", balances{ledger.Deposit: 390_000, ledger.DepositHeld: 110_000, ledger.SettlementClearing: 500_000})
}
