package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// claimWatch holds the flags of claim watch.
type claimWatch struct {
	merchant, order, start, token string
	once                          bool
}

func (w *claimWatch) request(args []string) (*tenfoldv1.WatchClaimsRequest, error) {
	r := &tenfoldv1.WatchClaimsRequest{Parent: "merchants/-", OrderId: w.order, ResumeToken: w.token}
	if w.merchant != "" {
		r.Parent = "merchants/" + w.merchant
	}
	if len(args) > 0 {
		name, err := claimNameOf(args[0])
		if err != nil {
			return nil, err
		}
		r.Claim = name
		if parent, _, _ := strings.Cut(name, "/claims/"); w.merchant == "" {
			r.Parent = parent
		}
	}
	start, err := choice("start", w.start, tenfoldv1.WatchStart_value, "WATCH_START_", "claims", "now", "beginning")
	r.Start = tenfoldv1.WatchStart(start)
	return r, err
}

func newClaimWatch() *cobra.Command {
	var c remote
	var w claimWatch
	cmd := c.command(principal.RoleSupport, &cobra.Command{
		Use:   "watch [NAME|ID]",
		Short: "Show claims and then their events, until interrupted",
		Long: "Show the present state of one claim, or of the claims of an order, of a merchant or of all merchants, and then\n" +
			"their events. A watch that breaks is resumed where it stopped. With --output json every line is one message of the\n" +
			"watch, with its resume token.",
		Args: cobra.MaximumNArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		request, err := w.request(args)
		if err != nil {
			return err
		}
		err = watchOn(cmd.Context(), tenfoldv1.NewWatchServiceClient(conn), request, cmd.ErrOrStderr(), func(m *tenfoldv1.WatchClaimsResponse) error {
			if w.once && len(m.GetClaims())+len(m.GetEvents()) == 0 {
				return io.EOF
			}
			return c.out.printWatch(m)
		})
		if errors.Is(err, io.EOF) || cmd.Context().Err() != nil {
			return nil
		}
		return refusal(c.client.reached(cmd.Context(), err))
	})
	f := cmd.Flags()
	f.StringVar(&w.merchant, "merchant", "", "claims of this merchant")
	f.StringVar(&w.order, "order", "", "claims on this order")
	f.StringVar(&w.start, "start", "claims", "start of the watch: claims (their present state), now, or beginning (the first event)")
	f.StringVar(&w.token, "token", "", "resume after the message with this resume token")
	f.BoolVar(&w.once, "once", false, "end as soon as everything up to now was shown")
	completes(cmd.Flags(), "start", wordsOf(tenfoldv1.WatchStart(0).Descriptor())...)
	return calling(cmd, "WatchService/WatchClaims")
}

// watchOn follows a watch. When the watch ends in a way that the contract allows to
// resume, watchOn resumes it after the last message.
func watchOn(ctx context.Context, watches tenfoldv1.WatchServiceClient, r *tenfoldv1.WatchClaimsRequest, errOut io.Writer, take func(*tenfoldv1.WatchClaimsResponse) error) error {
	const again = time.Second
	for {
		stream, err := watches.WatchClaims(ctx, proto.CloneOf(r))
		for err == nil {
			var m *tenfoldv1.WatchClaimsResponse
			if m, err = stream.Recv(); err != nil {
				break
			}
			if err := take(m); err != nil {
				return err
			}
			r.ResumeToken = m.GetResumeToken()
		}
		if code := status.Code(err); code != codes.Unavailable && code != codes.Aborted || r.ResumeToken == "" {
			return err
		}
		fmt.Fprintln(errOut, "tenfold: the watch broke and is resumed:", status.Convert(err).Message())
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// printWatch prints one message of a watch.
func (o *output) printWatch(m *tenfoldv1.WatchClaimsResponse) error {
	if o.isJSON() {
		raw, err := rpc.JSON(m)
		if err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
		return o.line(raw)
	}
	for _, c := range m.GetClaims() {
		fmt.Fprintf(o.w, "%s  %s  is %s\n", o.when(c.GetStateSince()), c.GetName(), listed(", ", word(c.GetState()), word(c.GetVerdict())))
	}
	for _, e := range m.GetEvents() {
		line := fmt.Sprintf("%s  %s  %s", o.when(e.GetRecordedAt()), e.GetName(), word(e.GetKind()))
		if e.GetClaim() != "" {
			line += "  " + e.GetClaim()
		}
		if e.GetQuarantined() {
			line += "  is quarantined"
		}
		if e.GetMove() != nil {
			line += "  to " + word(e.GetMove().GetToState())
		}
		for _, t := range e.GetTransfers() {
			line += "  " + sum(t.GetAmount()) + " " + word(t.GetKind())
		}
		fmt.Fprintln(o.w, line)
	}
	return nil
}
