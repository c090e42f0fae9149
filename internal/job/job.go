// Package job holds long work that a server does by itself: what it is, how far it has come,
// and what moves it from one state to the next. What a step does is left to worker, and the
// rows to postgres. It is pure.
package job

import (
	"slices"
	"strconv"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Kind is what a job does.
type Kind string

// The kinds.
const (
	// Retraction takes results of a body back, over all merchants, and weighs each claim anew.
	Retraction Kind = "RETRACTION"
	// StatementFile writes the statement of a book, or of all books, and keeps it for a time.
	StatementFile Kind = "STATEMENT"
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{Retraction, StatementFile} }

// State says how far a job has come.
type State string

// The states of a job.
const (
	// Proposed waits for a second person.
	Proposed State = "PROPOSED"
	// Queued waits for a server to take it.
	Queued State = "QUEUED"
	// Running is worked on by the server that holds its lease, or waits for its next try.
	Running State = "RUNNING"
	// Paused waits for a person to resume it.
	Paused State = "PAUSED"
	// Done has looked at everything; what was refused is listed with it.
	Done State = "DONE"
	// Cancelled was ended by a person. What it did stays, but for what was written of a
	// statement. A statement that stopped and that nobody resumed ends so, too.
	Cancelled State = "CANCELLED"
	// Failed could not go on after many tries; a person resumes it.
	Failed State = "FAILED"
)

// States lists every state.
func States() []State { return []State{Proposed, Queued, Running, Paused, Done, Cancelled, Failed} }

// Step moves a job from one state to another, by a person.
type Step string

// The steps.
const (
	Approve Step = "APPROVE"
	Pause   Step = "PAUSE"
	Resume  Step = "RESUME"
	Cancel  Step = "CANCEL"
)

// Steps lists the steps.
func Steps() []Step { return []Step{Approve, Pause, Resume, Cancel} }

// rules are all moves of a job by persons: any other pair is refused.
var rules = map[State]map[Step]State{
	Proposed: {Approve: Queued, Cancel: Cancelled},
	Queued:   {Pause: Paused, Cancel: Cancelled},
	Running:  {Pause: Paused, Cancel: Cancelled},
	Paused:   {Resume: Queued, Cancel: Cancelled},
	Failed:   {Resume: Queued, Cancel: Cancelled},
}

// Limits of jobs.
const (
	// AttemptsMax is how often in a row a step may fail before the job does: with the pauses
	// between them, after about 51 minutes.
	AttemptsMax = 12
	// pauseMin and pauseMax bound the pause after a step that failed; each is twice as long as
	// the one before.
	pauseMin, pauseMax = 5 * time.Second, 10 * time.Minute
	// AloneMax is how many paid claims one person may have weighed anew.
	AloneMax = 10
	// ReportsMax is how many reports a retraction may name.
	ReportsMax = 500
	// PreviewMax is at how many results a preview stops to count.
	PreviewMax = 100_000
	// InFlightMax is longer than a result may be between its decision and its commit. A
	// retraction looks once more that much after the last time that it is about.
	InFlightMax = 2 * time.Minute
)

// Selection says which results of a body a retraction is about: those that every field names.
type Selection struct {
	AuthenticatorID string `json:"authenticator,omitempty"`
	// RecordedFrom and RecordedUntil bound when they were recorded, the first included. The
	// end is always set.
	RecordedFrom  time.Time `json:"recorded_from,omitzero"`
	RecordedUntil time.Time `json:"recorded_until,omitzero"`
	// IssuedFrom and IssuedUntil bound the date of the reports, the first included; zero for
	// any.
	IssuedFrom  time.Time `json:"issued_from,omitzero"`
	IssuedUntil time.Time `json:"issued_until,omitzero"`
	// Reports are numbers of reports, in the form in which numbers are compared; none for any.
	Reports []string `json:"reports,omitempty"`
}

// Holds says whether a result is among those that are selected, and still counts.
func (s *Selection) Holds(r *claim.Result) bool {
	within := func(t, from, until time.Time) bool {
		return !t.Before(from) && (until.IsZero() || t.Before(until))
	}
	return !r.Retracted && r.AuthenticatorID == s.AuthenticatorID &&
		within(r.RecordedAt, s.RecordedFrom, s.RecordedUntil) && within(r.IssuedAt, s.IssuedFrom, s.IssuedUntil) &&
		(len(s.Reports) == 0 || slices.Contains(s.Reports, claim.PlainReport(r.ReportNumber)))
}

// Arguments are what a job is about.
type Arguments struct {
	Selection
	Cause claim.RetractionCause `json:"cause,omitempty"`
	// Note is the reason, which every claim keeps.
	Note string `json:"note,omitempty"`
	// Statement is set for a statement, and nothing else is then.
	Statement *Statement `json:"statement,omitempty"`
}

// SettledAt is from when on no result that the job is about can come in any more. A body that
// is suspended records none from the beginning.
func (a *Arguments) SettledAt() time.Time {
	if a.Cause == claim.CauseSuspended {
		return time.Time{}
	}
	return a.RecordedUntil.Add(InFlightMax)
}

// Phase is what a running job does.
type Phase string

// The phases of a retraction.
const (
	// Listing notes the claims that the job is about.
	Listing Phase = "LISTING"
	// Walking weighs the listed claims.
	Walking Phase = "WALKING"
)

// Cursor is how far a running job has come.
type Cursor struct {
	Phase Phase `json:"phase"`
	// Pass counts the listings: the last one finds nothing that is not listed yet. Of a
	// statement it counts how often it was begun in vain.
	Pass int32 `json:"pass"`
	// Found is how many claims the present listing has found.
	Found int64 `json:"found"`
	// RecordedAt, MerchantID and ResultID are the result up to which the listing came.
	RecordedAt time.Time `json:"recorded_at,omitzero"`
	MerchantID string    `json:"merchant,omitempty"`
	ResultID   string    `json:"result,omitempty"`
	// Written is how far a statement was written; nil before its beginning.
	Written *Written `json:"written,omitempty"`
}

// Paid is money that has been paid in one currency on the claims that a job is about.
type Paid struct {
	Currency string       `json:"currency"`
	Amount   money.Amount `json:"minor"`
}

// Preview is what a job was going to be about when it was asked for.
type Preview struct {
	Results int64 `json:"results"`
	Claims  int64 `json:"claims"`
	// PaidClaims are those among the claims on which money has been paid.
	PaidClaims int64  `json:"paid_claims"`
	Paid       []Paid `json:"paid,omitempty"`
	// AtLeast says that there is more than was counted: all numbers are lower bounds.
	AtLeast bool `json:"at_least,omitempty"`
}

// Job is one piece of long work.
type Job struct {
	ID        string
	Kind      Kind
	State     State
	Arguments Arguments
	Preview   Preview
	Cursor    Cursor
	// Done counts the items that were looked at, of Total that are known by now; Refused are
	// those among them that could not be done. Outcomes counts what became of the others.
	Done, Total, Refused int64
	Outcomes             map[claim.Reweighed]int64
	// Attempts counts the steps in a row that failed; RetryAt is when the next one begins.
	Attempts int32
	RetryAt  time.Time
	// Failure is what went wrong at the last step that failed.
	Failure string
	// Lease counts how often the job was taken by a server, LeaseHolder the last of them and
	// LeaseUntil how long nobody else takes it.
	Lease       int64
	LeaseHolder string
	LeaseUntil  time.Time
	// Created and Approved are who asked for the job and who agreed; Changed is who paused,
	// resumed or cancelled it last. Each is empty for nobody.
	Created, Approved, Changed principal.Principal
	CreatedAt                  time.Time
	ApprovedAt                 time.Time
	ChangedAt                  time.Time
	StartedAt                  time.Time
	EndedAt                    time.Time
	// PartsUntil is until when the parts of a statement are kept that no server works on;
	// zero if it has none, or is worked on.
	PartsUntil time.Time
	Version    int64
}

// Begin gives the state in which a job begins: it waits for a second person where much money
// has been paid, or may have been.
func Begin(p *Preview) State {
	if p.PaidClaims > AloneMax || p.AtLeast {
		return Proposed
	}
	return Queued
}

// Move is a step of a person. Refuses with PERSON_REQUIRED, with SAME_PERSON where whoever
// asked for the job approves it, and with JOB_STATE_CONFLICT.
func (j *Job) Move(by Step, who principal.Principal, at time.Time) error {
	if who.Person == "" {
		return fault.New(fault.PersonRequired, "a job must be changed by a person, but the call names no person")
	}
	return j.move(by, who, at)
}

// move is Move by anybody.
func (j *Job) move(by Step, who principal.Principal, at time.Time) error {
	to, ok := rules[j.State][by]
	if !ok && j.Kind == StatementFile {
		to, ok = statementRules[j.State][by]
	}
	if again := j.State == Done && by == Resume && j.Refused > 0; again {
		to, ok = Queued, true // What was refused is tried again.
		j.Done -= j.Refused
		j.Refused = 0
	}
	if !ok {
		return fault.New(fault.JobStateConflict, "job %s is %s and cannot be changed so now", j.ID, j.State).
			With("job", "jobs/"+j.ID).With("state", j.State)
	}
	switch by {
	case Approve:
		if principal.Same(who.Person, j.Created.Person) {
			return fault.New(fault.SamePerson, "a job must be approved by another person than the one who asked for it")
		}
		j.Approved, j.ApprovedAt = who, at
	case Pause, Resume, Cancel:
		j.Changed, j.ChangedAt = who, at
	}
	before := j.State
	j.State, j.Attempts, j.RetryAt, j.EndedAt = to, 0, time.Time{}, time.Time{}
	if to == Cancelled {
		j.EndedAt = at
	}
	if to == Queued {
		j.Failure = ""
	}
	if j.Kind == StatementFile {
		j.Cursor.Pass = 0
		if before == Done {
			j.Rewind()
		}
	}
	return nil
}

// Fail takes in a step that failed, for a reason in words that anybody may read: the job is
// tried again after a pause, or fails.
func (j *Job) Fail(why string, at time.Time) {
	if j.State != Running {
		return // A person paused or ended it meanwhile.
	}
	j.Attempts++
	j.Failure = why
	if j.Attempts >= AttemptsMax {
		j.State, j.EndedAt = Failed, at
		return
	}
	j.RetryAt = at.Add(min(pauseMin<<(j.Attempts-1), pauseMax))
}

// ItemState says what became of an item of a job.
type ItemState string

// The states of an item.
const (
	// Waiting was not looked at yet.
	Waiting ItemState = "WAITING"
	// Finished was done.
	Finished ItemState = "FINISHED"
	// Refused could not be done, for the reason that it names.
	Refused ItemState = "REFUSED"
)

// ItemStates lists the states of items.
func ItemStates() []ItemState { return []ItemState{Waiting, Finished, Refused} }

// Item is a claim that a job is about.
type Item struct {
	MerchantID string
	ClaimID    string
	State      ItemState
	// Round counts how often the claim was listed anew after it had been finished.
	Round int32
	// Outcome is what became of the claim; empty before, and where it was refused.
	Outcome claim.Reweighed
	// Reason and Detail say why it was refused.
	Reason fault.Reason
	Detail string
	DoneAt time.Time
}

// RequestID is the request under which the command of an item is carried out: the same for
// every try, so that a try after a crash finds what the one before did.
func (i *Item) RequestID(jobID string) string {
	id := jobID + "-" + i.ClaimID
	if i.Round > 0 {
		id += "-" + strconv.Itoa(int(i.Round))
	}
	return id
}
