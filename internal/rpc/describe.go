package rpc

import (
	"context"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/explain"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// methodFile is the full name of the method that files a claim.
const methodFile = "/tenfold.v1." + methodFileClaim

// language is the language that a request asks for.
func language(l tenfoldv1.Language) explain.Language {
	if l == tenfoldv1.Language_LANGUAGE_UNSPECIFIED {
		return explain.English
	}
	return languages.domain(l)
}

func (s *claimService) DescribeStateMachine(_ context.Context, r *tenfoldv1.DescribeStateMachineRequest) (*tenfoldv1.DescribeStateMachineResponse, error) {
	l := language(r.GetLanguage())
	m := &tenfoldv1.StateMachine{Version: claim.MachineVersion(), Mermaid: claim.Mermaid(), Dot: claim.DOT()}
	for _, state := range claim.States() {
		m.States = append(m.States, stateOf(l, state))
	}
	for _, t := range claim.Triggers() {
		m.Triggers = append(m.Triggers, &tenfoldv1.TriggerDescription{
			Trigger: triggers.proto(t), Meaning: explain.Trigger(l, t), Source: triggerSources.proto(t.Source()),
			Actions: actions.protos(t.Actions()), Roles: pullers(t),
		})
	}
	for _, e := range claim.Edges() {
		m.Edges = append(m.Edges, &tenfoldv1.StateMachineEdge{
			FromState: claimStates.proto(e.From), Trigger: triggers.proto(e.Trigger), ToState: claimStates.proto(e.To),
		})
	}
	for _, a := range claim.Actions() {
		m.Actions = append(m.Actions, &tenfoldv1.ActionDescription{
			Action: actions.proto(a), Meaning: explain.Action(l, a), Method: shortMethod(actionMethods[a]), Roles: takers(a),
		})
	}
	return &tenfoldv1.DescribeStateMachineResponse{StateMachine: m}, nil
}

func stateOf(l explain.Language, s claim.State) *tenfoldv1.StateDescription {
	d := &tenfoldv1.StateDescription{
		State: claimStates.proto(s), Meaning: explain.State(l, s), WaitsFor: parties.proto(s.WaitsFor()),
		Final: s.Final(), Live: s.Live(), Confirmed: s.Confirmed(),
		MoneyEffects: moneyEffects.protos(s.OnEntry().Effects), Money: explain.Money(l, s),
	}
	for _, kind := range s.Fires() {
		one := &tenfoldv1.DeadlineDescription{
			Kind: deadlines.proto(kind), Meaning: explain.Deadline(l, kind), ToState: claimStates.proto(s),
		}
		if t, pulls := kind.Pulls(); pulls {
			to, _ := claim.Next(s, t)
			one.Trigger, one.ToState = triggers.proto(t), claimStates.proto(to)
		}
		d.Deadlines = append(d.Deadlines, one)
	}
	return d
}

// takers are the roles that may take an action, by the access table.
func takers(a claim.Action) []string { return roleNames(methods[actionMethods[a]].roles) }

// pullers are the roles that can pull a trigger.
func pullers(t claim.Trigger) []string {
	if t.Source() == claim.SourceFiling {
		return roleNames(methods[methodFile].roles)
	}
	var out []string
	for _, a := range t.Actions() {
		for _, r := range takers(a) {
			if !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

func roleNames(list []principal.Role) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = string(r)
	}
	return out
}
