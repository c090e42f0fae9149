package worker_test

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// as is a request of another person.
func (f *fixture) as(person, method string) request.Header {
	h := f.request("", method)
	h.Principal.Person = person
	return h
}

// retracts begins a job that takes back what lab-1 said until now.
func (f *fixture) retracts(a job.Arguments) job.Job {
	f.t.Helper()
	a.AuthenticatorID, a.Note = "lab-1", "samples were mixed up"
	j, _, err := f.engine.RetractResults(f.t.Context(), f.as("oscar", "RetractResults"), &a)
	if err != nil {
		f.t.Fatal(err)
	}
	return j
}

func (f *fixture) job(id string) job.Job {
	f.t.Helper()
	j, err := f.engine.Job(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return j
}

func (f *fixture) change(j job.Job, person string, by job.Step) (job.Job, error) {
	f.t.Helper()
	j, _, err := f.engine.ChangeJob(f.t.Context(), f.as(person, string(by)), j.ID, by)
	return j, err
}

// dies has the process's worker do what is due, and die when it comes to a place for the
// given time.
func (f *fixture) dies(at string, times int) {
	f.t.Helper()
	f.worker.AtJob(func(place string) {
		if place == at {
			if times--; times == 0 {
				runtime.Goexit()
			}
		}
	})
	gone, ended := make(chan struct{}), false
	go func() {
		defer close(gone)
		_, _ = f.worker.RunDue(f.t.Context())
		ended = true
	}()
	<-gone
	if ended {
		f.t.Fatalf("the worker never came to %s", at)
	}
	f.process = f.begin(f.gateway, f.config)
}

// result records what lab-1 or another body finds on a claim.
func (f *fixture) result(c *claim.Claim, body, report string, verdict claim.Verdict) *claim.Claim {
	f.t.Helper()
	o, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "RecordResult"), &book.RecordResult{Result: claim.Result{
		ClaimID: c.ID, AuthenticatorID: body, ReportNumber: report, Sample: claim.SealedPlatformSample,
		CustodyIntact: true, Units: []claim.Unit{{Ordinal: 1, Verdict: verdict}}, IssuedAt: start,
	}})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

// jobFixture has three books with claims of every sort behind lab-1: paid ones, one that
// another body confirms, one that a person decided, one that waits for more, one that was
// found genuine. Steps of jobs are short.
func jobFixture(t *testing.T) (f *fixture, paid []*claim.Claim, others map[claim.Reweighed]*claim.Claim) {
	config := worker.Defaults()
	config.JobItems = 4
	f = newFixtureOf(t, config, callMax)
	if _, err := f.engine.RegisterAuthenticator(t.Context(), f.request("", "RegisterAuthenticator"),
		claim.Authenticator{ID: "lab-2", Kind: claim.AccreditedLab, DisplayName: "lab-2"}); err != nil {
		t.Fatal(err)
	}
	for m := range 3 {
		f.open(fmt.Sprintf("m%d", m))
		for i := range 4 {
			paid = append(paid, f.paying(fmt.Sprintf("m%d", m), fmt.Sprintf("m%d-l%d", m, i), "wallet-1"))
		}
	}
	others = make(map[claim.Reweighed]*claim.Claim)
	others[claim.Standing] = f.result(f.notified("m0", "twice", "wallet-1"), "lab-2", "S-1", claim.Counterfeit)
	others[claim.DecidedByPerson] = f.reviewed(f.result(f.result(f.file("m1", "disputed", "wallet-1"), "lab-1", "D-1", claim.Counterfeit), "lab-2", "D-2", claim.Genuine))
	others[claim.WithoutVerdict] = f.result(f.file("m2", "open", "wallet-1"), "lab-1", "O-1", claim.Inconclusive)
	others[claim.Reopening] = f.result(f.file("m2", "genuine", "wallet-1"), "lab-1", "G-1", claim.Genuine)
	f.run(lookAgain)
	for _, c := range paid {
		f.wantState(c, claim.Paid)
	}
	f.clock.Move(time.Hour)
	return f, paid, others
}

// reviewed has a person uphold a claim that its results could not decide.
func (f *fixture) reviewed(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	o, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "DecideReview"), &book.DecideReview{
		OnClaim: book.OnClaim{ClaimID: c.ID}, Decision: book.Uphold, Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}}, Note: "the cap",
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

// Would catch a claim that a retraction misses or takes back twice when servers die between
// its steps, a wrong count, a job that begins without the second person, that touches what a
// person or another body found, and a book that is wrong afterwards: the fixture audits all.
func TestARetractionSurvivesItsServers(t *testing.T) {
	t.Parallel()
	f, paid, others := jobFixture(t)
	j := f.retracts(job.Arguments{Cause: claim.CauseRetracted})
	want := job.Preview{Results: 16, Claims: 16, PaidClaims: 12, Paid: []job.Paid{{Currency: "CNY", Amount: 12 * 11_000}}}
	if j.State != job.Proposed || !cmp.Equal(j.Preview, want) {
		t.Fatalf("the job is %s with %+v", j.State, j.Preview)
	}
	if f.run(0); f.job(j.ID).StartedAt != (time.Time{}) {
		t.Fatal("the job began before a second person had agreed")
	}
	if _, err := f.change(j, "oscar", job.Approve); !errors.Is(err, fault.SamePerson) {
		t.Fatalf("approved by the same person: %v", err)
	}
	if _, err := f.change(j, "anna", job.Approve); err != nil {
		t.Fatal(err)
	}
	f.dies(worker.JobCommanded, 2)
	if got := f.job(j.ID); got.Done != 4 || got.Total != 16 {
		t.Fatalf("after the first death %d of %d are done", got.Done, got.Total)
	}
	// Nobody takes the job before its lease is over.
	if done := f.run(f.config.JobLease - time.Second); done.JobItemsDone != 0 {
		t.Fatalf("within the lease: %+v", done)
	}
	f.clock.Move(time.Second)
	f.dies(worker.JobKept, 2)
	if got := f.job(j.ID); got.Done != 12 {
		t.Fatalf("after the second death %d are done", got.Done)
	}
	f.run(f.config.JobLease)
	f.run(job.InFlightMax)
	got := f.job(j.ID)
	outcomes := map[claim.Reweighed]int64{claim.Reopening: 13, claim.Standing: 1, claim.DecidedByPerson: 1, claim.WithoutVerdict: 1}
	if got.State != job.Done || got.Done != 16 || got.Total != 16 || got.Refused != 0 || !cmp.Equal(got.Outcomes, outcomes) {
		t.Fatalf("at the end the job is %s, %d of %d, %d refused, %v, %s", got.State, got.Done, got.Total, got.Refused, got.Outcomes, got.Failure)
	}
	for _, c := range append(paid, others[claim.Reopening]) {
		f.wantState(c, claim.InReview)
	}
	f.wantState(others[claim.Standing], claim.Notified)
	f.wantState(others[claim.DecidedByPerson], claim.Notified)
	f.retractedOnce(16, j.ID)
	f.settles(paid)
}

// retractedOnce checks that as many results were taken back as events tell, each once.
func (f *fixture) retractedOnce(want int, jobID string) {
	f.t.Helper()
	var rows, events int
	if err := f.rows.Get(&rows, `SELECT count(*) FROM result_retractions WHERE job_id = $1`, jobID); err != nil {
		f.t.Fatal(err)
	}
	if err := f.rows.Get(&events, `SELECT count(*) FROM events WHERE kind = $1`, string(event.ResultRetracted)); err != nil {
		f.t.Fatal(err)
	}
	if rows != want || events != want {
		f.t.Errorf("%d results were taken back by %d events, want %d", rows, events, want)
	}
}

// settles has people decide the claims anew, one for the merchant, and checks that nobody is
// paid twice and that the merchant has its money again.
func (f *fixture) settles(paid []*claim.Claim) {
	f.t.Helper()
	before := f.payments.Paid()
	for i, c := range paid {
		if i > 0 {
			f.reviewed(c)
			continue
		}
		if _, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "DecideReview"), &book.DecideReview{
			OnClaim: book.OnClaim{ClaimID: c.ID}, Decision: book.Reject, Note: "genuine after all",
		}); err != nil {
			f.t.Fatal(err)
		}
	}
	f.run(lookAgain)
	for i, c := range paid {
		got := f.read(c)
		switch {
		case i == 0 && (got.State != claim.Rejected || got.Funding.Borne() != 0 || got.Funding.Lost != 11_000):
			f.t.Errorf("rejected: %s with %+v", got.State, got.Funding)
		case i > 0 && (got.State != claim.Paid || got.Funding.Borne() != 11_000):
			f.t.Errorf("upheld again: %s with %+v", got.State, got.Funding)
		}
	}
	if after := f.payments.Paid(); after != before {
		f.t.Errorf("paid %+v, and before that %+v", after, before)
	}
}

// Would catch a suspension behind which a result of the body slips in and is missed, whether it
// comes before it or after, a job that a claim's refusal stops, one that cannot be resumed for
// what was refused, and a job that goes on although a person paused or cancelled it.
func TestASuspensionWeighsWhatWasSaidBefore(t *testing.T) {
	t.Parallel()
	f, paid, _ := jobFixture(t)
	a := job.Arguments{Cause: claim.CauseSuspended}
	a.AuthenticatorID, a.Note = "lab-1", "reports were sold"
	if _, _, err := f.engine.RetractResults(t.Context(), f.as("oscar", "RetractResults"), &a); !errors.Is(err, fault.AuthenticatorNotSuspended) {
		t.Fatalf("the body still counts: %v", err)
	}
	late := f.file("m1", "late", "wallet-1")
	f.result(late, "lab-1", "L-1", claim.Genuine) // At the last moment before the suspension.
	if _, err := f.engine.SuspendAuthenticator(t.Context(), f.as("oscar", "SuspendAuthenticator"), "lab-1", "reports were sold"); err != nil {
		t.Fatal(err)
	}
	j := f.retracts(a)
	if _, err := f.change(j, "anna", job.Approve); err != nil {
		t.Fatal(err)
	}
	after := f.file("m1", "after", "wallet-1")
	_, err := f.engine.Do(t.Context(), f.request("m1", "RecordResult"), &book.RecordResult{Result: claim.Result{
		ClaimID: after.ID, AuthenticatorID: "lab-1", ReportNumber: "A-1", Sample: claim.Photos, Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Genuine}}, IssuedAt: start,
	}})
	if !errors.Is(err, fault.AuthenticatorSuspended) {
		t.Fatalf("after the suspension: %v", err)
	}
	// A person pauses the job after its second step.
	kept := 0
	f.worker.AtJob(func(place string) {
		if place == worker.JobKept {
			if kept++; kept == 2 {
				if _, err := f.change(j, "pia", job.Pause); err != nil {
					t.Error(err)
				}
			}
		}
	})
	f.run(0)
	if got := f.job(j.ID); got.State != job.Paused || got.Done != 8 {
		t.Fatalf("paused: %s, %d done", got.State, got.Done)
	}
	other := f.takenOver(late)
	if _, err := f.change(j, "pia", job.Resume); err != nil {
		t.Fatal(err)
	}
	f.run(0)
	got := f.job(j.ID)
	if got.State != job.Done || got.Done != 17 || got.Refused != 1 {
		t.Fatalf("at the end: %s, %d of %d done, %d refused, %s", got.State, got.Done, got.Total, got.Refused, got.Failure)
	}
	refused, err := f.db.Reader().JobItems(t.Context(), j.ID, job.Refused, book.Key{}, 10)
	if err != nil || len(refused) != 1 || refused[0].ClaimID != late.ID || refused[0].Reason != fault.ClaimAlreadyFiled {
		t.Fatalf("refused: %+v, %v", refused, err)
	}
	// The other claim on the unit ends, and what was refused is tried again.
	if _, err := f.engine.Do(t.Context(), f.request("m1", "WithdrawClaim"), &book.WithdrawClaim{OnClaim: book.OnClaim{ClaimID: other.ID}}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.change(j, "pia", job.Resume); err != nil {
		t.Fatal(err)
	}
	f.run(0)
	if got := f.job(j.ID); got.State != job.Done || got.Done != 17 || got.Refused != 0 {
		t.Fatalf("resumed: %s, %d of %d done, %d refused", got.State, got.Done, got.Total, got.Refused)
	}
	f.wantState(late, claim.InReview)
	f.wantState(paid[len(paid)-1], claim.InReview)
	f.retractedOnce(17, j.ID)
	if _, err := f.change(j, "pia", job.Cancel); !errors.Is(err, fault.JobStateConflict) {
		t.Errorf("cancelled after its end: %v", err)
	}
}

// takenOver has the unit of a rejected claim be claimed anew, with evidence that is new.
func (f *fixture) takenOver(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	o, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "FileClaim"), &book.FileClaim{
		LineID: c.OrderLineID, ClaimantID: c.ClaimantID, Ordinals: []int32{1}, Basis: policy.Promise,
		Remedies: policy.Remedies{Refund: true, Compensation: true}, Grounds: claim.GroundsTrademark,
		LearnedAt: start.AddDate(0, 0, -3), Destination: "wallet-1",
		Evidence: []book.AddEvidence{{Kind: "PHOTO", Reference: "photo-2", Digest: strings.Repeat("ab", 32)}},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

// occupied locks a book, as another server would, until release is called.
func (f *fixture) occupied(merchant string) (release func()) {
	f.t.Helper()
	tx, err := f.rows.Beginx()
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = tx.Rollback() })
	if _, err := tx.Exec(`UPDATE books SET version = version WHERE merchant_id = $1`, merchant); err != nil {
		f.t.Fatal(err)
	}
	return func() { _ = tx.Rollback() }
}

// Would catch a job that notes a claim as refused because its book was busy, or that does not
// come back to it by itself.
func TestABusyBookIsNoRefusal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, m := range []string{"m0", "m1"} {
		f.open(m)
		f.result(f.file(m, m+"-l0", "wallet-1"), "lab-1", m+"-R", claim.Counterfeit)
	}
	f.clock.Move(time.Hour)
	j := f.retracts(job.Arguments{Cause: claim.CauseRetracted})
	release := f.occupied("m0")
	f.run(0)
	if got := f.job(j.ID); got.State != job.Running || got.Done != 1 || got.Refused != 0 || got.RetryAt.IsZero() || got.Attempts != 1 {
		t.Fatalf("with a busy book the job is %s, %d of %d done, %d refused, attempt %d", got.State, got.Done, got.Total, got.Refused, got.Attempts)
	}
	release()
	f.run(job.InFlightMax)
	f.run(job.InFlightMax)
	if got := f.job(j.ID); got.State != job.Done || got.Done != 2 || got.Refused != 0 {
		t.Errorf("at the end the job is %s, %d of %d done, %d refused, %s", got.State, got.Done, got.Total, got.Refused, got.Failure)
	}
}

// Would catch a claim that is counted twice among the outcomes of a job because it was weighed
// twice: what counts is what became of it at last.
func TestAClaimThatIsWeighedTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m0")
	c := f.result(f.file("m0", "l0", "wallet-1"), "lab-1", "A", claim.Inconclusive)
	f.clock.Move(time.Hour)
	a := job.Arguments{Cause: claim.CauseRetracted}
	a.RecordedUntil = f.clock.Now().Add(time.Hour)
	j := f.retracts(a)
	f.run(0)
	want := map[claim.Reweighed]int64{claim.WithoutVerdict: 1}
	if got := f.job(j.ID); got.Done != 1 || !cmp.Equal(got.Outcomes, want) {
		t.Fatalf("at first: %d done, %v", got.Done, got.Outcomes)
	}
	f.result(c, "lab-1", "B", claim.Counterfeit) // Comes in while the job waits for just that.
	f.run(time.Hour + job.InFlightMax)
	want = map[claim.Reweighed]int64{claim.Reopening: 1}
	if got := f.job(j.ID); got.State != job.Done || got.Done != 1 || got.Total != 1 || !cmp.Equal(got.Outcomes, want) {
		t.Errorf("at the end the job is %s, %d of %d done, %v", got.State, got.Done, got.Total, got.Outcomes)
	}
}

// Would catch a count of a worker's work that the sum over several runs leaves out.
func TestDoneAddsUpWhole(t *testing.T) {
	t.Parallel()
	var one, sum worker.Done
	of := reflect.ValueOf(&one).Elem()
	for i := range of.NumField() {
		of.Field(i).SetInt(int64(i + 1))
	}
	sum.Add(one)
	sum.Add(one)
	for i := range of.NumField() {
		if got := reflect.ValueOf(sum).Field(i).Int(); got != 2*int64(i+1) {
			t.Errorf("%s adds up to %d", of.Type().Field(i).Name, got)
		}
	}
}
