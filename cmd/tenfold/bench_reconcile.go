package main

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/bench"
)

// What a comparison of a million lines with a million payouts may take, on two cores.
const (
	reconcileLines      = 1_000_000
	reconcileSecondsMax = 60
	reconcileBytesMax   = 300 << 20
)

// newBenchReconcile measures the comparison of a bill with payouts.
func newBenchReconcile() *cobra.Command {
	var out output
	var dir string
	lines, enforce := reconcileLines, false
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Measure the comparison of a bill with as many payouts",
		Long: "Writes a fund-flow bill, reads it as an import does, and compares it with as many payouts, of which every thousandth\n" +
			"differs. It needs no database. A million lines may take 60 seconds and 300 MiB on two cores.",
		Example: "  tenfold bench reconcile\n  tenfold bench reconcile --lines 100000 --output json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.to(cmd); err != nil {
				return err
			}
			if lines < 1 || lines > reconcileLines*2 {
				return usageError{fmt.Errorf("%s must be from 1 to %d, not %d", settingOf("lines"), reconcileLines*2, lines)}
			}
			// The collector works more often where memory is short, as in a container.
			debug.SetMemoryLimit(reconcileBytesMax - reconcileBytesMax/8)
			r, err := bench.Reconcile(dir, lines, time.Now)
			if err != nil {
				return err
			}
			if out.isJSON() {
				err = out.json(r)
			} else {
				printBenchReconcile(&out, &r)
			}
			if err == nil && enforce && (r.ReadSeconds+r.MatchSeconds > reconcileSecondsMax || r.HeapBytes > reconcileBytesMax) {
				err = errTargetMissed
			}
			return err
		},
	}
	out.flag(cmd)
	f := cmd.Flags()
	f.IntVar(&lines, "lines", lines, "lines of the bill, and payouts")
	f.StringVar(&dir, "dir", "", "directory of the bill (default: that for temporary files)")
	f.BoolVar(&enforce, "enforce", false, "exit with 1 if a target was missed")
	return cmd
}

func printBenchReconcile(o *output, r *bench.Reconciled) {
	o.facts("A bill against payouts",
		[2]string{"lines and payouts", fmt.Sprint(r.Lines)}, [2]string{"breaks planted and found", fmt.Sprint(r.Breaks)},
		[2]string{"bill", fmt.Sprintf("%.0f MiB", float64(r.FileBytes)/(1<<20))},
		[2]string{"read and indexed", fmt.Sprintf("%.1f s", r.ReadSeconds)}, [2]string{"compared", fmt.Sprintf("%.1f s", r.MatchSeconds)},
		[2]string{"memory", fmt.Sprintf("%.0f MiB", float64(r.HeapBytes)/(1<<20))})
}
