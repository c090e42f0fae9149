package book_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// taking takes a claim out of the queue of its state.
func taking(c *claim.Claim) *book.TakeClaim {
	return &book.TakeClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, State: c.State}
}

// Would catch a claim that two people take, one that is taken out of another queue or by
// nobody, one that a colleague gives back, and a release that leaves the claim with
// somebody.
func TestOnlyOnePersonTakesAClaim(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	c := f.conflict("m1", "l1", 1)
	if _, err := f.Do(f.by("rita", "m1", "TakeNext"), &book.TakeClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, State: claim.Appealed}); !errors.Is(err, fault.ClaimStateConflict) {
		t.Errorf("taken out of another queue: %v", err)
	}
	if _, err := f.Do(f.by("", "m1", "TakeNext"), taking(c)); !errors.Is(err, fault.PersonRequired) {
		t.Errorf("taken by nobody: %v", err)
	}
	taken := f.done(f.by("rita", "m1", "TakeNext"), taking(c)).Claim
	if taken.Assignee != "rita" || f.Rows("m1").Waits[c.ID].Assignee != "rita" {
		t.Fatalf("taken: %+v, wait %+v", taken, f.Rows("m1").Waits[c.ID])
	}
	if taken.Deadline != c.Deadline || taken.Fires != c.Fires {
		t.Errorf("taking it moved the deadline to %v", taken.Deadline)
	}
	events := f.told("m1", event.ReviewAssigned)
	if _, err := f.Do(f.by("otto", "m1", "TakeNext"), taking(c)); !errors.Is(err, fault.AssignedToAnother) {
		t.Errorf("taken twice: %v", err)
	}
	release := &book.ReleaseClaim{OnClaim: book.OnClaim{ClaimID: c.ID}}
	if _, err := f.Do(f.by("otto", "m1", "Release"), release); !errors.Is(err, fault.AssignedToAnother) {
		t.Errorf("released by another: %v", err)
	}
	if f.told("m1", event.ReviewAssigned) != events || f.current(c).Assignee != "rita" {
		t.Error("a refused command left a trace")
	}
	// The id of a person may be spelled in another way.
	f.done(f.by("Rita", "m1", "Release"), release)
	if f.current(c).Assignee != "" || f.Rows("m1").Waits[c.ID].Assignee != "" {
		t.Error("it was not released")
	}
	if _, err := f.Do(f.by("rita", "m1", "Release"), release); !errors.Is(err, fault.ClaimChanged) {
		t.Errorf("released twice: %v", err)
	}
	f.audited()
}

// Would catch a decision by accident on what a colleague works on, in review, in appeal or
// by revision; one with a reason that leaves no trace; and an assignee who needs a reason.
func TestAColleaguesClaimIsDecidedWithAReasonOnly(t *testing.T) {
	t.Parallel()
	decisions := map[string]func(*claim.Claim, book.Override) book.Command{
		"review": func(c *claim.Claim, o book.Override) book.Command {
			return &book.DecideReview{OnClaim: book.OnClaim{ClaimID: c.ID}, Decision: book.Reject, Note: "no proof", Override: o}
		},
		"appeal": func(c *claim.Claim, o book.Override) book.Command {
			return &book.DecideAppeal{OnClaim: book.OnClaim{ClaimID: c.ID}, Decision: book.AppealUpheld, Note: "genuine", Override: o}
		},
		"revision": func(c *claim.Claim, o book.Override) book.Command {
			return &book.ReviseVerdict{
				OnClaim: book.OnClaim{ClaimID: c.ID}, Ground: book.GroundCourtDecision, Document: "docket-1", Note: "as ruled",
				Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Genuine}}, Override: o,
			}
		},
	}
	for name, decide := range decisions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			labs(f)
			f.open("m1", 500_000)
			claims := func(lineID string) *claim.Claim {
				if name == "review" {
					return f.conflict("m1", lineID, 1)
				}
				c := f.confirmNotice(f.found(filing(line("m1", lineID, 1, 10_000), 1)))
				return f.done(f.request("m1", "AppealClaim"), &book.AppealClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Note: "genuine"}).Claim
			}
			c := claims("l1")
			f.done(f.by("rita", "m1", "TakeNext"), taking(c))
			before := f.head("m1")
			_, err := f.Do(f.by("otto", "m1", "Decide"), decide(c, book.Override{}))
			if x, ok := fault.As(err); !ok || x.Reason != fault.AssignedToAnother || x.Field != "override_reason" || x.Fields["assignee"] != "rita" {
				t.Fatalf("decided by another: %v", err)
			}
			if f.head("m1").EventNumber != before.EventNumber || f.current(c).State != c.State {
				t.Error("the refusal left a trace")
			}
			const why = "rita is ill"
			f.done(f.by("otto", "m1", "Decide"), decide(c, book.Override{OverrideReason: why}))
			note := f.Rows("m1").Notes[booktest.NoteKey{Claim: c.ID, Number: 1}]
			if note.Text != why || note.Visibility != book.NoteInternal || note.AddedBy != "otto" {
				t.Errorf("the reason is kept as %+v", note)
			}
			if !overridden(f.Rows("m1").Events, note.EventNumber) {
				t.Error("no event tells whom the decision overrides")
			}
			own := claims("l2")
			f.done(f.by("rita", "m1", "TakeNext"), taking(own))
			f.done(f.by("ＲＩＴＡ", "m1", "Decide"), decide(own, book.Override{}))
			f.audited()
		})
	}
}

func overridden(events []event.Event, number int64) bool {
	return slices.ContainsFunc(events, func(e event.Event) bool {
		return e.Number == number && slices.ContainsFunc(e.Details, func(d event.Detail) bool { return d.Key == "overrides" && len(d.Value) == 64 })
	})
}

// Would catch a stored decision that is not recognised as its own replay since a decision
// can have a reason to override, and two requests with different reasons taken for one.
func TestReasonToOverrideIsCovered(t *testing.T) {
	t.Parallel()
	plain := &book.DecideReview{Decision: book.Reject, Note: "no proof"}
	if plain.DigestVersion() != request.FirstVersion {
		t.Error("a decision without the reason has another digest than before")
	}
	one, other := *plain, *plain
	one.OverrideReason, other.OverrideReason = "ill", "away"
	a, b, c := request.DigestOf(plain), request.DigestOf(&one), request.DigestOf(&other)
	if a == b || b == c || a == c {
		t.Error("requests with other reasons have one digest")
	}
}

// Would catch an appeal, or a review once more, that a person takes who may not decide it.
func TestNobodyTakesAnAppealAgainstTheOwnVerdict(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	c := f.conflict("m1", "l1", 1)
	h := f.by("rita", "m1", "DecideReview")
	c = f.done(h, &book.DecideReview{
		OnClaim: book.OnClaim{ClaimID: c.ID}, Decision: book.Uphold, Note: "seen", Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}},
	}).Claim
	c = f.confirmNotice(c)
	c = f.done(f.request("m1", "AppealClaim"), &book.AppealClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Note: "genuine"}).Claim
	if _, err := f.Do(f.by("rita", "m1", "TakeNext"), taking(c)); !errors.Is(err, fault.SamePerson) {
		t.Errorf("taken by the decider: %v", err)
	}
	if got := f.done(f.by("otto", "m1", "TakeNext"), taking(c)).Claim.Assignee; got != "otto" {
		t.Errorf("taken by %q", got)
	}
	again, err := f.decideAs("rita", f.conflict("m1", "l2", 1), book.Reject)
	f.must(err)
	again, err = f.reconsider(again, "e1")
	f.must(err)
	if _, err := f.Do(f.by("rita", "m1", "TakeNext"), taking(again)); !errors.Is(err, fault.SamePerson) {
		t.Errorf("taken for reconsideration by the decider: %v", err)
	}
	f.done(f.by("otto", "m1", "TakeNext"), taking(again))
	f.audited()
}

// Would catch a note that moves a claim, is lost, numbered twice or kept twice, one by
// nobody, and a claim with more notes than it can have.
func TestNotesAreNumberedBoundedAndMoveNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.found(filing(line("m1", "l1", 1, 10_000), 1))
	f.withdraw(c)
	c = f.current(c)
	h := f.by("helper-1", "m1", "AddNote")
	cmd := book.AddNote{ClaimID: c.ID, Visibility: book.NoteMerchant, Text: "please send the invoice"}
	for i := range 2 {
		if o, err := f.Do(h, &cmd); err != nil || o.Replayed != (i > 0) {
			t.Fatalf("try %d: %v, replayed %v", i, err, o.Replayed)
		}
	}
	cmd.Text = "another"
	if _, err := f.Do(h, &cmd); !errors.Is(err, fault.RequestIDReused) {
		t.Errorf("another content: %v", err)
	}
	if _, err := f.Do(f.by("", "m1", "AddNote"), &cmd); !errors.Is(err, fault.PersonRequired) {
		t.Errorf("by nobody: %v", err)
	}
	for n := 2; n <= book.NotesMax; n++ {
		cmd.Text = fmt.Sprint("note ", n)
		if o := f.done(f.by("helper-2", "m1", "AddNote"), &cmd); o.Note.Number != int32(n) || o.Note.AddedBy != "helper-2" {
			t.Fatalf("note %d is %+v", n, o.Note)
		}
	}
	if _, err := f.Do(f.by("helper-1", "m1", "AddNote"), &cmd); !errors.Is(err, fault.NoteLimit) {
		t.Errorf("one note more: %v", err)
	}
	notes := f.Rows("m1").Notes
	if first := notes[booktest.NoteKey{Claim: c.ID, Number: 1}]; len(notes) != book.NotesMax || first.Text != "please send the invoice" {
		t.Errorf("%d notes, the first %+v", len(notes), first)
	}
	for _, e := range f.Rows("m1").Events {
		if strings.Contains(e.Content, "invoice") {
			t.Errorf("event %d carries the text", e.Number)
		}
	}
	if now := f.current(c); now.Version != c.Version || now.State != claim.Withdrawn {
		t.Errorf("the claim moved: %+v", now)
	}
	cmd.ClaimID = "none"
	if _, err := f.Do(f.by("helper-1", "m1", "AddNote"), &cmd); !errors.Is(err, fault.ClaimNotFound) {
		t.Errorf("on no claim: %v", err)
	}
	f.audited()
}
