package book_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// stepsRules are decision rules by which nobody's word stands in for steps of custody.
func stepsRules() claim.Rules {
	r := *claim.FirstRules()
	r.Version, r.EffectiveFrom, r.Custody.Unrecorded = 2, start, claim.UnrecordedGap
	return r
}

// custodyStep adds a step of sample S1 an hour after the one before.
func (f *fixture) custodyStep(c *claim.Claim, kind custody.Kind, change ...func(*custody.Step)) book.Outcome {
	f.t.Helper()
	o, err := f.tryStep(c, kind, change...)
	f.must(err)
	return o
}

func (f *fixture) tryStep(c *claim.Claim, kind custody.Kind, change ...func(*custody.Step)) (book.Outcome, error) {
	f.t.Helper()
	f.Move(time.Hour)
	x := custody.Step{ClaimID: c.ID, SampleID: "S1", Kind: kind, HappenedAt: f.Now()}
	if kind.ByBody() {
		x.AuthenticatorID = "lab-1"
	}
	for _, do := range change {
		do(&x)
	}
	return f.Do(f.request(c.MerchantID, "AddCustodyStep"), &book.AddCustodyStep{Step: x})
}

func seals(list ...string) func(*custody.Step) { return func(x *custody.Step) { x.Seals = list } }
func corrects(n int32) func(*custody.Step)     { return func(x *custody.Step) { x.Corrects = n } }
func happened(at time.Time) func(*custody.Step) {
	return func(x *custody.Step) { x.HappenedAt = at }
}

// grades are what the results of a claim count for, by their reports.
func (f *fixture) grades(c *claim.Claim) map[string]claim.Graded {
	f.t.Helper()
	var steps []custody.Step
	for n := int32(1); ; n++ {
		x, ok := f.Rows(c.MerchantID).Custody[booktest.CustodyKey{Claim: c.ID, Number: n}]
		if !ok {
			break
		}
		steps = append(steps, x)
	}
	out := make(map[string]claim.Graded)
	for _, r := range f.Rows(c.MerchantID).SortedResults() {
		if r.ClaimID == c.ID {
			out[r.ReportNumber] = f.Catalog().Rules.Version(r.Rules).Grade(&r, steps)
		}
	}
	return out
}

// Would catch a word of the recorder that stands in for steps of custody, a chain that is not
// computed from them, one whose late or corrected step does not rank the results anew, and a
// claim that stays where its results do not have it any more.
func TestV6LateAndCorrectedStepsWeighTheClaimAnew(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Decide(*claim.FirstRules(), stepsRules())
	labs(f)
	f.open("m1", 1_000_000)
	c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
	r := result(c, claim.Counterfeit, "R-1")
	r.Sample, r.SampleID, r.CustodyIntact = claim.ConsumerSample, "S1", true
	f.Move(24 * time.Hour)
	arrived := f.Now().Add(-2 * time.Hour)
	r.IssuedAt = f.Now()
	c = f.record(c, r)
	if g := f.grades(c)["R-1"]; c.State != claim.InReview || g.Rank != 6 || g.Custody.State != custody.Gap || g.Extendable(f.Catalog().Rules.Version(2)) {
		t.Fatalf("without steps: %s, %+v", c.State, g)
	}
	// The steps come late: the result decides alone now.
	f.custodyStep(c, custody.Tested, happened(r.IssuedAt))
	o := f.custodyStep(c, custody.Arrived, happened(arrived), seals("C-1"))
	g := f.grades(o.Claim)["R-1"]
	if o.Claim.State != claim.Notified || g.Rank != 5 || !g.Extendable(f.Catalog().Rules.Version(2)) {
		t.Fatalf("with its steps: %s, %+v", o.Claim.State, g)
	}
	events := f.Rows("m1").Events
	last := events[len(events)-1]
	if last.Kind != event.CustodyStepAdded || last.Move == nil || !strings.Contains(last.Detail("ranks"), "=5") {
		t.Errorf("event: %+v", last)
	}
	// A sealing that is told of later shows that the seal on arrival was another one.
	o = f.custodyStep(c, custody.Sealed, happened(arrived.Add(-2*time.Hour)), seals("C-2"))
	f.custodyStep(c, custody.Shipped, happened(arrived.Add(-time.Hour)))
	if g := f.grades(c)["R-1"]; o.Claim.State != claim.InReview || g.Rank != 6 || g.Custody.State != custody.SealDiffers && g.Custody.State != custody.Gap {
		t.Fatalf("with another seal: %s, %+v", o.Claim.State, g)
	}
	// The seal was misread, and is corrected: the reviewer who has the claim by now decides.
	o = f.custodyStep(c, custody.Sealed, happened(arrived.Add(-2*time.Hour)), seals("c-１"), corrects(3))
	if g := f.grades(c)["R-1"]; o.Claim.State != claim.InReview || g.Rank != 5 || g.Custody.State != custody.Complete {
		t.Fatalf("with the seal corrected: %s, %+v", o.Claim.State, g)
	}
	// Once the merchant has appealed, a broken chain brings the claim before a reviewer.
	c = f.provedCounterfeit("l2")
	c = f.done(f.request("m1", "AppealClaim"), &book.AppealClaim{OnClaim: book.OnClaim{ClaimID: c.ID}, Note: "n"}).Claim
	o = f.broken(c)
	if o.Claim.State != claim.InReview || o.Claim.Funding.Held == 0 {
		t.Errorf("after the appeal: %s with %d held", o.Claim.State, o.Claim.Funding.Held)
	}
}

// weakly files a claim with the result of lab-1 on a consumer's sample whose steps are not told.
func (f *fixture) weakly(lineID string, found claim.Verdict) (*claim.Claim, claim.Result) {
	f.t.Helper()
	c := f.file(filing(line("m1", lineID, 1, 10_000), 1))
	f.Move(24 * time.Hour)
	r := result(c, found, lineID+"-1")
	r.Sample, r.SampleID, r.IssuedAt = claim.ConsumerSample, "S1", f.Now()
	return f.record(c, r), r
}

// proved tells the steps that the result needs, the arrival last.
func (f *fixture) proved(c *claim.Claim, r claim.Result) *claim.Claim {
	f.t.Helper()
	f.custodyStep(c, custody.Tested, happened(r.IssuedAt))
	return f.custodyStep(c, custody.Arrived, happened(r.IssuedAt.Add(-2*time.Hour)), seals("C-1")).Claim
}

// provedCounterfeit is a claim whose verdict rests on a complete chain.
func (f *fixture) provedCounterfeit(lineID string) *claim.Claim {
	f.t.Helper()
	c := f.proved(f.weakly(lineID, claim.Counterfeit))
	if c.State != claim.Notified {
		f.t.Fatalf("found counterfeit: %s", c.State)
	}
	return c
}

// broken tells of a seal that was put on before the arrival, and is another one.
func (f *fixture) broken(c *claim.Claim) book.Outcome {
	f.t.Helper()
	f.custodyStep(c, custody.Received, happened(f.Now().Add(-24*time.Hour)))
	return f.custodyStep(c, custody.Sealed, happened(f.Now().Add(-12*time.Hour)), seals("X"))
}

// Would catch a step of custody that ends what a person has decided or is to decide: after a
// reconsideration, a refused approval, a reviewer's request for another test, or a reviewer's
// verdict; and one that moves a claim although its results find what they found before.
func TestV6StepsOfCustodyEndNothingThatAPersonDecides(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Decide(*claim.FirstRules(), stepsRules())
	labs(f)
	f.approving(50_000)
	f.open("m1", 1_000_000)
	stays := func(name string, c *claim.Claim, want claim.State) {
		t.Helper()
		if now := f.current(c); now.State != want {
			t.Errorf("%s: %s, want %s", name, now.State, want)
		}
	}
	c, r := f.weakly("l1", claim.Counterfeit)
	c, err := f.decide(c, book.Reject)
	f.must(err)
	c, err = f.reconsider(c, "e1")
	f.must(err)
	f.proved(c, r)
	stays("after a reconsideration", c, claim.InReview)

	c, r = f.weakly("l2", claim.Counterfeit)
	c, err = f.decide(c, book.Retest)
	f.must(err)
	f.proved(c, r)
	stays("while another test is asked for", c, claim.Authenticating)

	c, r = f.weakly("l3", claim.Genuine)
	c, err = f.decide(c, book.Uphold, claim.Unit{Ordinal: 1, Verdict: claim.Counterfeit})
	f.must(err)
	f.proved(c, r)
	stays("after a reviewer's verdict", c, claim.Notified)

	c = f.accept(f.provedCounterfeit("l4"))
	stays("accepted", c, claim.AwaitingApproval)
	c = f.did("anna", "ApproveClaim", c, &book.ApproveClaim{OnClaim: on(c), Refuse: true, Note: "look again"})
	n := f.broken(c).Custody.Number
	if g := f.grades(c)["l4-1"]; g.Rank != 6 {
		t.Errorf("broken: %+v", g)
	}
	f.custodyStep(c, custody.Sealed, happened(f.Now().Add(-12*time.Hour)), seals("C-1"), corrects(n))
	f.custodyStep(c, custody.Shipped, happened(f.Now().Add(-10*time.Hour)))
	if g := f.grades(c)["l4-1"]; g.Rank != 5 {
		t.Errorf("mended: %+v", g)
	}
	stays("after a refused approval", c, claim.InReview)

	// A rank that changes where another result carries the verdict changes nothing.
	c = f.provedCounterfeit("l5")
	other := result(c, claim.Counterfeit, "l5-2")
	other.AuthenticatorID, other.Sample, other.SampleID, other.IssuedAt = "lab-2", claim.ConsumerSample, "S2", f.Now()
	c = f.record(c, other)
	version := c.Version
	of := func(x *custody.Step) { x.SampleID, x.AuthenticatorID = "S2", "lab-2" }
	f.custodyStep(c, custody.Tested, happened(other.IssuedAt), of)
	o := f.custodyStep(c, custody.Arrived, happened(other.IssuedAt.Add(-time.Hour)), of)
	if g := f.grades(c)["l5-2"]; g.Rank != 5 || o.Claim.State != claim.Notified || o.Claim.Version != version {
		t.Errorf("moved from version %d to %d, %s, by %+v", version, o.Claim.Version, o.Claim.State, g)
	}
}

// Would catch a word of the recorder that counts although steps tell otherwise, one that counts
// for a result of before no more, and a result that escapes the steps because it names no sample.
func TestV6TheFlagOfBeforeCountsOnlyWithoutSteps(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 1_000_000)
	c := f.file(filing(line("m1", "l1", 2, 10_000), 1, 2))
	both := []claim.Unit{{Ordinal: 1, Verdict: claim.Genuine}, {Ordinal: 2, Verdict: claim.Inconclusive}}
	for _, x := range []struct {
		report string
		intact bool
		want   int
	}{{"intact", true, 3}, {"broken", false, 4}} {
		r := result(c, claim.Genuine, x.report)
		r.Units, r.CustodyIntact = both, x.intact
		f.record(c, r)
		if g := f.grades(c)[x.report]; g.Rank != x.want || g.Custody.State != custody.AsTold || g.Extendable(claim.FirstRules()) {
			t.Errorf("%s: %+v", x.report, g)
		}
	}
	f.custodyStep(c, custody.Bought)
	for _, g := range f.grades(c) {
		if g.Rank != 4 || g.Custody.State != custody.Gap {
			t.Errorf("with a step: %+v", g)
		}
	}
	if rows := f.Rows("m1"); rows.SortedResults()[0].CustodyIntact == rows.SortedResults()[1].CustodyIntact {
		t.Error("what the recorders said is not kept")
	}
}

// Would catch a step that cannot have been and is recorded, a refusal that names another field,
// and one that leaves something behind.
func TestStepsOfCustodyThatCannotHaveBeenAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 1_000_000)
	c := f.file(filing(line("m1", "l1", 2, 10_000), 1, 2))
	f.custodyStep(c, custody.Received, func(x *custody.Step) { x.Units = []int32{2} })
	f.custodyStep(c, custody.Sealed, seals("A"))
	f.custodyStep(c, custody.Sealed, seals("B"), corrects(2))
	sealedAt := f.Now()
	f.custodyStep(c, custody.Destroyed, func(x *custody.Step) { x.SampleID = "gone" })
	goneAt := f.Now()
	events := len(f.Rows("m1").Events)
	for _, x := range []struct {
		name   string
		kind   custody.Kind
		change func(*custody.Step)
		reason fault.Reason
		field  string
	}{
		{"future", custody.Shipped, happened(f.Now().Add(48 * time.Hour)), fault.RequestInvalid, "happened_at"},
		{"before the order", custody.Shipped, happened(start.AddDate(-3, 0, 0)), fault.RequestInvalid, "happened_at"},
		{"no seal", custody.Sealed, seals(), fault.RequestInvalid, "seals"},
		{"seal twice", custody.Sealed, seals("a", "Ａ"), fault.RequestInvalid, "seals"},
		{"unseen seal", custody.Sealed, seals("\u200b"), fault.RequestInvalid, "seals"},
		{"no body", custody.Arrived, func(x *custody.Step) { x.AuthenticatorID = "" }, fault.RequestInvalid, "authenticator"},
		{"unknown body", custody.Arrived, func(x *custody.Step) { x.AuthenticatorID = "nobody" }, fault.AuthenticatorNotFound, "authenticator"},
		{"unclaimed unit", custody.Bought, func(x *custody.Step) { x.SampleID, x.Units = "S2", []int32{3} }, fault.UnitNotClaimed, "units"},
		{"other units", custody.Shipped, func(x *custody.Step) { x.Units = []int32{1, 2} }, fault.CustodyStepConflict, "units"},
		{"unknown evidence", custody.Shipped, func(x *custody.Step) { x.Evidence = []string{strings.Repeat("a", 64)} }, fault.CustodyEvidenceUnknown, "evidence_digests"},
		{"corrects nothing", custody.Sealed, func(x *custody.Step) { x.Seals, x.Corrects = []string{"A"}, 9 }, fault.CustodyStepConflict, "corrects"},
		{"corrects another sample", custody.Destroyed, func(x *custody.Step) { x.SampleID, x.Corrects = "S1", 4 }, fault.CustodyStepConflict, "corrects"},
		{"corrected already", custody.Sealed, func(x *custody.Step) { x.Seals, x.Corrects = []string{"A"}, 2 }, fault.CustodyStepConflict, "corrects"},
		{"after the end", custody.Shipped, func(x *custody.Step) { x.SampleID = "gone" }, fault.CustodyStepConflict, "happened_at"},
		{"destroyed twice", custody.Destroyed, func(x *custody.Step) { x.SampleID, x.HappenedAt = "gone", goneAt }, fault.CustodyStepConflict, "kind"},
		{"destroyed before", custody.Destroyed, happened(sealedAt.Add(-time.Minute)), fault.CustodyStepConflict, "happened_at"},
	} {
		_, err := f.tryStep(c, x.kind, x.change)
		if e, ok := fault.As(err); !ok || e.Reason != x.reason || e.Field != x.field {
			t.Errorf("%s: %v, want %s at %s", x.name, err, x.reason, x.field)
		}
	}
	lab := book.AddCustodyStep{ByBody: true, Step: custody.Step{ClaimID: c.ID, SampleID: "S1", Kind: custody.Arrived, AuthenticatorID: "lab-1", HappenedAt: f.Now()}}
	// A body without a commission is told nothing of the claim, whatever it asks.
	for _, change := range []func(*custody.Step){
		func(*custody.Step) {}, happened(f.Now().Add(48 * time.Hour)), func(x *custody.Step) { x.Units = []int32{3} }, corrects(9),
		func(x *custody.Step) { x.SampleID = "gone" }, func(x *custody.Step) { x.Evidence = []string{strings.Repeat("a", 64)} },
	} {
		asked := lab
		change(&asked.Step)
		if _, err := f.Do(f.request("m1", "AddCustodyStep"), &asked); !isRefused(err, fault.ClaimNotFound, "") {
			t.Errorf("a body without a commission: %v", err)
		}
	}
	r := result(c, claim.Genuine, "R-1")
	for _, change := range []struct {
		to     func(*claim.Result)
		reason fault.Reason
	}{
		{func(r *claim.Result) { r.SampleID = "S1" }, fault.CustodySampleMismatch},
		{func(r *claim.Result) { r.SampleID, r.Sample = "S1", claim.Photos }, fault.RequestInvalid},
	} {
		wrong := r
		wrong.ClaimID, wrong.AuthenticatorID = c.ID, "lab-1"
		change.to(&wrong)
		_, err := f.Do(f.request("m1", "RecordResult"), &book.RecordResult{Result: wrong})
		if e, ok := fault.As(err); !ok || e.Reason != change.reason || e.Field != "sample" {
			t.Errorf("%v, want %s at sample", err, change.reason)
		}
	}
	if got := len(f.Rows("m1").Events); got != events {
		t.Errorf("refusals left %d events", got-events)
	}
	f.done(f.request("m1", "CommissionItem"), &book.CommissionItem{ClaimID: c.ID, AuthenticatorID: "lab-2", Units: []int32{1}, DueAt: f.Now().AddDate(0, 0, 10)})
	of := lab
	of.Step.AuthenticatorID = "lab-2"
	if _, err := f.Do(f.request("m1", "AddCustodyStep"), &of); !isRefused(err, fault.CommissionNotFound, "authenticator") {
		t.Errorf("a body with a commission of another unit: %v", err)
	}
	f.commission(c, "lab-1")
	if o := f.done(f.request("m1", "AddCustodyStep"), &lab); o.Custody.Number != 5 || o.Custody.Units != nil ||
		!slices.Equal(f.Rows("m1").Custody[booktest.CustodyKey{Claim: c.ID, Number: 1}].Units, []int32{2}) {
		t.Errorf("a body with a commission: %+v", o.Custody)
	}
}

// Would catch a party or a body that takes away a step of another by correcting it, one that
// tells what is not its to tell, a suspended body that goes on telling, and a refusal that leaves
// something behind.
func TestV6PartiesCorrectTheirOwnStepsAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 1_000_000)
	c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
	f.commission(c, "lab-1")
	f.commission(c, "lab-2")
	tell := func(role principal.Role, x custody.Step) error {
		f.Move(time.Hour)
		h := f.request("m1", "AddCustodyStep")
		h.Principal.Role = role
		x.ClaimID, x.SampleID, x.HappenedAt = c.ID, "S1", f.Now()
		_, err := f.Do(h, &book.AddCustodyStep{Step: x, ByBody: role == principal.RoleAuthenticator})
		return err
	}
	const (
		order, lab, support = principal.RoleOrderService, principal.RoleAuthenticator, principal.RoleSupport
	)
	f.must(tell(support, custody.Step{Kind: custody.Received}))                         // 1
	f.must(tell(support, custody.Step{Kind: custody.Sealed, Seals: []string{"A"}}))     // 2
	f.must(tell(order, custody.Step{Kind: custody.Shipped}))                            // 3
	f.must(tell(lab, custody.Step{Kind: custody.Arrived, AuthenticatorID: "lab-1"}))    // 4
	f.must(tell(support, custody.Step{Kind: custody.Tested, AuthenticatorID: "lab-1"})) // 5
	f.must(tell(order, custody.Step{Kind: custody.Returned, AuthenticatorID: "lab-1"})) // 6
	f.must(tell(lab, custody.Step{Kind: custody.Retained, AuthenticatorID: "lab-2"}))   // 7
	events := len(f.Rows("m1").Events)
	for name, x := range map[string]struct {
		role  principal.Role
		step  custody.Step
		field string
	}{
		"a sealing by the order service":    {order, custody.Step{Kind: custody.Sealed, Seals: []string{"B"}}, "kind"},
		"a purchase by a body":              {lab, custody.Step{Kind: custody.Bought, AuthenticatorID: "lab-1"}, "kind"},
		"support's by the order service":    {order, custody.Step{Kind: custody.Received, Corrects: 1}, "corrects"},
		"a body's by the order service":     {order, custody.Step{Kind: custody.Shipped, Corrects: 4}, "corrects"},
		"support's by a body":               {lab, custody.Step{Kind: custody.Sealed, Seals: []string{"B"}, AuthenticatorID: "lab-1", Corrects: 2}, "corrects"},
		"the order service's by a body":     {lab, custody.Step{Kind: custody.Shipped, AuthenticatorID: "lab-1", Corrects: 3}, "corrects"},
		"support's that names the body":     {lab, custody.Step{Kind: custody.Tested, AuthenticatorID: "lab-1", Corrects: 5}, "corrects"},
		"the order service's that names it": {lab, custody.Step{Kind: custody.Returned, AuthenticatorID: "lab-1", Corrects: 6}, "corrects"},
		"another body's":                    {lab, custody.Step{Kind: custody.Retained, AuthenticatorID: "lab-1", Corrects: 7}, "corrects"},
	} {
		if err := tell(x.role, x.step); !isRefused(err, fault.AccessDenied, x.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	f.SetBody(authenticator.Body{
		ID: "lab-2", Version: 9, Revision: 1, Changes: 2, RegisteredAt: f.Now(), Suspended: authenticator.Suspension{Change: 2, At: f.Now(), Reason: "sold reports"},
		Content: authenticator.Content{Kind: claim.AccreditedLab, DisplayName: "lab-2"},
	})
	if err := tell(lab, custody.Step{Kind: custody.Arrived, AuthenticatorID: "lab-2"}); !isRefused(err, fault.AuthenticatorSuspended, "authenticator") {
		t.Errorf("a suspended body: %v", err)
	}
	if got := len(f.Rows("m1").Events); got != events {
		t.Errorf("refusals left %d events", got-events)
	}
	f.must(tell(order, custody.Step{Kind: custody.Shipped, Corrects: 3}))
	f.must(tell(lab, custody.Step{Kind: custody.Arrived, AuthenticatorID: "lab-1", Corrects: 4}))
	f.must(tell(support, custody.Step{Kind: custody.Retained, AuthenticatorID: "lab-2", Corrects: 7}))
}
