package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/relay"
	"github.com/tenfold-claims/tenfold/internal/rpc"
)

func newRelay() *cobra.Command {
	cmd := &cobra.Command{Use: "relay", Short: "Work on the events that are relayed to NATS", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(newRelayShow(), newRelayReplay())
	return cmd
}

func newRelayReplay() *cobra.Command {
	var databaseURL, natsURL string
	var what relay.Replay
	var replicas int
	cmd := &cobra.Command{
		Use:   "replay",
		Short: "Store events once more, in a stream beside the live one",
		Long: "Store events once more in the stream " + relay.StreamReplay + ", under " + relay.SubjectReplay + ".{merchant}.{type}, for readers\n" +
			"that have lost what they had or come too late. A replay that broke off goes on where it stopped; to replay the\n" +
			"same events again, purge that stream first. The live stream and its readers are left alone.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if databaseURL == "" || natsURL == "" {
				return usageError{errors.New("TENFOLD_DATABASE_URL and TENFOLD_NATS_URL must both be given")}
			}
			const connections = 4
			db, err := postgres.Open(databaseURL, connections)
			if err != nil {
				return usageError{fmt.Errorf("TENFOLD_DATABASE_URL: %w", err)}
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
			stored, err := relay.New(db, sink, rpc.CloudEvent, relay.Defaults(), logger(cmd.ErrOrStderr())).Replay(cmd.Context(), what)
			fmt.Fprintf(cmd.OutOrStdout(), "%d events stored in stream %s\n", stored, relay.StreamReplay)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&databaseURL, "database-url", "", "connection URL of the role tenfold_app")
	f.StringVar(&natsURL, "nats-url", "", "NATS servers, comma-separated")
	f.IntVar(&replicas, "nats-replicas", 1, "on how many NATS servers the stream is kept, where it is made")
	f.StringVar(&what.MerchantID, "merchant", "", "only this merchant's book")
	f.Int64Var(&what.After, "after", 0, "leave out the events of each book up to this number")
	return cmd
}
