package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	apiclient "github.com/tenfold-claims/tenfold/client"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// chunkSize is how many bytes of a file one call carries.
const chunkSize = 1 << 20

// reconcileImport is how a file is imported.
type reconcileImport struct {
	remote
	channelFile
	side                    string
	exclusive, validateOnly bool
}

func newReconcileImport() *cobra.Command {
	var c reconcileImport
	cmd := c.command(principal.RoleFinance, &cobra.Command{
		Use:   "import FILE",
		Short: "Import a file of a gateway, bank, channel or the marketplace",
		Long: "Read a file as `tenfold reconcile check` does, and import it if it has no problem: the server gets its bytes, reads them\n" +
			"itself and keeps them. The same file can be imported again: nothing is taken twice. `tenfold reconcile run` compares the\n" +
			"day then. --validate-only checks the file and asks the server whether it would take it.\n\n" +
			"The exit code is 3 if the file has a problem.",
		Example: "  tenfold reconcile import bill-2026-03-01.csv.gz --side channel --account 1900000001 --day 2026-03-01\n" +
			"  tenfold reconcile import payments.csv --side gateway --account main --day 2026-03-01 --mapping payments.json --lines 120 --sum -35021.50CNY",
		Args: cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		got, err := c.send(cmd, conn, args[0])
		if err != nil {
			return err
		}
		if err := show(&c.out, got, c.print); err != nil {
			return err
		}
		if i := got.GetImport(); i.GetState() == tenfoldv1.ImportState_IMPORT_STATE_REFUSED {
			return fmt.Errorf("%s was refused (%w)", args[0], errNotWhole)
		}
		return nil
	})
	c.channelFile.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&c.side, "side", "channel", "whose record it is: gateway, channel (a bank or payment channel) or marketplace")
	f.BoolVar(&c.exclusive, "exclusive", false, "only payouts are paid from the account: every other payment is a break")
	f.BoolVar(&c.validateOnly, "validate-only", false, "check the file and what is said of it, and import nothing")
	saidOnce(f, "validate-only")
	return calling(cmd, "ReconciliationService/CreateImport", "ReconciliationService/UploadImportChunk", "ReconciliationService/CompleteImport")
}

// request checks the file and makes the request that announces it.
func (c *reconcileImport) request(cmd *cobra.Command, path string) (*tenfoldv1.CreateImportRequest, error) {
	side, err := choice("side", c.side, tenfoldv1.ReconciliationSide_value, "RECONCILIATION_SIDE_", "gateway", "channel", "marketplace")
	if err != nil {
		return nil, err
	}
	if c.account == "" || c.day == "" {
		return nil, usageError{fmt.Errorf("%s and %s must be given: say of which account and day the file is", settingOf("account"), settingOf("day"))}
	}
	zone, err := chinaZone()
	if err != nil {
		return nil, err
	}
	o, err := c.options(cmd, zone)
	if err != nil {
		return nil, err
	}
	r, digest, err := readFile(path, o, nil)
	if err != nil {
		return nil, err
	}
	if !r.Whole() {
		if !c.out.isJSON() {
			c.out.printFile(digest, r)
		}
		return nil, notWhole(path, r)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	m := &tenfoldv1.CreateImportRequest{
		RequestId: apiclient.RequestIDOf("reconcile-import", c.side, c.account, c.day, digest), ValidateOnly: c.validateOnly,
		Side: tenfoldv1.ReconciliationSide(side), Account: c.account, Day: c.day, Format: string(r.Format), Exclusive: c.exclusive,
		SizeBytes: info.Size(), Digest: digest,
	}
	if o.Told != nil {
		m.Told = &tenfoldv1.ToldTotals{Lines: int64(o.Told.Lines), SumMinor: int64(o.Told.Sum)}
	}
	if r.Format == formats.CSV {
		read, err := readMappingFile(c.mapping)
		if err != nil {
			return nil, err
		}
		m.Mapping = messageOfMapping(read)
	}
	return m, nil
}

// send announces a file, sends its bytes and has it read. An import that broke off goes on.
func (c *reconcileImport) send(cmd *cobra.Command, conn *grpc.ClientConn, path string) (*tenfoldv1.CompleteImportResponse, error) {
	m, err := c.request(cmd, path)
	if err != nil {
		return nil, err
	}
	service := tenfoldv1.NewReconciliationServiceClient(conn)
	made, err := service.CreateImport(cmd.Context(), m)
	if err != nil {
		return nil, refusal(err)
	}
	i := made.GetImport()
	if c.validateOnly || i.GetState() == tenfoldv1.ImportState_IMPORT_STATE_WHOLE || i.GetState() == tenfoldv1.ImportState_IMPORT_STATE_REFUSED {
		return &tenfoldv1.CompleteImportResponse{Import: i, Replayed: made.GetReplayed()}, nil
	}
	if err := c.upload(cmd, service, i, path); err != nil {
		return nil, err
	}
	return completed(cmd.Context(), service, i.GetName())
}

// upload sends the bytes that the server does not have.
func (c *reconcileImport) upload(cmd *cobra.Command, service tenfoldv1.ReconciliationServiceClient, i *tenfoldv1.Import, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	defer f.Close()
	shown := newProgress(cmd.ErrOrStderr())
	defer shown.done()
	buffer := make([]byte, chunkSize)
	for at := i.GetReceivedBytes(); at < i.GetSizeBytes(); {
		shown.show("sending the file", int(at), int(i.GetSizeBytes()))
		n, err := f.ReadAt(buffer, at)
		if n == 0 {
			return fmt.Errorf("read the file: %w", errors.Join(err, io.ErrUnexpectedEOF))
		}
		got, err := service.UploadImportChunk(cmd.Context(), &tenfoldv1.UploadImportChunkRequest{
			Name: i.GetName(), RequestId: newRequestID(), Offset: at, Content: buffer[:n],
		})
		if err != nil {
			return fmt.Errorf("after %d bytes: %w; run the command again to go on", at, refusal(err))
		}
		at = got.GetImport().GetReceivedBytes()
	}
	return nil
}

// completed has a file read, and asks until it was.
func completed(ctx context.Context, service tenfoldv1.ReconciliationServiceClient, name string) (*tenfoldv1.CompleteImportResponse, error) {
	for {
		got, err := service.CompleteImport(ctx, &tenfoldv1.CompleteImportRequest{Name: name, RequestId: newRequestID()})
		if err != nil {
			return nil, refusal(err)
		}
		if got.GetImport().GetState() != tenfoldv1.ImportState_IMPORT_STATE_READING {
			return got, nil
		}
	}
}

func (c *reconcileImport) print(o *output, got *tenfoldv1.CompleteImportResponse) {
	i := got.GetImport()
	switch {
	case c.validateOnly && !got.GetReplayed():
		fmt.Fprintln(o.w, "the file would be taken; nothing was imported")
		return
	case got.GetReplayed():
		fmt.Fprintf(o.w, "%s had taken this file before\n", i.GetName())
	default:
		fmt.Fprintf(o.w, "%s: %s\n", i.GetName(), word(i.GetState()))
	}
	fmt.Fprintf(o.w, "%s of %s, %s, digest %s\n", counted(int(i.GetLineCount()), "line"), i.GetDay(), i.GetFormat(), i.GetDigest())
	for _, p := range i.GetProblems() {
		fmt.Fprintf(o.w, "%s at %d %s: %s\n", p.GetCode(), p.GetLine(), p.GetColumn(), p.GetText())
	}
}

// reconcileRun compares a day.
type reconcileRun struct {
	remote
	validateOnly bool
}

func newReconcileRun() *cobra.Command {
	var c reconcileRun
	cmd := c.command(principal.RoleFinance, &cobra.Command{
		Use:   "run DAY",
		Short: "Compare the payouts of a day with its files",
		Long: "Compare the payouts of a day with its files and those of the neighbouring days. New breaks are opened, and open ones that\n" +
			"are found no more are closed. A day can be compared any number of times; compare it again after each import.",
		Example: "  tenfold reconcile run 2026-03-01\n  tenfold reconcile run 2026-03-01 --validate-only",
		Args:    cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		r := &tenfoldv1.ReconcileDayRequest{RequestId: newRequestID(), Day: args[0], ValidateOnly: c.validateOnly}
		service := tenfoldv1.NewReconciliationServiceClient(conn)
		got, err := service.ReconcileDay(cmd.Context(), r)
		for stillRunning(err) && cmd.Context().Err() == nil {
			got, err = service.ReconcileDay(cmd.Context(), r)
		}
		if err != nil {
			return refusal(err)
		}
		return show(&c.out, got, printReconciled)
	})
	f := cmd.Flags()
	f.BoolVar(&c.validateOnly, "validate-only", false, "compare, and keep nothing")
	saidOnce(f, "validate-only")
	return calling(cmd, "ReconciliationService/ReconcileDay")
}

// stillRunning says whether a comparison takes longer than the call.
func stillRunning(err error) bool {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.GetReason() == string(apiclient.ReconciliationRunning) {
			return true
		}
	}
	return false
}

func printReconciled(o *output, got *tenfoldv1.ReconcileDayResponse) {
	t := o.newTable("", column{title: "Counted"}, column{"How many", true})
	t.AppendRow(table.Row{"payouts", got.GetPayouts()})
	t.AppendRow(table.Row{"lines", got.GetLines()})
	for _, m := range got.GetMatches() {
		t.AppendRow(table.Row{"found by " + word(m.GetRule()), m.GetCount()})
	}
	t.AppendRow(table.Row{"of other business", got.GetForeignLines()})
	t.AppendRow(table.Row{"in the file of a neighbouring day", got.GetNextDay()})
	for _, b := range got.GetBreaks() {
		t.AppendRow(table.Row{word(b.GetClass()), b.GetCount()})
	}
	o.render(t)
	if len(got.GetSides()) == 0 {
		fmt.Fprintln(o.w, "no file of the day is imported: nothing was compared")
	}
	fmt.Fprintf(o.w, "%s opened, %d settled\n", counted(int(got.GetOpened()), "break"), got.GetSettled())
}
