package claim

// RetractionCause is why a result does not count any more.
type RetractionCause string

// The causes of a retraction.
const (
	// CauseRetracted is a body that takes its own result back.
	CauseRetracted RetractionCause = "RETRACTED"
	// CauseSuspended is a body that was suspended, and is not believed about the past either.
	CauseSuspended RetractionCause = "SUSPENDED"
	// CauseSuperseded is a corrected result of the same body in the place of this one.
	CauseSuperseded RetractionCause = "SUPERSEDED"
)

// RetractionCauses lists the causes.
func RetractionCauses() []RetractionCause {
	return []RetractionCause{CauseRetracted, CauseSuspended, CauseSuperseded}
}

// Reweighed is what became of a claim when some of its results stopped to count.
type Reweighed string

// What becomes of a claim.
const (
	// Reopening sends the claim to a person: its verdict rested on results that are gone.
	Reopening Reweighed = "REOPENED"
	// Standing leaves the verdict: the results that are left find the same on every unit.
	Standing Reweighed = "STANDS"
	// DecidedByPerson leaves the verdict: a person decided it, whatever the results said.
	DecidedByPerson Reweighed = "DECIDED_BY_PERSON"
	// WithoutVerdict leaves a claim on which nothing was found yet, on which a person is deciding
	// already, or which ended without a finding.
	WithoutVerdict Reweighed = "WITHOUT_VERDICT"
	// AlreadyRetracted leaves a claim none of whose results counted any more.
	AlreadyRetracted Reweighed = "ALREADY_RETRACTED"
)

// Reweighings lists what may become of a claim.
func Reweighings() []Reweighed {
	return []Reweighed{Reopening, Standing, DecidedByPerson, WithoutVerdict, AlreadyRetracted}
}
