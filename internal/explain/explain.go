// Package explain says in words why a claim is in its state, who must act, what the
// deadline will do and which actions are possible. It owns the message catalogue,
// English and Chinese, in one place; internal/claim computes what a claim allows
// and moves. It is pure.
package explain

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
)

// Language is a language that explanations are written in.
type Language string

// The languages.
const (
	English Language = "ENGLISH"
	Chinese Language = "CHINESE"
)

// Languages lists the languages.
func Languages() []Language { return []Language{English, Chinese} }

// Subject is the content of an explanation, all from one moment.
type Subject struct {
	Claim claim.Claim
	// Moved is the move that brought the claim to its state.
	Moved Move
	// Result is the result that pulled that move; nil if something else did.
	Result *claim.Graded
	// Broken are results that count for less because their chain of custody does not hold.
	Broken []claim.Graded
	// Weighing is what was weighed for that move; nil if that is not known. Results are those of
	// the claim, by which it names reports.
	Weighing *claim.Weighing
	Results  []claim.Result
	// Retracted are the results of the claim that were taken back.
	Retracted []Retracted
	// Commissions are the open commissions of the claim; Commissioned says whether it ever had
	// one.
	Commissions  []commission.Commission
	Commissioned bool
	// Requested are the open requests for evidence that the reader may know.
	Requested []claim.EvidenceRequest
	// Claimant is who claims; empty if the reader must not know.
	Claimant string
	// Revision is the newest verdict; nil before the first.
	Revision *claim.Revision
	// Choices are the actions that are possible now.
	Choices []Choice
	// Place is where the times are read; nil for Beijing.
	Place *time.Location
}

// Retracted is a result that does not count any more.
type Retracted struct {
	claim.Result
	// Cause is why; empty for a retraction of before causes were told.
	Cause claim.RetractionCause
	// Job is the job that took it back with others; empty if it was taken back alone.
	Job string
}

func (s *Subject) writer(l Language) writer {
	place := s.Place
	if place == nil {
		place = Place()
	}
	return writer{words: in(l), claim: &s.Claim, place: place}
}

// Move is the last move of a claim.
type Move struct {
	Trigger claim.Trigger
	// Role is the role of the mover.
	Role string
	Note string
	At   time.Time
}

// Choice is one outcome of an action.
type Choice struct {
	Action claim.Action
	// Roles are the roles that may take it.
	Roles    []string
	Prospect claim.Prospect
	// Deadline is when the deadline that would begin would pass; zero for none.
	Deadline time.Time
}

// Text is an explanation.
type Text struct {
	// Why says why the claim is in its state, Turn who must act, Time what the
	// deadline will do.
	Why, Turn, Time string
	// Award says how the award was computed and what has moved for it.
	Award []string
	// Choices has one sentence for each choice.
	Choices []string
}

// Explain writes the explanation of a claim.
func Explain(l Language, s *Subject) Text {
	w := s.writer(l)
	return Text{
		Why:     w.why(s),
		Turn:    w.turn(s),
		Time:    w.time(),
		Award:   w.award(s.Revision),
		Choices: w.choices(s.Choices),
	}
}

// State describes a state.
func State(l Language, s claim.State) string { return word(in(l).states, s) }

// Money describes the effect on money on entry of a state.
func Money(l Language, s claim.State) string {
	if words, ok := in(l).money[s]; ok {
		return words
	}
	return s.OnEntry().Words
}

// Trigger describes a trigger.
func Trigger(l Language, t claim.Trigger) string { return word(in(l).triggers, t) }

// Action describes an action.
func Action(l Language, a claim.Action) string { return word(in(l).actions, a) }

// Deadline describes what a deadline does when it passes.
func Deadline(l Language, d claim.Deadline) string { return word(in(l).deadlines, d) }
