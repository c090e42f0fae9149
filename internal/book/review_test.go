package book_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// conflict files a claim on every unit of a line and records two results of
// equal rank on it that contradict each other.
func (f *fixture) conflict(merchant, lineID string, units int32) *claim.Claim {
	f.t.Helper()
	ordinals := make([]int32, units)
	for i := range ordinals {
		ordinals[i] = int32(i + 1)
	}
	c := f.file(filing(line(merchant, lineID, units, money.Amount(units)*10_000), ordinals...))
	one := result(c, claim.Counterfeit, lineID+"-A")
	other := result(c, claim.Genuine, lineID+"-B")
	other.AuthenticatorID = "lab-2"
	f.record(c, one)
	return f.record(c, other)
}

func (f *fixture) decide(c *claim.Claim, decision book.Decision, units ...claim.Unit) (*claim.Claim, error) {
	f.t.Helper()
	o, err := f.Do(f.request(c.MerchantID, "DecideReview"),
		&book.DecideReview{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Decision: decision, Units: units, Note: "as examined"})
	return o.Claim, err
}

// Would catch contradicting results that pay or reject without a person, a hold
// that is lost while a person looks, and unit verdicts that are not paid by unit.
func TestConflictingResultsWaitForAPerson(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)

	c := f.conflict("m1", "l1", 3)
	if c.State != claim.InReview || c.Funding.Held != 330_000 || !c.NoticeConfirmedAt.IsZero() {
		t.Fatalf("after the conflict: %s, held %d, notice %s", c.State, c.Funding.Held, c.NoticeConfirmedAt)
	}
	f.audited()
	c, err := f.decide(c, book.Uphold,
		claim.Unit{Ordinal: 1, Verdict: claim.Counterfeit},
		claim.Unit{Ordinal: 2, Verdict: claim.Genuine},
		claim.Unit{Ordinal: 3, Verdict: claim.Inconclusive})
	if err != nil {
		t.Fatal(err)
	}
	want := claim.Award{Refund: 10_000, Compensation: 100_000}
	if c.State != claim.Notified || c.Award != want || c.Funding.Held != 110_000 || c.Verdict != claim.Counterfeit {
		t.Fatalf("after the decision: %s %s %+v held %d", c.State, c.Verdict, c.Award, c.Funding.Held)
	}
	f.audited()
	c = f.accept(f.confirmNotice(c))
	if diff := cmp.Diff(want.Total(), c.Funding.InFlight()); diff != "" {
		t.Fatal(diff)
	}
	f.audited()
}

// Would catch a review decided by nobody, by half a decision, or twice.
func TestReviewIsDecidedWholeAndByAPerson(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	c := f.conflict("m1", "l1", 2)
	both := []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}, {Ordinal: 2, Verdict: claim.Counterfeit}}

	nobody := f.request("m1", "DecideReview")
	nobody.Principal.Person = ""
	_, err := f.Do(nobody, &book.DecideReview{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Decision: book.Uphold, Units: both})
	if !errors.Is(err, fault.PersonRequired) {
		t.Errorf("decided by nobody: %v", err)
	}
	for name, given := range map[string][]claim.Unit{
		"a unit is left out":      both[:1],
		"a unit is named twice":   {both[0], both[0]},
		"a unit has no verdict":   {both[0], {Ordinal: 2, Verdict: claim.Pending}},
		"nothing is counterfeit":  {{Ordinal: 1, Verdict: claim.Genuine}, {Ordinal: 2, Verdict: claim.Genuine}},
		"no unit is given at all": nil,
	} {
		if _, err := f.decide(c, book.Uphold, given...); !errors.Is(err, fault.RequestInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.decide(c, book.Uphold, both[0], claim.Unit{Ordinal: 7, Verdict: claim.Genuine}); !errors.Is(err, fault.UnitNotClaimed) {
		t.Errorf("a unit of somebody else: %v", err)
	}
	if _, err := f.decide(c, book.Reject, both...); !errors.Is(err, fault.RequestInvalid) {
		t.Errorf("a rejection with verdicts: %v", err)
	}
	old := c
	c, err = f.decide(c, book.Reject)
	if err != nil || c.State != claim.Rejected || c.Award != (claim.Award{}) || c.Funding.Held != 0 {
		t.Fatalf("rejection: %v %+v", err, c)
	}
	if _, err := f.decide(old, book.Uphold, both...); !errors.Is(err, fault.ClaimChanged) {
		t.Errorf("decided on a view that has changed: %v", err)
	}
	if _, err := f.decide(c, book.Uphold, both...); !errors.Is(err, fault.ClaimStateConflict) {
		t.Errorf("decided twice: %v", err)
	}
	want := map[ledger.Purpose]money.Amount{ledger.Deposit: 500_000, ledger.SettlementClearing: 500_000}
	if diff := cmp.Diff(want, f.balances("m1")); diff != "" {
		t.Error(diff)
	}
	f.audited()
}

// Would catch a reviewer who can be given one claim and never another: the
// commitment to the assignee is known from the second time on.
func TestReviewerTakesSeveralClaims(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	for _, lineID := range []string{"l1", "l2"} {
		c := f.conflict("m1", lineID, 1)
		o, err := f.Do(f.request("m1", "AssignReview"), &book.AssignReview{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Assignee: "reviewer-7"})
		if err != nil {
			t.Fatalf("assign %s: %v", lineID, err)
		}
		if o.Claim.Assignee != "reviewer-7" {
			t.Fatalf("assignee is %q", o.Claim.Assignee)
		}
	}
	f.audited()
}

// Would catch a retest that loses the hold or is decided by the old conflict.
func TestReinspectionEndsTheConflict(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.authenticator("lab-3", claim.AccreditedLab)
	f.open("m1", 500_000)
	c, err := f.decide(f.conflict("m1", "l1", 1), book.Retest)
	if err != nil || c.State != claim.Authenticating || c.Fires != claim.DeadlineResult {
		t.Fatalf("retest: %v %+v", err, c)
	}
	f.audited()
	again := result(c, claim.Genuine, "l1-C")
	again.AuthenticatorID, again.Reinspection = "lab-3", true
	c = f.record(c, again)
	if c.State != claim.Rejected || c.Verdict != claim.Genuine || c.Funding.Held != 0 {
		t.Fatalf("after the re-inspection: %s %s held %d", c.State, c.Verdict, c.Funding.Held)
	}
	if got := f.balances("m1")[ledger.Deposit]; got != 500_000 {
		t.Fatalf("deposit is %d", got)
	}
	f.audited()
}

// Would catch a claim that is closed for want of proof and keeps its award and its
// hold, because results that contradict each other had found it counterfeit once.
func TestExpiryLeavesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	c := f.conflict("m1", "l1", 2)
	if c.Funding.Held != 220_000 {
		t.Fatalf("held %d", c.Funding.Held)
	}
	c, err := f.decide(c, book.Expire)
	if err != nil {
		t.Fatal(err)
	}
	if c.State != claim.Expired || c.Verdict == claim.Counterfeit || c.Award != (claim.Award{}) || c.Funding != (claim.Funding{}) {
		t.Fatalf("the claim is %s, %s, with %+v and %+v", c.State, c.Verdict, c.Award, c.Funding)
	}
	f.balanced("m1", balances{ledger.Deposit: 500_000, ledger.SettlementClearing: 500_000})
}
