package claim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Edge is one pair of state and trigger that the machine admits.
type Edge struct {
	From    State
	Trigger Trigger
	To      State
}

// Edges lists the whole machine: the filing first, then state by state in the
// order of a claim's life.
func Edges() []Edge {
	var out []Edge
	for _, s := range append([]State{New}, States()...) {
		for _, t := range TriggersFrom(s) {
			to, _ := Next(s, t)
			out = append(out, Edge{s, t, to})
		}
	}
	return out
}

// Source says what can pull a trigger.
type Source string

// The sources.
const (
	// SourceFiling is the filing of the claim.
	SourceFiling Source = "FILING"
	// SourceAction is an action that a caller takes through the contract.
	SourceAction Source = "ACTION"
	// SourceDeadline is a deadline that passes.
	SourceDeadline Source = "DEADLINE"
	// SourceFact is a fact that nobody decides here, such as a payout's outcome.
	SourceFact Source = "FACT"
)

// Source says what can pull t.
func (t Trigger) Source() Source {
	if _, ok := rules[New][t]; ok {
		return SourceFiling
	}
	if len(t.Actions()) > 0 {
		return SourceAction
	}
	if slices.Contains(Deadlines(), Deadline(t)) {
		return SourceDeadline
	}
	return SourceFact
}

// Actions lists the actions that can pull t.
func (t Trigger) Actions() []Action {
	var out []Action
	for _, a := range Actions() {
		if slices.Contains(actionTriggers[a], t) {
			out = append(out, a)
		}
	}
	return out
}

// Pulls gives the trigger that d pulls when it passes, which has the same name. It
// returns false for a deadline that escalates the claim to a person.
func (d Deadline) Pulls() (Trigger, bool) {
	t := Trigger(d)
	return t, d != DeadlineNone && slices.Contains(Triggers(), t)
}

// MachineVersion is a digest of the machine: its states, who acts in them, the
// effects of time and on money, and its triggers with where they lead. Two programs
// with the same version move claims alike.
func MachineVersion() string {
	var b strings.Builder
	for _, s := range States() {
		fmt.Fprintf(&b, "state %s %s %v %v\n", s, s.WaitsFor(), s.Fires(), s.OnEntry().Effects)
	}
	for _, e := range Edges() {
		fmt.Fprintf(&b, "edge %q %s %s %s %v\n", string(e.From), e.Trigger, e.To, e.Trigger.Source(), e.Trigger.Actions())
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:8])
}
