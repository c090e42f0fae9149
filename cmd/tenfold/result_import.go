package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// resultBatch is how many results one call records.
const resultBatch = 500

// resultImport is how a file of results is recorded.
type resultImport struct {
	remote
	authenticator, merchant string
	validateOnly, yes       bool
}

func newResultImport() *cobra.Command {
	var c resultImport
	cmd := c.command(principal.RoleOperator, &cobra.Command{
		Use:   "import FILE",
		Args:  cobra.ExactArgs(1),
		Short: "Record the results of a file, which names orders, lines or claims",
		Long: "Record the results of a brand or a laboratory from a file, such as the one that it sends each day; FILE may be \"-\". It\n" +
			"is in CSV, and the first line names the columns, in any order (docs/verification.md); or each line is a result that\n" +
			"its body signed, which says by itself whose it is. A result is about a claim, an order line or an order, and\n" +
			"recorded on the newest claim that is about all of its units. A file with a fault is not sent at all.\n" +
			"Then each result is decided alone. The same file can be sent again: nothing is recorded twice. The exit code is 1 if\n" +
			"any result was refused.",
		Example: "  tenfold result import cti-2026-03-02.csv --authenticator cti-lab --merchant m1 --validate-only\n" +
			"  tenfold result import brand.csv --authenticator maotai --role authenticator --scope authenticators/maotai --yes\n" +
			"  tenfold result import cti-2026-03-02.jws --yes",
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		if !c.yes && !c.validateOnly {
			return usageError{fmt.Errorf("results can decide claims and hold the merchants' money; say --yes, or --validate-only to see what they would do")}
		}
		f, err := c.file(args[0], cmd.InOrStdin())
		if err != nil {
			return err
		}
		all, err := c.record(cmd, conn, f)
		if err != nil {
			return err
		}
		if err := show(&c.out, all, func(o *output, r *tenfoldv1.BatchRecordResultsResponse) { c.print(o, f, r) }); err != nil {
			return err
		}
		return refusedItems(all)
	})
	cmd.Flags().StringVar(&c.authenticator, "authenticator", "", "who examined; an id such as cti-lab")
	cmd.Flags().StringVar(&c.merchant, "merchant", "", "merchant of the lines that name none")
	cmd.Flags().BoolVar(&c.validateOnly, "validate-only", false, "check the file, let the server decide each result alone, and record nothing")
	cmd.Flags().BoolVar(&c.yes, "yes", false, "record without asking: results can decide claims and hold the merchants' money")
	saidOnce(cmd.Flags(), "yes")
	return calling(cmd, "ResultService/BatchRecordResults")
}

// file reads the file; what is wrong with it is wrong use of the command.
func (c *resultImport) file(path string, in io.Reader) (*resultFile, error) {
	name := ""
	if c.authenticator != "" {
		var err error
		if name, err = authenticatorText(c.authenticator); err != nil {
			return nil, usageError{err}
		}
	}
	if path != "-" {
		opened, err := os.Open(path)
		if err != nil {
			return nil, usageError{fmt.Errorf("read the results: %w", err)}
		}
		defer opened.Close()
		in = opened
	}
	f := newResultFile(path, name, c.merchant, c.out.place)
	bounded := &io.LimitedReader{R: in, N: resultFileMax + 1}
	if err := f.read(bounded); err != nil {
		return nil, usageError{err}
	}
	if bounded.N == 0 {
		return nil, usageError{fmt.Errorf("%s has more than %d bytes; divide it", path, resultFileMax)}
	}
	return f, nil
}

// record sends the results, some at a time, and shows how far it has come.
func (c *resultImport) record(cmd *cobra.Command, conn *grpc.ClientConn, f *resultFile) (*tenfoldv1.BatchRecordResultsResponse, error) {
	shown := newProgress(cmd.ErrOrStderr())
	defer shown.done()
	all, service := &tenfoldv1.BatchRecordResultsResponse{}, tenfoldv1.NewResultServiceClient(conn)
	sent := 0
	for _, batch := range f.batches() {
		shown.show("recording results", sent, len(f.results)+len(f.signed))
		for _, r := range batch.GetRequests() {
			r.ValidateOnly = c.validateOnly
		}
		for _, r := range batch.GetSignedRequests() {
			r.ValidateOnly = c.validateOnly
		}
		got, err := service.BatchRecordResults(cmd.Context(), batch)
		if err != nil {
			return nil, fmt.Errorf("after %s: %w; send the file again, nothing is recorded twice", counted(sent, "result"), refusal(err))
		}
		for _, item := range slices.Concat(got.GetItems(), got.GetSignedItems()) {
			if item.GetClaim() != nil {
				item.Claim.Units = nil // Nobody reads them of many.
			}
		}
		all.Items, all.SignedItems = append(all.Items, got.GetItems()...), append(all.SignedItems, got.GetSignedItems()...)
		sent += len(batch.GetRequests()) + len(batch.GetSignedRequests())
	}
	return all, nil
}

// signedBytes is how many bytes of signed results one call carries: half of what a server takes.
const signedBytes = 4 << 20

// batches divides the results of a file into calls.
func (f *resultFile) batches() []*tenfoldv1.BatchRecordResultsRequest {
	var list []*tenfoldv1.BatchRecordResultsRequest
	for part := range slices.Chunk(f.results, resultBatch) {
		list = append(list, &tenfoldv1.BatchRecordResultsRequest{Requests: part})
	}
	bytes := signedBytes
	for _, r := range f.signed {
		size := len(r.GetSignedResult())
		if bytes+size > signedBytes || len(list[len(list)-1].GetSignedRequests()) == resultBatch {
			list, bytes = append(list, &tenfoldv1.BatchRecordResultsRequest{}), 0
		}
		last := list[len(list)-1]
		last.SignedRequests, bytes = append(last.SignedRequests, r), bytes+size
	}
	return list
}

// print shows the lines that were refused, and counts the others.
func (c *resultImport) print(o *output, f *resultFile, r *tenfoldv1.BatchRecordResultsResponse) {
	t := o.newTable("Refused", column{"Line", true}, column{title: "Report"}, column{title: "Why"})
	recorded, before, refused := 0, 0, 0
	count := func(item *tenfoldv1.BatchRecordResultsItem, line int, report func() string) {
		switch {
		case item.GetStatus().GetCode() != 0:
			refused++
			t.AppendRow(table.Row{line, report(), word(item.GetStatus().GetReason()) + ": " + item.GetStatus().GetMessage()})
		case item.GetReplayed():
			before++
		default:
			recorded++
		}
	}
	for i, item := range r.GetItems() {
		count(item, f.lines[i], f.results[i].GetReportNumber)
	}
	for i, item := range r.GetSignedItems() {
		count(item, f.signedLines[i], func() string { return reportOf(f.signed[i]) })
	}
	if refused > 0 {
		o.render(t)
	}
	how := "recorded"
	if c.validateOnly {
		how = "would be recorded; nothing was"
	}
	fmt.Fprintf(o.w, "%s %s; %d recorded before, %d refused\n", counted(recorded, "result"), how, before, refused)
}
