package job

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Limits of statements.
const (
	// StatementLinesMax is how many lines a statement of a job may have: some 2.5 GB of CSV.
	StatementLinesMax = 10_000_000
	// OpenOfBookMax is how many statements of one book a caller may have under way, and
	// HeldOfBookMax how many together with those that are kept.
	OpenOfBookMax, HeldOfBookMax = 4, 32
	// OpenMax and HeldMax are the same over all books.
	OpenMax, HeldMax = 64, 512
	// StatementPasses is how often a statement is begun before transfers that come in
	// while it is written make it fail.
	StatementPasses = 4
)

// Writing is the phase of a statement whose lines are written.
const Writing Phase = "WRITING"

// Statement says of which transfers a statement is written.
type Statement struct {
	// MerchantID is the book; empty for all books.
	MerchantID string `json:"merchant,omitempty"`
	// From belongs to the time of the statement, and Until does not.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// ByEffect selects transfers by the time at which they took effect.
	ByEffect bool `json:"by_effect,omitempty"`
	// Currency is that of the lines over all books; empty for a book.
	Currency string `json:"currency,omitempty"`
	// OrderID is the order whose transfers count; empty for all.
	OrderID string `json:"order,omitempty"`
}

// Written is how far the CSV of a statement was written.
type Written struct {
	// Size is the number of bytes, and Parts that of the parts that they are kept in.
	Size  int64 `json:"size"`
	Parts int64 `json:"parts"`
	// At, MerchantID, EventNumber, ClaimID, PayoutID and Number are where the next lines begin.
	At          time.Time `json:"at,omitzero"`
	MerchantID  string    `json:"merchant,omitempty"`
	EventNumber int64     `json:"event,omitempty"`
	ClaimID     string    `json:"claim,omitempty"`
	PayoutID    string    `json:"payout,omitempty"`
	Number      int64     `json:"number,omitempty"`
	// Running is what the lines have come to, with the state of the digest.
	Running []byte `json:"running,omitempty"`
	// End is set once all is written.
	End *StatementEnd `json:"end,omitempty"`
}

// StatementEnd is what all lines of a statement are together.
type StatementEnd struct {
	Lines    int64        `json:"lines"`
	Amount   money.Amount `json:"minor"`
	Currency string       `json:"currency"`
	// SHA256 is that of the raw CSV, in lower-case hex.
	SHA256 string `json:"sha256"`
	// Provisional says that a part of the time lies in a month that was not closed when the
	// last line was written.
	Provisional bool `json:"provisional,omitempty"`
}

// OfMerchant says whether a merchant asked for the statement: it has the fields that merchants
// see, and only such a statement is shown to one.
func (j *Job) OfMerchant() bool { return j.Created.Role == principal.RoleMerchant }

// statementRules are the moves of a statement beside those of every job: it moves no money, so
// that it may be begun again, and dropped before its time.
var statementRules = map[State]map[Step]State{
	Done:      {Cancel: Cancelled},
	Cancelled: {Resume: Queued},
}

// MoveStatement is a step of a caller who may have the statement, and need name no person.
// Refuses with JOB_STATE_CONFLICT.
func (j *Job) MoveStatement(by Step, who principal.Principal, at time.Time) error {
	return j.move(by, who, at)
}

// KeepParts sets until when the parts of a statement are kept that has come into its state at a
// time.
func (j *Job) KeepParts(at time.Time, keep time.Duration) {
	if j.Kind != StatementFile {
		return
	}
	switch j.State {
	case Proposed, Queued, Running:
		j.PartsUntil = time.Time{}
	case Cancelled:
		j.PartsUntil = at
	case Paused, Done, Failed:
		if j.PartsUntil.IsZero() {
			j.PartsUntil = at.Add(keep)
		}
	}
}

// Rewind has a statement be written from its beginning again.
func (j *Job) Rewind() {
	j.Cursor.Phase, j.Cursor.Written = "", nil
	j.Done, j.Total = 0, 0
}

// Expire ends a statement whose parts are not kept any more. One that was not written to its end
// counts as cancelled: it is begun anew when it is resumed.
func (j *Job) Expire(at time.Time) {
	if j.State == Done {
		return
	}
	j.Rewind()
	if j.State != Cancelled {
		j.State, j.EndedAt, j.RetryAt, j.Attempts = Cancelled, at, time.Time{}, 0
	}
}

// Spoil takes in transfers that came into a statement while it was written: it is written once
// more, and fails where that has happened too often.
func (j *Job) Spoil(at time.Time) {
	j.Rewind()
	if j.Cursor.Pass++; j.Cursor.Pass < StatementPasses {
		return
	}
	j.State, j.EndedAt = Failed, at
	j.Failure = "transfers that belong to the statement were recorded while it was written; resume it once they have come in"
}

// Holds counts the statements that a caller has: those under way, and together with those whose
// bytes are kept; of one book and of all.
type Holds struct{ OpenOfBook, HeldOfBook, Open, Held int64 }

// Check refuses one more statement with STATEMENT_LIMIT_REACHED. A merchant has one book.
func (h Holds) Check() error {
	refuse := func(has, most int64, what string) error {
		return fault.New(fault.StatementLimitReached, "the caller has %d statements %s, and can have at most %d", has, what, most).
			With("statements", has).With("statementsMax", most)
	}
	switch {
	case h.OpenOfBook >= OpenOfBookMax:
		return refuse(h.OpenOfBook, OpenOfBookMax, "of this book under way; wait for one, or cancel it")
	case h.HeldOfBook >= HeldOfBookMax:
		return refuse(h.HeldOfBook, HeldOfBookMax, "of this book under way or kept; cancel one, or wait until it expires")
	case h.Open >= OpenMax:
		return refuse(h.Open, OpenMax, "under way; wait for one, or cancel it")
	case h.Held >= HeldMax:
		return refuse(h.Held, HeldMax, "under way or kept; cancel one, or wait until it expires")
	}
	return nil
}

// NotReady is the refusal to read a statement that is not written, or not kept any more.
func (j *Job) NotReady() *fault.Error {
	text := "statement %s is %s and has no content"
	if j.State == Done {
		text = "statement %s is %s, and its content has expired: make it again"
	}
	return fault.New(fault.StatementNotReady, text, j.ID, j.State).With("state", j.State).With("job", "jobs/"+j.ID).At("name")
}
