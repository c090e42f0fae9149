package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newBookProposals() *cobra.Command {
	var c client
	var out output
	var state string
	cmd := &cobra.Command{
		Use:   "proposals MERCHANT",
		Short: "List the proposals about a merchant's money, and the votes on them",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.to(cmd); err != nil {
				return err
			}
			r := &tenfoldv1.ListProposalsRequest{Parent: "merchants/" + strings.TrimPrefix(args[0], "merchants/"), PageSize: proposalsPage}
			if state != "" {
				number, ok := tenfoldv1.ProposalState_value["PROPOSAL_STATE_"+strings.ToUpper(strings.ReplaceAll(state, "-", "_"))]
				if !ok {
					return usageError{fmt.Errorf("TENFOLD_STATE or --state must be open, carried-out, refused or void, not %q", state)}
				}
				r.State = tenfoldv1.ProposalState(number)
			}
			conn, err := c.connect()
			if err != nil {
				return err
			}
			defer conn.Close()
			got, err := everyProposal(cmd.Context(), tenfoldv1.NewMerchantMoneyServiceClient(conn), r)
			if err != nil {
				return refusal(err)
			}
			if out.isJSON() {
				return out.json(got)
			}
			printProposals(&out, got)
			return nil
		},
	}
	c.flags(cmd, principal.RoleFinance)
	out.flag(cmd)
	cmd.Flags().StringVar(&state, "state", "", "only proposals in this state: open, carried-out, refused or void")
	return cmd
}

// proposalsPage is the size of a page.
const proposalsPage = 1000

// everyProposal reads all pages into one answer.
func everyProposal(ctx context.Context, money tenfoldv1.MerchantMoneyServiceClient, r *tenfoldv1.ListProposalsRequest) (*tenfoldv1.ListProposalsResponse, error) {
	all := &tenfoldv1.ListProposalsResponse{}
	for {
		page, err := money.ListProposals(ctx, r)
		if err != nil {
			return nil, err
		}
		all.Proposals = append(all.Proposals, page.GetProposals()...)
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			return all, nil
		}
	}
}

func printProposals(o *output, got *tenfoldv1.ListProposalsResponse) {
	t := o.newTable("Proposals", column{title: "Proposal"}, column{title: "Kind"}, column{title: "About"}, column{"Amount", true},
		column{title: "State"}, column{title: "Proposed by"}, column{title: "Votes"})
	for _, p := range got.GetProposals() {
		about := p.GetClaim() + p.GetPaymentReference() + p.GetUndoes()
		var votes []string
		for _, v := range p.GetVotes() {
			said := "refused"
			if v.GetApproved() {
				said = "approved"
			}
			votes = append(votes, v.GetPerson()+" "+said)
		}
		t.AppendRow(table.Row{
			p.GetName(), word(p.GetKind()), about, sum(p.GetAmount()), word(p.GetState()), p.GetProposedBy(), strings.Join(votes, ", "),
		})
	}
	o.render(t)
}
