package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/chaos"
)

func newChaos() *cobra.Command {
	var (
		out    output
		logged bool
	)
	c := chaos.Defaults()
	cmd := &cobra.Command{
		Use:   "chaos",
		Short: "Attack a server and its database while callers file claims, and check that nothing is lost",
		Long: "Starts a throwaway PostgreSQL, a payout gateway and a server, and calls it. Meanwhile the database stands still, its\n" +
			"connections go silent, it is read-only, its disk is full, strangers hold the port, the gateway stalls, and the server\n" +
			"is told to end while the database says nothing. Prints how long callers waited before, during and after each attack,\n" +
			"and why the server said it was not ready. Then it compares the books with what was acknowledged and with what the\n" +
			"gateway paid, and audits them. The full disk needs Linux and root. It takes about four minutes. Exits with 3 if\n" +
			"anything was lost or carried out twice, or if the server did not say truly whether it is ready, or did not end in time.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.to(cmd); err != nil {
				return err
			}
			if err := c.Check(); err != nil {
				return usageError{err}
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			p := newProgress(cmd.ErrOrStderr())
			c.Progress, c.Log, c.Now = p.show, io.Discard, time.Now
			if logged {
				c.Log = cmd.ErrOrStderr()
			}
			report, err := chaos.Run(ctx, c)
			p.done()
			if err != nil {
				return err
			}
			if out.isJSON() {
				err = out.json(report)
			} else {
				printChaos(&out, report)
			}
			if err == nil && len(report.Wrong) > 0 {
				err = errMismatch
			}
			return err
		},
	}
	out.flag(cmd)
	f := cmd.Flags()
	f.IntVar(&c.Callers, "callers", c.Callers, "number of callers; the first of them connects anew for each claim")
	f.IntVar(&c.Merchants, "merchants", c.Merchants, "number of books")
	f.DurationVar(&c.Window, "window", c.Window, "how long calls are measured before each attack and after it")
	f.DurationVar(&c.Attack, "attack", c.Attack, "how long an attack lasts at least")
	f.DurationVar(&c.AnswerMax, "database-answer-max", c.AnswerMax, "the server's --database-answer-max")
	f.DurationVar(&c.StopMax, "stop-max", c.StopMax, "the server's --stop-max")
	f.IntVar(&c.Strangers, "strangers", c.Strangers, "number of connections that say nothing; the server must have room for them or end them")
	f.Uint64Var(&c.Seed, "seed", rand.Uint64(), "seed of the choice of calls at which the gateway stalls (default: a random number)")
	f.BoolVar(&logged, "log", false, "print the logs of the server and of its database, too")
	return cmd
}

// printChaos prints the report for people.
func printChaos(out *output, r *chaos.Report) {
	right := func(title string) column { return column{title: title, right: true} }
	t := out.newTable("Callers before, during and after each attack", column{title: "attack"}, right("seconds"),
		right("before"), right("p50 ms"), right("p99 ms"), right("during"), right("p50 ms"), right("p99 ms"),
		right("after"), right("p50 ms"), right("p99 ms"), right("end s"), column{title: "not ready because"})
	for _, a := range r.Attacks {
		row := table.Row{a.Name, fmt.Sprintf("%.1f", a.Seconds)}
		for _, l := range []chaos.Latency{a.Before, a.During, a.After} {
			row = append(row, l.Calls, fmt.Sprintf("%.0f", l.P50Millis), fmt.Sprintf("%.0f", l.P99Millis))
		}
		end := ""
		if a.StopSeconds > 0 {
			end = fmt.Sprintf("%.1f", a.StopSeconds)
		}
		t.AppendRow(append(row, end, strings.Join(a.Unready, "; ")))
	}
	out.render(t)
	for _, omitted := range r.Omitted {
		fmt.Fprintf(out.w, "not attacked by %s\n", omitted)
	}
	fmt.Fprintf(out.w, "%d calls acknowledged, sent again %d times; %d claims filed, %d paid; seed %d\n", r.Acknowledged, r.Repeated, r.Claims, r.Paid, r.Seed)
	if len(r.Wrong) == 0 {
		fmt.Fprintln(out.w, "everything that was acknowledged is there exactly once, and every book is in order")
		return
	}
	for _, wrong := range r.Wrong {
		fmt.Fprintf(out.w, "WRONG: %s\n", wrong)
	}
}
