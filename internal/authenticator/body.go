package authenticator

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Body is an authenticator as it stands. A body is never changed in place: readers of one
// version may share it.
type Body struct {
	ID string
	// Version is the number, in the whole register, of the last change that was applied to
	// it. A body with another version is another body to whoever has judged by it.
	Version int64
	// Revision counts its contents from 1.
	Revision int32
	Content
	RegisteredAt time.Time
	Suspended    Suspension
	// Changes counts the changes that were asked for, applied or not.
	Changes int32
	// Keys are the public keys that it was ever given, in the order in which they were
	// added. None is ever taken out: what it signed is verified again later.
	Keys []SigningKey
}

// Suspension is why no result of a body is recorded at present.
type Suspension struct {
	// Change is the number of the change that suspended the body; 0 for none.
	Change int32
	At     time.Time
	Reason string
}

// State is whether results of a body are recorded.
type State string

// The states of a body.
const (
	Active  State = "ACTIVE"
	Stopped State = "SUSPENDED"
)

// States lists the states.
func States() []State { return []State{Active, Stopped} }

// State is whether results of the body are recorded.
func (b *Body) State() State {
	if b.Suspended.Change != 0 {
		return Stopped
	}
	return Active
}

// Judged is what a result says of itself that decides whether its body may be believed.
type Judged struct {
	// Category is that of the goods; empty if it is not known.
	Category string
	IssuedAt time.Time
	// Methods are those that were tested by, TestedOn the days in Beijing of the test, as far
	// as they are told.
	Methods, TestedOn []string
	// Brand and Trademark are those of the goods; empty if they are not told.
	Brand, Trademark string
	// Signed says that a signed report tells all this.
	Signed bool
}

// field is the field of a request that tells something of the test: the named one, or the signed
// report.
func (j *Judged) field(name string) string {
	if j.Signed {
		return "signed_result"
	}
	return name
}

// CheckResult refuses a result of the body: with AUTHENTICATOR_SUSPENDED while it is
// suspended, whatever the report's date; with AUTHENTICATOR_NOT_ACCREDITED if it had no
// accreditation on the day of the report; with AUTHENTICATOR_NOT_TRUSTED for goods beyond
// its scope.
func (b *Body) CheckResult(j Judged) error {
	if err := b.CheckActive(); err != nil {
		return err
	}
	switch {
	case !b.AccreditedOn(j.IssuedAt):
		day := calendar.DateOf(j.IssuedAt).String()
		return fault.New(fault.AuthenticatorNotAccredited, "no accreditation of authenticator %s was valid on %s, the day of the report in Beijing", b.ID, day).
			With("authenticatorId", b.ID).With("issuedOn", day).At("issued_at")
	case j.Category != "" && !b.JudgesCategory(j.Category):
		return fault.New(fault.AuthenticatorNotTrusted, "authenticator %s is not registered for category %q", b.ID, j.Category).
			With("authenticatorId", b.ID).At("authenticator")
	}
	return b.checkTest(&j)
}

// CheckActive refuses what a suspended body says, with AUTHENTICATOR_SUSPENDED.
func (b *Body) CheckActive() error {
	if b.Suspended.Change == 0 {
		return nil
	}
	at := b.Suspended.At.UTC().Format(time.RFC3339)
	return fault.New(fault.AuthenticatorSuspended, "authenticator %s is suspended since %s, and nothing that it says is recorded", b.ID, at).
		With("authenticatorId", b.ID).With("suspendedAt", at).At("authenticator")
}

// commissionsLeft is how long after its suspension the commissions of a body end: long enough for
// whoever suspended the wrong one to say so, and short beside the time that a report takes.
const commissionsLeft = time.Hour

// LongSuspended says whether the body is suspended for so long that its commissions end.
func (b *Body) LongSuspended(now time.Time) bool {
	return b.Suspended.Change != 0 && !now.Before(b.Suspended.At.Add(commissionsLeft))
}

// SuspendedBefore is the time before which a body was suspended whose commissions end.
func SuspendedBefore(now time.Time) time.Time { return now.Add(-commissionsLeft) }

// checkTest refuses a result by what is told of the test and of the goods.
func (b *Body) checkTest(j *Judged) error {
	for _, day := range j.TestedOn {
		if !b.accreditedOn(day) {
			return fault.New(fault.AuthenticatorNotAccredited, "no accreditation of authenticator %s was valid on %s, a day of the test", b.ID, day).
				With("authenticatorId", b.ID).With("issuedOn", day).At(j.field("issued_at"))
		}
	}
	for _, m := range j.Methods {
		if len(b.Methods) > 0 && !hasPlain(b.Methods, m) {
			return fault.New(fault.AuthenticatorNotTrusted, "authenticator %s is not registered for the method %q", b.ID, m).
				With("authenticatorId", b.ID).At(j.field("methods"))
		}
	}
	if field, what := j.field("brand"), "brand"; !b.JudgesGoods(j.Brand, j.Trademark) {
		said := j.Brand
		if said == "" || len(b.Brands) == 0 {
			field, what, said = j.field("trademark_number"), "trademark", j.Trademark
		}
		return fault.New(fault.AuthenticatorNotTrusted, "authenticator %s is not registered for the %s %q", b.ID, what, said).
			With("authenticatorId", b.ID).At(field)
	}
	return nil
}

// NotFound refuses an authenticator that is not registered.
func NotFound(id string) *fault.Error {
	return fault.New(fault.AuthenticatorNotFound, "authenticator %s is not registered", id).With("authenticatorId", id)
}
