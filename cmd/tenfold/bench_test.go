package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/bench"
)

// Would catch a bench that starts servers before it finds out that it was told
// nonsense.
func TestBenchRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--callers", "0"}, {"--quick", "--soak", "1s"}, {"--output", "xml"}, {"lists", "--claims", "5"}, {"lists", "--pages", "0"},
		{"verification", "--authenticators", "1500"}, {"verification", "--finds", "0"}} {
		cmd := newBench()
		cmd.SetArgs(args)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		var usage usageError
		if err := cmd.ExecuteContext(t.Context()); !errors.As(err, &usage) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// Would catch a report that hides a missed target, takes one that is not known
// for missed, or does not say that the machine was busy with something else.
func TestBenchReportForPeople(t *testing.T) {
	t.Parallel()
	report := &bench.Report{
		Workloads: []bench.Workload{{ID: "W2", Title: "AcceptClaim, one merchant", PerSecond: 5000, Others: 0.25}},
		Soak:      bench.Soak{SliceSeconds: 15, PerSecond: []float64{1100, 1200}},
		Targets: []bench.Target{
			{Name: "first", Measured: 1.7, Required: 1.6, Known: true, Met: true},
			{Name: "second", Measured: 30, Required: 25, AtMost: true, Unit: "ms", Known: true},
			{Name: "third", Required: 0.9},
		},
	}
	var text bytes.Buffer
	printBench(&output{format: formatTable, w: &text}, report)
	lines := text.String()
	for _, want := range []string{"up to 25 %", "1100 1200", "5000"} {
		if !strings.Contains(lines, want) {
			t.Errorf("%q is missing in:\n%s", want, lines)
		}
	}
	for name, want := range map[string]string{"first": "yes", "second": "MISSED", "third": "not measured"} {
		for line := range strings.Lines(lines) {
			if strings.HasPrefix(line, name) && !strings.Contains(line, want) {
				t.Errorf("%q lacks %q", line, want)
			}
		}
	}
}

// Would catch a list that was too slow and is printed as if it were not.
func TestListsReportForPeople(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	printLists(&output{format: formatTable, w: &text}, &bench.ListsReport{Seed: 5, Sizes: []bench.ListsSize{{Claims: 10_000, Others: 0.5, Lists: []bench.ListFigure{
		{Name: "slow", P99Millis: 30, Plan: "claims_key"}, {Name: "quick", P99Millis: 1, Met: true},
	}}}})
	for line := range strings.Lines(text.String()) {
		if strings.HasPrefix(line, "slow") && !strings.Contains(line, "MISSED") || strings.HasPrefix(line, "quick") && strings.Contains(line, "MISSED") {
			t.Error(line)
		}
	}
	if !strings.Contains(text.String(), "seed 5") || !strings.Contains(text.String(), "used 50 %") || !strings.Contains(text.String(), "claims_key") {
		t.Error(text.String())
	}
}
