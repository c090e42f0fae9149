package main

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newBookProposals() *cobra.Command {
	var c remote
	var state string
	c.out.lists = true
	cmd := c.command(principal.RoleFinance, &cobra.Command{
		Use:   "proposals MERCHANT",
		Short: "List the proposals about a merchant's money, and the votes on them",
		Args:  cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		number, err := choice("state", state, tenfoldv1.ProposalState_value, "PROPOSAL_STATE_", "open", "carried-out", "refused", "void")
		if err != nil {
			return err
		}
		money, all := tenfoldv1.NewMerchantMoneyServiceClient(conn), &tenfoldv1.ListProposalsResponse{}
		err = everyPage(func(token string) (*tenfoldv1.ListProposalsResponse, error) {
			return money.ListProposals(cmd.Context(), &tenfoldv1.ListProposalsRequest{
				Parent: merchantNameOf(args[0]), State: tenfoldv1.ProposalState(number), PageSize: bookPage, PageToken: token,
			})
		}, func(page *tenfoldv1.ListProposalsResponse) {
			all.Proposals = append(all.Proposals, page.GetProposals()...)
		})
		if err != nil {
			return err
		}
		return show(&c.out, all, func(o *output, r *tenfoldv1.ListProposalsResponse) { printProposals(o, r.GetProposals()) })
	})
	cmd.Flags().StringVar(&state, "state", "", "only proposals in this state: open, carried-out, refused or void")
	completes(cmd.Flags(), "state", wordsOf(tenfoldv1.ProposalState(0).Descriptor())...)
	return calling(cmd, "MerchantMoneyService/ListProposals")
}

// accountOf says which account of a proposal is meant; nothing where none is.
func accountOf(place string, a tenfoldv1.AccountPurpose) string {
	if a == tenfoldv1.AccountPurpose_ACCOUNT_PURPOSE_UNSPECIFIED {
		return ""
	}
	return place + " " + word(a)
}

func printProposals(o *output, list []*tenfoldv1.Proposal) {
	t := o.newTable("Proposals", column{title: "Proposal"}, column{title: "Kind"}, column{title: "About"}, column{"Amount", true},
		column{title: "State"}, column{title: "Proposed by"}, column{title: "Votes"})
	t.currency = true
	for _, p := range list {
		about := p.GetClaim() + p.GetPaymentReference() + p.GetUndoes()
		if from, to := p.GetFromAccount(), p.GetToAccount(); from != 0 || to != 0 {
			about = strings.Join(strings.Fields(strings.Join([]string{accountOf("from", from), accountOf("to", to), about}, " ")), " ")
		}
		var votes []string
		for _, v := range p.GetVotes() {
			said := "refused"
			if v.GetApproved() {
				said = "approved"
			}
			votes = append(votes, v.GetPerson()+" "+said)
		}
		t.AppendRow(table.Row{
			p.GetName(), word(p.GetKind()), about, sumCell{p.GetAmount()}, word(p.GetState()), p.GetProposedBy(), strings.Join(votes, ", "),
		})
	}
	o.render(t)
}
