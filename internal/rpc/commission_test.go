package rpc_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/commission"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (f *fixture) commissions() tenfoldv1.CommissionServiceClient {
	return tenfoldv1.NewCommissionServiceClient(f.conn)
}

// commissioning asks a body for a report on all units of a claim within ten days.
func (f *fixture) commissioning(c *tenfoldv1.Claim, body string) *tenfoldv1.CommissionItemRequest {
	return &tenfoldv1.CommissionItemRequest{
		Parent: c.GetName(), RequestId: f.id(), Body: &tenfoldv1.CommissionItemRequest_Authenticator{Authenticator: "authenticators/" + body},
		DueAt: timestamppb.New(start.AddDate(0, 0, 10)), Questions: "is the seal genuine?",
	}
}

func (f *fixture) commission(c *tenfoldv1.Claim, body string) *tenfoldv1.Commission {
	f.t.Helper()
	r, err := f.commissions().CommissionItem(f.as("support"), f.commissioning(c, body))
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetCommission()
}

// Would catch a commission that another body sees, accepts or looks up, a body that lists
// another's queue or results, and a refusal that tells whether there is such a commission.
func TestCommissionsAreTheirBodysOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.register("lab-1")
	f.register("lab-2")
	x := f.commission(f.file("m1", "l1"), "lab-1")
	other, c := f.lab("lab-2"), f.commissions()
	absent := strings.TrimSuffix(x.GetName(), "1") + "7"
	for what, call := range map[string]func(name string) error{
		"get": func(name string) error {
			_, err := c.GetCommission(other, &tenfoldv1.GetCommissionRequest{Name: name})
			return err
		},
		"accept": func(name string) error {
			_, err := c.AcceptCommission(other, &tenfoldv1.AcceptCommissionRequest{Name: name, RequestId: f.id()})
			return err
		},
	} {
		mine, none := refusal(call(x.GetName())), refusal(call(absent))
		if mine.reason != "COMMISSION_NOT_FOUND" || strings.Replace(none.message, absent, x.GetName(), 1) != mine.message {
			t.Errorf("%s: %+v, and of none %+v", what, mine, none)
		}
	}
	for what, err := range map[string]error{
		"queue":   errOf(c.ListCommissions(other, &tenfoldv1.ListCommissionsRequest{Parent: "authenticators/lab-1"})),
		"all":     errOf(c.ListCommissions(other, &tenfoldv1.ListCommissionsRequest{Parent: "authenticators/-"})),
		"claim":   errOf(c.ListCommissions(other, &tenfoldv1.ListCommissionsRequest{Parent: x.GetClaim()})),
		"results": errOf(f.results.ListResults(other, &tenfoldv1.ListResultsRequest{Parent: "authenticators/lab-1"})),
		"theirs":  errOf(f.results.ListResults(other, &tenfoldv1.ListResultsRequest{Parent: x.GetClaim()})),
	} {
		if got := refusal(err); got.reason != "ACCESS_DENIED" || got.field != "parent" {
			t.Errorf("%s: %+v", what, got)
		}
	}
	if got := refusal(errOf(f.results.ListResults(f.as("merchant"), &tenfoldv1.ListResultsRequest{Parent: "authenticators/lab-1"}))); got.reason != "ACCESS_DENIED" {
		t.Errorf("results to a merchant: %+v", got)
	}
	if _, err := c.AcceptCommission(f.lab("lab-1"), &tenfoldv1.AcceptCommissionRequest{Name: x.GetName(), RequestId: "accept-1"}); err != nil {
		t.Fatal(err)
	}
	ask := &tenfoldv1.GetRequestRequest{Parent: "merchants/m1", Method: "CommissionService/AcceptCommission", RequestId: "accept-1"}
	if _, err := f.claims.GetRequest(f.lab("lab-1"), ask); err != nil {
		t.Error(err)
	}
	if got := refusal(errOf(f.claims.GetRequest(other, ask))); got.reason != "REQUEST_NOT_FOUND" {
		t.Errorf("the request of another: %+v", got)
	}
}

func errOf[R any](_ R, err error) error { return err }

// Would catch a queue that is not in the order of its deadlines, that loses or repeats a row
// between pages, or that a filter leaves wrong; and replays that do another thing, or name
// another commission.
func TestQueuesOfBodies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.open("m2", 1_000_000)
	f.register("lab-1")
	c := f.commissions()
	var all []*tenfoldv1.Commission
	for i, at := range []struct{ merchant, line string }{{"m1", "l1"}, {"m2", "l1"}, {"m1", "l2"}} {
		ask := f.commissioning(f.file(at.merchant, at.line), "lab-1")
		ask.DueAt = timestamppb.New(start.AddDate(0, 0, 20-i))
		made, err := c.CommissionItem(f.as("support"), ask)
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.CommissionItem(f.as("support"), ask)
		if err != nil || !again.GetReplayed() || !proto.Equal(again.GetCommission(), made.GetCommission()) {
			t.Errorf("again: %v, %v", again, err)
		}
		all = append([]*tenfoldv1.Commission{made.GetCommission()}, all...)
	}
	list := func(ctx context.Context, r *tenfoldv1.ListCommissionsRequest) []string {
		t.Helper()
		var names []string
		r.PageSize = 2
		for {
			page, err := c.ListCommissions(ctx, r)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range page.GetCommissions() {
				names = append(names, x.GetName())
			}
			if r.PageToken = page.GetNextPageToken(); r.GetPageToken() == "" {
				return names
			}
		}
	}
	want := []string{all[0].GetName(), all[1].GetName(), all[2].GetName()}
	lab, body := f.lab("lab-1"), "authenticators/lab-1"
	if got := list(lab, &tenfoldv1.ListCommissionsRequest{Parent: body}); !slices.Equal(got, want) {
		t.Errorf("the queue is %v, not %v", got, want)
	}
	if got := list(f.as("support"), &tenfoldv1.ListCommissionsRequest{Parent: "authenticators/-"}); !slices.Equal(got, want) {
		t.Errorf("the queue of all is %v, not %v", got, want)
	}
	if _, err := c.AcceptCommission(lab, &tenfoldv1.AcceptCommissionRequest{Name: want[1], RequestId: f.id()}); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]struct {
		*tenfoldv1.ListCommissionsRequest
		want []string
	}{
		"offered":  {&tenfoldv1.ListCommissionsRequest{State: tenfoldv1.CommissionState_COMMISSION_STATE_OFFERED}, []string{want[0], want[2]}},
		"accepted": {&tenfoldv1.ListCommissionsRequest{State: tenfoldv1.CommissionState_COMMISSION_STATE_ACCEPTED}, want[1:2]},
		"declined": {&tenfoldv1.ListCommissionsRequest{State: tenfoldv1.CommissionState_COMMISSION_STATE_DECLINED}, nil},
		"from":     {&tenfoldv1.ListCommissionsRequest{DueFrom: all[1].GetDueAt()}, want[1:]},
		"before":   {&tenfoldv1.ListCommissionsRequest{DueUntil: all[1].GetDueAt()}, want[:1]},
	} {
		if r.Parent = body; !slices.Equal(list(lab, r.ListCommissionsRequest), r.want) {
			t.Errorf("%s: %v", name, r.want)
		}
	}
	f.advance(30 * 24 * time.Hour)
	f.runDueWork()
	late, err := c.GetCommission(lab, &tenfoldv1.GetCommissionRequest{Name: want[0]})
	if err != nil || late.GetCommission().GetOverdueAt() == nil || late.GetCommission().GetChases() != 1 {
		t.Errorf("late: %v, %v", late, err)
	}
	page, err := f.results.ListResults(lab, &tenfoldv1.ListResultsRequest{Parent: body})
	if err != nil || len(page.GetResults()) != 0 {
		t.Errorf("results: %v, %v", page, err)
	}
}

// Would catch own results that are of another day or body, that are lost between pages, or of
// which one of a body without a commission counts as commissioned.
func TestResultsOfABodyByDay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.register("lab-1")
	c := f.file("m1", "l1")
	x := f.commission(c, "lab-1")
	if err := f.resultErr(c, "lab-1", "R-1", 1); err != nil {
		t.Fatal(err)
	}
	f.advance(24 * time.Hour)
	second := f.now()
	if err := f.resultErr(f.file("m1", "l2"), "lab-1", "R-2", 1); err != nil {
		t.Fatal(err)
	}
	day := func(r *tenfoldv1.ListResultsRequest) map[string]string {
		t.Helper()
		out := make(map[string]string)
		r.Parent, r.PageSize = "authenticators/lab-1", 1
		for {
			page, err := f.results.ListResults(f.lab("lab-1"), r)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range page.GetResults() {
				out[x.GetReportNumber()] = x.GetCommission()
			}
			if r.PageToken = page.GetNextPageToken(); r.GetPageToken() == "" {
				return out
			}
		}
	}
	if got := day(&tenfoldv1.ListResultsRequest{}); len(got) != 2 || got["R-1"] != x.GetName() || got["R-2"] != "" {
		t.Errorf("all: %v", got)
	}
	if got := day(&tenfoldv1.ListResultsRequest{RecordedFrom: timestamppb.New(second)}); len(got) != 1 || got["R-1"] != "" {
		t.Errorf("of the second day: %v", got)
	}
	if got := day(&tenfoldv1.ListResultsRequest{RecordedUntil: timestamppb.New(second)}); len(got) != 1 || got["R-1"] == "" {
		t.Errorf("of the first day: %v", got)
	}
	if got := refusal(errOf(f.results.ListResults(f.as("support"), &tenfoldv1.ListResultsRequest{Parent: c.GetName(), RecordedUntil: timestamppb.New(second)}))); got.reason != "FILTER_UNSUPPORTED" {
		t.Errorf("of a claim by time: %+v", got)
	}
}

// Would catch a commission or a result that is counted as another, a report that counts those of
// another time or body, a turnaround that is not from commission to report, and a body that sees
// another's.
func TestServiceOfABody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.register("lab-1")
	f.register("lab-2")
	begin := f.now()
	c, lab := f.commissions(), f.lab("lab-1")
	one, two, three := f.file("m1", "l1"), f.file("m1", "l2"), f.file("m1", "l3")
	first := f.commission(one, "lab-1")
	f.commission(two, "lab-1")
	f.commission(three, "lab-2")
	declined, cancelled := f.commission(three, "lab-1"), f.commission(one, "sandbox-lab")
	for _, err := range []error{
		errOf(c.AcceptCommission(lab, &tenfoldv1.AcceptCommissionRequest{Name: first.GetName(), RequestId: f.id()})),
		errOf(c.DeclineCommission(lab, &tenfoldv1.DeclineCommissionRequest{Name: declined.GetName(), RequestId: f.id(), Note: "no sample"})),
		errOf(c.CancelCommission(f.as("support"), &tenfoldv1.CancelCommissionRequest{Name: cancelled.GetName(), RequestId: f.id(), Note: "n"})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	f.advance(24 * time.Hour)
	if err := f.resultErr(one, "lab-1", "R-1", 1, 2); err != nil {
		t.Fatal(err)
	}
	f.advance(11 * 24 * time.Hour)
	f.runDueWork()
	if err := f.resultErr(three, "lab-1", "R-3", 1); err != nil {
		t.Fatal(err)
	}
	ask := &tenfoldv1.GetBodyReportRequest{Name: "authenticators/lab-1", From: timestamppb.New(begin)}
	got, err := c.GetBodyReport(lab, ask)
	if err != nil {
		t.Fatal(err)
	}
	if r := got.GetReport(); r.GetCommissions() != 3 || r.GetAccepted() != 1 || r.GetDeclined() != 1 || r.GetCancelled() != 0 || r.GetReported() != 1 ||
		r.GetReportedLate() != 0 || r.GetOpen() != 1 || r.GetOverdue() != 1 || r.GetResults() != 2 || r.GetUncommissioned() != 1 ||
		r.GetRetracted() != 0 || r.GetReversed() != 0 || r.GetMeanTurnaround().AsDuration().Round(time.Hour) != 24*time.Hour {
		t.Errorf("the report is %v", r)
	}
	if err := f.resultErr(two, "lab-1", "R-2", 1, 2); err != nil {
		t.Fatal(err)
	}
	held := f.claim(one.GetName())
	_, err = f.claims.ReviseVerdict(f.asPerson("adjudicator", "judge"), &tenfoldv1.ReviseVerdictRequest{
		Name: one.GetName(), RequestId: f.id(), Etag: held.GetEtag(), Ground: tenfoldv1.RevisionGround_REVISION_GROUND_COURT_DECISION,
		Document: "(2026) 1", Note: "genuine", UnitVerdicts: []*tenfoldv1.UnitVerdict{
			{Ordinal: 1, Verdict: tenfoldv1.Verdict_VERDICT_GENUINE}, {Ordinal: 2, Verdict: tenfoldv1.Verdict_VERDICT_GENUINE},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mine, err := f.results.ListResults(lab, &tenfoldv1.ListResultsRequest{Parent: "authenticators/lab-1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range mine.GetResults() {
		if x.GetReportNumber() == "R-3" {
			err = errOf(f.results.RetractResult(lab, &tenfoldv1.RetractResultRequest{Name: x.GetName(), RequestId: f.id(), Note: "mixed up"}))
		}
	}
	if got, again := c.GetBodyReport(f.as("finance"), ask); err != nil || again != nil || got.GetReport().GetReversed() != 1 || got.GetReport().GetRetracted() != 1 ||
		fmt.Sprint(got.GetReport().GetVerdicts()) != fmt.Sprint([]*tenfoldv1.VerdictCount{{Verdict: tenfoldv1.Verdict_VERDICT_COUNTERFEIT, Units: 4, ReversedUnits: 2}}) ||
		got.GetReport().GetReportedLate() != 1 || got.GetReport().GetOpen() != 0 || got.GetReport().GetLongestTurnaround().AsDuration().Round(time.Hour) != 12*24*time.Hour {
		t.Errorf("the report is %v, %v, %v", got, again, err)
	}
	ask.Until = timestamppb.New(begin.Add(time.Hour))
	if got, err := c.GetBodyReport(lab, ask); err != nil || got.GetReport().GetResults() != 0 || got.GetReport().GetCommissions() != 3 {
		t.Errorf("of an hour: %v, %v", got, err)
	}
	ask.Until = timestamppb.New(begin.AddDate(1, 0, 0))
	if got := refusal(errOf(c.GetBodyReport(lab, ask))); got.field != "until" {
		t.Errorf("of a year: %+v", got)
	}
	if got := refusal(errOf(c.GetBodyReport(f.lab("lab-2"), ask))); got.reason != "ACCESS_DENIED" || got.field != "name" {
		t.Errorf("of another: %+v", got)
	}
}

// Would catch a draw without its record, one that another can influence by its request, a
// candidate that is left out of the record, and a record that laboratories see.
func TestADrawIsOnRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	for _, id := range []string{"lab-1", "lab-2", "lab-3"} {
		f.register(id)
	}
	f.commission(f.file("m1", "l0"), "lab-3")
	ask := f.commissioning(f.file("m1", "l1"), "")
	ask.Body = &tenfoldv1.CommissionItemRequest_Draw{Draw: &tenfoldv1.BodyDraw{Exclude: []string{"authenticators/lab-2", "authenticators/sandbox-lab"}}}
	made, err := f.commissions().CommissionItem(f.as("adjudicator"), ask)
	if err != nil {
		t.Fatal(err)
	}
	x := made.GetCommission()
	seed, err := hex.DecodeString(x.GetDrawSeed())
	var in []commission.Candidate
	for _, c := range x.GetDrawCandidates() {
		in = append(in, commission.Candidate{AuthenticatorID: strings.TrimPrefix(c.GetAuthenticator(), "authenticators/"), Load: c.GetLoad()})
	}
	winner, _ := commission.Draw(seed, in)
	if err != nil || len(seed) != commission.SeedLength || len(in) != 2 || in[1].Load != 1 || "authenticators/"+winner != x.GetAuthenticator() {
		t.Errorf("the record is %v, and leads to %q", x, winner)
	}
	again, err := f.commissions().CommissionItem(f.as("adjudicator"), ask)
	if err != nil || !again.GetReplayed() || again.GetCommission().GetDrawSeed() != x.GetDrawSeed() {
		t.Errorf("drawn again: %v, %v", again, err)
	}
	own, err := f.commissions().GetCommission(f.lab(winner), &tenfoldv1.GetCommissionRequest{Name: x.GetName()})
	if err != nil || own.GetCommission().GetDrawSeed() != "" || len(own.GetCommission().GetDrawCandidates()) != 0 {
		t.Errorf("a laboratory sees %v, %v", own, err)
	}
	told, err := f.claims.ExplainClaim(f.as("support"), &tenfoldv1.ExplainClaimRequest{Name: x.GetClaim()})
	if err != nil || !strings.Contains(told.GetExplanation().GetText().GetTurn(), winner+" was commissioned with unit 1, 2 until") {
		t.Errorf("explained: %v, %v", told.GetExplanation().GetText(), err)
	}
	line, err := tenfoldv1.NewHistoryServiceClient(f.conn).ListTimeline(f.as("support"), &tenfoldv1.ListTimelineRequest{Parent: x.GetClaim()})
	last := line.GetEntries()[len(line.GetEntries())-1]
	if err != nil || !strings.Contains(last.GetText(), winner+" was commissioned with an examination, by lot; its report is due at") || last.GetCommission().GetName() != x.GetName() {
		t.Errorf("told: %v, %v", last, err)
	}
}

// Would catch bodies that are drawn among although they are suspended, and ones that push those who
// are not out of the draw.
func TestSuspendedBodiesTakeNoPlaceInADraw(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	f.register("lab-1")
	_, err := f.admin().ExecContext(t.Context(), `
		INSERT INTO authenticator_states
		SELECT (jsonb_populate_record(a, jsonb_build_object('authenticator_id', 'a-' || n, 'suspension_change', 1, 'suspended_at', now()))).*
		FROM authenticator_states a, generate_series(1, 500) n
		WHERE a.authenticator_id = 'lab-1'`)
	if err != nil {
		t.Fatal(err)
	}
	ask := f.commissioning(f.file("m1", "l1"), "")
	ask.Body = &tenfoldv1.CommissionItemRequest_Draw{Draw: &tenfoldv1.BodyDraw{Exclude: []string{"authenticators/sandbox-lab"}}}
	made, err := f.commissions().CommissionItem(f.as("adjudicator"), ask)
	if err != nil || made.GetCommission().GetAuthenticator() != "authenticators/lab-1" || len(made.GetCommission().GetDrawCandidates()) != 1 {
		t.Errorf("drawn: %v, %v", made, err)
	}
}
