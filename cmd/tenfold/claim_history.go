package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// happening is one line of a claim's timeline.
type happening struct {
	At time.Time `json:"at"`
	// What is the kind of the line, such as move or payout.
	What   string `json:"what"`
	Detail string `json:"detail"`
	By     string `json:"by,omitempty"`
	Note   string `json:"note,omitempty"`
}

// timeline is the history of a claim, oldest first.
type timeline struct {
	Claim      string      `json:"claim"`
	State      string      `json:"state"`
	WaitsFor   string      `json:"waitsFor"`
	Happenings []happening `json:"happenings"`
}

func newClaimHistory() *cobra.Command {
	var c remote
	return c.command(principal.RoleSupport, &cobra.Command{
		Use:   "history NAME|ID",
		Short: "Show the history of a claim: moves, results, holds and payouts, by time",
		Args:  cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		name, err := claimNameOf(args[0])
		if err != nil {
			return err
		}
		told, err := readTimeline(cmd.Context(), tenfoldv1.NewClaimServiceClient(conn), name)
		if err != nil {
			return err
		}
		return show(&c.out, told, printTimeline)
	})
}

// readTimeline reads a claim and all its moves.
func readTimeline(ctx context.Context, claims tenfoldv1.ClaimServiceClient, name string) (*timeline, error) {
	got, err := claims.GetClaim(ctx, &tenfoldv1.GetClaimRequest{Name: name, View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL})
	if err != nil {
		return nil, refusal(err)
	}
	c := got.GetClaim()
	told := &timeline{Claim: c.GetName(), State: word(c.GetState()), WaitsFor: word(c.GetWaitsFor())}
	// The cause of a move comes before the move when both have the same time.
	told.addParts(c)
	err = everyPage(func(token string) (*tenfoldv1.ListMovesResponse, error) {
		return claims.ListMoves(ctx, &tenfoldv1.ListMovesRequest{Parent: c.GetName(), PageToken: token})
	}, func(page *tenfoldv1.ListMovesResponse) {
		for _, m := range page.GetMoves() {
			told.add(m.GetMovedAt(), "move", word(m.GetToState())+" by "+word(m.GetTrigger()), m.GetWorkload()+" ("+m.GetRole()+") "+m.GetPerson(), m.GetNote())
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(told.Happenings, func(a, b happening) int { return cmp.Compare(a.At.UnixNano(), b.At.UnixNano()) })
	return told, nil
}

func (t *timeline) add(at *timestamppb.Timestamp, what, detail, by, note string) {
	if at != nil {
		t.Happenings = append(t.Happenings, happening{at.AsTime(), what, detail, by, note})
	}
}

// addParts adds the parts of the FULL view other than moves.
func (t *timeline) addParts(c *tenfoldv1.Claim) {
	for _, r := range c.GetResults() {
		t.add(r.GetRecordedAt(), "result", fmt.Sprintf("report %s, rank %d: %s", r.GetReportNumber(), r.GetRank(), units(r.GetUnitVerdicts())), r.GetAuthenticator(), r.GetStatement())
	}
	t.add(c.GetNotice().GetConfirmedAt(), "notice", fmt.Sprintf("delivery of revision %d confirmed", c.GetNotice().GetRevision()), "", "")
	for _, h := range c.GetHolds() {
		t.add(h.GetHeldAt(), "hold", sum(h.GetAmount())+" set aside", word(h.GetSource()), "")
		t.add(h.GetEndedAt(), "hold", sum(h.GetAmount())+" "+word(h.GetState()), word(h.GetSource()), "")
	}
	for _, p := range c.GetPayouts() {
		t.add(p.GetInstructedAt(), "payout", word(p.GetPart())+" "+sum(p.GetAmount())+" instructed", p.GetOutNumber(), "")
		t.add(p.GetAnsweredAt(), "payout", word(p.GetPart())+" "+sum(p.GetAmount())+" "+word(p.GetState()), p.GetGatewayReference(), p.GetFailureCode())
	}
}

func printTimeline(o *output, t *timeline) {
	list := o.newTable(t.Claim+": "+t.State+", waits for "+t.WaitsFor, column{title: "When"}, column{title: "What"}, column{title: "Detail"}, column{title: "By"}, column{title: "Note"})
	for _, h := range t.Happenings {
		list.AppendRow(table.Row{when(timestamppb.New(h.At)), h.What, h.Detail, h.By, h.Note})
	}
	o.render(list)
}

func printTimelines(o *output, all []*timeline) {
	for _, t := range all {
		printTimeline(o, t)
	}
	fmt.Fprintf(o.w, "%d claims\n", len(all))
}

func newClaimFind() *cobra.Command {
	var c remote
	var f claimFilter
	cmd := c.command(principal.RoleSupport, &cobra.Command{
		Use:   "find",
		Short: "Find claims by whatever is known of them, such as an order, a payment or a report, and show the history of each",
		Args:  cobra.NoArgs,
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, _ []string) error {
		terms := f.terms()
		if !slices.ContainsFunc(terms, func(t filterTerm) bool { return t.value != "" }) {
			var flags []string
			for _, t := range terms {
				flags = append(flags, "--"+t.flag)
			}
			return usageError{fmt.Errorf("at least one of %s is required", strings.Join(flags, ", "))}
		}
		request, err := f.request()
		if err != nil {
			return err
		}
		claims := tenfoldv1.NewClaimServiceClient(conn)
		list, err := listClaims(cmd.Context(), claims, request, f.limit)
		if err != nil {
			return err
		}
		all := make([]*timeline, len(list.GetClaims()))
		for i, found := range list.GetClaims() {
			if all[i], err = readTimeline(cmd.Context(), claims, found.GetName()); err != nil {
				return err
			}
		}
		return show(&c.out, all, printTimelines)
	})
	f.anchors(cmd)
	cmd.Flags().IntVar(&f.limit, "limit", 20, "largest number of claims to find")
	return cmd
}
