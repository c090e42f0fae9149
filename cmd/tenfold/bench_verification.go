package main

import (
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/bench"
)

func newBenchVerification() *cobra.Command {
	var out output
	var enforce bool
	c := bench.VerificationConfig{Now: time.Now}
	cmd := &cobra.Command{
		Use:   "verification",
		Short: "Measure the registry of authenticators",
		Long: "Registers authenticators in a throwaway database, 1,000 with 10,000 scopes at a time, and looks up who may judge goods of\n" +
			"a brand, under a trademark and of no known brand. It takes about half a minute.",
		Example: "  tenfold bench verification\n  tenfold bench verification --authenticators 1000 --output json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.to(cmd); err != nil {
				return err
			}
			if err := c.Check(); err != nil {
				return usageError{err}
			}
			tuneMemory() // Products are looked up in this process, at the pace of a server.
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			p := newProgress(cmd.ErrOrStderr())
			c.Progress = func(doing string, percent int) { p.show(doing, percent, 100) }
			report, err := bench.RunVerification(ctx, c)
			p.done()
			if err != nil {
				return err
			}
			if out.isJSON() {
				err = out.json(report)
			} else {
				printVerification(&out, report)
			}
			if err == nil && enforce && report.Missed() {
				err = errTargetMissed
			}
			return err
		},
	}
	out.flag(cmd)
	f := cmd.Flags()
	f.IntVar(&c.Bodies, "authenticators", 5_000, "number of authenticators in the registry, a multiple of 1,000")
	f.IntVar(&c.Finds, "finds", 2_000, "number of products of each kind that are looked up")
	f.Uint64Var(&c.Seed, "seed", 1, "seed of the random choice of products")
	// A directory for temporary files may be in memory, where nothing is durable.
	f.StringVar(&c.Dir, "dir", "/var/tmp", "parent of the database's directory; it must be on a real disk")
	f.BoolVar(&enforce, "enforce", false, "exit with 1 if an import or a look-up was too slow")
	return cmd
}

// printVerification prints the figures for people.
func printVerification(o *output, r *bench.VerificationReport) {
	right := func(title string) column { return column{title: title, right: true} }
	t := o.newTable(fmt.Sprintf("Who may judge goods, with %d authenticators and %d scopes", r.Bodies, r.Scopes),
		column{title: "goods"}, right("rows"), right("p50 ms"), right("p99 ms"), right("max ms"), column{title: fmt.Sprintf("p99 ≤ %d ms", bench.FindMax.Milliseconds())})
	for _, f := range r.Finds {
		t.AppendRow(table.Row{f.Name, figure(f.Rows, 1), figure(f.P50Millis, 2), figure(f.P99Millis, 2), figure(f.MaxMillis, 2), o.verdict(f.Met, "yes", "MISSED")})
	}
	o.render(t)
	fmt.Fprintf(o.w, "an import of 1,000 authenticators with 10,000 scopes took at most %s s (≤ %.0f s: %s)\n",
		figure(slices.Max(r.ImportSeconds), 2), bench.ImportMax.Seconds(), o.verdict(r.ImportMet, "yes", "MISSED"))
	if r.Others > disturbanceMax {
		fmt.Fprintf(o.w, "DISTURBED: other processes used %s of the machine, so the figures say little\n", percent(r.Others))
	}
	fmt.Fprintf(o.w, "seed %d\n", r.Seed)
}
