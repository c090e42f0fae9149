package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newClaimExplain() *cobra.Command {
	var c remote
	var audience string
	cmd := c.command(principal.RoleSupport, &cobra.Command{
		Use:   "explain NAME|ID",
		Short: "Explain the state of a claim, whose turn it is, and the possible actions",
		Args:  cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		name, err := claimNameOf(args[0])
		if err != nil {
			return err
		}
		if audience == "" && c.client.Role == string(principal.RoleMerchant) {
			audience = c.client.Role // A merchant is told what a merchant can do.
		}
		reader, err := choice("audience", audience, tenfoldv1.Audience_value, "AUDIENCE_",
			"consumer", "merchant", "support", "adjudicator", "approver", "finance", "operator")
		if err != nil {
			return err
		}
		got, err := tenfoldv1.NewClaimServiceClient(conn).ExplainClaim(cmd.Context(), &tenfoldv1.ExplainClaimRequest{
			Name: name, Language: c.language(), Audience: tenfoldv1.Audience(reader), TimeZone: c.out.tz,
		})
		if err != nil {
			return refusal(err)
		}
		return show(&c.out, got.GetExplanation(), printExplanation)
	})
	const readers = "consumer, merchant, support, adjudicator, approver, finance or operator"
	cmd.Flags().StringVar(&audience, "audience", "", "reader of the explanation: "+readers+"; by default everybody who may see the claim")
	completes(cmd.Flags(), "audience", "consumer", "merchant", "support", "adjudicator", "approver", "finance", "operator")
	return calling(cmd, "ClaimService/ExplainClaim")
}

// printExplanation prints the text, with one line for each possible action.
func printExplanation(o *output, e *tenfoldv1.ClaimExplanation) {
	t := e.GetText()
	for _, line := range append([]string{t.GetWhy(), t.GetTurn(), t.GetTime()}, t.GetAward()...) {
		if line != "" {
			fmt.Fprintln(o.w, printable(line))
		}
	}
	if year := e.GetDeadlineEffect().GetUnsetCalendarYear(); year != 0 {
		fmt.Fprintf(o.w, "The calendar of %d is not set: the deadline was counted by the ordinary week, and may pass too early.\n", year)
	}
	for _, line := range t.GetChoices() {
		fmt.Fprintln(o.w, printable("- "+line))
	}
}
