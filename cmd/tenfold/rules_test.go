package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Would catch a version of the decision rules that cannot be read, changed, proposed and approved
// by commands alone, and a table that leaves out what a version says.
func TestRulesArePublishedByCommands(t *testing.T) {
	t.Parallel()
	s := newPolicySandbox(t)
	s.says(exitOK, "A re-inspection is another body", "rules", "list")
	for _, want := range []string{"as told", "SEALED_PLATFORM_SAMPLE", "5 g or 20 per mille", "ACCREDITED_LAB"} {
		s.says(exitOK, want, "rules", "show", "1")
	}
	s.says(exitUsage, "must be a number such as 4", "rules", "show", "first")
	s.says(exitFailed, "DECISION_RULES_NOT_FOUND", "rules", "show", "99")
	code, out, _ := try(t, "rules", "list", "-o", "json", "--server="+s.address)
	var all struct{ DecisionRules []map[string]any }
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != exitOK || len(all.DecisionRules) < 4 {
		t.Fatalf("exit %d, %v: %s", code, err, out)
	}
	next := all.DecisionRules[0]
	next["name"], next["note"], next["decidesAlone"] = fmt.Sprintf("decisionRules/%d", len(all.DecisionRules)+1), "brands alone decide nothing", 3
	next["effectiveFrom"], next["unsignedRanks"] = "2100-01-01T00:00:00Z", 2
	delete(next, "publishedAt")
	text, err := json.Marshal(next)
	if err != nil {
		t.Fatal(err)
	}
	path := s.write("rules.json", string(text))
	s.says(exitOK, "", "rules", "propose", path, "--person", "oscar", "--validate-only")
	s.says(exitUsage, "is not a DecisionRules in JSON", "rules", "propose", s.write("other.json", "[]"), "--person", "oscar")
	s.says(exitOK, "OPEN", "rules", "propose", path, "--person", "oscar")
	s.says(exitFailed, "PROPOSAL_STATE_CONFLICT", "rules", "propose", path, "--person", "oscar")
	s.says(exitOK, "brands alone decide nothing", "rules", "proposals", "--state", "open")
	s.says(exitFailed, "SAME_PERSON", "rules", "approve", "1", "--person", "oscar", "--yes")
	s.says(exitOK, "OPEN", "rules", "approve", "1", "--person", "anna", "--yes")
	s.says(exitOK, "PUBLISHED", "rules", "approve", "1", "--person", "bert", "--note", "so be it", "--yes")
	told := s.says(exitOK, "so be it", "rules", "proposal", "decisionRulesProposals/1")
	for _, person := range []string{"oscar", "anna", "bert"} {
		if !strings.Contains(told, person) {
			t.Errorf("%s is left out: %s", person, told)
		}
	}
	s.says(exitOK, "2100-01-01", "rules", "show", fmt.Sprint(len(all.DecisionRules)+1))
}
