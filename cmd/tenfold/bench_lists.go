package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/bench"
)

func newBenchLists() *cobra.Command {
	var out output
	var enforce bool
	c := bench.ListsConfig{Now: time.Now}
	cmd := &cobra.Command{
		Use:   "lists",
		Short: "Measure every list of claims in databases of several sizes",
		Long: "Fills throwaway databases, and reads pages of every anchor and queue of ListClaims from them. Fails if a list is\n" +
			"read by a scan of a whole table. Ten million claims take about twenty gigabytes and ten minutes.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.to(cmd); err != nil {
				return err
			}
			if err := c.Check(); err != nil {
				return usageError{err}
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			p := newProgress(cmd.ErrOrStderr())
			c.Progress = func(doing string, percent int) { p.show(doing, percent, 100) }
			report, err := bench.RunLists(ctx, c)
			p.done()
			if err != nil {
				return err
			}
			if out.isJSON() {
				err = out.json(report)
			} else {
				printLists(&out, report)
			}
			if err == nil && enforce && report.Missed() {
				err = errTargetMissed
			}
			return err
		},
	}
	out.flag(cmd)
	f := cmd.Flags()
	f.IntSliceVar(&c.Claims, "claims", []int{10_000, 1_000_000}, "numbers of claims in the databases")
	f.IntVar(&c.Pages, "pages", 300, "number of pages that are read of each list")
	f.Uint64Var(&c.Seed, "seed", 1, "seed of the random choice of pages")
	// A directory for temporary files may be in memory, where nothing is durable.
	f.StringVar(&c.Dir, "dir", "/var/tmp", "parent of the database's directory; it must be on a real disk")
	f.BoolVar(&enforce, "enforce", false, "exit with 1 if a list was too slow")
	return cmd
}

// printLists prints the figures for people.
func printLists(o *output, r *bench.ListsReport) {
	right := func(title string) column { return column{title: title, right: true} }
	for _, s := range r.Sizes {
		t := o.newTable(fmt.Sprintf("%d claims, %.1f GiB, filled in %.0f s", s.Claims, float64(s.Bytes)/(1<<30), s.FillSeconds),
			column{title: "list"}, right("rows"), right("p50 ms"), right("p99 ms"), right("max ms"),
			column{title: fmt.Sprintf("p99 ≤ %d ms", bench.ListsMax.Milliseconds())}, column{title: "read by"})
		for _, l := range s.Lists {
			t.AppendRow(table.Row{
				l.Name, figure(l.Rows, 1), figure(l.P50Millis, 2), figure(l.P99Millis, 2), figure(l.MaxMillis, 2), o.verdict(l.Met, "yes", "MISSED"), l.Plan,
			})
		}
		o.render(t)
		if s.Others > disturbanceMax {
			fmt.Fprintf(o.w, "DISTURBED: other processes used %s of the machine, so the figures say little\n\n", percent(s.Others))
		}
	}
	fmt.Fprintf(o.w, "seed %d\n", r.Seed)
}
