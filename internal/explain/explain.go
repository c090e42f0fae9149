// Package explain says in words why a claim is where it is, whose turn it is,
// what time will do and what can be done. It owns the message catalogue, English
// and Chinese, in one place; what a claim admits and moves is computed by
// internal/claim. It is pure.
package explain

import (
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
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

// Subject is what an explanation is made of, all of it of one moment.
type Subject struct {
	Claim claim.Claim
	// Moved is the move that brought the claim where it is.
	Moved Move
	// Result is the result that pulled that move; nil where another thing did.
	Result *claim.Result
	// Revision is the newest verdict; nil before the first.
	Revision *claim.Revision
	// Choices are what can be done now.
	Choices []Choice
}

// Move is the last move of a claim.
type Move struct {
	Trigger claim.Trigger
	// Role is what moved it acted as.
	Role string
	Note string
	At   time.Time
}

// Choice is one way of taking an action.
type Choice struct {
	Action claim.Action
	// Roles are those that may.
	Roles    []string
	Prospect claim.Prospect
	// Deadline is when what would begin to run would pass; zero for none.
	Deadline time.Time
}

// Text is an explanation.
type Text struct {
	// Why says why the claim is where it is, Turn whose turn it is, Time what time
	// will do.
	Why, Turn, Time string
	// Award says how the award came about and what has moved for it.
	Award []string
	// Choices has one sentence for each choice.
	Choices []string
}

// Explain writes the explanation of a claim.
func Explain(l Language, s *Subject) Text {
	w := writer{words: in(l), claim: &s.Claim}
	return Text{
		Why:     w.why(s),
		Turn:    w.turn(),
		Time:    w.time(),
		Award:   w.award(s.Revision),
		Choices: w.choices(s.Choices),
	}
}

// State says what a state is.
func State(l Language, s claim.State) string { return word(in(l).states, s) }

// Money says what money does on entry of a state.
func Money(l Language, s claim.State) string {
	if words, ok := in(l).money[s]; ok {
		return words
	}
	return s.OnEntry().Words
}

// Trigger says what a trigger is.
func Trigger(l Language, t claim.Trigger) string { return word(in(l).triggers, t) }

// Action says what an action is.
func Action(l Language, a claim.Action) string { return word(in(l).actions, a) }

// Deadline says what a deadline does when it passes.
func Deadline(l Language, d claim.Deadline) string { return word(in(l).deadlines, d) }
