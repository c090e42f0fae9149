package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// The work of people on claims: their own list, the next claim of a queue, and notes.

func newClaimMine() *cobra.Command {
	var c remote
	var limit int
	cmd := c.command(principal.RoleAdjudicator, &cobra.Command{
		Use:   "mine",
		Short: "List the claims that are assigned to the person of the call, the most urgent first",
		Args:  cobra.NoArgs,
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, _ []string) error {
		list, err := listClaims(cmd.Context(), tenfoldv1.NewClaimServiceClient(conn),
			&tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: "assignee = me", OrderBy: "filed_at"}, limit)
		if err != nil {
			return err
		}
		slices.SortStableFunc(list.Claims, byUrgency)
		return show(&c.out, list, printWork)
	})
	cmd.Flags().IntVar(&limit, "limit", 100, "largest number of claims to list")
	return cmd
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
		due := o.when(c.GetDeadline().GetPassesAt())
		if c.GetEscalated() {
			due = "overdue"
		}
		book, _, _ := strings.Cut(strings.TrimPrefix(c.GetName(), "merchants/"), "/")
		t.AppendRow(table.Row{c.GetClaimId(), book, word(c.GetState()), o.when(c.GetStateSince()), due, word(c.GetVerdict())})
	}
	o.render(t)
	fmt.Fprintf(o.w, "%d claims\n", len(list.GetClaims()))
}

// newRequestID is the id of a request that is sent once.
func newRequestID() string { return rand.Text() }

func newClaimTake() *cobra.Command {
	var c remote
	var queue, merchant string
	cmd := c.command(principal.RoleAdjudicator, &cobra.Command{
		Use:   "take",
		Short: "Take the claim of a queue that waits longest and is assigned to nobody",
		Args:  cobra.NoArgs,
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, _ []string) error {
		from, err := choice("queue", queue, tenfoldv1.WorkQueue_value, "WORK_QUEUE_", "review", "appeal")
		if err != nil {
			return err
		}
		got, err := tenfoldv1.NewWorkServiceClient(conn).TakeNext(cmd.Context(), &tenfoldv1.TakeNextRequest{
			Parent: merchantNameOf(merchant), RequestId: newRequestID(), Queue: tenfoldv1.WorkQueue(from),
		})
		if err != nil {
			return refusal(err)
		}
		return show(&c.out, got, func(o *output, r *tenfoldv1.TakeNextResponse) {
			if r.GetClaim() == nil {
				fmt.Fprintf(o.w, "no claim in queue %s is free\n", queue)
				return
			}
			printWork(o, &tenfoldv1.ListClaimsResponse{Claims: []*tenfoldv1.Claim{r.GetClaim()}})
		})
	})
	cmd.Flags().StringVar(&queue, "queue", "review", "queue to take from: review or appeal")
	cmd.Flags().StringVar(&merchant, "merchant", "-", "only claims of this merchant")
	return cmd
}

// fullName completes the name of a claim, which commands need, with its merchant.
func fullName(ctx context.Context, conn *grpc.ClientConn, text string) (string, error) {
	name, err := claimNameOf(text)
	if err != nil || !strings.HasPrefix(name, "merchants/-/") {
		return name, err
	}
	got, err := tenfoldv1.NewClaimServiceClient(conn).GetClaim(ctx, &tenfoldv1.GetClaimRequest{Name: name})
	return got.GetClaim().GetName(), refusal(err)
}

func newClaimRelease() *cobra.Command {
	var c remote
	return c.command(principal.RoleAdjudicator, &cobra.Command{
		Use:   "release NAME|ID",
		Short: "Give a claim that is assigned to the person of the call back to its queue",
		Args:  cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		name, err := fullName(cmd.Context(), conn, args[0])
		if err != nil {
			return err
		}
		got, err := tenfoldv1.NewWorkServiceClient(conn).Release(cmd.Context(), &tenfoldv1.ReleaseRequest{Name: name, RequestId: newRequestID()})
		if err != nil {
			return refusal(err)
		}
		return show(&c.out, got, func(o *output, r *tenfoldv1.ReleaseResponse) {
			fmt.Fprintf(o.w, "claim %s is back in its queue\n", r.GetClaim().GetClaimId())
		})
	})
}

func newClaimNote() *cobra.Command {
	var c remote
	var visibility string
	cmd := c.command(principal.RoleSupport, &cobra.Command{
		Use:   "note NAME|ID TEXT",
		Short: "Add a note to a claim",
		Args:  cobra.ExactArgs(2),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		by, err := choice("visibility", visibility, tenfoldv1.NoteVisibility_value, "NOTE_VISIBILITY_", "internal", "merchant", "consumer")
		if err != nil {
			return err
		}
		name, err := fullName(cmd.Context(), conn, args[0])
		if err != nil {
			return err
		}
		got, err := tenfoldv1.NewWorkServiceClient(conn).AddNote(cmd.Context(), &tenfoldv1.AddNoteRequest{
			Name: name, RequestId: newRequestID(), Visibility: tenfoldv1.NoteVisibility(by), Text: args[1],
		})
		if err != nil {
			return refusal(err)
		}
		return show(&c.out, got, func(o *output, r *tenfoldv1.AddNoteResponse) { printNotes(o, []*tenfoldv1.Note{r.GetNote()}) })
	})
	cmd.Flags().StringVar(&visibility, "visibility", "internal", "who reads the note: internal, merchant or consumer")
	return cmd
}

func newClaimNotes() *cobra.Command {
	var c remote
	return c.command(principal.RoleSupport, &cobra.Command{
		Use:   "notes NAME|ID",
		Short: "List the notes of a claim that the role may read",
		Args:  cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		name, err := claimNameOf(args[0])
		if err != nil {
			return err
		}
		all := &tenfoldv1.ListNotesResponse{}
		err = everyPage(func(token string) (*tenfoldv1.ListNotesResponse, error) {
			return tenfoldv1.NewWorkServiceClient(conn).ListNotes(cmd.Context(), &tenfoldv1.ListNotesRequest{Parent: name, PageSize: 1000, PageToken: token})
		}, func(page *tenfoldv1.ListNotesResponse) { all.Notes = append(all.Notes, page.GetNotes()...) })
		if err != nil {
			return err
		}
		return show(&c.out, all, func(o *output, r *tenfoldv1.ListNotesResponse) { printNotes(o, r.GetNotes()) })
	})
}

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
