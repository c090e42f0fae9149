package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
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
	lines, enforce, stored := reconcileLines, false, false
	cmd := &cobra.Command{
		Use:   "reconcile",
		Short: "Measure the comparison of a bill with as many payouts",
		Long: "Writes a fund-flow bill, reads it as an import does, and compares it with as many payouts, of which every thousandth\n" +
			"differs. It needs no database. With --stored it does the same through a throwaway PostgreSQL, as a server does: the bill is\n" +
			"sent in chunks and read into lines, and matches and breaks are kept. A million lines may take 60 seconds and 300 MiB on\n" +
			"two cores either way.",
		Example: "  tenfold bench reconcile\n  tenfold bench reconcile --stored\n  tenfold bench reconcile --lines 100000 --output json",
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
			if stored {
				return benchStored(cmd, &out, bench.StoredConfig{Lines: lines, Dir: dir, Now: time.Now}, enforce)
			}
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
	f.BoolVar(&stored, "stored", false, "go through a database, as a server does")
	// A directory for temporary files may be in memory, where nothing is durable.
	f.StringVar(&dir, "dir", "/var/tmp", "directory of the bill and the database; it must be on a real disk")
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

// benchStored measures an import and a comparison through a database.
func benchStored(cmd *cobra.Command, out *output, c bench.StoredConfig, enforce bool) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := newProgress(cmd.ErrOrStderr())
	c.Progress = func(doing string, percent int) { p.show(doing, percent, 100) }
	r, err := bench.ReconcileStored(ctx, c)
	p.done()
	if err != nil {
		return err
	}
	if out.isJSON() {
		err = out.json(r)
	} else {
		out.facts("A bill against payouts, through a database",
			[2]string{"lines and payouts", fmt.Sprint(r.Lines)}, [2]string{"breaks planted and found", fmt.Sprint(r.Breaks)},
			[2]string{"bill", fmt.Sprintf("%.0f MiB", float64(r.FileBytes)/(1<<20))},
			[2]string{"sent in chunks", fmt.Sprintf("%.1f s", r.SendSeconds)}, [2]string{"read into lines", fmt.Sprintf("%.1f s", r.ReadSeconds)},
			[2]string{"compared and kept", fmt.Sprintf("%.1f s", r.CompareSeconds)}, [2]string{"all", fmt.Sprintf("%.1f s", r.Seconds())},
			[2]string{"memory", fmt.Sprintf("%.0f MiB", float64(r.HeapBytes)/(1<<20))})
	}
	if err == nil && enforce && (r.Seconds() > reconcileSecondsMax || r.HeapBytes > reconcileBytesMax) {
		err = errTargetMissed
	}
	return err
}
