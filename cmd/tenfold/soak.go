package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/soak"
)

// soakStopMax is how long PostgreSQL may take to stop after a soak.
const soakStopMax = time.Minute

func newSoak() *cobra.Command {
	var out output
	c := soak.Defaults()
	cmd := &cobra.Command{
		Use:   "soak",
		Short: "Run commands on two replicas that die and a gateway that fails, and audit the books",
		Long: "Starts a throwaway PostgreSQL and two replicas on it. Consumers, laboratories, merchants, deciders and operators\n" +
			"send commands at random, while replicas are cut off and restarted and the payout gateway delays, fails, doubles,\n" +
			"stalls, loses answers and takes payouts back. Then it ends all claims, audits every book and compares the books\n" +
			"with the payment service's own account. Exits with 3 on a difference.",
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
			c.Progress = func(done, total int) { p.show("commands", done, total) }
			began := time.Now()
			report, err := runSoak(ctx, c)
			p.done()
			if err != nil {
				return err
			}
			if out.isJSON() {
				err = out.json(report)
			} else {
				printSoak(&out, report, time.Since(began))
			}
			if err == nil && len(report.Wrong) > 0 {
				err = errMismatch
			}
			return err
		},
	}
	out.flag(cmd)
	f := cmd.Flags()
	f.Int64Var(&c.Commands, "commands", c.Commands, "number of commands that are answered before the claims are ended")
	f.IntVar(&c.Callers, "callers", c.Callers, "commands in flight at the same time")
	f.IntVar(&c.Merchants, "merchants", c.Merchants, "number of books")
	f.IntVar(&c.Restarts, "restarts", c.Restarts, "how often a replica is cut off and restarted")
	f.DurationVar(&c.Pace, "pace", c.Pace, "how far each command moves the clock")
	f.Uint64Var(&c.Seed, "seed", rand.Uint64(), "seed of all random choices (default: a random number)")
	cmd.AddCommand(newSoakWatches(), newSoakReopening())
	return cmd
}

// runSoak soaks on a throwaway database.
func runSoak(ctx context.Context, c soak.Config) (r *soak.Report, err error) {
	c.Log = slog.New(slog.DiscardHandler)
	err = onThrowaway(ctx, func(databaseURL string) (err error) {
		c.DatabaseURL = databaseURL
		r, err = soak.Run(ctx, c)
		return err
	})
	return r, err
}

// onThrowaway runs f on an embedded database, which is removed afterwards.
func onThrowaway(ctx context.Context, f func(databaseURL string) error) (err error) {
	server, err := embedpg.Start(ctx, embedpg.Config{})
	if err != nil {
		return err
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), soakStopMax)
		defer cancel()
		err = errors.Join(err, server.Stop(end))
	}()
	if _, _, err := postgres.Migrate(ctx, server.OwnerURL(), slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	return f(server.AppURL())
}

// printSoak prints the report for people.
func printSoak(out *output, r *soak.Report, took time.Duration) {
	fmt.Fprintf(out.w, "%d commands in %s, %s of the market's time; seed %d\n", r.Commands, took.Round(time.Second), r.Passed.Round(time.Hour), r.Seed)
	fmt.Fprintf(out.w, "replicas restarted %d times, commands sent again %d times\n", r.Restarts, r.Retries)
	fmt.Fprintf(out.w, "refused: %s\n", counts(r.Refused))
	fmt.Fprintf(out.w, "claims:  %s\n", counts(r.Claims))
	fmt.Fprintf(out.w, "payouts: %s; consumers have %d minor units\n", counts(r.Payouts), r.PaidMinor)
	if len(r.Wrong) == 0 {
		fmt.Fprintf(out.w, "every book is in order; nothing was paid twice and nothing was lost\n")
		return
	}
	for _, wrong := range r.Wrong {
		fmt.Fprintf(out.w, "WRONG: %s\n", wrong)
	}
}

// counts formats counts by name, in the order of the names.
func counts(of map[string]int64) string {
	parts := make([]string, 0, len(of))
	for _, name := range slices.Sorted(maps.Keys(of)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, of[name]))
	}
	return strings.Join(parts, ", ")
}
