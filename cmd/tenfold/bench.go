package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/bench"
	"github.com/tenfold-claims/tenfold/internal/engine"
)

// errTargetMissed ends a run with --enforce that missed a target.
var errTargetMissed = errors.New("a target was missed")

// disturbanceMax is the share of the machine that other processes may use during a
// run.
const disturbanceMax = 0.1

// benchConfig holds the flags of the bench.
type benchConfig struct {
	quick, enforce bool
	dir            string
	plan           bench.Plan
}

func newBench() *cobra.Command {
	var out output
	c := benchConfig{plan: bench.FullPlan()}
	defaults := engine.Defaults()
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure throughput and latency, and compare them with pgbench",
		Long: "Starts a durable PostgreSQL and servers on it, and measures calls over gRPC: W1 FileClaim, W2 AcceptClaim of one\n" +
			"merchant, W3 AcceptClaim of many merchants, W4 claims from filed to paid, W5 GetClaim and W6 events to a thousand\n" +
			"watchers during half of the load of W4, and W7 ten thousand idle watches. For reference it also measures pgbench\n" +
			"TPC-B, and W2 with batches of one command. It takes about nine minutes, and less than two with --quick.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.to(cmd); err != nil {
				return err
			}
			config, err := c.config(cmd)
			if err != nil {
				return err
			}
			collectSeldom() // Callers share the machine with what they measure.
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			p := newProgress(cmd.ErrOrStderr())
			config.Progress = func(doing string, percent int) { p.show(doing, percent, 100) }
			report, err := bench.Run(ctx, config)
			p.done()
			if err != nil {
				return err
			}
			if out.isJSON() {
				err = out.json(report)
			} else {
				printBench(&out, report)
			}
			if err == nil && c.enforce && report.Missed() {
				err = errTargetMissed
			}
			return err
		},
	}
	cmd.AddCommand(newBenchLists(), newBenchFinance(), newBenchReconcile(), newBenchVerification())
	out.flag(cmd)
	f := cmd.Flags()
	f.BoolVar(&c.quick, "quick", false, "short windows, for a first look; they are too short to judge the targets")
	f.BoolVar(&c.enforce, "enforce", false, "exit with 1 if a target was missed")
	f.StringVar(&c.dir, "dir", "", "parent of the database's directory; it must be on a real disk (default: /var/tmp)")
	f.IntVar(&c.plan.Callers, "callers", c.plan.Callers, "calls in flight at the same time")
	f.IntVar(&c.plan.Connections, "connections", c.plan.Connections, "connections that carry the calls")
	f.IntVar(&c.plan.Lanes, "lanes", defaults.Lanes, "the server's --lanes")
	f.IntVar(&c.plan.BatchMax, "batch-max", defaults.BatchMax, "the server's --batch-max")
	f.DurationVar(&c.plan.Soak, "soak", c.plan.Soak, "duration of W4 at its maximum; a run under three minutes cannot show a decay")
	return cmd
}

// config is the plan, changed by the flags that were given.
func (c *benchConfig) config(cmd *cobra.Command) (bench.Config, error) {
	plan := c.plan
	if c.quick {
		quick := bench.QuickPlan()
		quick.Callers, quick.Connections, quick.Lanes, quick.BatchMax = plan.Callers, plan.Connections, plan.Lanes, plan.BatchMax
		if cmd.Flags().Changed("soak") {
			quick.Soak = plan.Soak
		}
		plan = quick
	}
	config := bench.Config{Plan: plan, Dir: c.dir, Now: time.Now}
	if config.Dir == "" {
		// A directory for temporary files may be in memory, where nothing is
		// durable.
		config.Dir = "/var/tmp"
	}
	if err := config.Check(); err != nil {
		return config, usageError{err}
	}
	return config, nil
}

// printBench prints the report for people.
func printBench(out *output, r *bench.Report) {
	printBenchFacts(out.w, r)
	out.printWorkloads(r)
	out.printSoak(&r.Soak)
	out.printTargets(r)
}

func printBenchFacts(w io.Writer, r *bench.Report) {
	fmt.Fprintf(w, "%d cores (%s), %s, %.0f GiB of memory, a flush of one page takes %.0f µs\n",
		r.Machine.Cores, cmp.Or(r.Machine.Processor, "unknown processor"), r.Machine.System, float64(r.Machine.MemoryBytes)/(1<<30), r.Machine.FlushMicros)
	var settings []string
	for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
		settings = append(settings, name+" "+r.Database.Settings[name])
	}
	fmt.Fprintf(w, "PostgreSQL %s with %s\n", r.Database.Version, strings.Join(settings, ", "))
	fmt.Fprintf(w, "%d callers over %d connections; server with %d lanes, up to %d commands in a batch; pgbench with %d clients at scale %d\n",
		r.Load.Callers, r.Load.Connections, r.Load.Lanes, r.Load.BatchMax, r.Pgbench.Best.Clients, r.Pgbench.Scale)
	fmt.Fprintf(w, "client, server and database share the machine; the client's CPU time includes that of the payout gateway; the run took %.0f s\n", r.Seconds)
	if most := r.Disturbance(); most > disturbanceMax {
		fmt.Fprintf(w, "DISTURBED: other processes used up to %s of the machine, so the figures say little\n", percent(most))
	}
	fmt.Fprintln(w)
}

// printWorkloads prints every workload, with pgbench above them.
func (o *output) printWorkloads(r *bench.Report) {
	right := func(title string) column { return column{title: title, right: true} }
	t := o.newTable("Workloads", column{title: "id"}, column{title: "what"}, right("operations"), right("per second"),
		right("p50 ms"), right("p99 ms"), right("max ms"), right("server µs"), right("database µs"), right("client µs"), right("server MiB"), right("retries"), right("others"))
	best := r.Pgbench.Best
	t.AppendRow(table.Row{"", "pgbench TPC-B", best.Transactions, figure(best.PerSecond, 0), "", "", "", "", figure(best.DatabaseMicros, 0), figure(best.ClientMicros, 0), "", "", percent(best.Others)})
	for _, w := range r.Workloads {
		t.AppendRow(table.Row{w.ID, w.Title, w.Operations, figure(w.PerSecond, 0), figure(w.P50Millis, 1), figure(w.P99Millis, 1), figure(w.MaxMillis, 1),
			figure(w.ServerMicros, 0), figure(w.DatabaseMicros, 0), figure(w.ClientMicros, 0), figure(float64(w.ServerBytes)/(1<<20), 0), w.Retries, percent(w.Others)})
	}
	o.render(t)
	fmt.Fprintf(o.w, "CPU time is for each operation; W5 and W4/2 run together, so each has that of both. others is the share of the\n"+
		"machine that something else used. The gateway holds the payouts of W2, W3 and the batches of one back until all\n"+
		"are accepted; W4 has them.\n\n")
}

// printSoak prints the rate of W4 over time.
func (o *output) printSoak(s *bench.Soak) {
	var course []string
	for _, perSecond := range s.PerSecond {
		course = append(course, figure(perSecond, 0))
	}
	fmt.Fprintf(o.w, "W4, claims paid per second in slices of %.0f s: %s\n\n", s.SliceSeconds, strings.Join(course, " "))
}

// printTargets prints which targets were met.
func (o *output) printTargets(r *bench.Report) {
	title := "Targets, for 2 cores"
	if r.Quick {
		title += "; this quick run only hints at them"
	}
	t := o.newTable(title, column{title: "target"}, column{title: "measured", right: true}, column{title: "required", right: true}, column{title: "met"})
	for _, g := range r.Targets {
		bound := "≥ "
		if g.AtMost {
			bound = "≤ "
		}
		required := bound + strings.TrimSpace(figure(g.Required, -1)+" "+g.Unit)
		if !g.Known {
			t.AppendRow(table.Row{g.Name, "", required, "not measured"})
			continue
		}
		t.AppendRow(table.Row{
			g.Name, strings.TrimSpace(figure(g.Measured, 2) + " " + g.Unit), required, o.verdict(g.Met, "yes", "MISSED"),
		})
	}
	o.render(t)
}

// percent formats a share.
func percent(share float64) string { return figure(100*share, 0) + " %" }

// figure formats a number with the given number of decimals, or with as many as it
// has when decimals is -1.
func figure(v float64, decimals int) string { return strconv.FormatFloat(v, 'f', decimals, 64) }
