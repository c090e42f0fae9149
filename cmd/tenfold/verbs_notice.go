package main

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	apiclient "github.com/tenfold-claims/tenfold/client"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func newNotice() *cobra.Command {
	cmd := newGroup("notice", "Show and confirm notices to merchants", noticeVerbs())
	cmd.AddCommand(newNoticeList())
	return cmd
}

func noticeVerbs() []verb {
	return []verb{
		{
			use: "confirm FILE", method: "NoticeService/BatchConfirmNotices", role: principal.RoleOperator,
			short: "Confirm that the notices of many claims have arrived",
			long: "Confirm the notices of the claims that a file names, one claim a line; FILE may be \"-\". Each is confirmed alone. The\n" +
				"same file can be sent again: what was confirmed is not confirmed twice. The exit code is 1 if any was refused.",
			examples: []string{"notice confirm delivered.txt --yes"},
			args:     []input{{name: "FILE", field: "requests", required: true, put: noticesOf}},
			risk:     "The notice periods start, and the merchants are debited when they end",
		},
		{
			use: "accept FILE", method: "NoticeService/BatchAcceptClaims", role: principal.RoleMerchant,
			short: "Agree to the debit of many claims",
			long: "Agree to the debit of the claims that a file names, one claim a line; FILE may be \"-\". Each is accepted alone, as it\n" +
				"is now. A claim that was accepted before is refused, and nobody is debited twice. The exit code is 1 if any was refused.",
			examples: []string{"notice accept agreed.txt --scope merchants/m1 --yes"},
			args:     []input{{name: "FILE", field: "requests", required: true, put: acceptedOf}},
			risk:     "The merchants are debited at once, without the rest of the notice periods",
		},
		{
			use: "attempt CLAIM", method: "NoticeService/RecordNoticeAttempt", role: principal.RoleSupport, about: "name",
			short:    "Record an attempt to deliver a notice",
			long:     "Keep an attempt to deliver a notice in the claim's history, as proof that the merchant could have known. It starts no period.",
			examples: []string{"notice attempt 1KJPW-D6M05-F2S5T-CT5FM --channel letter --reference EMS-118 --attempted-at 2026-03-02T09:00:00Z"},
			args:     []input{aClaim("name")},
			flags: []input{
				{name: "channel", field: "channel", usage: "by what means, in a word such as message, email or letter", required: true},
				{name: "reference", field: "reference", usage: "what names the attempt, such as a consignment number"},
				{name: "failure", field: "failure", usage: "how it failed, in a word"},
				{name: "attempted-at", field: "attempted_at", usage: "when it was made; now if it is not given"},
				{name: "revision", field: "revision", usage: "revision of the claim in the notice; the present one if it is not given"},
			},
		},
	}
}

// noticesOf reads the claims whose notices have arrived, one a line. The id of each request
// follows from the claim and its revision, so that the same file again confirms nothing twice.
func noticesOf(x *call, texts []string) error {
	batch := x.request.(*tenfoldv1.BatchConfirmNoticesRequest)
	return x.eachClaim(texts[0], func(c *tenfoldv1.Claim) {
		batch.Requests = append(batch.Requests, &tenfoldv1.ConfirmNoticeRequest{
			Name: c.GetName(), Revision: c.GetRevision(),
			RequestId: apiclient.RequestIDOf("confirm-notice", c.GetName(), strconv.Itoa(int(c.GetRevision()))),
		})
	})
}

// acceptedOf reads the claims whose debit is agreed to, one a line, as they are now.
func acceptedOf(x *call, texts []string) error {
	batch := x.request.(*tenfoldv1.BatchAcceptClaimsRequest)
	return x.eachClaim(texts[0], func(c *tenfoldv1.Claim) {
		batch.Requests = append(batch.Requests, &tenfoldv1.AcceptClaimRequest{
			Name: c.GetName(), Etag: c.GetEtag(),
			RequestId: apiclient.RequestIDOf("accept-claim", c.GetName(), c.GetEtag()),
		})
	})
}

// eachClaim reads the claims that a file names, one a line, as they are now.
func (x *call) eachClaim(file string, add func(*tenfoldv1.Claim)) error {
	raw, err := readInput(file, x.cmd.InOrStdin())
	if err != nil {
		return err
	}
	named := 0
	for i, line := range bytes.Split(raw, []byte("\n")) {
		text := string(bytes.TrimSpace(line))
		if text == "" {
			continue
		}
		name, err := claimText(text)
		if err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
		c, err := x.readClaim(name)
		if err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
		add(c)
		named++
	}
	if named == 0 {
		return fmt.Errorf("names no claim")
	}
	return nil
}

func newNoticeList() *cobra.Command {
	var c remote
	var merchant string
	c.out.lists = true
	cmd := c.command(principal.RoleSupport, &cobra.Command{
		Use: "list", Short: "List claims whose notice nobody has confirmed, the soonest deadline first",
		Long: "List the notified claims of a merchant, or of all merchants, whose notice has not arrived as far as Tenfold knows: the\n" +
			"notice period of these claims has not started.",
		Example: "  tenfold notice list --merchant m1", Args: cobra.NoArgs,
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, _ []string) error {
		if err := c.paging.check(); err != nil {
			return err
		}
		list, err := listClaims(cmd.Context(), tenfoldv1.NewClaimServiceClient(conn), &tenfoldv1.ListClaimsRequest{
			Parent: merchantNameOf(merchant), Filter: "state = NOTIFIED", OrderBy: "deadline", PageToken: c.paging.token,
		}, c.paging.limit, func(c *tenfoldv1.Claim) bool { return c.GetNotice().GetConfirmedAt() == nil })
		if err != nil {
			return err
		}
		return c.showClaims(list, printClaims)
	})
	cmd.Flags().StringVar(&merchant, "merchant", "-", "only claims of this merchant")
	c.paging.flags(cmd)
	return calling(cmd, "ClaimService/ListClaims")
}
