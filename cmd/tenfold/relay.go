package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/relay"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/watch"
)

func newRelay() *cobra.Command {
	cmd := &cobra.Command{Use: "relay", Short: "Show and replay the events that are relayed to NATS", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(newRelayShow(), newRelayReplay())
	return cmd
}

func newRelayReplay() *cobra.Command {
	var databaseURL, natsURL string
	var what relay.Replay
	var replicas int
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Store events again, in a second stream",
		Long: "Store events again in the stream " + relay.StreamReplay + ", under " + relay.SubjectReplay + ".{merchant}.{type}, for readers\n" +
			"that lost events or came too late. A replay that broke continues where it stopped. To replay the same events once\n" +
			"more, purge that stream first. The live stream and its readers are not affected.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if databaseURL == "" || natsURL == "" {
				return usageError{errors.New("--database-url (TENFOLD_DATABASE_URL) and --nats-url (TENFOLD_NATS_URL) must both be set")}
			}
			const connections = 4
			db, err := postgres.Open(databaseURL, connections)
			if err != nil {
				return usageError{fmt.Errorf("--database-url (TENFOLD_DATABASE_URL): %w", err)}
			}
			defer db.Close()
			if err := db.CheckSchema(cmd.Context()); err != nil {
				return err
			}
			conn, err := dialNATS(natsURL)
			if err != nil {
				return err
			}
			defer conn.Close()
			sink, err := relay.OpenJetStream(cmd.Context(), conn, relay.StreamReplay, relay.SubjectReplay, replicas)
			if err != nil {
				return err
			}
			log := logger(cmd.ErrOrStderr())
			quarantine := watch.NewQuarantine(db, time.Now, log)
			stored, err := relay.New(db, sink, rpc.CloudEvent, quarantine, relay.Defaults(), log).Replay(cmd.Context(), what)
			fmt.Fprintf(cmd.OutOrStdout(), "%d events stored in stream %s\n", stored, relay.StreamReplay)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&databaseURL, "database-url", "", "connection URL of the role tenfold_app")
	f.StringVar(&natsURL, "nats-url", "", "comma-separated NATS servers")
	f.IntVar(&replicas, "nats-replicas", 1, "number of NATS servers that keep the stream; used when the stream is made")
	f.StringVar(&what.MerchantID, "merchant", "", "only this merchant's book")
	f.Int64Var(&what.After, "after", 0, "skip the events of each book up to this number")
	return cmd
}
