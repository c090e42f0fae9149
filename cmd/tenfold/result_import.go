package main

import (
	"fmt"
	"io"
	"os"

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
		Long: "Record the results of a brand or a laboratory from a file in CSV, such as the one that it sends each day; FILE may be\n" +
			"\"-\". The first line names the columns, in any order (docs/verification.md). A result is about a claim, an order line\n" +
			"or an order, and recorded on the newest claim that is about all of its units. A file with a fault is not sent at all.\n" +
			"Then each result is decided alone. The same file can be sent again: nothing is recorded twice. The exit code is 1 if\n" +
			"any result was refused.",
		Example: "  tenfold result import cti-2026-03-02.csv --authenticator cti-lab --merchant m1 --validate-only\n" +
			"  tenfold result import brand.csv --authenticator maotai --role authenticator --scope authenticators/maotai --yes",
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
	if c.authenticator == "" {
		return nil, usageError{fmt.Errorf("--authenticator is missing: say whose results the file holds")}
	}
	name, err := authenticatorText(c.authenticator)
	if err != nil {
		return nil, usageError{err}
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
	for from := 0; from < len(f.results); from += resultBatch {
		shown.show("recording results", from, len(f.results))
		batch := &tenfoldv1.BatchRecordResultsRequest{Requests: f.results[from:min(from+resultBatch, len(f.results))]}
		for _, r := range batch.GetRequests() {
			r.ValidateOnly = c.validateOnly
		}
		got, err := service.BatchRecordResults(cmd.Context(), batch)
		if err != nil {
			return nil, fmt.Errorf("after %s: %w; send the file again, nothing is recorded twice", counted(from, "result"), refusal(err))
		}
		for _, item := range got.GetItems() {
			if item.GetClaim() != nil {
				item.Claim.Units = nil // Nobody reads them of many.
			}
		}
		all.Items = append(all.Items, got.GetItems()...)
	}
	return all, nil
}

// print shows the lines that were refused, and counts the others.
func (c *resultImport) print(o *output, f *resultFile, r *tenfoldv1.BatchRecordResultsResponse) {
	t := o.newTable("Refused", column{"Line", true}, column{title: "Report"}, column{title: "Why"})
	recorded, before, refused := 0, 0, 0
	for i, item := range r.GetItems() {
		switch {
		case item.GetStatus().GetCode() != 0:
			refused++
			t.AppendRow(table.Row{f.lines[i], f.results[i].GetReportNumber(), word(item.GetStatus().GetReason()) + ": " + item.GetStatus().GetMessage()})
		case item.GetReplayed():
			before++
		default:
			recorded++
		}
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
