package book_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// spellings are ids of the person "rita" as sign-in systems may write them.
var spellings = []string{"rita", "Rita", "ｒｉｔａ", " RITA "}

// on names a claim as it was last seen.
func on(c *claim.Claim) book.OnClaim { return book.OnClaim{ClaimID: c.ID, Etag: c.Etag()} }

// does carries out a person's command on a claim.
func (f *fixture) does(person, method string, c *claim.Claim, cmd book.Command) (*claim.Claim, error) {
	f.t.Helper()
	o, err := f.Do(f.by(person, c.MerchantID, method), cmd)
	return o.Claim, err
}

// did is does for a command that must be accepted.
func (f *fixture) did(person, method string, c *claim.Claim, cmd book.Command) *claim.Claim {
	f.t.Helper()
	c, err := f.does(person, method, c, cmd)
	f.must(err)
	return c
}

// verdicts finds every unit of a claim alike.
func verdicts(c *claim.Claim, v claim.Verdict) []claim.Unit {
	return result(c, v, "").Units
}

// approving publishes a promise whose awards above a limit need two approvers.
func (f *fixture) approving(over money.Amount) {
	f.t.Helper()
	v := policy.WithoutLimits()[0]
	v.Number, v.ApprovalOver = 2, over
	f.publish(v)
}

// disputed files a claim by a person, which two results then leave undecided.
func (f *fixture) disputed(filer, lineID string) *claim.Claim {
	f.t.Helper()
	cmd := filing(line("m1", lineID, 1, 10_000), 1)
	o, err := f.Do(f.by(filer, "m1", "FileClaim"), &cmd)
	f.must(err)
	other := result(o.Claim, claim.Genuine, lineID+"-B")
	other.AuthenticatorID = "lab-2"
	f.record(o.Claim, result(o.Claim, claim.Counterfeit, lineID+"-A"))
	return f.record(o.Claim, other)
}

// upheld lets a person uphold a claim in review, and the merchant be told of it.
func (f *fixture) upheld(person string, c *claim.Claim) *claim.Claim {
	f.t.Helper()
	return f.confirmNotice(f.did(person, "DecideReview", c,
		&book.DecideReview{OnClaim: on(c), Decision: book.Uphold, Units: verdicts(c, claim.Counterfeit), Note: "as examined"}))
}

func (f *fixture) appealedBy(person string, c *claim.Claim) *claim.Claim {
	f.t.Helper()
	return f.did(person, "AppealClaim", c, &book.AppealClaim{OnClaim: on(c), Note: "genuine"})
}

func dismissal(c *claim.Claim) *book.DecideAppeal {
	return &book.DecideAppeal{OnClaim: on(c), Decision: book.AppealDismissed, Note: "no proof"}
}

func lateAppeal(c *claim.Claim) *book.ReviseVerdict {
	return &book.ReviseVerdict{OnClaim: on(c), Ground: book.GroundLateAppeal, Units: verdicts(c, claim.Counterfeit), Document: "letter-1", Note: "heard"}
}

// Would catch a verdict that counts as a person's because a person sent the result: the
// merchant would be debited, or the consumer refused, on a result that was taken back.
func TestRetractionReopensWhoeverRecordedTheResult(t *testing.T) {
	t.Parallel()
	for _, person := range []string{"", "technician-7"} {
		for _, verdict := range []claim.Verdict{claim.Counterfeit, claim.Genuine} {
			t.Run("by "+person+" "+string(verdict), func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				f.open("m1", 500_000)
				f.authenticator("lab-1", claim.AccreditedLab)
				c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
				o, err := f.Do(f.by(person, "m1", "RecordResult"), &book.RecordResult{Result: result(c, verdict, "R-1")})
				f.must(err)
				if c = f.current(c); !c.ByResults || c.DecidedBy != "" || len(c.Deciders) > 0 {
					t.Errorf("by results %v, decided by %q, %q", c.ByResults, c.DecidedBy, c.Deciders)
				}
				for _, v := range f.Rows("m1").Revisions {
					if v.Author != "" {
						t.Errorf("the revision by a result has the author %s", v.Author)
					}
				}
				if verdict == claim.Counterfeit {
					c = f.confirmNotice(c)
				}
				c = f.did(person, "RetractResult", c, &book.RetractResult{OnClaim: on(c), ResultID: o.ResultID, AuthenticatorID: "lab-1", Note: "samples mixed up"})
				if c.State != claim.InReview {
					t.Errorf("the only result was taken back, and the claim is %s", c.State)
				}
				f.Move(9 * 24 * time.Hour)
				if _, err := f.pass(c); err == nil && f.current(c).State != claim.InReview {
					t.Errorf("after the notice period the claim is %s", f.current(c).State)
				}
				if made := f.Made(); len(made) > 0 {
					t.Errorf("%d payouts were made", len(made))
				}
				f.audited()
			})
		}
	}
}

// Would catch a retraction that reopens what a person decided or confirmed, and one that
// leaves a verdict alone once results have decided it anew, unless those that are left say the same.
func TestRetractionLeavesThePersonsVerdictAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.approving(50_000)
	f.open("m1", 900_000)
	retracted := func(c *claim.Claim) claim.State {
		t.Helper()
		found := f.Rows("m1").SortedResults()
		first := slices.IndexFunc(found, func(r claim.Result) bool { return r.ClaimID == c.ID && !r.Retracted })
		return f.did("operator-1", "RetractResult", c, &book.RetractResult{OnClaim: on(c), ResultID: found[first].ID, Note: "mixed up"}).State
	}
	if s := retracted(f.upheld("rita", f.disputed("sam", "l1"))); s != claim.Notified {
		t.Errorf("upheld in review: %s", s)
	}
	c := f.confirmNotice(f.found(filing(line("m1", "l2", 1, 10_000), 1)))
	c = f.appealedBy("merchant-1", c)
	c = f.did("panel-1", "DecideAppeal", c, dismissal(c))
	if s := retracted(c); s != claim.AwaitingApproval {
		t.Errorf("confirmed by the panel: %s", s)
	}
	// A refused amount brings the claim back to review, where a stronger result decides.
	c = f.upheld("rita", f.disputed("sam", "l3"))
	c = f.accept(c)
	c = f.did("anna", "ApproveClaim", c, &book.ApproveClaim{OnClaim: on(c), Refuse: true, Note: "look again"})
	again := result(c, claim.Counterfeit, "l3-C")
	again.Reinspection = true
	c = f.record(c, again)
	if c.State != claim.Notified || !c.ByResults || !cmp.Equal(c.Deciders, []string{"rita"}) {
		t.Fatalf("%s, by results %v, decided by %q", c.State, c.ByResults, c.Deciders)
	}
	for i, want := range []claim.State{claim.Notified, claim.Notified, claim.InReview} {
		if s := retracted(c); s != want {
			t.Errorf("decided anew by results, after %d retractions: %s", i+1, s)
		}
	}
	f.audited()
}

// Would catch a person who approves the amount of a verdict that the same person filed,
// made or confirmed, in whatever spelling and whoever decided last; and one person who
// approves twice.
func TestNobodyApprovesOwnVerdict(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.approving(50_000)
	f.open("m1", 900_000)
	c := f.upheld("rita", f.disputed("Sam", "l1"))
	c = f.appealedBy("merchant-1", c)
	c = f.did("Pat", "DecideAppeal", c, dismissal(c))
	if c = f.current(c); c.State != claim.AwaitingApproval || c.DecidedBy != "Pat" || !cmp.Equal(c.Deciders, []string{"rita", "Pat"}) {
		t.Fatalf("%s, decided by %q, %q", c.State, c.DecidedBy, c.Deciders)
	}
	approve := func(person string) (*claim.Claim, error) {
		return f.does(person, "ApproveClaim", c, &book.ApproveClaim{OnClaim: on(c), Note: "fine"})
	}
	for _, person := range append([]string{"sam", "ＳＡＭ", "pat"}, spellings...) {
		if _, err := approve(person); !errors.Is(err, fault.SamePerson) {
			t.Errorf("approved by %q: %v", person, err)
		}
	}
	c, err := approve("Anna")
	f.must(err)
	for _, person := range []string{"Anna", "anna", "ａｎｎａ"} {
		if _, err := approve(person); !errors.Is(err, fault.SamePerson) {
			t.Errorf("approved once more by %q: %v", person, err)
		}
	}
	if n := len(f.Rows("m1").Approvals); n != 1 {
		t.Errorf("%d approvals are stored, want 1", n)
	}
	if c, err = approve("ben"); err != nil || c.State != claim.Paying {
		t.Errorf("approved by a second person: %v", err)
	}
	f.audited()
}

// Would catch a person who decides an appeal, timely or late, against a verdict that the
// same person filed, made or confirmed; a list of deciders that forgets who confirmed,
// and one that goes on after another verdict.
func TestNobodyDecidesTheAppealAgainstOwnVerdict(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 900_000)
	c := f.appealedBy("merchant-1", f.upheld("rita", f.disputed("Sam", "l1")))
	for _, person := range append([]string{"sam", "ＳＡＭ"}, spellings...) {
		if _, err := f.does(person, "DecideAppeal", c, dismissal(c)); !errors.Is(err, fault.SamePerson) {
			t.Errorf("the appeal is decided by %q: %v", person, err)
		}
	}
	c = f.did("pat", "DecideAppeal", c, dismissal(c))
	for _, person := range append([]string{"sam", "Ｓam", "Pat"}, spellings...) {
		if _, err := f.does(person, "ReviseVerdict", c, lateAppeal(c)); !errors.Is(err, fault.SamePerson) {
			t.Errorf("the late appeal is decided by %q: %v", person, err)
		}
	}
	c = f.did("quinn", "ReviseVerdict", c, lateAppeal(c))
	if want := []string{"rita", "pat", "quinn"}; !cmp.Equal(f.current(c).Deciders, want) {
		t.Errorf("decided by %q, want %q", c.Deciders, want)
	}
	// The same person again, on another ground and by another spelling, is no one new.
	c = f.did("RITA", "ReviseVerdict", c, &book.ReviseVerdict{
		OnClaim: on(c), Ground: book.GroundCourtDecision, Units: verdicts(c, claim.Counterfeit), Document: "docket-1",
	})
	if want := []string{"rita", "pat", "quinn"}; !cmp.Equal(c.Deciders, want) {
		t.Errorf("decided by %q, want %q", c.Deciders, want)
	}
	c = f.did("judge-1", "ReviseVerdict", c, &book.ReviseVerdict{
		OnClaim: on(c), Ground: book.GroundNewEvidence, Units: verdicts(c, claim.Genuine), Document: "docket-2",
	})
	if want := []string{"judge-1"}; !cmp.Equal(f.current(c).Deciders, want) {
		t.Errorf("another verdict is decided by %q, want %q", c.Deciders, want)
	}
	// Who made the verdict before may decide the late appeal against this one.
	f.did("rita", "ReviseVerdict", c, lateAppeal(c))
	f.audited()
}

// Would catch a proposal that one person makes and approves, approves twice, or approves
// and refuses, by spelling an id in different ways.
func TestOneVoteForAPersonOnAProposal(t *testing.T) {
	t.Parallel()
	for _, spelling := range spellings {
		t.Run(spelling, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			c := f.advanced("m1")
			what := writingOff(c, 30_000)
			o, err := f.Do(f.by("Rita", "m1", "ProposeDecision"), &what)
			f.must(err)
			mine := o.Proposal.Number
			if _, err := f.approveProposal(spelling, "m1", mine); !errors.Is(err, fault.SamePerson) {
				t.Errorf("approved by its proposer: %v", err)
			}
			o, err = f.Do(f.by("sam", "m1", "ProposeDecision"), &what)
			f.must(err)
			number := o.Proposal.Number
			_, err = f.approveProposal("rITA", "m1", number)
			f.must(err)
			if _, err := f.approveProposal(spelling, "m1", number); !errors.Is(err, fault.SamePerson) {
				t.Errorf("approved twice: %v", err)
			}
			_, err = f.Do(f.by(spelling, "m1", "RefuseProposal"),
				&book.RefuseProposal{OnProposal: book.OnProposal{Number: number}, Note: "not after all"})
			if !errors.Is(err, fault.SamePerson) {
				t.Errorf("refused by an approver: %v", err)
			}
			if n := len(f.Rows("m1").Votes); n != 1 {
				t.Errorf("%d votes are stored, want 1", n)
			}
			f.audited()
		})
	}
}

// Would catch an appeal that is refused as late although the clock of the notice stands
// still, and one that is heard because the clock was stopped when it was too late.
func TestNoWindowClosesWhileTheClockStandsStill(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 900_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	appeal := func(c *claim.Claim) error {
		_, err := f.does("merchant-1", "AppealClaim", c, &book.AppealClaim{OnClaim: on(c), Note: "genuine"})
		return err
	}
	clock := func(c *claim.Claim, resume bool) *claim.Claim {
		t.Helper()
		return f.did("reviewer-1", "StopClock", c, &book.StopClock{OnClaim: on(c), Resume: resume, Note: "a test is under way"})
	}
	stopped := clock(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1))), false)
	resumed := clock(f.confirmNotice(f.found(filing(line("m1", "l2", 1, 10_000), 1))), false)
	late := f.confirmNotice(f.found(filing(line("m1", "l3", 1, 10_000), 1)))
	lateThenResumed := f.confirmNotice(f.found(filing(line("m1", "l4", 1, 10_000), 1)))

	f.Move(late.Deadline.Sub(f.Now()) + time.Second)
	late, lateThenResumed = clock(late, false), clock(lateThenResumed, false)
	f.Move(24 * time.Hour)
	if err := appeal(stopped); err != nil {
		t.Errorf("while the clock stands still: %v", err)
	}
	if err := appeal(late); !errors.Is(err, fault.AppealWindowClosed) {
		t.Errorf("stopped after the window had closed: %v", err)
	}
	if err := appeal(clock(resumed, true)); err != nil {
		t.Errorf("after the clock went on: %v", err)
	}
	if err := appeal(clock(lateThenResumed, true)); !errors.Is(err, fault.AppealWindowClosed) {
		t.Errorf("stopped after the window had closed, and resumed: %v", err)
	}
	f.audited()
}
