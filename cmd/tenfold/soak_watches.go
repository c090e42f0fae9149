package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/watchsoak"
)

func newSoakWatches() *cobra.Command {
	var out output
	c := watchsoak.Defaults()
	cmd := &cobra.Command{
		Use:   "watches",
		Short: "Kill servers and break connections during watches, and check the received events",
		Long: "Starts a throwaway PostgreSQL and two servers on it behind one address. Claims are filed and watched, by book and\n" +
			"over all books, while servers are killed and restarted, connections are broken, and watchers begin again with\n" +
			"tokens that they kept. Then it compares the events that every watcher received with the chains of the books. Exits\n" +
			"with 3 if an event was lost, received twice or changed.",
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
			c.Progress = func(done, total int) { p.show("kills", done, total) }
			c.Log, c.Now = cmd.ErrOrStderr(), time.Now
			began := time.Now()
			report, err := runWatchSoak(ctx, c)
			p.done()
			if err != nil {
				return err
			}
			if out.isJSON() {
				err = out.json(report)
			} else {
				printWatchSoak(&out, report, time.Since(began))
			}
			if err == nil && len(report.Wrong) > 0 {
				err = errMismatch
			}
			return err
		},
	}
	out.flag(cmd)
	f := cmd.Flags()
	f.IntVar(&c.Kills, "kills", c.Kills, "number of times that a server is killed or its connections are broken")
	f.IntVar(&c.Merchants, "merchants", c.Merchants, "number of books, each with its own watcher")
	f.IntVar(&c.Watchers, "watchers", c.Watchers, "number of watchers of all books")
	f.DurationVar(&c.Pause, "pause", c.Pause, "approximate pause between two disturbances")
	f.Uint64Var(&c.Seed, "seed", rand.Uint64(), "seed of all random choices (default: a random number)")
	return cmd
}

// runWatchSoak soaks watches on a throwaway database.
func runWatchSoak(ctx context.Context, c watchsoak.Config) (r *watchsoak.Report, err error) {
	err = onThrowaway(ctx, func(databaseURL string) (err error) {
		c.DatabaseURL = databaseURL
		r, err = watchsoak.Run(ctx, c)
		return err
	})
	return r, err
}

// printWatchSoak prints the report for people.
func printWatchSoak(out *output, r *watchsoak.Report, took time.Duration) {
	fmt.Fprintf(out.w, "%d servers killed, connections broken %d times in %s; seed %d\n", r.Killed, r.Broken, took.Round(time.Second), r.Seed)
	fmt.Fprintf(out.w, "watchers began again %d times with a kept token\n", r.Begun)
	fmt.Fprintf(out.w, "%d claims, %d events; received by all watchers together: %d\n", r.Claims, r.Events, r.Received)
	if len(r.Wrong) == 0 {
		fmt.Fprintf(out.w, "every watcher received every event of its books once and in order\n")
		return
	}
	for _, wrong := range r.Wrong {
		fmt.Fprintf(out.w, "WRONG: %s\n", wrong)
	}
}
