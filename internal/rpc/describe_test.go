package rpc_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/claim"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (f *fixture) machine(l tenfoldv1.Language) *tenfoldv1.StateMachine {
	f.t.Helper()
	r, err := f.claims.DescribeStateMachine(f.as("authenticator"), &tenfoldv1.DescribeStateMachineRequest{Language: l})
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetStateMachine()
}

// Would catch a description that tells another machine than the one that runs:
// by its table, by the access table, or by the document.
func TestDescribeStateMachine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := f.machine(tenfoldv1.Language_LANGUAGE_UNSPECIFIED)
	if m.GetVersion() != claim.MachineVersion() || m.GetDot() != claim.DOT() {
		t.Errorf("version %s", m.GetVersion())
	}
	document, err := os.ReadFile("../../docs/claim-states.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(document), "```mermaid\n"+m.GetMermaid()+"```\n") {
		t.Error("the document draws another diagram")
	}
	if len(m.GetStates()) != len(claim.States()) || len(m.GetTriggers()) != len(claim.Triggers()) ||
		len(m.GetEdges()) != len(claim.Edges()) || len(m.GetActions()) != len(claim.Actions()) {
		t.Errorf("%d states, %d triggers, %d edges, %d actions", len(m.GetStates()), len(m.GetTriggers()), len(m.GetEdges()), len(m.GetActions()))
	}
	for i, s := range m.GetStates() {
		state := claim.States()[i]
		if s.GetState().String() != "CLAIM_STATE_"+string(state) || s.GetFinal() != state.Final() || s.GetLive() != state.Live() ||
			s.GetConfirmed() != state.Confirmed() || len(s.GetDeadlines()) != len(state.Fires()) ||
			len(s.GetMoneyEffects()) != len(state.OnEntry().Effects) || s.GetMoney() != state.OnEntry().Words {
			t.Errorf("%s is described as %v", state, s)
		}
		if !strings.Contains(string(document), s.GetMoney()) {
			t.Errorf("the document does not say of %s: %s", state, s.GetMoney())
		}
	}
	for i, e := range m.GetEdges() {
		edge := claim.Edges()[i]
		from := "CLAIM_STATE_" + string(edge.From)
		if edge.From == claim.New {
			from = "CLAIM_STATE_UNSPECIFIED"
		}
		if e.GetFromState().String() != from || e.GetTrigger().String() != "CLAIM_TRIGGER_"+string(edge.Trigger) ||
			e.GetToState().String() != "CLAIM_STATE_"+string(edge.To) {
			t.Errorf("%+v is described as %v", edge, e)
		}
	}
	for _, a := range m.GetActions() {
		if want := allowed[a.GetMethod()]; len(want) == 0 || !slices.Equal(sorted(a.GetRoles()), sorted(want)) {
			t.Errorf("%s by %s is open to %v, want %v", a.GetAction(), a.GetMethod(), a.GetRoles(), want)
		}
	}
	for _, trigger := range m.GetTriggers() {
		if named := len(trigger.GetRoles()) > 0; named != (trigger.GetSource() == tenfoldv1.TriggerSource_TRIGGER_SOURCE_ACTION ||
			trigger.GetSource() == tenfoldv1.TriggerSource_TRIGGER_SOURCE_FILING) {
			t.Errorf("%s is pulled by %s and the roles %v", trigger.GetTrigger(), trigger.GetSource(), trigger.GetRoles())
		}
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

// Would catch a description that is not in the language asked for, or whose data
// depends on it.
func TestDescribeStateMachineInChinese(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	english, chinese := f.machine(tenfoldv1.Language_LANGUAGE_ENGLISH), f.machine(tenfoldv1.Language_LANGUAGE_CHINESE)
	for i, s := range chinese.GetStates() {
		other := english.GetStates()[i]
		if s.GetMeaning() == other.GetMeaning() || s.GetMoney() == other.GetMoney() || s.GetWaitsFor() != other.GetWaitsFor() {
			t.Errorf("%s: %q and %q", s.GetState(), s.GetMeaning(), other.GetMeaning())
		}
	}
	if english.GetVersion() != chinese.GetVersion() {
		t.Errorf("versions %s and %s", english.GetVersion(), chinese.GetVersion())
	}
}
