package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/relay"
)

func newRelayShow() *cobra.Command {
	var out output
	var natsURL, merchant string
	var follow bool
	var count int
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the events in the broker",
		Long: "Show the messages of the stream " + relay.StreamEvents + " as they are stored, the oldest first. With --output json every\n" +
			"line is one CloudEvent.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := out.to(cmd); err != nil {
				return err
			}
			if err := out.inZone(); err != nil {
				return err
			}
			if natsURL == "" {
				return usageError{errors.New("--nats-url (TENFOLD_NATS_URL) must be set")}
			}
			conn, err := dialNATS(natsURL)
			if err != nil {
				return err
			}
			defer conn.Close()
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			shown := 0
			err = relay.Show(ctx, conn, merchant, follow, func(s *relay.Stored) error {
				if shown++; shown == count {
					return errors.Join(printStored(&out, s), errShown)
				}
				return printStored(&out, s)
			})
			if errors.Is(err, errShown) || follow && errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		},
	}
	out.flag(cmd)
	out.zoneFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&natsURL, "nats-url", "nats://127.0.0.1:4222", "comma-separated NATS servers")
	f.StringVar(&merchant, "merchant", "", "only events of this merchant's book")
	f.BoolVar(&follow, "follow", false, "continue with new events")
	f.IntVar(&count, "count", 0, "number of events after which the command ends; 0 for no limit")
	return cmd
}

// errShown ends a show that has shown the requested number of events.
var errShown = errors.New("enough events were shown")

// printStored prints one message on one line.
func printStored(out *output, s *relay.Stored) error {
	if out.isJSON() {
		_, err := fmt.Fprintf(out.w, "%s\n", s.Data)
		return err
	}
	var e struct {
		Subject string `json:"subject"`
	}
	if err := json.Unmarshal(s.Data, &e); err != nil {
		return fmt.Errorf("read message %s: %w", s.ID, err)
	}
	_, err := fmt.Fprintf(out.w, "%s  %-20s  %-24s  %s\n", out.when(timestamppb.New(s.StoredAt)), s.ID, s.Type(), e.Subject)
	return err
}
