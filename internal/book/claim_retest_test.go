package book_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// retesting is a fixture with four laboratories, by whose rules the server draws re-tests.
func retesting(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	rules := *claim.FirstRules()
	rules.Version, rules.EffectiveFrom = 2, start
	rules.Reinspection = claim.ReinspectionRules{Independent: true, Final: true, RetestDays: 21}
	f.Decide(*claim.FirstRules(), rules)
	labs(f)
	f.authenticator("lab-3", claim.AccreditedLab)
	f.authenticator("lab-4", claim.AccreditedLab)
	f.open("m1", 1_000_000)
	return f
}

// by is a result of a body on all units of a claim.
func by(c *claim.Claim, body string, v claim.Verdict) claim.Result {
	r := result(c, v, "R-"+body)
	r.AuthenticatorID = body
	return r
}

// near says whether two times are the same but for what a book adds to keep its commands apart.
func near(a, b time.Time) bool { return a.Sub(b).Abs() < time.Millisecond }

// disagree gives a claim on which lab-1 and lab-2 disagree.
func (f *fixture) disagree(on string, quantity int32, units ...int32) *claim.Claim {
	f.t.Helper()
	c := f.file(filing(line("m1", on, quantity, 10_000), units...))
	f.record(c, by2(c, "lab-1", claim.Counterfeit, on))
	return f.record(c, by2(c, "lab-2", claim.Genuine, on))
}

func by2(c *claim.Claim, body string, v claim.Verdict, report string) claim.Result {
	r := by(c, body, v)
	r.ReportNumber += "-" + report
	return r
}

// draw takes the worker's step on a claim as it was seen.
func (f *fixture) draw(c *claim.Claim, candidates ...string) (book.Outcome, error) {
	f.t.Helper()
	cmd := book.DrawRetest{ClaimID: c.ID, At: c.RetestAt, Draw: book.Drawing{
		Kinds: []claim.AuthenticatorKind{claim.AccreditedLab}, Seed: bytes.Repeat([]byte{7}, commission.SeedLength), Fitting: len(candidates),
	}}
	for _, id := range candidates {
		cmd.Draw.Candidates = append(cmd.Draw.Candidates, commission.Candidate{AuthenticatorID: id})
	}
	return f.Do(request.System(c.MerchantID, "DrawRetest"), &cmd)
}

// drawn draws a body for a claim.
func (f *fixture) drawn(c *claim.Claim, candidates ...string) commission.Commission {
	f.t.Helper()
	o, err := f.draw(c, candidates...)
	f.must(err)
	if o.Commission == nil {
		f.t.Fatalf("nobody was drawn: %+v", o.Claim)
	}
	return *o.Commission
}

var allLabs = []string{"lab-1", "lab-2", "lab-3", "lab-4"}

// Would catch a conflict for which nobody is drawn, a draw of a body that has found already, one of
// another claim's rules, a second draw for one conflict, a commission without the seed and the
// candidates, and a result of the drawn body that is not final.
func TestV3AConflictDrawsItsRetestByItself(t *testing.T) {
	t.Parallel()
	f := retesting(t)
	c := f.disagree("l1", 2, 1, 2)
	if c.State != claim.InReview || !near(c.RetestAt, f.Now()) || c.RetestHeld != "" {
		t.Fatalf("conflict: %s, drawn at %s, held %q", c.State, c.RetestAt, c.RetestHeld)
	}
	if events := f.Rows("m1").Events; events[len(events)-1].Detail("retest_units") != "1 2" {
		t.Errorf("the event tells %v", events[len(events)-1].Details)
	}
	x := f.drawn(c, allLabs...)
	if x.MadeAs != string(principal.RoleSystem) || x.MadeBy != "" || len(x.Seed) != commission.SeedLength || len(x.Candidates) != 2 || len(x.Units) != 2 ||
		x.Questions != book.RetestQuestion || !near(x.DueAt, f.Now().AddDate(0, 0, 21)) || x.AuthenticatorID == "lab-1" || x.AuthenticatorID == "lab-2" {
		t.Errorf("drawn: %+v", x)
	}
	if now := f.current(c); !now.RetestAt.IsZero() || now.State != claim.InReview {
		t.Errorf("after the draw: %s, drawn at %s", now.State, now.RetestAt)
	}
	// The worker that saw the same, and one that comes again.
	for range 2 {
		if _, err := f.draw(c, allLabs...); !isRefused(err, fault.ClaimChanged, "") {
			t.Errorf("a second draw: %v", err)
		}
	}
	c = f.record(c, by(c, x.AuthenticatorID, claim.Genuine))
	w := f.lastWeighing()
	if c.State != claim.Rejected || w.Rules != 2 || len(w.Results) != 3 || w.Units[0].Reason != claim.FinalReinspection || w.Units[0].Rank != 2 || !c.RetestAt.IsZero() {
		t.Errorf("decided: %s, %s, %s", c.State, w.String(), c.RetestAt)
	}
	if now := f.commissioned(x); now.State != commission.Reported {
		t.Errorf("the commission is %s", now.State)
	}
	f.audited()
}

// Would catch a re-test of photos, of a conflict above which there is only a court, of a unit that
// was re-inspected in vain, and one by rules that leave it to a person.
func TestV3OnlyConflictsOfGoodsAreRetested(t *testing.T) {
	t.Parallel()
	f := retesting(t)
	c := f.file(filing(line("m1", "photos", 1, 10_000), 1))
	for _, r := range []claim.Result{by2(c, "lab-1", claim.Counterfeit, "p"), by2(c, "lab-2", claim.Genuine, "p")} {
		r.Sample = claim.Photos
		c = f.record(c, r)
	}
	if c.State != claim.InReview || !c.RetestAt.IsZero() {
		t.Errorf("photos: %s, drawn at %s", c.State, c.RetestAt)
	}
	f.authenticator("court-1", claim.Court)
	f.authenticator("court-2", claim.Court)
	c = f.file(filing(line("m1", "courts", 1, 10_000), 1))
	f.record(c, by2(c, "court-1", claim.Counterfeit, "j"))
	if c = f.record(c, by2(c, "court-2", claim.Genuine, "j")); c.State != claim.InReview || !c.RetestAt.IsZero() {
		t.Errorf("judgments: %s, drawn at %s", c.State, c.RetestAt)
	}
	c = f.disagree("vain", 1, 1)
	x := f.drawn(c, allLabs...)
	if c = f.record(c, by2(c, x.AuthenticatorID, claim.Inconclusive, "vain")); c.State != claim.InReview || !c.RetestAt.IsZero() || c.RetestHeld != "" {
		t.Errorf("in vain: %s, drawn at %s, held %q", c.State, c.RetestAt, c.RetestHeld)
	}
	f.Decide(*claim.FirstRules())
	if c = f.disagree("old", 1, 1); c.State != claim.InReview || !c.RetestAt.IsZero() {
		t.Errorf("old rules: %s, drawn at %s", c.State, c.RetestAt)
	}
}

// Would catch a claim that nobody can be drawn for and that does not say so, or says it with every
// look; a draw that is tried again at once, or never; and a reason that outlasts its end.
func TestV3ClaimsSayWhyNobodyCouldBeDrawn(t *testing.T) {
	t.Parallel()
	f := retesting(t)
	c := f.disagree("l1", 1, 1)
	since := f.Now()
	for i, pause := range []time.Duration{time.Hour, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, 24 * time.Hour, 24 * time.Hour} {
		o, err := f.draw(c, "lab-1", "lab-2")
		f.must(err)
		if c = o.Claim; o.Commission != nil || c.RetestHeld != claim.RetestNoBody || !near(c.RetestAt, f.Now().Add(pause)) {
			t.Fatalf("try %d after %s: held %q until %s", i, f.Now().Sub(since), c.RetestHeld, c.RetestAt)
		}
		if _, err := f.draw(c, allLabs...); !isRefused(err, fault.ClaimChanged, "") {
			t.Errorf("before its time: %v", err)
		}
		f.Move(c.RetestAt.Sub(f.Now()))
	}
	if n := f.told("m1", event.RetestHeld); n != 8 {
		t.Errorf("%d events tell that nobody could be drawn", n)
	}
	if x := f.drawn(c, allLabs...); x.AuthenticatorID == "lab-1" || f.current(c).RetestHeld != "" {
		t.Errorf("drawn later: %+v, held %q", x, f.current(c).RetestHeld)
	}
	// The only sample is destroyed, by a step that was told wrongly.
	c = f.disagree("l2", 1, 1)
	f.custodyStep(c, custody.Received)
	for _, kind := range []custody.Kind{custody.Sealed, custody.Shipped, custody.Arrived, custody.Tested} {
		f.custodyStep(c, kind, seals("S"))
	}
	c = f.custodyStep(c, custody.Destroyed).Claim
	if c.RetestHeld != claim.RetestGoodsGone || !c.RetestAt.IsZero() {
		t.Errorf("destroyed: held %q until %s", c.RetestHeld, c.RetestAt)
	}
	c = f.custodyStep(c, custody.Retained, corrects(6)).Claim
	if c.RetestHeld != "" || !near(c.RetestAt, f.Now()) {
		t.Errorf("kept after all: held %q until %s", c.RetestHeld, c.RetestAt)
	}
	// As many commissions as a claim can have.
	c = f.file(filing(line("m1", "l3", 1, 10_000), 1))
	for range commission.PerClaimMax {
		f.step(f.commission(c, "lab-4"), commission.Decline)
	}
	f.record(c, by2(c, "lab-1", claim.Counterfeit, "l3"))
	if c = f.record(c, by2(c, "lab-2", claim.Genuine, "l3")); c.RetestHeld != claim.RetestLimit || !c.RetestAt.IsZero() {
		t.Errorf("the limit: held %q until %s", c.RetestHeld, c.RetestAt)
	}
	f.audited()
}

// Would catch a re-test that goes on although its conflict has gone, before the draw or before the
// body accepts; one that is taken from a body that has accepted; and one that a decision of a person
// leaves behind.
func TestV3RetestsEndWithTheirConflict(t *testing.T) {
	t.Parallel()
	f := retesting(t)
	retract := func(c *claim.Claim, of string) *claim.Claim {
		t.Helper()
		for _, r := range f.Rows("m1").SortedResults() {
			if r.ClaimID == c.ID && r.AuthenticatorID == of {
				return f.done(f.request("m1", "RetractResult"), &book.RetractResult{OnClaim: book.OnClaim{ClaimID: c.ID}, ResultID: r.ID, Note: "mixed up"}).Claim
			}
		}
		t.Fatalf("%s has no result", of)
		return nil
	}
	// The result is taken back before the draw.
	c := f.disagree("l1", 1, 1)
	if now := retract(c, "lab-2"); !now.RetestAt.IsZero() {
		t.Errorf("retracted before the draw: drawn at %s", now.RetestAt)
	}
	if _, err := f.draw(c, allLabs...); !isRefused(err, fault.ClaimChanged, "") {
		t.Errorf("a draw for no conflict: %v", err)
	}
	// Before the body accepts, and the other result comes back.
	c = f.disagree("l2", 1, 1)
	x := f.drawn(c, "lab-3")
	retract(c, "lab-2")
	if now := f.commissioned(x); now.State != commission.Cancelled || now.Note == "" {
		t.Errorf("retracted before it was accepted: %s %q", now.State, now.Note)
	}
	if c = f.record(c, by2(c, "lab-2", claim.Genuine, "again")); c.RetestAt.IsZero() {
		t.Error("nobody is drawn for the conflict that is back")
	}
	// After it has accepted.
	c = f.disagree("l3", 1, 1)
	x = f.step(f.drawn(c, "lab-3"), commission.Accept)
	retract(c, "lab-2")
	if now := f.commissioned(x); now.State != commission.Accepted {
		t.Errorf("retracted after it was accepted: %s", now.State)
	}
	// A third body re-inspects first; then a court.
	f.authenticator("court", claim.Court)
	for body, final := range map[string]bool{"lab-4": true, "court": false} {
		c = f.disagree("of-"+body, 1, 1)
		x = f.drawn(c, "lab-3")
		third := by2(c, body, claim.Genuine, "third")
		third.Reinspection = final
		if now := f.record(c, third); now.State != claim.Rejected || f.commissioned(x).State != commission.Cancelled {
			t.Errorf("%s was first: %s, and the commission is %s", body, now.State, f.commissioned(x).State)
		}
	}
	// A person decides.
	for _, decision := range []book.Decision{book.Reject, book.Retest} {
		c = f.disagree("by-"+string(decision), 1, 1)
		x = f.drawn(c, "lab-3")
		f.done(f.request("m1", "DecideReview"), &book.DecideReview{OnClaim: book.OnClaim{ClaimID: c.ID}, Decision: decision, Note: "enough"})
		want := map[book.Decision]commission.State{book.Reject: commission.Cancelled, book.Retest: commission.Offered}[decision]
		if now := f.commissioned(x); now.State != want {
			t.Errorf("%s: the commission is %s", decision, now.State)
		}
	}
	// A person decides before the draw.
	c = f.disagree("early", 1, 1)
	now := f.done(f.request("m1", "DecideReview"), &book.DecideReview{OnClaim: book.OnClaim{ClaimID: c.ID}, Decision: book.Reject, Note: "enough"}).Claim
	if !now.RetestAt.IsZero() {
		t.Errorf("decided, and a body is drawn at %s", now.RetestAt)
	}
	f.audited()
}

// Would catch a declined re-test that strands its claim, a body that is drawn twice, a draw beside a
// body that a person has named, and one behind the back of a person who cancelled.
func TestV3ADeclinedRetestIsDrawnAgain(t *testing.T) {
	t.Parallel()
	f := retesting(t)
	c := f.disagree("l1", 1, 1)
	x := f.step(f.drawn(c, "lab-3", "lab-4"), commission.Decline)
	c = f.current(c)
	if !near(c.RetestAt, f.Now()) {
		t.Fatalf("declined: drawn at %s", c.RetestAt)
	}
	second := f.step(f.drawn(c, "lab-3", "lab-4"), commission.Accept)
	if second.AuthenticatorID == x.AuthenticatorID {
		t.Errorf("%s was drawn twice", x.AuthenticatorID)
	}
	if second = f.step(second, commission.Decline); second.State != commission.Declined {
		t.Errorf("declined after it was accepted: %s", second.State)
	}
	o, err := f.draw(f.current(c), "lab-3", "lab-4")
	if err != nil || o.Claim.RetestHeld != claim.RetestNoBody {
		t.Errorf("nobody is left: %+v, %v", o.Claim, err)
	}
	// A person names a body, first or instead.
	named := f.commission(c, "lab-4")
	if now := f.current(c); !now.RetestAt.IsZero() || now.RetestHeld != "" {
		t.Errorf("named: drawn at %s, held %q", now.RetestAt, now.RetestHeld)
	}
	if _, err := f.draw(o.Claim, allLabs...); !isRefused(err, fault.ClaimChanged, "") {
		t.Errorf("beside a named body: %v", err)
	}
	f.step(named, commission.Decline)
	if now := f.current(c); now.RetestAt.IsZero() {
		t.Error("the named body declined, and nobody is drawn")
	}
	c = f.disagree("l2", 1, 1)
	x = f.drawn(c, "lab-3", "lab-4")
	f.done(f.request("m1", "Cancel"), &book.MoveCommission{OnCommission: book.OnCommission{ClaimID: c.ID, Number: x.Number}, Step: commission.Cancel, Note: "I decide"})
	if now := f.current(c); !now.RetestAt.IsZero() {
		t.Errorf("cancelled by a person: drawn at %s", now.RetestAt)
	}
	f.audited()
}

// Would catch a suspended body that accepts, receives or adds evidence by itself, or whose consent is
// told by an operator; one that cannot decline; and one whose commissions stay open, or end at once.
func TestSuspendedBodiesTakeNothingOver(t *testing.T) {
	t.Parallel()
	f := retesting(t)
	c := f.disagree("l1", 1, 1)
	offered, other := f.drawn(c, "lab-3"), f.step(f.commission(f.file(filing(line("m1", "l2", 1, 10_000), 1)), "lab-3"), commission.Accept)
	third := f.commission(f.file(filing(line("m1", "l3", 1, 10_000), 1)), "lab-3")
	suspended := authenticator.Body{
		ID: "lab-3", Version: 2, Revision: 1, Changes: 2, RegisteredAt: start, Suspended: authenticator.Suspension{Change: 2, At: f.Now(), Reason: "sold reports"},
		Content: authenticator.Content{Kind: claim.AccreditedLab, DisplayName: "lab-3"},
	}
	f.SetBody(suspended)
	on := func(x commission.Commission, body string) book.OnCommission {
		return book.OnCommission{ClaimID: x.ClaimID, Number: x.Number, AuthenticatorID: body}
	}
	head := f.head("m1")
	for what, cmd := range map[string]book.Command{
		"accepts":     &book.MoveCommission{OnCommission: on(offered, "lab-3"), Step: commission.Accept},
		"is accepted": &book.MoveCommission{OnCommission: on(offered, ""), Step: commission.Accept},
		"receives":    &book.MoveCommission{OnCommission: on(other, "lab-3"), Step: commission.Receive},
		"adds":        &book.AddEvidence{ClaimID: c.ID, Kind: "REPORT", Reference: "r", Digest: "aa", AuthenticatorID: "lab-3"},
		"reports":     &book.RecordResult{Result: by(c, "lab-3", claim.Genuine)},
	} {
		if _, err := f.Do(f.request("m1", "Suspended"), cmd); !isRefused(err, fault.AuthenticatorSuspended, "") {
			t.Errorf("%s: %v", what, err)
		}
	}
	leave := func(x commission.Commission) error {
		_, err := f.Do(request.System("m1", "LeaveSuspended"), &book.LeaveSuspended{OnCommission: on(x, ""), Body: x.AuthenticatorID})
		return err
	}
	if err := leave(offered); !isRefused(err, fault.ClaimChanged, "") {
		t.Errorf("left at once: %v", err)
	}
	if f.head("m1") != head {
		t.Error("refusals left a trace")
	}
	if x := f.step(third, commission.Decline); x.State != commission.Declined {
		t.Errorf("declined: %s", x.State)
	}
	// What somebody else tells of the item is taken.
	f.done(f.request("m1", "Receive"), &book.MoveCommission{OnCommission: on(other, ""), Step: commission.Receive})
	f.Move(time.Hour)
	for _, x := range []commission.Commission{offered, other} {
		f.must(leave(x))
		if now := f.commissioned(x); now.State != commission.Cancelled || now.Note != "The authenticator is suspended." {
			t.Errorf("left: %s %q", now.State, now.Note)
		}
		if err := leave(x); !isRefused(err, fault.ClaimChanged, "") {
			t.Errorf("left twice: %v", err)
		}
	}
	if c = f.current(c); !near(c.RetestAt, f.Now()) {
		t.Fatalf("the re-test is drawn at %s", c.RetestAt)
	}
	if x := f.drawn(c, slices.Clone(allLabs)...); x.AuthenticatorID != "lab-4" {
		t.Errorf("drawn again: %s", x.AuthenticatorID)
	}
	// One that a person had drawn is given to another body of the kind, which has as much time.
	suspended.Version, suspended.Suspended = 3, authenticator.Suspension{}
	f.SetBody(suspended)
	draw := book.Drawing{
		Kinds: []claim.AuthenticatorKind{claim.AccreditedLab}, Seed: bytes.Repeat([]byte{7}, commission.SeedLength),
		Candidates: []commission.Candidate{{AuthenticatorID: "lab-3"}},
	}
	for on, left := range map[string]string{"l4": "lab-4", "l5": ""} {
		of := f.file(filing(line("m1", on, 2, 10_000), 1, 2))
		x := *f.done(f.request("m1", "CommissionItem"), &book.CommissionItem{
			ClaimID: of.ID, Units: []int32{2}, Questions: "which batch?", DueAt: f.Now().AddDate(0, 0, 9), Draw: draw,
		}).Commission
		again := suspended
		again.Suspended = authenticator.Suspension{Change: 4, At: f.Now(), Reason: "sold reports"}
		f.SetBody(again)
		f.Move(time.Hour)
		other := draw
		if other.Candidates = nil; left != "" {
			other.Candidates = []commission.Candidate{{AuthenticatorID: left}}
		}
		o := f.done(request.System("m1", "LeaveSuspended"), &book.LeaveSuspended{
			OnCommission: book.OnCommission{ClaimID: x.ClaimID, Number: x.Number}, Body: "lab-3", Draw: other,
		})
		if was := f.commissioned(x); was.State != commission.Cancelled {
			t.Errorf("drawn by a person: %s", was.State)
		}
		now := o.Commission
		if left == "" {
			if now.Number != x.Number {
				t.Errorf("with nobody left: %+v", now)
			}
		} else if now.AuthenticatorID != left || now.Replaces != x.Number || now.Questions != "which batch?" || !slices.Equal(now.Ordinals(), []int32{2}) ||
			!near(now.DueAt, f.Now().AddDate(0, 0, 9)) {
			t.Errorf("in its place: %+v", now)
		}
		f.SetBody(suspended)
	}
	// A body that counts again keeps its commissions.
	if err := leave(f.commission(c, "lab-3")); !isRefused(err, fault.ClaimChanged, "") {
		t.Errorf("reinstated: %v", err)
	}
	f.audited()
}
