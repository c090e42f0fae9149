package main

import (
	"cmp"
	"crypto/rand"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// The list of a person's own work. The other commands of work are verbs.

func newClaimMine() *cobra.Command {
	var c remote
	c.out.lists = true
	cmd := c.command(principal.RoleAdjudicator, &cobra.Command{
		Use:   "mine",
		Short: "List the claims that are assigned to the person of the call, the most urgent first",
		Args:  cobra.NoArgs,
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, _ []string) error {
		if err := c.paging.check(); err != nil {
			return err
		}
		list, err := listClaims(cmd.Context(), tenfoldv1.NewClaimServiceClient(conn),
			&tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: "assignee = me", OrderBy: "filed_at", PageToken: c.paging.token}, c.paging.limit, everyClaim)
		if err != nil {
			return err
		}
		slices.SortStableFunc(list.Claims, byUrgency)
		return c.showClaims(list, printWork)
	})
	c.paging.flags(cmd)
	return calling(cmd, "ClaimService/ListClaims")
}

// byUrgency puts claims whose deadline has passed first, and those for which none runs
// last.
func byUrgency(a, b *tenfoldv1.Claim) int {
	rank := func(c *tenfoldv1.Claim) int {
		switch {
		case c.GetEscalated():
			return 0
		case c.GetDeadline() != nil:
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), a.GetDeadline().GetPassesAt().AsTime().Compare(b.GetDeadline().GetPassesAt().AsTime()))
}

func printWork(o *output, list *tenfoldv1.ListClaimsResponse) {
	t := o.newTable("", column{title: "Claim"}, column{title: "Book"}, column{title: "State"}, column{title: "Since"}, column{title: "Due"},
		column{title: "Verdict"})
	for _, c := range list.GetClaims() {
		due := o.due(c)
		if c.GetEscalated() {
			due = "overdue" + led(" since ", o.when(c.GetEscalatedAt()))
		}
		book, _, _ := strings.Cut(strings.TrimPrefix(c.GetName(), "merchants/"), "/")
		t.AppendRow(table.Row{c.GetClaimId(), book, word(c.GetState()), o.when(c.GetStateSince()), due, word(c.GetVerdict())})
	}
	o.render(t)
}

// newRequestID is the id of a request that is sent once.
func newRequestID() string { return rand.Text() }

func printNotes(o *output, notes []*tenfoldv1.Note) {
	t := o.newTable("Notes", column{title: "When"}, column{title: "For"}, column{title: "By"}, column{title: "Note"})
	for _, n := range notes {
		by := n.GetRole()
		if n.GetPerson() != "" {
			by += ", " + n.GetPerson()
		}
		t.AppendRow(table.Row{o.when(n.GetAddedAt()), word(n.GetVisibility()), by, n.GetText()})
	}
	o.render(t)
}
