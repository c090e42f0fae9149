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
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newClaim() *cobra.Command {
	cmd := &cobra.Command{Use: "claim", Short: "Show, find, watch, file and decide claims", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(newClaimGet(), newClaimList(), newClaimFind(), newClaimExplain(), newClaimHistory(), newClaimWatch(), newClaimFile(), newClaimMine())
	for _, verbs := range [][]verb{claimVerbs(), fileVerbs(), decisionVerbs(), clockVerbs(), claimReads(), workVerbs()} {
		group(cmd, verbs)
	}
	return cmd
}

// help runs a command that only groups others.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// claimNameOf accepts a claim's name, or its id in the form for people.
func claimNameOf(text string) (string, error) {
	if strings.HasPrefix(text, "merchants/") {
		return text, nil
	}
	id, ok := claim.ParseID(text)
	if !ok {
		return "", usageError{notAnID(text)}
	}
	return "merchants/-/claims/" + id, nil
}

// notAnID says why a text is no claim's id: it was mistyped, or it is something else.
func notAnID(text string) error {
	if claim.Mistyped(text) {
		return fmt.Errorf("%s has the form of a claim id, but its check character does not fit: was it mistyped?", shown(text))
	}
	return fmt.Errorf("%s is not a claim id; an id has four groups of five characters, and the last character is a check character", shown(text))
}

func newClaimGet() *cobra.Command {
	var c remote
	return calling(c.command(principal.RoleSupport, &cobra.Command{
		Use:   "get NAME|ID",
		Short: "Show a claim: its state, results, award, funding and moves",
		Args:  cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		name, err := claimNameOf(args[0])
		if err != nil {
			return err
		}
		claims := tenfoldv1.NewClaimServiceClient(conn)
		got, err := claims.GetClaim(cmd.Context(), &tenfoldv1.GetClaimRequest{Name: name, View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL})
		if err != nil {
			return refusal(err)
		}
		if c.out.isJSON() {
			return c.out.json(got.GetClaim())
		}
		const movesMax = 1000
		moves, err := claims.ListMoves(cmd.Context(), &tenfoldv1.ListMovesRequest{Parent: got.GetClaim().GetName(), PageSize: movesMax})
		if err != nil {
			return refusal(err)
		}
		printClaim(&c.out, got.GetClaim(), moves.GetMoves())
		return nil
	}), "ClaimService/GetClaim", "ClaimService/ListMoves")
}

// claimFilter holds the flags that narrow a list of claims.
type claimFilter struct {
	merchant, order, claimant, product, authenticator string
	payment, outNumber, gatewayReference, report      string
	externalReference                                 string
	assignee, waitsFor, dueFrom, dueUntil             string
	state, queue, where                               string
	oldestFirst, byDeadline                           bool
	limit                                             int
}

// filterTerm is a comparison of the filter that a flag stands for.
type filterTerm struct {
	flag, value string
	// before stands in front of the value. A quoted value may be any text, others are one
	// word.
	before string
	quoted bool
}

func (f *claimFilter) terms() []filterTerm {
	return []filterTerm{
		{"order", f.order, "order_id = ", true}, {"claimant", f.claimant, "claimant_id = ", true},
		{"product", f.product, "product_id = ", true}, {"authenticator", f.authenticator, "authenticator_id = ", true},
		{"payment", f.payment, "payment_id = ", true}, {"out-number", f.outNumber, "out_number = ", true},
		{"gateway-reference", f.gatewayReference, "gateway_reference = ", true}, {"report", f.report, "report_number = ", true},
		{"external-reference", f.externalReference, "external_reference = ", true},
		{"assignee", f.assignee, "assignee = ", f.assignee != "me"},
		{"due-from", f.dueFrom, "deadline >= ", true}, {"due-until", f.dueUntil, "deadline <= ", true},
		{"waits-for", flagWord(f.waitsFor), "waits_for = ", false}, {"state", flagWord(f.state), "state = ", false},
	}
}

// flagWord is a word of the contract, which a flag may spell with dashes.
func flagWord(text string) string { return strings.ToUpper(strings.ReplaceAll(text, "-", "_")) }

// anchors adds the flags by which claims are found.
func (f *claimFilter) anchors(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.merchant, "merchant", "", "claims of this merchant")
	flags.StringVar(&f.order, "order", "", "claims on this order")
	flags.StringVar(&f.claimant, "claimant", "", "claims of this consumer")
	flags.StringVar(&f.product, "product", "", "claims on this product")
	flags.StringVar(&f.authenticator, "authenticator", "", "claims with a result of this authenticator")
	flags.StringVar(&f.payment, "payment", "", "claims on what this payment paid")
	flags.StringVar(&f.outNumber, "out-number", "", "the claim of the payout with this out-number")
	flags.StringVar(&f.gatewayReference, "gateway-reference", "", "the claim of the payout with this reference of the payment channel")
	flags.StringVar(&f.report, "report", "", "claims with a result by the report of this number, in any spelling")
	flags.StringVar(&f.externalReference, "external-reference", "", "claims with this number in another system")
	flags.StringVar(&f.assignee, "assignee", "", "claims that are assigned to this person; me is the person of the call")
	flags.StringVar(&f.waitsFor, "waits-for", "", "claims that wait for this party, such as reviewer or merchant")
	flags.StringVar(&f.dueFrom, "due-from", "", "claims whose deadline passes at this time or later")
	flags.StringVar(&f.dueUntil, "due-until", "", "claims whose deadline passes at this time or earlier")
	flags.BoolVar(&f.byDeadline, "by-deadline", false, "list claims whose deadline runs, the soonest first")
	flags.StringVar(&f.state, "state", "", "only claims in this state, such as PAID")
	flags.StringVar(&f.where, "filter", "", `more conditions of a filter, such as 'verdict = COUNTERFEIT AND award.total >= 100000'`)
	flags.BoolVar(&f.oldestFirst, "oldest-first", false, "list the oldest claims first, not the newest")
	completed := map[string]protoreflect.EnumDescriptor{"state": tenfoldv1.ClaimState(0).Descriptor(), "waits-for": tenfoldv1.WaitsFor(0).Descriptor()}
	for _, t := range f.terms() {
		var words []string
		if e := completed[t.flag]; e != nil {
			words = wordsOf(e)
		}
		completes(flags, t.flag, words...)
	}
}

// request is the list that the flags ask for. Times without a zone are in the zone of the screen.
func (f *claimFilter) request(place *time.Location) (*tenfoldv1.ListClaimsRequest, error) {
	r := &tenfoldv1.ListClaimsRequest{Parent: "merchants/-"}
	if f.merchant != "" {
		r.Parent = "merchants/" + f.merchant
	}
	for _, due := range []struct {
		flag string
		text *string
	}{{"due-from", &f.dueFrom}, {"due-until", &f.dueUntil}} {
		if *due.text == "" {
			continue
		}
		at, err := timeOf(*due.text, place)
		if err != nil {
			return nil, usageError{fmt.Errorf("--%s %w", due.flag, err)}
		}
		*due.text = at.AsTime().Format(time.RFC3339Nano)
	}
	var terms []string
	for _, t := range f.terms() {
		switch {
		case t.value == "":
		case strings.ContainsAny(t.value, "\"\\"):
			return nil, usageError{fmt.Errorf("--%s cannot contain quotes or backslashes", t.flag)}
		case t.quoted:
			terms = append(terms, t.before+`"`+t.value+`"`)
		default:
			terms = append(terms, t.before+t.value)
		}
	}
	if f.where != "" {
		terms = append(terms, f.where)
	}
	r.Filter = strings.Join(terms, " AND ")
	switch {
	case f.oldestFirst && f.byDeadline:
		return nil, usageError{errors.New("--oldest-first and --by-deadline are two orders; choose one")}
	case f.oldestFirst:
		r.OrderBy = "filed_at"
	case f.byDeadline:
		r.OrderBy = "deadline"
	}
	for _, word := range []struct {
		flag, value string
		of          protoreflect.EnumDescriptor
	}{
		{"state", f.state, tenfoldv1.ClaimState(0).Descriptor()}, {"waits-for", f.waitsFor, tenfoldv1.WaitsFor(0).Descriptor()},
	} {
		if _, err := wordNumber(word.of, word.value); word.value != "" && err != nil {
			return nil, usageError{fmt.Errorf("--%s %w", word.flag, err)}
		}
	}
	queue, err := choice("queue", f.queue, tenfoldv1.ClaimQueue_value, "CLAIM_QUEUE_", wordsOf(tenfoldv1.ClaimQueue(0).Descriptor())...)
	r.Queue = tenfoldv1.ClaimQueue(queue)
	return r, err
}

func newClaimList() *cobra.Command {
	var c remote
	var f claimFilter
	c.out.lists = true
	cmd := c.command(principal.RoleSupport, &cobra.Command{
		Use:   "list",
		Short: "List the claims of a merchant, or by whatever is known of them, or the claims in a queue",
		Args:  cobra.NoArgs,
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, _ []string) error {
		request, err := f.request(c.out.place)
		if err != nil {
			return err
		}
		if err := c.paging.check(); err != nil {
			return err
		}
		request.PageToken = c.paging.token
		list, err := listClaims(cmd.Context(), tenfoldv1.NewClaimServiceClient(conn), request, c.paging.limit, everyClaim)
		if err != nil {
			return err
		}
		return c.showClaims(list, printClaims)
	})
	f.anchors(cmd)
	f.inQueue(cmd)
	c.paging.flags(cmd)
	return calling(cmd, "ClaimService/ListClaims")
}

// inQueue adds the flag of a queue.
func (f *claimFilter) inQueue(cmd *cobra.Command) {
	queues := wordsOf(tenfoldv1.ClaimQueue(0).Descriptor())
	cmd.Flags().StringVar(&f.queue, "queue", "", "claims that wait for people: "+alternatives(queues))
	completes(cmd.Flags(), "queue", queues...)
}

// everyClaim keeps every claim of a list.
func everyClaim(*tenfoldv1.Claim) bool { return true }

// showClaims shows a list of claims, and how to go on if there are more.
func (r *remote) showClaims(list *tenfoldv1.ListClaimsResponse, print func(*output, *tenfoldv1.ListClaimsResponse)) error {
	if err := show(&r.out, list, print); err != nil {
		return err
	}
	r.out.ended(len(list.GetClaims()), "claim", list.GetNextPageToken())
	return nil
}

// listClaims reads pages until there are enough claims to keep or no more pages.
func listClaims(
	ctx context.Context, claims tenfoldv1.ClaimServiceClient, request *tenfoldv1.ListClaimsRequest, limit int, keep func(*tenfoldv1.Claim) bool,
) (*tenfoldv1.ListClaimsResponse, error) {
	list := &tenfoldv1.ListClaimsResponse{}
	for len(list.Claims) < limit {
		request.PageSize = int32(min(limit-len(list.Claims), pageMax))
		page, err := claims.ListClaims(ctx, request)
		if err != nil {
			return nil, refusal(err)
		}
		for _, c := range page.GetClaims() {
			if keep(c) {
				list.Claims = append(list.Claims, c)
			}
		}
		list.NextPageToken = page.GetNextPageToken()
		if request.PageToken = list.NextPageToken; request.PageToken == "" {
			break
		}
	}
	return list, nil
}

func newClaimFile() *cobra.Command {
	var c remote
	return calling(c.command(principal.RoleOrderService, &cobra.Command{
		Use:   "file FILE|-",
		Short: "File a claim from a FileClaimRequest in JSON",
		Args:  cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		request, err := readFiling(args[0], cmd.InOrStdin())
		if err != nil {
			return err
		}
		filed, err := tenfoldv1.NewClaimServiceClient(conn).FileClaim(cmd.Context(), request)
		if err != nil {
			return refusal(err)
		}
		if c.out.isJSON() {
			return c.out.json(filed)
		}
		how := "filed"
		if filed.GetReplayed() {
			how = "had been filed before"
		}
		fmt.Fprintf(c.out.w, "claim %s %s: %s\n", filed.GetClaim().GetClaimId(), how, filed.GetClaim().GetName())
		return nil
	}), "ClaimService/FileClaim")
}

func readFiling(path string, in io.Reader) (*tenfoldv1.FileClaimRequest, error) {
	raw, err := readInput(path, in)
	if err != nil {
		return nil, usageError{fmt.Errorf("the claim %w", err)}
	}
	request := &tenfoldv1.FileClaimRequest{}
	if err := protojson.Unmarshal(raw, request); err != nil {
		return nil, usageError{fmt.Errorf("the claim is not a FileClaimRequest in JSON: %s", firstLine(err))}
	}
	return request, nil
}
