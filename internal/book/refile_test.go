package book_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// refiled files a claim once more and gives what came of it.
func (f *fixture) refiled(cmd book.FileClaim) error {
	_, err := f.Do(f.request("m1", "FileClaim"), &cmd)
	return err
}

// wantsEvidence fails the test unless a filing is refused for lack of new evidence, and names
// the claim in which the unit was decided.
func (f *fixture) wantsEvidence(what string, cmd book.FileClaim, earlier *claim.Claim, ordinal string) {
	f.t.Helper()
	before := len(f.Rows("m1").Claims)
	err := f.refiled(cmd)
	refusal, ok := fault.As(err)
	if !ok || refusal.Reason != fault.NewEvidenceRequired || refusal.Field != "evidence" ||
		refusal.Fields["claimId"] != earlier.ID || refusal.Fields["ordinal"] != ordinal {
		f.t.Errorf("%s: %v", what, err)
	}
	if after := len(f.Rows("m1").Claims); after != before {
		f.t.Errorf("%s: %d claims became %d", what, before, after)
	}
}

// Would catch a unit that is claimed again and again with nothing new, evidence that counts as
// new because it is told under another name, and a claim that is kept from those who have some.
func TestRefilingNeedsNewEvidence(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	l := line("m1", "l1", 1, 10_000)
	first := f.file(withEvidence(filing(l, 1), "e1"))
	f.addEvidence(first, "e2")
	first = f.record(first, result(first, claim.Genuine, "R-1"))

	f.wantsEvidence("with nothing", filing(l, 1), first, "1")
	f.wantsEvidence("with what it was filed with", withEvidence(filing(l, 1), "e1"), first, "1")
	f.wantsEvidence("with what was added to it", withEvidence(filing(l, 1), "e2"), first, "1")
	f.wantsEvidence("without a digest", withEvidence(filing(l, 1), ""), first, "1")
	renamed := withEvidence(filing(l, 1), "e1")
	renamed.Evidence[0].Kind, renamed.Evidence[0].Reference = "VIDEO", "elsewhere"
	f.wantsEvidence("under another name", renamed, first, "1")

	// What was added after the decision was not there when it was made.
	f.Move(time.Second)
	f.addEvidence(first, "e3")
	both := withEvidence(filing(l, 1), "e3")
	both.Evidence = append(both.Evidence, book.AddEvidence{Kind: "PHOTO", Reference: "old", Digest: "e1"})
	second := f.file(both)
	second = f.record(second, result(second, claim.Genuine, "R-2"))

	// Both claims had their evidence, and the newer is named.
	for _, known := range []string{"e1", "e2", "e3"} {
		f.wantsEvidence("known to one of two: "+known, withEvidence(filing(l, 1), known), second, "1")
	}
	f.file(withEvidence(filing(l, 1), "e4"))
}

// Would catch a claim that counts although nothing was found in it, and one that does not
// because its claimant withdrew it in time.
func TestOnlyClaimsInWhichSomethingWasFoundAskForEvidence(t *testing.T) {
	t.Parallel()
	unit := func(f *fixture, lineID string) book.FileClaim { return filing(line("m1", lineID, 1, 10_000), 1) }
	for name, c := range map[string]struct {
		end   func(*fixture, *claim.Claim) *claim.Claim
		wants bool
	}{
		"withdrawn before any result": {end: (*fixture).withdraw},
		"expired for want of proof": {end: func(f *fixture, c *claim.Claim) *claim.Claim {
			f.Move(15*24*time.Hour + time.Minute)
			f.done(request.System("m1", "PassDeadline"), &book.PassDeadline{OnClaim: book.OnClaim{ClaimID: c.ID}, Fires: c.Fires, Deadline: c.Deadline})
			c, err := f.decide(f.current(c), book.Expire)
			f.must(err)
			return c
		}},
		"withdrawn after its only result was retracted": {end: func(f *fixture, c *claim.Claim) *claim.Claim {
			o := f.done(f.request("m1", "RecordResult"), &book.RecordResult{Result: result(c, claim.Inconclusive, "R-"+c.OrderLineID)})
			f.done(f.request("m1", "RetractResult"), &book.RetractResult{OnClaim: book.OnClaim{ClaimID: c.ID}, ResultID: o.ResultID, Note: "wrong sample"})
			return f.withdraw(c)
		}},
		"withdrawn after an inconclusive result": {wants: true, end: func(f *fixture, c *claim.Claim) *claim.Claim {
			f.record(c, result(c, claim.Inconclusive, "R-"+c.OrderLineID))
			return f.withdraw(c)
		}},
		"withdrawn after a verdict": {wants: true, end: func(f *fixture, c *claim.Claim) *claim.Claim {
			f.record(c, result(c, claim.Counterfeit, "R-"+c.OrderLineID))
			return f.withdraw(c)
		}},
		"rejected by results": {wants: true, end: func(f *fixture, c *claim.Claim) *claim.Claim {
			return f.record(c, result(c, claim.Genuine, "R-"+c.OrderLineID))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			labs(f)
			f.open("m1", 500_000)
			ended := c.end(f, f.file(unit(f, "l1")))
			if !ended.State.Final() || ended.State.Live() {
				t.Fatalf("the claim is %s", ended.State)
			}
			if c.wants {
				f.wantsEvidence(name, unit(f, "l1"), ended, "1")
			}
			// Whatever is in memory, the database tells the same.
			f.Forget("m1")
			if c.wants {
				f.wantsEvidence(name+", from the database", unit(f, "l1"), ended, "1")
				return
			}
			f.file(unit(f, "l1"))
		})
	}
}

// Would catch evidence that is asked of units which nobody claimed before, that the other
// party of the order evades, and a retry that is refused for what it did itself.
func TestRefilingIsJudgedByUnit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	l := line("m1", "l1", 3, 30_000)
	l.RecipientID = "friend"
	h, cmd := f.request("m1", "FileClaim"), filing(l, 2)
	first := f.done(h, &cmd).Claim
	first = f.record(first, result(first, claim.Genuine, "R-1"))

	again, err := f.Do(h, &cmd)
	if err != nil || !again.Replayed || again.ClaimID != first.ID {
		t.Errorf("sent again: %+v, %v", again, err)
	}
	f.wantsEvidence("with units that nobody claimed", filing(l, 1, 2, 3), first, "2")
	other := filing(l, 2)
	other.ClaimantID = "friend"
	f.wantsEvidence("by the recipient", other, first, "2")
	f.Forget("m1")
	f.wantsEvidence("by the recipient, from the database", other, first, "2")
	f.file(filing(l, 1, 3))

	named := filing(l, 2)
	named.Line, named.LineID = nil, l.ID
	f.wantsEvidence("by the name of the line", named, first, "2")
	named.Evidence = withEvidence(filing(l, 2), "new").Evidence
	f.must(f.refiled(named))
}

// Would catch an order of arrival within one batch that decides otherwise than one command
// after the other does.
func TestRefilingWithinABatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	l := line("m1", "l1", 1, 10_000)
	c := f.file(filing(l, 1))
	file := func(cmd book.FileClaim) booktest.Asked {
		return booktest.Asked{Header: f.request("m1", "FileClaim"), Of: &cmd}
	}
	answers := f.Together(
		booktest.Asked{Header: f.request("m1", "AddEvidence"), Of: &book.AddEvidence{ClaimID: c.ID, Kind: "PHOTO", Reference: "r", Digest: "e1"}},
		file(withEvidence(filing(l, 1), "e1")),
		booktest.Asked{Header: f.request("m1", "RecordResult"), Of: &book.RecordResult{Result: result(c, claim.Genuine, "R-1")}},
		file(filing(l, 1)),
		file(withEvidence(filing(l, 1), "e1")),
		file(withEvidence(filing(l, 1), "e2")),
		file(withEvidence(filing(l, 1), "e3")),
	)
	for i, want := range []error{nil, fault.ClaimAlreadyFiled, nil, fault.NewEvidenceRequired, fault.NewEvidenceRequired, nil, fault.ClaimAlreadyFiled} {
		if !errors.Is(answers[i].Err, want) {
			t.Errorf("command %d: %v, want %v", i, answers[i].Err, want)
		}
	}
}

// Would catch a quote that promises what filing refuses, and one for nobody in particular that
// asks for evidence.
func TestQuoteAsksForEvidenceAsFilingDoes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 500_000)
	l := line("m1", "l1", 1, 10_000)
	c := f.file(filing(l, 1))
	f.record(c, result(c, claim.Genuine, "R-1"))
	quote := func(cmd book.FileClaim) error {
		_, err := f.Do(request.Header{MerchantID: "m1", Method: "QuotePayout", Principal: f.request("m1", "").Principal}, &book.QuotePayout{FileClaim: cmd})
		return err
	}
	if err := quote(filing(l, 1)); !errors.Is(err, fault.NewEvidenceRequired) {
		t.Errorf("without evidence: %v", err)
	}
	f.must(quote(withEvidence(filing(l, 1), "e1")))
	nobody := filing(l, 1)
	nobody.ClaimantID = ""
	f.must(quote(nobody))
}
