package book_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// reconsider asks for reconsideration of a claim with evidence of a name.
func (f *fixture) reconsider(c *claim.Claim, evidence string) (*claim.Claim, error) {
	o, err := f.Do(f.request(c.MerchantID, "RequestReconsideration"), &book.ReconsiderClaim{
		OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "the seal was broken", Kind: "PHOTO", Reference: evidence, Digest: evidence,
	})
	return o.Claim, err
}

// addEvidence adds evidence of a digest to a claim.
func (f *fixture) addEvidence(c *claim.Claim, digest string) {
	f.t.Helper()
	f.done(f.request(c.MerchantID, "AddEvidence"), &book.AddEvidence{ClaimID: c.ID, Kind: "PHOTO", Reference: digest, Digest: digest})
}

// rejected is a claim that a reviewer decided against its claimant.
func (f *fixture) rejected(lineID string) *claim.Claim {
	f.t.Helper()
	c := f.conflict("m1", lineID, 1)
	c, err := f.decide(c, book.Reject)
	f.must(err)
	return c
}

// decideAs decides a review as a person.
func (f *fixture) decideAs(person string, c *claim.Claim, d book.Decision, units ...claim.Unit) (*claim.Claim, error) {
	o, err := f.Do(f.by(person, c.MerchantID, "DecideReview"), &book.DecideReview{
		OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Decision: d, Units: units, Note: "seen again",
	})
	return o.Claim, err
}

// Would catch a consumer who is not heard, or is heard and not paid.
func TestV9TheConsumerIsHeardOnceMore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	c := f.rejected("l1")
	c, err := f.reconsider(c, "e1")
	if err != nil || c.State != claim.InReview || c.AppealedRevision != c.Revision || c.Reconsiderations != 1 {
		t.Fatalf("asked for: %v %+v", err, c)
	}
	f.audited()
	c, err = f.decideAs("reviewer-2", c, book.Uphold, claim.Unit{Ordinal: 1, Verdict: claim.Counterfeit})
	if err != nil || c.State != claim.Notified || c.Award.Total() == 0 || !c.MayAppeal() {
		t.Fatalf("upheld: %v %+v", err, c)
	}
	c = f.paid(f.accept(f.confirmNotice(c)))
	if c.State != claim.Paid {
		t.Errorf("the claim is %s", c.State)
	}
	f.audited()
}

// Would catch a decision that is reconsidered twice, a claim that is reconsidered for
// ever, too late, or on what was known, and units that two claims have.
func TestReconsiderationHasLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	c := f.conflict("m1", "l1", 1)
	f.addEvidence(c, "e0")
	c, err := f.decide(c, book.Reject)
	f.must(err)
	if _, err := f.reconsider(c, "e0"); !errors.Is(err, fault.EvidenceNotNew) {
		t.Errorf("on what was known: %v", err)
	}
	// What was added after the decision is new.
	f.Move(time.Second)
	f.addEvidence(c, "e1")
	for n := range policy.ReconsiderationsDefault {
		asked, err := f.reconsider(c, fmt.Sprint("e", n+1))
		f.must(err)
		if _, err := f.reconsider(asked, "again"); !errors.Is(err, fault.ClaimStateConflict) {
			t.Errorf("while it is under review: %v", err)
		}
		c, err = f.decideAs(fmt.Sprint("other-", n), asked, book.Reject)
		f.must(err)
	}
	if _, err := f.reconsider(c, "e9"); !errors.Is(err, fault.ReconsiderationUsed) {
		t.Errorf("once too often: %v", err)
	}

	expired := f.rejected("l2")
	f.Move(15*24*time.Hour + time.Minute)
	if _, err := f.reconsider(expired, "e1"); !errors.Is(err, fault.ReconsiderationTooLate) {
		t.Errorf("too late: %v", err)
	}

	gone := f.rejected("l3")
	again := f.file(withEvidence(filing(line("m1", "l3", 1, 10_000), 1), "e2"))
	var refused *fault.Error
	if _, err := f.reconsider(gone, "e1"); !errors.Is(err, fault.ClaimAlreadyFiled) || !errors.As(err, &refused) || refused.Fields["claimId"] != again.ID {
		t.Errorf("when another claim has the unit: %v", err)
	}
	paid := f.found(filing(line("m1", "l4", 1, 10_000), 1))
	if _, err := f.reconsider(paid, "e1"); !errors.Is(err, fault.ClaimStateConflict) {
		t.Errorf("of a claim that was upheld: %v", err)
	}
	f.audited()
}

// Would catch a decision that whoever made it confirms, or who filed the claim decides.
func TestReconsiderationIsDecidedByAnother(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	c := f.conflict("m1", "l1", 1)
	c, err := f.decideAs("Reviewer-9", c, book.Reject)
	f.must(err)
	c, err = f.reconsider(c, "e1")
	f.must(err)
	for _, same := range []string{"reviewer-9", "REVIEWER-9", "reviewer-1"} {
		// The last of them filed the claim.
		if _, err := f.decideAs(same, c, book.Reject); !errors.Is(err, fault.SamePerson) {
			t.Errorf("decided by %s: %v", same, err)
		}
	}
	c, err = f.decideAs("reviewer-2", c, book.Reject)
	if err != nil || c.State != claim.Rejected {
		t.Errorf("decided by another: %v", err)
	}
}

// Would catch a court's finding that is refused because the claim has ended, a refund path that
// opens twice for one unit, in two claims, and money that moves with it.
func TestV10TheRefundPathOpensAfterTheEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	c := f.rejected("l1")
	if c.RefundUnits() != nil {
		t.Fatalf("the path is open from the start: %v", c.Units)
	}
	before, revision := len(f.Rows("m1").Transfers), c.Revision
	c = f.revised(c, book.GroundCourtDecision, claim.NotAsDescribed)
	if c.State != claim.Rejected || !slices.Equal(c.RefundUnits(), []int32{1}) || c.Award.Total() != 0 || c.Revision != revision+1 {
		t.Errorf("by the court: %s, %v, %v, revision %d", c.State, c.RefundUnits(), c.Award, c.Revision)
	}
	if after := len(f.Rows("m1").Transfers); after != before {
		t.Errorf("money moved: %d transfers, %d before", after, before)
	}
	// Who bears what was paid hangs on the verdict: fraud stays fraud.
	paid := f.revised(f.paid(f.accept(f.confirmNotice(f.found(filing(line("m1", "l2", 1, 10_000), 1))))), book.GroundFraud, claim.Genuine)
	before, owedBack := len(f.Rows("m1").Transfers), paid.Funding.ClawedBack
	for _, ground := range []book.RevisionGround{book.GroundNewEvidence, book.GroundCourtDecision, book.GroundFraud} {
		_, err := f.Do(f.by("adjudicator-1", "m1", "ReviseVerdict"), &book.ReviseVerdict{
			OnClaim: book.OnClaim{ClaimID: paid.ID, Etag: paid.Etag()}, Ground: ground, Document: "doc-2", Note: "n",
			Units: []claim.Unit{{Ordinal: 1, Verdict: claim.NotAsDescribed}},
		})
		if !errors.Is(err, fault.ClaimStateConflict) {
			t.Errorf("what was paid and is owed back, on the ground of %s: %v", ground, err)
		}
	}
	if now := f.current(paid); owedBack == 0 || !now.Fraud || now.Funding.ClawedBack != owedBack || len(f.Rows("m1").Transfers) != before {
		t.Errorf("of what was paid %d is owed back, then %d", owedBack, now.Funding.ClawedBack)
	}
	f.file(withEvidence(filing(line("m1", "l1", 1, 10_000), 1), "e2"))
	_, err := f.Do(f.by("adjudicator-1", "m1", "ReviseVerdict"), &book.ReviseVerdict{
		OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Ground: book.GroundCourtDecision, Document: "doc-2", Note: "n",
		Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Genuine}},
	})
	if !errors.Is(err, fault.ClaimAlreadyFiled) {
		t.Errorf("when another claim has the unit: %v", err)
	}
}
