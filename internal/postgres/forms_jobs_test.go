package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// The forms of jobs, byte for byte.
const (
	jobArguments = `{"authenticator":"lab","recorded_from":"2026-03-01T00:00:00Z","recorded_until":"2026-03-01T00:00:01Z","issued_from":"2026-03-01T00:00:02Z","issued_until":"2026-03-01T00:00:03Z","reports":["R-1"],"cause":"RETRACTED","note":"mixed up"}`
	jobPreview   = `{"results":4,"claims":3,"paid_claims":2,"paid":[{"currency":"CNY","minor":1}]}`
	jobCursor    = `{"phase":"LISTING","pass":2,"found":3,"recorded_at":"2026-03-01T00:00:00Z","merchant":"m","result":"r"}`
	jobOutcomes  = `{"REOPENED":1}`

	statementArguments = `{"statement":{"merchant":"m","from":"2026-03-01T00:00:00Z","until":"2026-03-01T00:00:01Z","by_effect":true,"currency":"CNY","order":"o"}}`
	statementCursor    = `{"phase":"WRITING","pass":1,"found":0,"written":{"size":9,"parts":1,"at":"2026-03-01T00:00:00Z","merchant":"m","event":1,"claim":"c","payout":"p","number":2,"running":"AQI=","end":{"lines":1,"minor":2,"currency":"CNY","sha256":"ab","provisional":true}}}`
)

// wholeJob says everything that a job can.
func wholeJob() job.Job {
	at := func(s int) time.Time { return time.Date(2026, 3, 1, 0, 0, s, 0, time.UTC) }
	return job.Job{
		ID: "j-1", Kind: job.Retraction, State: job.Queued, Created: principal.Principal{Workload: "w", Role: principal.RoleOperator, Person: "p"}, CreatedAt: start,
		Arguments: job.Arguments{
			Selection: job.Selection{AuthenticatorID: "lab", RecordedFrom: at(0), RecordedUntil: at(1), IssuedFrom: at(2), IssuedUntil: at(3), Reports: []string{"R-1"}},
			Cause:     claim.CauseRetracted, Note: "mixed up",
		},
		Preview: job.Preview{Results: 4, Claims: 3, PaidClaims: 2, Paid: []job.Paid{{Currency: "CNY", Amount: 1}}},
	}
}

// movedOn is where the whole job stands after a step.
func movedOn(j *job.Job) {
	j.Cursor = job.Cursor{Phase: job.Listing, Pass: 2, Found: 3, RecordedAt: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), MerchantID: "m", ResultID: "r"}
}

// jobs stores the whole job with a step behind it, unless it is there, and gives its condition.
func (b *books) jobs() string {
	b.t.Helper()
	const condition = `job_id = 'j-1'`
	if _, found, err := b.pg.Reader().Job(b.t.Context(), "j-1"); found || err != nil {
		return condition
	}
	j := wholeJob()
	r := request.Once{Found: request.Found{Stored: request.Stored{Key: request.Key{RequestID: "r-1", Method: "Job"}, RecordedAt: start}}}
	if _, _, err := b.pg.CreateJob(b.t.Context(), r, &j, func() error { return nil }); err != nil {
		b.t.Fatal(err)
	}
	held, found, err := b.pg.TakeJob(b.t.Context(), job.Retraction, "here", "", start, start.Add(time.Minute))
	if err != nil || !found {
		b.t.Fatal(found, err)
	}
	item := job.Item{MerchantID: "m", ClaimID: "c", State: job.Finished, Outcome: claim.Reopening, DoneAt: start}
	refused := job.Item{MerchantID: "m", ClaimID: "d", State: job.Refused, Reason: fault.ClaimAlreadyFiled, Detail: "taken", DoneAt: start}
	_, err = b.pg.StepJob(b.t.Context(), &held, &postgres.JobStep{Listed: []job.Item{item, refused}, Done: []job.Item{item, refused}}, func(j *job.Job, listed int64) {
		if listed != 2 || j.Total != 2 || j.Done != 2 || j.Refused != 1 {
			b.t.Errorf("%d listed, %d of %d done, %d refused", listed, j.Done, j.Total, j.Refused)
		}
		movedOn(j)
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return condition
}

// ofJob is a column of the job, and what it holds.
func ofJob(bytes string, field func(*job.Job) any) golden {
	want := wholeJob()
	movedOn(&want)
	want.Outcomes = map[claim.Reweighed]int64{claim.Reopening: 1}
	return golden{
		write: (*books).jobs,
		read: func(b *books) (any, error) {
			j, _, err := b.pg.Reader().Job(b.t.Context(), "j-1")
			return field(&j), err
		},
		want: field(&want), bytes: []string{bytes},
	}
}

// writtenStatement says everything that the job of a statement can.
func writtenStatement() job.Job {
	at := func(s int) time.Time { return time.Date(2026, 3, 1, 0, 0, s, 0, time.UTC) }
	return job.Job{
		ID: "j-2", Kind: job.StatementFile, State: job.Queued, Created: principal.Principal{Workload: "w", Role: principal.RoleFinance}, CreatedAt: start,
		Arguments: job.Arguments{Statement: &job.Statement{MerchantID: "m", From: at(0), Until: at(1), ByEffect: true, Currency: "CNY", OrderID: "o"}},
		Cursor: job.Cursor{Phase: job.Writing, Pass: 1, Written: &job.Written{
			Size: 9, Parts: 1, At: at(0), MerchantID: "m", EventNumber: 1, ClaimID: "c", PayoutID: "p", Number: 2, Running: []byte{1, 2},
			End: &job.StatementEnd{Lines: 1, Amount: 2, Currency: "CNY", SHA256: "ab", Provisional: true},
		}},
	}
}

// Would catch a statement whose stored form changes, so that a server of another version cannot
// go on with it.
func TestFormsOfStatements(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	want := writtenStatement()
	j := want
	j.Cursor = job.Cursor{}
	r := request.Once{Found: request.Found{Stored: request.Stored{Key: request.Key{RequestID: "r-2", Method: "Job"}, RecordedAt: start}}}
	if _, _, err := b.pg.CreateStatement(t.Context(), r, &j, job.Holds.Check); err != nil {
		t.Fatal(err)
	}
	held, found, err := b.pg.TakeJob(t.Context(), job.StatementFile, "here", "", start, start.Add(time.Minute))
	if err != nil || !found {
		t.Fatal(found, err)
	}
	part := &postgres.StatementPart{Size: 9, Content: []byte("packed")}
	if _, err = b.pg.StepStatement(t.Context(), &held, part, func(j *job.Job) { j.Cursor = want.Cursor }); err != nil {
		t.Fatal(err)
	}
	got, _, err := b.pg.Reader().Job(t.Context(), "j-2")
	if err != nil || !cmp.Equal(got.Arguments, want.Arguments) || !cmp.Equal(got.Cursor, want.Cursor) {
		t.Errorf("%+v, %v", got, err)
	}
	if kept, found, err := b.pg.Reader().StatementPart(t.Context(), "j-2", 8); err != nil || !found || !cmp.Equal(kept, *part) {
		t.Errorf("%+v, %t, %v", kept, found, err)
	}
	var arguments, cursor string
	if err := b.admin.QueryRowContext(t.Context(), `SELECT arguments, cursor FROM jobs WHERE job_id = 'j-2'`).Scan(&arguments, &cursor); err != nil {
		t.Fatal(err)
	}
	if arguments != statementArguments || cursor != statementCursor {
		t.Errorf("stored as\n%s\n%s", arguments, cursor)
	}
}
