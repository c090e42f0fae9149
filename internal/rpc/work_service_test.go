package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (f *fixture) work() tenfoldv1.WorkServiceClient { return tenfoldv1.NewWorkServiceClient(f.conn) }

// assigned has a person take a claim that is in review.
func (f *fixture) assigned(c *tenfoldv1.Claim, person string) *tenfoldv1.Claim {
	f.t.Helper()
	r, err := f.claims.AssignReview(f.as("support"), &tenfoldv1.AssignReviewRequest{Name: c.GetName(), RequestId: f.id(), Assignee: person})
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetClaim()
}

// take has a person take the next review of any merchant.
func (f *fixture) take(person, requestID string) (*tenfoldv1.TakeNextResponse, error) {
	return f.work().TakeNext(f.asPerson("adjudicator", person), &tenfoldv1.TakeNextRequest{
		Parent: "merchants/-", RequestId: requestID, Queue: tenfoldv1.WorkQueue_WORK_QUEUE_REVIEW,
	})
}

func (f *fixture) noteErr(role string, c *tenfoldv1.Claim, v tenfoldv1.NoteVisibility, text string) error {
	_, err := f.work().AddNote(f.as(role), &tenfoldv1.AddNoteRequest{Name: c.GetName(), RequestId: f.id(), Visibility: v, Text: text})
	return err
}

// found gives the names of the claims that a role finds over all merchants.
func (f *fixture) found(ctx context.Context, filter, order string) (string, error) {
	got, err := f.claims.ListClaims(ctx, &tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: filter, OrderBy: order})
	var names []string
	for _, c := range got.GetClaims() {
		names = append(names, c.GetName())
	}
	return strings.Join(names, " "), err
}

// Would catch a leader who cannot say who decided how much and how long claims had waited, a
// decision that counts for another person, queue or time, and one that counts twice.
func TestDecisionsAreSummarized(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	from := timestamppb.New(f.now())
	first, second := f.inReview("l1"), f.inReview("l2")
	f.advance(2 * time.Hour)
	reject := func(c *tenfoldv1.Claim, person string) {
		t.Helper()
		if _, err := f.claims.DecideReview(f.asPerson("adjudicator", person), f.rejecting(c)); err != nil {
			t.Fatal(err)
		}
	}
	reject(first, "rita")
	f.advance(4 * time.Hour)
	reject(second, "rita")
	third := f.inReview("l3")
	f.advance(time.Hour)
	reject(third, "otto")
	between := timestamppb.New(f.now().Add(time.Minute))
	f.advance(time.Hour)
	f.dismiss(f.appeal(f.confirm(f.notified("m1", "l4"))))
	summary := func(from, until *timestamppb.Timestamp) string {
		t.Helper()
		r, err := f.work().GetDecisionStatistics(f.as("support"), &tenfoldv1.GetDecisionStatisticsRequest{From: from, Until: until})
		if err != nil || r.GetCountedUntil() != nil {
			t.Fatal(r, err)
		}
		var out []string
		for _, s := range r.GetSummaries() {
			out = append(out, fmt.Sprintf("%s %s %d %s %s", strings.TrimPrefix(s.GetQueue().String(), "WORK_QUEUE_"), s.GetPerson(), s.GetDecisions(),
				s.GetMeanWait().AsDuration().Round(time.Second), s.GetLongestWait().AsDuration().Round(time.Second)))
		}
		return strings.Join(out, "; ")
	}
	reviews := "REVIEW rita 2 4h0m0s 6h0m0s; REVIEW otto 1 1h0m0s 1h0m0s"
	if got := summary(from, between); got != reviews {
		t.Errorf("until the reviews: %s; want %s", got, reviews)
	}
	if got, want := summary(from, nil), reviews+"; APPEAL panel-1 1 0s 0s"; got != want {
		t.Errorf("until now: %s; want %s", got, want)
	}
	if got := summary(between, nil); got != "APPEAL panel-1 1 0s 0s" {
		t.Errorf("after the reviews: %s", got)
	}
	for name, until := range map[string]*timestamppb.Timestamp{
		"ends before it begins": from, "is empty": between, "is too long": timestamppb.New(between.AsTime().AddDate(0, 0, 32)),
	} {
		_, err := f.work().GetDecisionStatistics(f.as("support"), &tenfoldv1.GetDecisionStatisticsRequest{From: between, Until: until})
		if got := refusal(err); got.reason != "REQUEST_INVALID" {
			t.Errorf("a time that %s: %+v", name, got)
		}
	}
}

// Would catch a claim that two people get who take at the same time, one that nobody gets
// although it is free, and an order other than that of the longest wait.
func TestTakeNextGivesEachClaimToOnePerson(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	const claims, people = 12, 6
	for i := range claims {
		f.inReview(fmt.Sprint("l", i))
	}
	var mu sync.Mutex
	taken := make(map[string]string)
	var running sync.WaitGroup
	for i := range people {
		person := fmt.Sprint("reviewer-", i)
		ids := []string{f.id(), f.id()}
		running.Go(func() {
			for _, id := range ids {
				r, err := f.take(person, id)
				mu.Lock()
				switch name := r.GetClaim().GetName(); {
				case err != nil:
					t.Errorf("%s: %v", person, err)
				case name == "":
					t.Errorf("%s got nothing", person)
				case taken[name] != "":
					t.Errorf("%s and %s have %s", taken[name], person, name)
				default:
					taken[name] = person
				}
				mu.Unlock()
			}
		})
	}
	running.Wait()
	if r, err := f.take("late", f.id()); err != nil || r.GetClaim() != nil {
		t.Errorf("out of an empty queue: %v, %v", r, err)
	}
	for name, person := range taken {
		if got := f.claim(name).GetAssignee(); got != person {
			t.Errorf("%s is assigned to %q, and %s took it", name, got, person)
		}
	}
	f.audited()
}

// Would catch a repeated request that takes a second claim, a trial that takes one, a
// person who gets a claim out of another merchant's book, and a claim that is not free
// again once it is released.
func TestTakeNextRepeatedTriedAndReleased(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.open("m2", 0)
	first, second := f.inReview("l1"), f.inReview("l2")
	trial, err := f.work().TakeNext(f.asPerson("adjudicator", "rita"), &tenfoldv1.TakeNextRequest{
		Parent: "merchants/-", RequestId: f.id(), Queue: tenfoldv1.WorkQueue_WORK_QUEUE_REVIEW, ValidateOnly: true,
	})
	if err != nil || trial.GetClaim().GetName() != first.GetName() || f.claim(first.GetName()).GetAssignee() != "" {
		t.Errorf("tried: %v, %v", trial, err)
	}
	id := f.id()
	for i := range 2 {
		r, err := f.take("rita", id)
		if err != nil || r.GetClaim().GetName() != first.GetName() || r.GetReplayed() != (i > 0) {
			t.Fatalf("try %d: %v, %v", i, r, err)
		}
	}
	for parent, want := range map[string]string{"merchants/m2": "", "merchants/nosuch": "MERCHANT_NOT_FOUND"} {
		r, err := f.work().TakeNext(f.asPerson("adjudicator", "otto"), &tenfoldv1.TakeNextRequest{
			Parent: parent, RequestId: f.id(), Queue: tenfoldv1.WorkQueue_WORK_QUEUE_REVIEW,
		})
		if r.GetClaim() != nil || string(refusal(err).reason) != want {
			t.Errorf("out of %s: %v, %v", parent, r, err)
		}
	}
	if _, err := f.work().TakeNext(f.asPerson("adjudicator", ""), &tenfoldv1.TakeNextRequest{
		Parent: "merchants/-", RequestId: f.id(), Queue: tenfoldv1.WorkQueue_WORK_QUEUE_REVIEW,
	}); refusal(err).reason != "PERSON_REQUIRED" {
		t.Errorf("by nobody: %v", err)
	}
	released, err := f.work().Release(f.asPerson("adjudicator", "rita"), &tenfoldv1.ReleaseRequest{Name: first.GetName(), RequestId: f.id()})
	if err != nil || released.GetClaim().GetAssignee() != "" {
		t.Fatalf("released: %v, %v", released, err)
	}
	for _, want := range []*tenfoldv1.Claim{first, second} {
		if r, err := f.take("otto", f.id()); err != nil || r.GetClaim().GetName() != want.GetName() {
			t.Errorf("taken after the release: %v, %v; want %s", r, err, want.GetName())
		}
	}
	f.audited()
}

// Would catch a look-up that misses its claim or finds others, by what a caller may have
// in hand, and an order other than the one asked for.
func TestSupportFindsClaimsByWhatTheCallerHas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.open("m2", 1_000_000)
	paid := f.paid(f.accept(f.confirm(f.notified("m1", "l1"))))
	f.advance(time.Hour)
	reviewed := f.assigned(f.inReview("l3"), "rita")
	waiting := f.file("m2", "l2")
	if paid.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_PAID || len(paid.GetPayouts()) == 0 {
		t.Fatalf("not paid: %v", paid)
	}
	p := paid.GetPayouts()[0]
	report := paid.GetResults()[0].GetReportNumber()
	spelled := "\u200b" + strings.ToLower(report[:3]) + " " + strings.ReplaceAll(report[3:], "-", "－") + "\u3000"
	soon := waiting.GetDeadline().GetPassesAt().AsTime()
	at := func(t time.Time) string { return `"` + t.Format(time.RFC3339Nano) + `"` }
	rita := f.asPerson("adjudicator", "rita")
	for _, x := range []struct{ filter, order, want string }{
		{`payment_id = "` + paid.GetOrderLine().GetPaymentId() + `"`, "", paid.GetName()},
		{`payment_id = "` + paid.GetOrderLine().GetPaymentId() + `" AND state = IN_REVIEW`, "", ""},
		{`payment_id = "nobody"`, "", ""},
		{`out_number = "` + p.GetOutNumber() + `"`, "", paid.GetName()},
		{`out_number = "` + p.GetOutNumber() + `" AND state = PAID`, "filed_at", paid.GetName()},
		{`out_number = "nobody"`, "", ""},
		{`gateway_reference = "` + p.GetGatewayReference() + `"`, "", paid.GetName()},
		{`gateway_reference = "no such reference"`, "", ""},
		{`report_number = "` + report + `"`, "", paid.GetName()},
		{`report_number = "` + spelled + `"`, "filed_at", paid.GetName()},
		{`report_number = "` + report + `0"`, "", ""},
		{`assignee = "rita"`, "", reviewed.GetName()},
		{`assignee = me`, "deadline", reviewed.GetName()},
		{`assignee = "otto"`, "deadline desc", ""},
		{`state = PAID`, "", paid.GetName()},
		{`state = IN_REVIEW`, "filed_at", reviewed.GetName()},
		{`state = AUTHENTICATING`, "", waiting.GetName()},
		{`waits_for = REVIEWER`, "", reviewed.GetName()},
		{`waits_for = AUTHENTICATOR AND state = AUTHENTICATING`, "", waiting.GetName()},
		{`waits_for = MERCHANT`, "deadline", ""},
		{`deadline >= ` + at(soon) + ` AND deadline <= ` + at(soon), "", waiting.GetName()},
		{`deadline >= ` + at(soon.AddDate(5, 0, 0)), "", ""},
		{`state = IN_REVIEW AND deadline <= ` + at(soon.AddDate(5, 0, 0)), "deadline desc", reviewed.GetName()},
	} {
		if got, err := f.found(rita, x.filter, x.order); err != nil || got != x.want {
			t.Errorf("%s by %q finds %q, %v; want %q", x.filter, x.order, got, err, x.want)
		}
	}
	due := func(c *tenfoldv1.Claim) time.Time { return c.GetDeadline().GetPassesAt().AsTime() }
	both := []*tenfoldv1.Claim{waiting, f.claim(reviewed.GetName())}
	slices.SortFunc(both, func(a, b *tenfoldv1.Claim) int { return due(a).Compare(due(b)) })
	want := both[0].GetName() + " " + both[1].GetName()
	if got, err := f.found(rita, "", "deadline"); err != nil || got != want {
		t.Errorf("all by deadline: %q, %v; want %q", got, err, want)
	}
	if got, err := f.found(rita, "", "deadline desc"); err != nil || got != both[1].GetName()+" "+both[0].GetName() {
		t.Errorf("all by deadline, the latest first: %q, %v", got, err)
	}
}

// Would catch a search that no index serves, that is taken for another than it is, or that
// leaves the caller without knowing what can be asked for.
func TestSearchesThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	long := strings.Repeat("字", 65)
	for name, x := range map[string]struct{ filter, order, field string }{
		"all claims":                     {"", "", "filter"},
		"no anchor":                      {`verdict = COUNTERFEIT`, "", "filter"},
		"an unknown field":               {`wallet_id = "1"`, "", "filter"},
		"two references":                 {`out_number = "1" AND report_number = "2"`, "", "filter"},
		"an out-number of other letters": {`out_number = "1;2"`, "", "filter"},
		"an empty report":                {`report_number = ""`, "", "filter"},
		"a blank report":                 {`report_number = " ` + "\u3000" + `"`, "", "filter"},
		"a report that is too long":      {`report_number = "` + long + `"`, "", "filter"},
		"a report with a control":        {"report_number = \"a\x01\"", "", "filter"},
		"a report unquoted":              {`report_number = LAB`, "", "filter"},
		"a reference in a range":         {`gateway_reference >= "1"`, "", "filter"},
		"an assignee unquoted":           {`assignee = rita`, "", "filter"},
		"me in a range":                  {`assignee >= me`, "", "filter"},
		"an unknown party":               {`waits_for = GODOT`, "", "filter"},
		"a party of no one state":        {`waits_for = NOBODY`, "", "filter"},
		"a party of another state":       {`waits_for = REVIEWER AND state = PAID`, "", "filter"},
		"a deadline alone, by filing":    {`deadline >= "2026-01-01T00:00:00Z"`, "filed_at", "order_by"},
		"an order by deadline":           {`order_id = "a"`, "deadline", "order_by"},
		"a report by deadline":           {`report_number = "a"`, "deadline", "order_by"},
		"two orders":                     {`state = PAID`, "deadline, filed_at", "order_by"},
		"an order by another field":      {`state = PAID`, "award", "order_by"},
	} {
		_, err := f.found(f.as("support"), x.filter, x.order)
		if got := refusal(err); got.reason != "FILTER_UNSUPPORTED" || got.field != x.field {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && len(err.Error()) > 700 {
			t.Errorf("%s: a refusal of %d bytes", name, len(err.Error()))
		}
	}
	_, err := f.found(f.as("support"), "", "")
	for _, field := range []string{"payment_id", "out_number", "gateway_reference", "report_number", "assignee", "waits_for", "deadline", "state"} {
		if !strings.Contains(refusal(err).message, field) {
			t.Errorf("%v does not name %s", err, field)
		}
	}
	if _, err := f.found(f.asPerson("adjudicator", ""), `assignee = me`, ""); refusal(err).reason != "PERSON_REQUIRED" {
		t.Errorf("the claims of nobody: %v", err)
	}
	_, err = f.claims.ListClaims(f.as("support"), &tenfoldv1.ListClaimsRequest{
		Parent: "merchants/-", Queue: tenfoldv1.ClaimQueue_CLAIM_QUEUE_REVIEW, Filter: `payment_id = "a"`,
	})
	if refusal(err).reason != "FILTER_UNSUPPORTED" {
		t.Errorf("a queue by payment: %v", err)
	}
}

// Would catch a merchant who learns by a filter what its role does not see, be it from a
// claim that is found or from a refusal that differs, and one who finds another's claim.
func TestMerchantsSearchOnlyWhatTheySee(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.open("m2", 1_000_000)
	own := f.paid(f.accept(f.confirm(f.notified("m1", "l1"))))
	others := f.file("m2", "l2")
	assigned := f.assigned(f.inReview("l3"), "rita")
	list := func(filter, order string) (*tenfoldv1.ListClaimsResponse, error) {
		return f.claims.ListClaims(f.as("merchant"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", Filter: filter, OrderBy: order})
	}
	for hidden, values := range map[string][]string{
		"claimant_id":       {own.GetClaimantId(), "nobody"},
		"assignee":          {assigned.GetAssignee(), "nobody"},
		"gateway_reference": {own.GetPayouts()[0].GetGatewayReference(), "nobody"},
	} {
		var texts []string
		for _, v := range values {
			_, err := list(hidden+` = "`+v+`"`, "")
			if refusal(err).reason != "FILTER_UNSUPPORTED" {
				t.Errorf("%s: %v", hidden, err)
			}
			texts = append(texts, refusal(err).message)
		}
		if texts[0] != texts[1] {
			t.Errorf("%s: the refusal tells which value there is: %q", hidden, texts)
		}
		if _, err := list(`colour = "red"`, ""); strings.Contains(refusal(err).message, hidden) {
			t.Errorf("a merchant is offered %s: %v", hidden, err)
		}
	}
	if _, err := list(`assignee = me`, ""); refusal(err).reason != "FILTER_UNSUPPORTED" {
		t.Errorf("assignee = me: %v", err)
	}
	got, err := list(`out_number = "`+own.GetPayouts()[0].GetOutNumber()+`"`, "")
	if err != nil || len(got.GetClaims()) != 1 || got.GetClaims()[0].GetName() != own.GetName() {
		t.Errorf("its own payout: %v, %v", got, err)
	}
	if got, err := list(`payment_id = "payment-l2"`, ""); err != nil || len(got.GetClaims()) != 0 || got.GetNextPageToken() != "" {
		t.Errorf("another's payment: %v, %v", got, err)
	}
	got, err = list("", "deadline")
	if err != nil || len(got.GetClaims()) != 1 || got.GetClaims()[0].GetName() != assigned.GetName() {
		t.Errorf("by deadline, beside %s: %v, %v", others.GetName(), got, err)
	}
}

// Would catch a merchant without a book who looks like one without claims.
func TestNoClaimsOfNoMerchant(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	for _, x := range []struct{ parent, filter, want string }{
		{"merchants/nosuch", "", "MERCHANT_NOT_FOUND"},
		{"merchants/nosuch", `order_id = "a"`, "MERCHANT_NOT_FOUND"},
		{"merchants/m1", "", ""},
		{"merchants/m1", `order_id = "a"`, ""},
	} {
		_, err := f.claims.ListClaims(f.as("support"), &tenfoldv1.ListClaimsRequest{Parent: x.parent, Filter: x.filter})
		if refusal(err).reason != x.want || (x.want == "" && err != nil) {
			t.Errorf("%s %s: %v", x.parent, x.filter, err)
		}
	}
}

// Would catch a note that a role reads which is not meant for it, one that another person
// seems to have written, and a page that leaves notes out.
func TestNotesAreReadByThoseTheyAreFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	c := f.file("m1", "l1")
	internal, merchant, consumer := tenfoldv1.NoteVisibility_NOTE_VISIBILITY_INTERNAL,
		tenfoldv1.NoteVisibility_NOTE_VISIBILITY_MERCHANT, tenfoldv1.NoteVisibility_NOTE_VISIBILITY_CONSUMER
	for i, v := range []tenfoldv1.NoteVisibility{internal, merchant, consumer, merchant} {
		if err := f.noteErr("support", c, v, fmt.Sprint("note ", i+1)); err != nil {
			t.Fatal(err)
		}
	}
	read := func(role string, size int32) (texts []string, notes []*tenfoldv1.Note) {
		t.Helper()
		r := &tenfoldv1.ListNotesRequest{Parent: c.GetName(), PageSize: size}
		for {
			got, err := f.work().ListNotes(f.as(role), r)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range got.GetNotes() {
				texts, notes = append(texts, n.GetText()), append(notes, n)
			}
			if r.PageToken = got.GetNextPageToken(); r.PageToken == "" {
				return texts, notes
			}
		}
	}
	for role, want := range map[string]string{
		"support": "note 1 note 2 note 3 note 4", "auditor": "note 1 note 2 note 3 note 4", "finance": "note 1 note 2 note 3 note 4",
		"merchant": "note 2 note 4", "order-service": "note 3",
	} {
		if got, _ := read(role, 1); strings.Join(got, " ") != want {
			t.Errorf("%s reads %v, want %s", role, got, want)
		}
	}
	if _, notes := read("support", 0); notes[1].GetPerson() != "person-1" || notes[1].GetRole() != "support" || notes[1].GetNumber() != 2 ||
		notes[1].GetAddedAt() == nil || notes[1].GetEventNumber() == 0 {
		t.Errorf("support reads %v", notes[1])
	}
	if _, notes := read("merchant", 0); notes[0].GetPerson() != "" || notes[0].GetNumber() != 0 {
		t.Errorf("the merchant reads %v", notes[0])
	}
	for name, r := range map[string]*tenfoldv1.AddNoteRequest{
		"text":       {Name: c.GetName(), RequestId: f.id(), Visibility: internal, Text: " \n"},
		"visibility": {Name: c.GetName(), RequestId: f.id(), Text: "a"},
		"long text":  {Name: c.GetName(), RequestId: f.id(), Visibility: internal, Text: strings.Repeat("字", 2001)},
	} {
		if _, err := f.work().AddNote(f.as("support"), r); refusal(err).reason != "REQUEST_INVALID" || !strings.HasSuffix(name, refusal(err).field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	id := f.id()
	for i := range 2 {
		got, err := f.work().AddNote(f.as("support"), &tenfoldv1.AddNoteRequest{Name: c.GetName(), RequestId: id, Visibility: internal, Text: "once"})
		if err != nil || got.GetReplayed() != (i > 0) || got.GetNote().GetText() != "once" || got.GetNote().GetNumber() != 5 {
			t.Errorf("try %d: %v, %v", i, got, err)
		}
	}
	f.audited()
}

// Would catch actions that are shown to a role which may not take them, on every way by
// which it sees a claim.
func TestActionsAreThoseOfTheCaller(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	c := f.confirm(f.notified("m1", "l1"))
	for role, want := range map[string]string{
		"merchant":      "CLAIM_ACTION_ACCEPT CLAIM_ACTION_APPEAL",
		"adjudicator":   "CLAIM_ACTION_REVISE_VERDICT",
		"support":       "CLAIM_ACTION_WITHDRAW",
		"order-service": "CLAIM_ACTION_WITHDRAW",
		"auditor":       "",
	} {
		seen := map[string]*tenfoldv1.Claim{}
		basic, err := f.claims.GetClaim(f.as(role), &tenfoldv1.GetClaimRequest{Name: c.GetName()})
		full, err2 := f.claims.GetClaim(f.as(role), &tenfoldv1.GetClaimRequest{Name: c.GetName(), View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL})
		list, err3 := f.claims.ListClaims(f.as(role), &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1"})
		told, err4 := f.claims.ExplainClaim(f.as(role), &tenfoldv1.ExplainClaimRequest{Name: c.GetName()})
		if err := errors.Join(err, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
		seen["basic"], seen["full"], seen["list"], seen["explain"] = basic.GetClaim(), full.GetClaim(), list.GetClaims()[0], told.GetExplanation().GetClaim()
		for way, claim := range seen {
			var got []string
			for _, a := range claim.GetAllowedActions() {
				got = append(got, a.String())
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s by %s may %v, want %s", role, way, got, want)
			}
		}
		for _, e := range told.GetExplanation().GetActionEffects() {
			if !strings.Contains(want, e.GetAction().String()) {
				t.Errorf("%s is told of %s", role, protojson.Format(e))
			}
		}
		if choices := told.GetExplanation().GetText().GetChoices(); (want == "") != (len(choices) == 0) && want == "" {
			t.Errorf("%s is told %v", role, choices)
		}
	}
}
