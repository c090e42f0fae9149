package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// happening is one event of a claim's timeline.
type happening struct {
	// Event is the number of the event within the book.
	Event int64     `json:"event"`
	At    time.Time `json:"at"`
	// What is the kind of the event, such as CLAIM_FILED.
	What string `json:"what"`
	// Detail is the event in words.
	Detail string `json:"detail"`
	By     string `json:"by,omitempty"`
	Note   string `json:"note,omitempty"`
	// FirstOutcomeAt is when the first outcome of the payout was recorded, if the event is
	// a report about one.
	FirstOutcomeAt *time.Time `json:"firstOutcomeAt,omitempty"`
}

// timeline is the history of a claim in the order of its events.
type timeline struct {
	Claim      string      `json:"claim"`
	State      string      `json:"state"`
	WaitsFor   string      `json:"waitsFor"`
	Happenings []happening `json:"happenings"`
}

func newClaimHistory() *cobra.Command {
	var c remote
	return calling(c.command(principal.RoleSupport, &cobra.Command{
		Use:   "history NAME|ID",
		Short: "Show everything that happened to a claim, in the order of its events",
		Args:  cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		name, err := claimNameOf(args[0])
		if err != nil {
			return err
		}
		told, err := c.readTimeline(cmd.Context(), conn, name)
		if err != nil {
			return err
		}
		return show(&c.out, told, printTimeline)
	}), "ClaimService/GetClaim", "HistoryService/ListTimeline")
}

// readTimeline reads a claim and all its events.
func (r *remote) readTimeline(ctx context.Context, conn *grpc.ClientConn, name string) (*timeline, error) {
	got, err := tenfoldv1.NewClaimServiceClient(conn).GetClaim(ctx, &tenfoldv1.GetClaimRequest{Name: name})
	if err != nil {
		return nil, refusal(err)
	}
	c, events := got.GetClaim(), tenfoldv1.NewHistoryServiceClient(conn)
	told := &timeline{Claim: c.GetName(), State: word(c.GetState()), WaitsFor: word(c.GetWaitsFor())}
	const page = 200
	err = everyPage(func(token string) (*tenfoldv1.ListTimelineResponse, error) {
		return events.ListTimeline(ctx, &tenfoldv1.ListTimelineRequest{
			Parent: c.GetName(), Language: r.language(), TimeZone: r.out.tz, PageSize: page, PageToken: token,
		})
	}, func(page *tenfoldv1.ListTimelineResponse) {
		for _, e := range page.GetEntries() {
			told.Happenings = append(told.Happenings, happeningOf(e))
		}
	})
	return told, err
}

func happeningOf(e *tenfoldv1.TimelineEntry) happening {
	h := happening{
		Event: e.GetNumber(), At: e.GetRecordedAt().AsTime(), What: word(e.GetKind()), Detail: e.GetText(),
		By: byWhom(e.GetWorkload(), e.GetRole(), e.GetPerson()), Note: e.GetNote(),
	}
	if first := e.GetPayout().GetFirstOutcomeAt(); first != nil {
		at := first.AsTime()
		h.FirstOutcomeAt = &at
	}
	return h
}

func printTimeline(o *output, t *timeline) {
	list := o.newTable(t.Claim+": "+listed(", waits for ", t.State, t.WaitsFor), column{title: "When"}, column{title: "What"}, column{title: "By"}, column{title: "Note"})
	const textWidth, noteWidth = 90, 40
	list.SetColumnConfigs([]table.ColumnConfig{
		{Number: 2, WidthMax: textWidth, WidthMaxEnforcer: text.WrapSoft}, {Number: 4, WidthMax: noteWidth, WidthMaxEnforcer: text.WrapSoft},
	})
	for _, h := range t.Happenings {
		list.AppendRow(table.Row{o.when(timestamppb.New(h.At)), h.Detail, h.By, h.Note})
	}
	o.render(list)
}

func printTimelines(o *output, all []*timeline) {
	for _, t := range all {
		printTimeline(o, t)
	}
	fmt.Fprintln(o.w, counted(len(all), "claim"))
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
		request, err := f.request(c.out.place)
		if err != nil {
			return err
		}
		list, err := listClaims(cmd.Context(), tenfoldv1.NewClaimServiceClient(conn), request, f.limit, everyClaim)
		if err != nil {
			return err
		}
		all := make([]*timeline, len(list.GetClaims()))
		for i, found := range list.GetClaims() {
			if all[i], err = c.readTimeline(cmd.Context(), conn, found.GetName()); err != nil {
				return err
			}
		}
		if err := show(&c.out, all, printTimelines); err != nil || list.GetNextPageToken() == "" {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "tenfold: there are more claims than --limit %d\n", f.limit)
		return nil
	})
	f.anchors(cmd)
	cmd.Flags().IntVar(&f.limit, "limit", 20, "largest number of claims to find")
	return calling(cmd, "ClaimService/ListClaims", "ClaimService/GetClaim", "HistoryService/ListTimeline")
}
