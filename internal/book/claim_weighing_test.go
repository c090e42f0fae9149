package book_test

import (
	"bytes"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// lastWeighing is what the newest event of a book keeps of a weighing.
func (f *fixture) lastWeighing() claim.Weighing {
	f.t.Helper()
	events := f.Rows("m1").Events
	for i := len(events) - 1; i >= 0; i-- {
		if text := events[i].Detail("weighing"); text != "" {
			w, ok := claim.ReadWeighing(text)
			if !ok {
				f.t.Fatalf("cannot read %q", text)
			}
			return w
		}
	}
	f.t.Fatal("no event keeps a weighing")
	return claim.Weighing{}
}

// Would catch a re-inspection by a body that examined before, or of what nobody examined; a
// second re-inspection that undoes the first; the report of a laboratory that was drawn for the
// conflict and is not taken as one; and a decision that does not keep what was weighed for it.
func TestV3AReinspectionIsAnotherBodysAndFinal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	third := *claim.FirstRules()
	third.Version, third.EffectiveFrom = 2, start
	third.Reinspection = claim.ReinspectionRules{Independent: true, Final: true}
	f.Decide(*claim.FirstRules(), third)
	labs(f)
	f.authenticator("lab-3", claim.AccreditedLab)
	f.authenticator("lab-4", claim.AccreditedLab)
	f.open("m1", 1_000_000)
	c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
	independent := func(body string) {
		t.Helper()
		r := result(c, claim.Genuine, "again-"+body)
		r.AuthenticatorID, r.Reinspection = body, true
		err := f.recordErr(r)
		if e, ok := fault.As(err); !ok || e.Reason != fault.ReinspectionNotIndependent || e.Field != "reinspection" {
			t.Errorf("%s: %v", body, err)
		}
	}
	independent("lab-1") // Nobody has examined the unit.
	f.record(c, result(c, claim.Counterfeit, "A"))
	other := result(c, claim.Genuine, "B")
	other.AuthenticatorID = "lab-2"
	c = f.record(c, other)
	if w := f.lastWeighing(); c.State != claim.InReview || len(w.Results) != 2 || w.Rules != 2 || w.Units[0].Reason != claim.Conflicting || w.Units[0].Rank != 3 {
		t.Fatalf("conflict: %s, %s", c.State, w.String())
	}
	independent("lab-1")
	independent("lab-2")
	o := f.done(f.request("m1", "CommissionItem"), &book.CommissionItem{ClaimID: c.ID, DueAt: f.Now().AddDate(0, 0, 9), Draw: book.Drawing{
		Kinds: []claim.AuthenticatorKind{claim.AccreditedLab}, Seed: bytes.Repeat([]byte{7}, commission.SeedLength),
		Candidates: []commission.Candidate{{AuthenticatorID: "lab-1"}, {AuthenticatorID: "lab-3"}},
	}})
	drawn := result(c, claim.Counterfeit, "C")
	drawn.AuthenticatorID = o.Commission.AuthenticatorID
	c = f.record(c, drawn)
	if w := f.lastWeighing(); c.State != claim.Notified || drawn.AuthenticatorID != "lab-3" || w.Units[0].Rank != 2 || w.Units[0].Reason != claim.FinalReinspection {
		t.Fatalf("drawn: %s by %s, %s", c.State, drawn.AuthenticatorID, w.String())
	}
	second := result(c, claim.Genuine, "D")
	second.AuthenticatorID, second.Reinspection = "lab-4", true
	if c = f.record(c, second); c.State != claim.Notified || c.Verdict != claim.Counterfeit {
		t.Errorf("a second re-inspection: %s %s", c.State, c.Verdict)
	}
}

// Would catch photos that count as an examination: a body that saw photos alone and may not
// re-inspect, a re-inspection of what was only photographed, and photos that a drawn body or a
// caller passes for a re-inspection.
func TestV3ReinspectionsAreOfGoods(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	rules := *claim.FirstRules()
	rules.Version, rules.EffectiveFrom = 2, start
	rules.Reinspection = claim.ReinspectionRules{Independent: true, Final: true}
	f.Decide(*claim.FirstRules(), rules)
	labs(f)
	f.authenticator("lab-3", claim.AccreditedLab)
	f.open("m1", 1_000_000)
	c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
	by := func(body, report string, sample claim.SampleSource, again bool) claim.Result {
		r := result(c, claim.Genuine, report)
		r.AuthenticatorID, r.Sample, r.Reinspection = body, sample, again
		return r
	}
	f.must(f.recordErr(by("lab-1", "seen", claim.Photos, false)))
	if err := f.recordErr(by("lab-2", "first", claim.ConsumerSample, true)); !isRefused(err, fault.ReinspectionNotIndependent, "reinspection") {
		t.Errorf("of what was photographed: %v", err)
	}
	f.must(f.recordErr(by("lab-2", "tested", claim.ConsumerSample, false)))
	for _, sample := range []claim.SampleSource{claim.Photos, claim.TraceData} {
		if err := f.recordErr(by("lab-3", "again", sample, true)); !isRefused(err, fault.RequestInvalid, "reinspection") {
			t.Errorf("of %s: %v", sample, err)
		}
	}
	f.done(f.request("m1", "CommissionItem"), &book.CommissionItem{ClaimID: c.ID, DueAt: f.Now().AddDate(0, 0, 9), Draw: book.Drawing{
		Kinds: []claim.AuthenticatorKind{claim.AccreditedLab}, Seed: bytes.Repeat([]byte{7}, commission.SeedLength),
		Candidates: []commission.Candidate{{AuthenticatorID: "lab-3"}},
	}})
	f.must(f.recordErr(by("lab-3", "drawn", claim.Photos, false)))
	for _, r := range f.Rows("m1").SortedResults() {
		if r.Reinspection {
			t.Errorf("%s is a re-inspection", r.ReportNumber)
		}
	}
	f.must(f.recordErr(by("lab-1", "goods", claim.ConsumerSample, true)))
}

// Would catch one body that decides where the rules ask for two, and a person's decision that
// does not keep what the person weighed.
func TestV1AQuorumIsAsked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	rules := *claim.FirstRules()
	rules.Quorum = []claim.Quorum{{Rank: 3, Bodies: 2}}
	f.Decide(rules)
	labs(f)
	f.open("m1", 1_000_000)
	one := f.file(filing(line("m1", "l1", 1, 10_000), 1))
	one = f.record(one, result(one, claim.Counterfeit, "A"))
	again := result(one, claim.Counterfeit, "A2")
	one = f.record(one, again)
	if one.State != claim.InReview {
		t.Fatalf("one body decides: %s", one.State)
	}
	if w := f.lastWeighing(); w.Units[0].Reason != claim.QuorumMissing || w.Units[0].Verdict != claim.Counterfeit {
		t.Errorf("one body: %s", w.String())
	}
	other := result(one, claim.Counterfeit, "B")
	other.AuthenticatorID = "lab-2"
	if one = f.record(one, other); one.State != claim.Notified || f.lastWeighing().Units[0].Reason != claim.DecidesAlone {
		t.Errorf("two bodies: %s", one.State)
	}
	two := f.file(filing(line("m1", "l2", 1, 10_000), 1))
	two = f.record(two, result(two, claim.Counterfeit, "C"))
	two, err := f.decide(two, book.Reject)
	f.must(err)
	if w := f.lastWeighing(); two.State != claim.Rejected || len(w.Results) != 1 || w.Units[0].Reason != claim.ByPerson || w.Units[0].Verdict != two.Units[0].Verdict {
		t.Errorf("by a person: %s, %s", two.State, w.String())
	}
}
