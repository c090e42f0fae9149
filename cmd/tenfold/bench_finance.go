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

func newBenchFinance() *cobra.Command {
	var out output
	var enforce bool
	lines := 1_000_000
	c := bench.FinanceConfig{Now: time.Now}
	cmd := &cobra.Command{
		Use:   "finance",
		Short: "Measure balances as of a time, pages of statements, and their files",
		Long: "Writes a statement of many lines as CSV, Excel sheet, Parquet and PDF. Then fills a throwaway database with the book of a merchant\n" +
			"with many transfers, a third of which took effect up to thirty days before, and with small books of others; takes snapshots as\n" +
			"a worker does; reads balances as of times all over a year; and has a worker write the statement of all transfers as a job.",
		Example: "  tenfold bench finance\n  tenfold bench finance --transfers 100000 --reads 50 --lines 100000 --output json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.to(cmd); err != nil {
				return err
			}
			if err := c.Check(); err != nil {
				return usageError{err}
			}
			if lines < 1 || lines > sheetRowsMax-1 {
				return usageError{fmt.Errorf("%s must be from 1 to %d, which a sheet of Excel holds, not %d", settingOf("lines"), sheetRowsMax-1, lines)}
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			p := newProgress(cmd.ErrOrStderr())
			c.Watch = watchMemory
			c.Progress = func(doing string, percent int) { p.show(doing, percent, 100) }
			files, err := measureFiles(cmd, c.Dir, lines, c.Progress)
			if err != nil {
				return err
			}
			report, err := bench.RunFinance(ctx, c)
			p.done()
			if err != nil {
				return err
			}
			report.Files = files
			if out.isJSON() {
				err = out.json(report)
			} else {
				printFinance(&out, report)
			}
			if err == nil && enforce && report.Missed() {
				err = errTargetMissed
			}
			return err
		},
	}
	out.flag(cmd)
	f := cmd.Flags()
	f.IntVar(&c.Transfers, "transfers", 1_000_000, "number of transfers of the merchant")
	f.IntVar(&c.Books, "books", 2000, "number of other books, which are small")
	f.IntVar(&lines, "lines", lines, "number of lines of the statements that are written as files")
	f.IntVar(&c.Reads, "reads", 300, "number of times that each read is made")
	f.Uint64Var(&c.Seed, "seed", 1, "seed of the random choice of times")
	// A directory for temporary files may be in memory, where nothing is durable.
	f.StringVar(&c.Dir, "dir", "/var/tmp", "parent of the database's directory; it must be on a real disk")
	f.BoolVar(&enforce, "enforce", false, "exit with 1 if a read was too slow, or a file took too much memory")
	return cmd
}

// printFinance prints the figures for people.
func printFinance(o *output, r *bench.FinanceReport) {
	const mebibyte = 1 << 20
	right := func(title string) column { return column{title: title, right: true} }
	if len(r.Files) > 0 {
		t := o.newTable(fmt.Sprintf("Statements of %d lines", r.Files[0].Lines), column{title: "file"}, right("seconds"), right("memory MiB"), right("file MiB"),
			column{title: fmt.Sprintf("memory ≤ %d MiB", statementFileMemory/mebibyte)})
		for _, f := range r.Files {
			t.AppendRow(table.Row{f.Name, figure(f.Seconds, 1), figure(float64(f.PeakBytes)/mebibyte, 0), figure(float64(f.FileBytes)/mebibyte, 0), o.verdict(f.Met, "yes", "MISSED")})
		}
		o.render(t)
	}
	t := o.newTable(fmt.Sprintf("%d transfers, filled in %.0f s, snapshots in %.0f s, periods in %.0f s", r.Transfers, r.FillSeconds, r.SnapshotSeconds, r.PeriodSeconds),
		column{title: "read"}, right("p50 ms"), right("p99 ms"), right("max ms"), column{title: fmt.Sprintf("p99 ≤ %d ms", bench.FinanceMax.Milliseconds())})
	for _, f := range r.Reads {
		met := ""
		if f.Target {
			met = o.verdict(f.Met, "yes", "MISSED")
		}
		t.AppendRow(table.Row{f.Name, figure(f.P50Millis, 2), figure(f.P99Millis, 2), figure(f.MaxMillis, 2), met})
	}
	o.render(t)
	t = o.newTable("A statement of a job", right("lines"), right("seconds"), right("memory MiB"), right("CSV MiB"),
		column{title: fmt.Sprintf("memory ≤ %d MiB", bench.StatementJobMemory/mebibyte)})
	t.AppendRow(table.Row{r.Job.Lines, figure(r.Job.Seconds, 1), figure(float64(r.Job.PeakBytes)/mebibyte, 0), figure(float64(r.Job.FileBytes)/mebibyte, 0),
		o.verdict(r.Job.Met, "yes", "MISSED")})
	o.render(t)
	if r.Others > disturbanceMax {
		fmt.Fprintf(o.w, "DISTURBED: other processes used %s of the machine, so the figures say little\n\n", percent(r.Others))
	}
	fmt.Fprintf(o.w, "seed %d\n", r.Seed)
}
