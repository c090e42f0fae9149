package rpc_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/job"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (f *fixture) jobs() tenfoldv1.JobServiceClient { return tenfoldv1.NewJobServiceClient(f.conn) }

// retracting is a request to take back all that the sandbox's laboratory said.
func (f *fixture) retracting(change func(*tenfoldv1.RetractResultsRequest)) *tenfoldv1.RetractResultsRequest {
	r := &tenfoldv1.RetractResultsRequest{
		Authenticator: "authenticators/sandbox-lab", RequestId: f.id(), Cause: tenfoldv1.RetractionCause_RETRACTION_CAUSE_RETRACTED, Note: "samples were mixed up",
	}
	change(r)
	return r
}

func (f *fixture) retract(r *tenfoldv1.RetractResultsRequest) (*tenfoldv1.RetractResultsResponse, error) {
	return tenfoldv1.NewRetractionServiceClient(f.conn).RetractResults(f.asPerson("operator", "oscar"), r)
}

// Would catch a retraction that takes a wrong request for a right one, a preview that stores
// something or counts wrong, a job whose progress nobody can read, a step of a person that is
// not refused in its own words, and an explanation that does not say that a job took a result
// back and why.
func TestRetractionsOverTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 1_000_000)
	at := func(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(f.now().Add(d)) }
	plain := func(*tenfoldv1.RetractResultsRequest) {}
	if _, err := f.retract(f.retracting(plain)); refusal(err).reason != "RETRACTION_EMPTY" {
		t.Errorf("of a body that said nothing: %v", err)
	}
	c := f.notified("m1", "l1")
	for name, x := range map[string]struct {
		change        func(*tenfoldv1.RetractResultsRequest)
		reason, field string
	}{
		"a time to come": {func(r *tenfoldv1.RetractResultsRequest) { r.RecordedUntil = at(time.Hour) }, "REQUEST_INVALID", "recorded_until"},
		"an end before the beginning": {func(r *tenfoldv1.RetractResultsRequest) {
			r.RecordedFrom, r.RecordedUntil = at(-time.Hour), at(-2*time.Hour)
		}, "REQUEST_INVALID", "recorded_until"},
		"issued in no time": {func(r *tenfoldv1.RetractResultsRequest) { r.IssuedFrom, r.IssuedUntil = at(0), at(0) }, "REQUEST_INVALID", "issued_until"},
		"no cause":          {func(r *tenfoldv1.RetractResultsRequest) { r.Cause = 0 }, "REQUEST_INVALID", "cause"},
		"superseded": {func(r *tenfoldv1.RetractResultsRequest) {
			r.Cause = tenfoldv1.RetractionCause_RETRACTION_CAUSE_SUPERSEDED
		}, "REQUEST_INVALID", "cause"},
		"an invisible report": {func(r *tenfoldv1.RetractResultsRequest) { r.ReportNumbers = []string{"R", "\u200b\u2060"} }, "REQUEST_INVALID", "report_numbers[1]"},
		"no body":             {func(r *tenfoldv1.RetractResultsRequest) { r.Authenticator = "authenticators/nobody" }, "AUTHENTICATOR_NOT_FOUND", ""},
		"not suspended": {func(r *tenfoldv1.RetractResultsRequest) {
			r.Cause = tenfoldv1.RetractionCause_RETRACTION_CAUSE_SUSPENDED
		}, "AUTHENTICATOR_NOT_SUSPENDED", "cause"},
		"another report":  {func(r *tenfoldv1.RetractResultsRequest) { r.ReportNumbers = []string{"nothing"} }, "RETRACTION_EMPTY", ""},
		"an earlier time": {func(r *tenfoldv1.RetractResultsRequest) { r.IssuedUntil = at(-1000 * time.Hour) }, "RETRACTION_EMPTY", ""},
	} {
		_, err := f.retract(f.retracting(x.change))
		if got := refusal(err); got.reason != x.reason || got.field != x.field {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if _, err := tenfoldv1.NewRetractionServiceClient(f.conn).RetractResults(f.asPerson("operator", ""), f.retracting(plain)); refusal(err).reason != "PERSON_REQUIRED" {
		t.Errorf("by nobody: %v", err)
	}
	preview, err := f.retract(f.retracting(func(r *tenfoldv1.RetractResultsRequest) { r.ValidateOnly = true }))
	if p := preview.GetJob(); err != nil || p.GetName() != "" || p.GetPreview().GetClaims() != 1 || p.GetPreview().GetPaidClaims() != 0 ||
		p.GetState() != tenfoldv1.JobState_JOB_STATE_QUEUED {
		t.Fatalf("preview: %v %v", preview, err)
	}
	if list, err := f.jobs().ListJobs(f.as("auditor"), &tenfoldv1.ListJobsRequest{}); err != nil || len(list.GetJobs()) != 0 {
		t.Fatalf("after the preview: %v %v", list, err)
	}
	f.retractionRuns(c)
	f.audited()
}

// retractionRuns begins a job behind a claim, follows it, and reads what it did.
func (f *fixture) retractionRuns(c *tenfoldv1.Claim) {
	f.t.Helper()
	r := f.retracting(func(*tenfoldv1.RetractResultsRequest) {})
	begun, err := f.retract(r)
	if err != nil {
		f.t.Fatal(err)
	}
	name := begun.GetJob().GetName()
	if again, err := f.retract(r); err != nil || !again.GetReplayed() || again.GetJob().GetName() != name {
		f.t.Errorf("sent again: %v %v", again, err)
	}
	changed := proto.CloneOf(r)
	changed.Note = "other"
	if _, err := f.retract(changed); refusal(err).reason != "REQUEST_ID_REUSED" {
		f.t.Errorf("another request under the same id: %v", err)
	}
	approver, operator := f.asPerson("approver", "anna"), f.asPerson("operator", "oscar")
	for what, err := range map[string]error{
		"JOB_STATE_CONFLICT": errorOf(f.jobs().ApproveJob(approver, &tenfoldv1.ApproveJobRequest{Name: name, RequestId: f.id()})),
		"JOB_NOT_FOUND":      errorOf(f.jobs().CancelJob(operator, &tenfoldv1.CancelJobRequest{Name: "jobs/none", RequestId: f.id()})),
		"PERSON_REQUIRED":    errorOf(f.jobs().PauseJob(f.asPerson("operator", ""), &tenfoldv1.PauseJobRequest{Name: name, RequestId: f.id()})),
		"ACCESS_DENIED":      errorOf(f.jobs().GetJob(f.as("merchant"), &tenfoldv1.GetJobRequest{Name: name})),
	} {
		if refusal(err).reason != what {
			f.t.Errorf("%s: %v", what, err)
		}
	}
	paused, err := f.jobs().PauseJob(operator, &tenfoldv1.PauseJobRequest{Name: name, RequestId: f.id()})
	if err != nil || paused.GetJob().GetState() != tenfoldv1.JobState_JOB_STATE_PAUSED || paused.GetJob().GetChangedBy() != "oscar" {
		f.t.Fatalf("paused: %v %v", paused, err)
	}
	if f.runDueWork(); f.claim(c.GetName()).GetState() != tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED {
		f.t.Fatal("a paused job went on")
	}
	if _, err := f.jobs().ResumeJob(operator, &tenfoldv1.ResumeJobRequest{Name: name, RequestId: f.id()}); err != nil {
		f.t.Fatal(err)
	}
	f.runDueWork()
	f.advance(job.InFlightMax + time.Second)
	f.runDueWork()
	f.retractionDone(name, c)
}

func (f *fixture) retractionDone(name string, c *tenfoldv1.Claim) {
	f.t.Helper()
	done, err := f.jobs().GetJob(f.as("finance"), &tenfoldv1.GetJobRequest{Name: name})
	if j := done.GetJob(); err != nil || j.GetState() != tenfoldv1.JobState_JOB_STATE_DONE || j.GetDoneItems() != 1 || len(j.GetOutcomes()) != 1 ||
		j.GetOutcomes()[0].GetOutcome() != tenfoldv1.Reweighed_REWEIGHED_REOPENED || j.GetCreatedBy() != "oscar" {
		f.t.Fatalf("done: %v %v", done, err)
	}
	items, err := f.jobs().ListJobItems(f.as("approver"), &tenfoldv1.ListJobItemsRequest{Parent: name})
	if err != nil || len(items.GetItems()) != 1 || items.GetItems()[0].GetClaim() != c.GetName() || items.GetItems()[0].GetDoneTime() == nil {
		f.t.Errorf("items: %v %v", items, err)
	}
	refused, err := f.jobs().ListJobItems(f.as("approver"), &tenfoldv1.ListJobItemsRequest{Parent: name, State: tenfoldv1.JobItemState_JOB_ITEM_STATE_REFUSED})
	if err != nil || len(refused.GetItems()) != 0 {
		f.t.Errorf("refused items: %v %v", refused, err)
	}
	explained, err := f.claims.ExplainClaim(f.as("support"), &tenfoldv1.ExplainClaimRequest{Name: c.GetName()})
	if text := explained.GetExplanation().GetText().GetWhy(); err != nil || !strings.Contains(text, "was taken back: the body itself took it back.") ||
		!strings.Contains(text, "together with others of this body") || !strings.Contains(text, "samples were mixed up") {
		f.t.Errorf("explanation: %s %v", text, err)
	}
	told, err := tenfoldv1.NewHistoryServiceClient(f.conn).ListTimeline(f.as("support"), &tenfoldv1.ListTimelineRequest{Parent: c.GetName()})
	if err != nil {
		f.t.Fatal(err)
	}
	var of *tenfoldv1.TimelineEntry
	for _, e := range told.GetEntries() {
		if e.GetKind() == tenfoldv1.EventKind_EVENT_KIND_RESULT_RETRACTED {
			of = e
		}
	}
	if of.GetRetraction().GetJob() != name || !strings.Contains(of.GetText(), "The verdict rested on it, so a person decides anew.") {
		f.t.Errorf("timeline: %v", of)
	}
}
