package book_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// commission commissions a body with all units of a claim for ten days.
func (f *fixture) commission(c *claim.Claim, body string) commission.Commission {
	f.t.Helper()
	return *f.done(f.request(c.MerchantID, "CommissionItem"), &book.CommissionItem{
		ClaimID: c.ID, AuthenticatorID: body, DueAt: f.Now().AddDate(0, 0, 10), Questions: "is the seal genuine?",
	}).Commission
}

func (f *fixture) step(x commission.Commission, by commission.Step) commission.Commission {
	f.t.Helper()
	return *f.done(f.request(x.MerchantID, "Step"), &book.MoveCommission{
		OnCommission: book.OnCommission{ClaimID: x.ClaimID, Number: x.Number, AuthenticatorID: x.AuthenticatorID}, Step: by,
	}).Commission
}

// commissioned is a commission as it is stored.
func (f *fixture) commissioned(x commission.Commission) commission.Commission {
	return f.Rows(x.MerchantID).Commissions[booktest.CommissionKey{Claim: x.ClaimID, Number: x.Number}]
}

// Would catch a commission that a report on part of its units ends, one that its last report
// leaves open, a result that does not name it, and a result of a body that was not
// commissioned that names one. It would also catch a commission that moves money.
func TestReportsAnswerCommissions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 1_000_000)
	c := f.file(filing(line("m1", "l1", 3, 30_000), 1, 2, 3))
	moved := f.head("m1").TransferNumber
	x := f.commission(c, "lab-1")
	if x.Number != 1 || x.State != commission.Offered || len(x.Units) != 3 {
		t.Fatalf("made: %+v", x)
	}
	for _, by := range []commission.Step{commission.Accept, commission.Ship, commission.Receive} {
		f.Move(time.Hour)
		x = f.step(x, by)
	}
	if x.State != commission.Received || !x.AcceptedAt.Before(x.ShippedAt) || !x.ShippedAt.Before(x.ReceivedAt) || f.head("m1").TransferNumber != moved {
		t.Errorf("received: %+v", x)
	}
	other := result(c, claim.Genuine, "OTHER-1")
	other.AuthenticatorID = "lab-2"
	f.record(c, other)
	part := result(c, claim.Counterfeit, "R-1")
	part.Units = []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}}
	f.record(c, part)
	if now := f.commissioned(x); now.State != commission.Received || now.Units[0].Verdict != claim.Counterfeit || now.Units[1].Verdict != claim.Pending {
		t.Errorf("after part: %+v", now)
	}
	rest := result(c, claim.Counterfeit, "R-2")
	rest.Units = []claim.Unit{{Ordinal: 2, Verdict: claim.Counterfeit}, {Ordinal: 3, Verdict: claim.Genuine}}
	f.record(c, rest)
	if now := f.commissioned(x); now.State != commission.Reported || now.EndedAt.IsZero() {
		t.Errorf("after the rest: %+v", now)
	}
	late := result(c, claim.Counterfeit, "R-3")
	f.record(c, late)
	answers := make(map[string]int32)
	for _, r := range f.Rows("m1").SortedResults() {
		answers[r.ReportNumber] = r.Commission
	}
	if answers["R-1"] != 1 || answers["R-2"] != 1 || answers["OTHER-1"] != 0 || answers["R-3"] != 0 || len(answers) != 4 {
		t.Errorf("answers: %v", answers)
	}
}

// Would catch a result that answers the commission that stands first and not the one that it
// names, or the one that has all of its units; one that answers two; and one that names a
// commission which it cannot answer, and is recorded or leaves a trace.
func TestAResultAnswersOneCommission(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 1_000_000)
	c := f.file(filing(line("m1", "l1", 3, 30_000), 1, 2, 3))
	give := func(body string, units ...int32) commission.Commission {
		t.Helper()
		return *f.done(f.request("m1", "CommissionItem"), &book.CommissionItem{ClaimID: c.ID, AuthenticatorID: body, Units: units, DueAt: f.Now().AddDate(0, 0, 10)}).Commission
	}
	one, others, another := give("lab-1", 1), give("lab-1", 2, 3), give("lab-2", 1)
	declined := f.step(give("lab-2", 2), commission.Decline)
	report := func(number string, names int32, ordinals ...int32) claim.Result {
		r := result(c, claim.Genuine, number)
		r.Commission, r.Units = names, nil
		for _, u := range ordinals {
			r.Units = append(r.Units, claim.Unit{Ordinal: u, Verdict: claim.Genuine})
		}
		return r
	}
	events := len(f.Rows("m1").Events)
	for name, x := range map[string]struct {
		result claim.Result
		reason fault.Reason
	}{
		"one that is not there": {report("X", 9, 1), fault.CommissionNotFound},
		"another body's":        {report("X", another.Number, 1), fault.CommissionNotFound},
		"other units":           {report("X", others.Number, 1), fault.CommissionNotFound},
	} {
		if err := f.recordErr(x.result); !isRefused(err, x.reason, "commission") {
			t.Errorf("%s: %v", name, err)
		}
	}
	ended := report("X", declined.Number, 2)
	ended.AuthenticatorID = "lab-2"
	if err := f.recordErr(ended); !isRefused(err, fault.CommissionStateConflict, "commission") {
		t.Errorf("a declined one: %v", err)
	}
	if got := len(f.Rows("m1").Events); got != events {
		t.Errorf("refusals left %d events", got-events)
	}
	state := func(x commission.Commission) string {
		now := f.commissioned(x)
		text := string(now.State)
		for _, u := range now.Units {
			text += " " + string(u.Verdict)
		}
		return text
	}
	// Named: not the oldest that has a unit of it.
	f.must(f.recordErr(report("R-1", others.Number, 1, 2)))
	if a, b := state(one), state(others); a != "OFFERED PENDING" || b != "OFFERED GENUINE PENDING" {
		t.Errorf("after the one that names: %s, %s", a, b)
	}
	// Not named: the one that has all of its units.
	f.must(f.recordErr(report("R-2", 0, 2, 3)))
	if a, b := state(one), state(others); a != "OFFERED PENDING" || b != "REPORTED GENUINE GENUINE" {
		t.Errorf("after the one that has all units: %s, %s", a, b)
	}
	// Neither: the oldest that has one of them.
	f.must(f.recordErr(report("R-3", 0, 1, 2)))
	if a := state(one); a != "REPORTED GENUINE" {
		t.Errorf("after the one with a unit of it: %s", a)
	}
	if a := state(another); a != "OFFERED PENDING" {
		t.Errorf("another body's: %s", a)
	}
}

// Would catch a claim whose wait for results ends before the report that was asked for is due
// (rule V7), one whose wait is cut short by a commission, and a deadline of another kind that
// moves.
func TestV7AReportIsWaitedForUntilItIsDue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 1_000_000)
	c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
	late := c.Deadline.AddDate(0, 0, 20)
	o := f.done(f.request("m1", "CommissionItem"), &book.CommissionItem{ClaimID: c.ID, AuthenticatorID: "lab-1", DueAt: late})
	if !o.Claim.Deadline.Equal(late) || o.Claim.Fires != claim.DeadlineResult {
		t.Errorf("the claim waits until %v, not %v", o.Claim.Deadline, late)
	}
	o = f.done(f.request("m1", "CommissionItem"), &book.CommissionItem{ClaimID: c.ID, AuthenticatorID: "lab-2", DueAt: f.Now().AddDate(0, 0, 1)})
	if !o.Claim.Deadline.Equal(late) {
		t.Errorf("the claim waits until %v", o.Claim.Deadline)
	}
	notified := f.found(filing(line("m1", "l2", 1, 10_000), 1))
	o = f.done(f.request("m1", "CommissionItem"), &book.CommissionItem{ClaimID: notified.ID, AuthenticatorID: "lab-2", DueAt: late})
	if !o.Claim.Deadline.Equal(notified.Deadline) || o.Claim.Version != notified.Version {
		t.Errorf("a notice waits until %v", o.Claim.Deadline)
	}
}

// Would catch a commission that is given although it cannot be, and a refusal that does not
// name the field or that leaves a trace.
func TestCommissionsAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.must(f.Register(claim.Authenticator{ID: "food-lab", Kind: claim.AccreditedLab, DisplayName: "food", Categories: []string{"food"}}))
	f.open("m1", 1_000_000)
	c := f.file(filing(line("m1", "l1", 2, 20_000), 1, 2))
	gone := f.withdraw(f.file(filing(line("m1", "l2", 1, 10_000), 1)))
	open := f.commission(c, "lab-1")
	done := f.step(f.commission(c, "lab-2"), commission.Decline)
	due := f.Now().AddDate(0, 0, 5)
	give := func(change func(*book.CommissionItem)) book.Command {
		cmd := book.CommissionItem{ClaimID: c.ID, AuthenticatorID: "lab-2", DueAt: due}
		change(&cmd)
		return &cmd
	}
	on := func(x commission.Commission, body string) book.OnCommission {
		return book.OnCommission{ClaimID: x.ClaimID, Number: x.Number, AuthenticatorID: body}
	}
	for name, refused := range map[string]struct {
		cmd    book.Command
		reason fault.Reason
		field  string
	}{
		"no claim":        {give(func(m *book.CommissionItem) { m.ClaimID = "1KJPW-D6M05-F2S5T-CT5FM" }), fault.ClaimNotFound, ""},
		"withdrawn":       {give(func(m *book.CommissionItem) { m.ClaimID = gone.ID }), fault.ClaimStateConflict, ""},
		"no body":         {give(func(m *book.CommissionItem) { m.AuthenticatorID = "lab-9" }), fault.AuthenticatorNotFound, ""},
		"other category":  {give(func(m *book.CommissionItem) { m.AuthenticatorID = "food-lab" }), fault.AuthenticatorNotTrusted, "authenticator"},
		"other unit":      {give(func(m *book.CommissionItem) { m.Units = []int32{1, 3} }), fault.UnitNotClaimed, "units"},
		"has it already":  {give(func(m *book.CommissionItem) { m.AuthenticatorID, m.Units = "lab-1", []int32{2} }), fault.CommissionAlreadyOpen, ""},
		"due now":         {give(func(m *book.CommissionItem) { m.DueAt = f.Now() }), fault.RequestInvalid, "due_at"},
		"due in a year":   {give(func(m *book.CommissionItem) { m.DueAt = f.Now().AddDate(1, 0, 0) }), fault.RequestInvalid, "due_at"},
		"fee in dollars":  {give(func(m *book.CommissionItem) { m.Fee, m.FeeCurrency = 100, "USD" }), fault.CurrencyMismatch, ""},
		"unknown photo":   {give(func(m *book.CommissionItem) { m.Photos = []string{"aa"} }), fault.CommissionPhotoUnknown, "photo_digests"},
		"replaces none":   {give(func(m *book.CommissionItem) { m.Replaces = 9 }), fault.CommissionNotFound, ""},
		"no candidates":   {give(func(m *book.CommissionItem) { m.AuthenticatorID = "" }), fault.CommissionNoCandidate, "draw"},
		"another's":       {&book.MoveCommission{OnCommission: on(open, "lab-2"), Step: commission.Accept}, fault.CommissionNotFound, ""},
		"ship unaccepted": {&book.MoveCommission{OnCommission: on(open, ""), Step: commission.Ship}, fault.CommissionStateConflict, ""},
		"report by hand":  {&book.MoveCommission{OnCommission: on(open, ""), Step: commission.Report}, fault.CommissionStateConflict, ""},
		"cancel declined": {&book.MoveCommission{OnCommission: on(done, ""), Step: commission.Cancel}, fault.CommissionStateConflict, ""},
		"chase declined":  {&book.ChaseCommission{OnCommission: on(done, "")}, fault.CommissionStateConflict, ""},
		"pass early":      {&book.PassCommission{OnCommission: on(open, ""), DueAt: open.DueAt}, fault.ClaimChanged, ""},
	} {
		head := f.head("m1")
		if _, err := f.Do(f.request("m1", "Commission"), refused.cmd); !isRefused(err, refused.reason, refused.field) {
			t.Errorf("%s: %v", name, err)
		}
		if f.head("m1") != head {
			t.Errorf("%s: the refusal changed the book", name)
		}
	}
	for range commission.PerClaimMax - 2 {
		f.step(f.commission(c, "lab-2"), commission.Decline)
	}
	if _, err := f.Do(f.request("m1", "Commission"), give(func(*book.CommissionItem) {})); !isRefused(err, fault.CommissionLimit, "") {
		t.Errorf("one too many: %v", err)
	}
}

// Would catch a commission that is reassigned without its units and questions, that stays open
// beside the new one, or a reported one that is given away; and a claim that is closed for good
// and keeps a body at work.
func TestCommissionsAreReplacedAndEnded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 1_000_000)
	c := f.file(filing(line("m1", "l1", 2, 20_000), 1, 2))
	first := *f.done(f.request("m1", "CommissionItem"), &book.CommissionItem{
		ClaimID: c.ID, AuthenticatorID: "lab-1", Units: []int32{2}, Questions: "which batch?", DueAt: f.Now().AddDate(0, 0, 3),
	}).Commission
	replace := book.CommissionItem{ClaimID: c.ID, AuthenticatorID: "lab-2", Replaces: first.Number, Note: "too slow", DueAt: f.Now().AddDate(0, 0, 9)}
	second := *f.done(f.request("m1", "Reassign"), &replace).Commission
	if old := f.commissioned(first); old.State != commission.Cancelled || old.Note != "too slow" {
		t.Errorf("replaced: %+v", old)
	}
	if second.Questions != "which batch?" || !slices.Equal(second.Ordinals(), []int32{2}) || second.Replaces != 1 || second.Number != 2 {
		t.Errorf("in its place: %+v", second)
	}
	found := result(c, claim.Genuine, "R-1")
	found.AuthenticatorID, found.Units = "lab-2", []claim.Unit{{Ordinal: 2, Verdict: claim.Genuine}}
	f.record(c, found)
	replace.Replaces = second.Number
	if _, err := f.Do(f.request("m1", "Reassign"), &replace); !isRefused(err, fault.CommissionStateConflict, "") {
		t.Errorf("a reported one: %v", err)
	}
	third := f.commission(c, "lab-1")
	f.withdraw(c)
	if now := f.commissioned(third); now.State != commission.Cancelled || now.Note != "settled" {
		t.Errorf("of a withdrawn claim: %+v", now)
	}
	closed := f.file(filing(line("m1", "l2", 1, 10_000), 1))
	fourth := f.commission(closed, "lab-1")
	f.Move(200 * 24 * time.Hour)
	f.done(request.System("m1", "PassDeadline"), &book.PassDeadline{
		OnClaim: book.OnClaim{ClaimID: closed.ID}, Fires: claim.DeadlineResult, Deadline: f.Rows("m1").Claims[closed.ID].Deadline,
	})
	f.done(f.request("m1", "DecideReview"), &book.DecideReview{OnClaim: book.OnClaim{ClaimID: closed.ID}, Decision: book.Expire, Note: "no proof"})
	if now := f.commissioned(fourth); now.State != commission.Cancelled {
		t.Errorf("of an expired claim: %+v", now)
	}
}

// Would catch a late report of which nobody is told, one that is told every time, and a chase
// that is not counted.
func TestLateReportsAreChasedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	f.open("m1", 1_000_000)
	x := f.commission(f.file(filing(line("m1", "l1", 1, 10_000), 1)), "lab-1")
	on := book.OnCommission{ClaimID: x.ClaimID, Number: x.Number}
	f.done(f.request("m1", "ChaseCommission"), &book.ChaseCommission{OnCommission: on, Note: "please"})
	f.Move(11 * 24 * time.Hour)
	pass := book.PassCommission{OnCommission: on, DueAt: x.DueAt}
	f.done(request.System("m1", "PassCommission"), &pass)
	now := f.commissioned(x)
	if now.Chases != 2 || !now.OverdueAt.Equal(f.Now()) || !now.ChasedAt.Equal(f.Now()) || now.State != commission.Offered {
		t.Errorf("late: %+v", now)
	}
	events := f.Rows("m1").Events
	if last := &events[len(events)-1]; last.Kind != event.CommissionChased || last.Detail("overdue") != "true" || last.Detail("authenticator") != "lab-1" {
		t.Errorf("the event is %+v", last)
	}
	if _, err := f.Do(request.System("m1", "PassCommission"), &pass); !isRefused(err, fault.ClaimChanged, "") {
		t.Errorf("once more: %v", err)
	}
}

// Would catch a draw of a body that has a part in the claim, is of another kind or category, is
// suspended, or was excluded; and one whose record does not lead to the body again.
func TestBodiesAreDrawnAmongThoseWithoutAPart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	labs(f)
	for _, a := range []claim.Authenticator{
		{ID: "lab-3", Kind: claim.AccreditedLab, DisplayName: "3"}, {ID: "lab-4", Kind: claim.AccreditedLab, DisplayName: "4"},
		{ID: "lab-5", Kind: claim.AccreditedLab, DisplayName: "5"}, {ID: "brand", Kind: claim.Brand, DisplayName: "brand"},
		{ID: "food-lab", Kind: claim.AccreditedLab, DisplayName: "food", Categories: []string{"food"}},
	} {
		f.must(f.Register(a))
	}
	f.SetBody(authenticator.Body{
		ID: "stopped", Version: 2, Revision: 1, Changes: 2, RegisteredAt: f.Now(), Suspended: authenticator.Suspension{Change: 2, At: f.Now(), Reason: "sold reports"},
		Content: authenticator.Content{Kind: claim.AccreditedLab, DisplayName: "stopped"},
	})
	f.open("m1", 1_000_000)
	c := f.file(filing(line("m1", "l1", 2, 20_000), 1, 2))
	if _, err := f.Do(f.request("m1", "CommissionItem"), &book.CommissionItem{ClaimID: c.ID, AuthenticatorID: "stopped", DueAt: f.Now().AddDate(0, 0, 3)}); !isRefused(err, fault.AuthenticatorSuspended, "authenticator") {
		t.Errorf("a suspended one by name: %v", err)
	}
	f.step(f.commission(c, "lab-1"), commission.Decline)
	part := result(c, claim.Genuine, "R-1")
	part.AuthenticatorID, part.Units = "lab-2", []claim.Unit{{Ordinal: 1, Verdict: claim.Genuine}}
	f.record(c, part)
	var all []commission.Candidate
	for _, id := range []string{"brand", "food-lab", "gone", "lab-1", "lab-2", "lab-3", "lab-4", "lab-5", "stopped"} {
		all = append(all, commission.Candidate{AuthenticatorID: id})
	}
	seed := make([]byte, commission.SeedLength)
	seed[0] = 7
	x := f.done(f.request("m1", "CommissionItem"), &book.CommissionItem{
		ClaimID: c.ID, DueAt: f.Now().AddDate(0, 0, 3),
		Draw: book.Drawing{Kinds: []claim.AuthenticatorKind{claim.AccreditedLab}, Exclude: []string{"lab-4"}, Seed: seed, Candidates: all},
	}).Commission
	if !slices.Equal(x.Candidates, []string{"lab-3 load=0 cost=0 tickets=1000000", "lab-5 load=0 cost=0 tickets=1000000"}) {
		t.Errorf("drawn among %q", x.Candidates)
	}
	var again []commission.Candidate
	for _, e := range commission.ReadRecord(x.Candidates) {
		again = append(again, e.Candidate)
	}
	if winner, _ := commission.Draw(x.Seed, again); winner != x.AuthenticatorID {
		t.Errorf("drew %s, and the record leads to %s", x.AuthenticatorID, winner)
	}
}
