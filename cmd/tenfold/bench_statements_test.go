package main

import (
	"testing"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/bench"
)

// Would catch a bench of files that measures a form without its lines or its memory, and a report
// that hides a file which took too much.
func TestBenchWritesStatements(t *testing.T) {
	t.Parallel()
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	const lines = 2500 // Some pages.
	list, err := measureFiles(cmd, t.TempDir(), lines, func(string, int) {})
	if err != nil || len(list) != len(statementFiles) {
		t.Fatalf("%v, %v", list, err)
	}
	for _, f := range list {
		if f.Lines != lines || f.Seconds <= 0 || f.PeakBytes == 0 || f.FileBytes < lines {
			t.Errorf("%+v", f)
		}
	}
	r := bench.FinanceReport{Files: list, Job: bench.StatementFile{Met: true}}
	if r.Files[0].Met = false; !r.Missed() {
		t.Error("a file that took too much memory is no miss")
	}
}
