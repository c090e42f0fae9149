package main

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/soak"
)

func newSoakReopening() *cobra.Command {
	var out output
	c := soak.Reopening{Claims: 10_000, Merchants: 12, Callers: 64, Kills: 2}
	base := soak.Defaults()
	cmd := &cobra.Command{
		Use:   "reopening",
		Short: "Retract what stands behind paid claims while servers are killed, and audit the books",
		Long: "Starts a throwaway PostgreSQL and two replicas on it. Claims are paid on the word of one laboratory, and all that it\n" +
			"said is retracted by a job. The replica that works on the job is cut off, and the other one goes on. Then people decide\n" +
			"every claim anew, one in three for the merchant. At the end every book is audited, and compared with what each claim\n" +
			"must have come to and with the payment service's own account. Exits with 3 on a difference.",
		Example: "  tenfold soak reopening\n  tenfold soak reopening --claims 1000 --kills 5",
		Args:    cobra.NoArgs,
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
			c.Progress = p.show
			began := time.Now()
			report, err := runReopening(ctx, c, base)
			p.done()
			if err != nil {
				return err
			}
			if out.isJSON() {
				err = out.json(report)
			} else {
				printReopened(&out, report, time.Since(began))
			}
			if err == nil && len(report.Wrong) > 0 {
				err = errMismatch
			}
			return err
		},
	}
	out.flag(cmd)
	f := cmd.Flags()
	f.IntVar(&c.Claims, "claims", c.Claims, "number of paid claims")
	f.IntVar(&c.Merchants, "merchants", c.Merchants, "number of books")
	f.IntVar(&c.Callers, "callers", c.Callers, "commands in flight at the same time")
	f.IntVar(&c.Kills, "kills", c.Kills, "how often the replica that works on the job is cut off")
	f.Uint64Var(&base.Seed, "seed", rand.Uint64(), "seed of all random choices (default: a random number)")
	return cmd
}

// runReopening soaks a retraction on a throwaway database.
func runReopening(ctx context.Context, c soak.Reopening, base soak.Config) (r *soak.Reopened, err error) {
	base.Log = slog.New(slog.DiscardHandler)
	err = onThrowaway(ctx, func(databaseURL string) (err error) {
		c.DatabaseURL = databaseURL
		r, err = soak.Reopen(ctx, c, base, time.Now)
		return err
	})
	return r, err
}

// printReopened prints the report for people.
func printReopened(out *output, r *soak.Reopened, took time.Duration) {
	fmt.Fprintf(out.w, "%d paid claims weighed anew in %s by a job that was killed %d times, after %v; %s in all\n",
		r.Claims, r.Job.Round(time.Millisecond), r.Kills, r.Done, took.Round(time.Second))
	fmt.Fprintf(out.w, "outcomes: %s\n", counts(r.Outcomes))
	fmt.Fprintf(out.w, "claims:   %s; consumers have %d minor units, of which the platform bears %d\n", counts(r.States), r.PaidMinor, r.LostMinor)
	if len(r.Wrong) == 0 {
		fmt.Fprintf(out.w, "every book is in order; no claim was missed and none was done twice\n")
		return
	}
	for _, wrong := range r.Wrong {
		fmt.Fprintf(out.w, "WRONG: %s\n", wrong)
	}
}
