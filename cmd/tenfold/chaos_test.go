package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/chaos"
)

// Would catch a run that starts servers before it finds out that it was told nonsense.
func TestChaosRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--callers", "0"}, {"--merchants", "-1"}, {"--strangers", "0"}, {"--window", "0s"}, {"--attack", "-1s"},
		{"--database-answer-max", "1s"}, {"--stop-max", "1s"}, {"--output", "xml"},
	} {
		cmd := newChaos()
		cmd.SetArgs(args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		var usage usageError
		if err := cmd.ExecuteContext(t.Context()); !errors.As(err, &usage) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// Would catch a report that hides what went wrong, an attack that could not be made, or how
// long callers waited.
func TestChaosReportForPeople(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	report := &chaos.Report{
		Attacks: []chaos.AttackReport{{
			Name: "told to end, database stands still", Seconds: 9.4, StopSeconds: 4.25, Unready: []string{"the database takes no writes: it says nothing"},
			Before: chaos.Latency{Calls: 11, P50Millis: 3, P99Millis: 8}, During: chaos.Latency{Calls: 12, P50Millis: 4321, P99Millis: 6543}, After: chaos.Latency{Calls: 13, P50Millis: 5, P99Millis: 9},
		}},
		Omitted: []string{"disk full: only root may"}, Acknowledged: 100, Repeated: 7, Claims: 20, Paid: 19, Seed: 5,
	}
	printChaos(&output{w: &text}, report)
	for _, want := range []string{"told to end", "4.2", "11", "4321", "6543", "it says nothing", "not attacked by disk full", "sent again 7 times", "20 claims filed, 19 paid", "exactly once"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the report lacks %q: %s", want, text.String())
		}
	}
	report.Wrong = []string{"claim 3 is there 2 times"}
	text.Reset()
	printChaos(&output{w: &text}, report)
	if !strings.Contains(text.String(), "WRONG: claim 3 is there 2 times") || strings.Contains(text.String(), "exactly once") {
		t.Errorf("a report of what went wrong reads %s", text.String())
	}
}
