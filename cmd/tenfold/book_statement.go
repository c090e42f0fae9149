package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/statement/parquet"
	"github.com/tenfold-claims/tenfold/internal/statement/pdf"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Forms of files that only statements and reports have.
const (
	// formatSheet is a sheet of Excel.
	formatSheet = "xlsx"
	// formatColumns is a file of columns for programs that compute.
	formatColumns = "parquet"
	// formatPaper is a document for people.
	formatPaper = "pdf"
)

// statementFlags are what a person says about a statement.
type statementFlags struct {
	from, until, currency, file string
	order, language             string
	byEffect, excel             bool
	limit                       int
	// job has servers write the statement first, and resume is the job of one that they write.
	job    bool
	resume string
}

func newBookStatement() *cobra.Command {
	var c remote
	var s statementFlags
	c.out.lists, c.out.more = true, []string{formatSheet, formatColumns, formatPaper}
	cmd := c.command(principal.RoleFinance, &cobra.Command{
		Use:   "statement MERCHANT",
		Short: "Write the statement of a book, or of all books, for a time",
		Long: "Write the statement of a merchant's book, of one order in it, or of all books (\"-\") in one currency, for a time: opening\n" +
			"balances, every transfer with the balances after it, totals by kind, closing balances. The form table shows the sums and the\n" +
			"first lines, and json the sums; csv, jsonl, xlsx and parquet have every line, and are written as they are read. A pdf has the\n" +
			"sums, the first 20,000 lines, and the raw CSV of all as an attachment, in the language of --language. Beside them stand the\n" +
			"number of lines, their sum and the SHA-256 of the raw CSV, which -o csv writes unless --excel is given.\n\n" +
			"With --job servers write the statement first, and keep it for some days: the command shows how far they have come, waits,\n" +
			"reads the file, proves its digest and makes the form. If it is interrupted, --resume JOB goes on with what they have\n" +
			"written. `tenfold job get`, `cancel` and `resume` work for such a job as for any.",
		Example: "  tenfold book statement m1 --from 2026-03-01 --until 2026-04-01\n" +
			"  tenfold book statement m1 --from 2026-03-01 --until 2026-04-01 -o xlsx --file march.xlsx\n" +
			"  tenfold book statement - --currency CNY --from 2026-03-01 --until 2026-04-01 -o csv --file march.csv\n" +
			"  tenfold book statement m1 --from 2020-01-01 --until 2026-01-01 --job -o csv --file all.csv\n" +
			"  tenfold book statement m1 --resume 1KJPW-D6M05-F2S5T-CT5FM -o csv --file all.csv\n" +
			"  tenfold book statement m1 --order order-17 --from 2026-03-01 --until 2026-04-01 -o pdf --language zh --file order-17.pdf",
		Args: cobra.ExactArgs(1),
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, args []string) error {
		s.language = c.client.language
		if err := s.check(&c.out); err != nil {
			return err
		}
		if s.job || s.resume != "" {
			return s.byJob(cmd, &c.out, conn, args[0])
		}
		r, err := s.request(&c.out, args[0])
		if err != nil {
			return err
		}
		service := tenfoldv1.NewStatementServiceClient(conn)
		return s.write(cmd, &c.out, service, r, pageSource(cmd.Context(), service, r))
	})
	f := cmd.Flags()
	f.StringVar(&s.from, "from", "", "beginning of the time, which belongs to it (required)")
	f.StringVar(&s.until, "until", "", "end of the time, which does not belong to it (required)")
	f.BoolVar(&s.byEffect, "by-effect", false, "transfers that took effect in the time, instead of those that were recorded in it")
	f.StringVar(&s.currency, "currency", "", "currency of the lines over all books, such as CNY")
	f.StringVar(&s.order, "order", "", "order: only transfers for claims on it, and its part of every balance")
	f.StringVar(&s.file, "file", "", "file to write to, once all is written; otherwise the output")
	f.BoolVar(&s.excel, "excel", false, "CSV for Excel: a byte order mark, and no cell that it takes for a formula")
	f.IntVar(&s.limit, "limit", listMax, "largest number of lines in a table")
	f.BoolVar(&s.job, "job", false, "have servers write the statement first, and read it once all is written")
	f.StringVar(&s.resume, "resume", "", "job of a statement that servers write or have written, to read it in the form of -o")
	saidOnce(f, "resume")
	for _, name := range []string{"from", "until", "currency", "order", "resume"} {
		completes(f, name)
	}
	return calling(cmd, "StatementService/GetStatement", "StatementService/ListStatementLines", "StatementFileService/CreateStatementFile",
		"StatementFileService/GetStatementFile", "StatementFileService/ResumeStatementFile", "StatementFileService/GetStatementFileContent")
}

// dateForm is a day, which begins at midnight in the zone of the screen.
const dateForm = "2006-01-02"

// check refuses flags that do not fit together.
func (s *statementFlags) check(o *output) error {
	shown := o.format == formatTable || o.format == formatJSON
	switch {
	case s.limit < 1:
		return usageError{fmt.Errorf("--limit (TENFOLD_LIMIT) must be at least 1, not %d", s.limit)}
	case s.excel && o.format != formatCSV:
		return usageError{errors.New("--excel (TENFOLD_EXCEL) is a form of -o csv")}
	case slices.Contains([]string{formatSheet, formatColumns, formatPaper}, o.format) && s.file == "" && isTerminal(o.w):
		return usageError{fmt.Errorf("--file (TENFOLD_FILE) is missing: a terminal cannot show %s", o.format)}
	case s.file != "" && shown:
		return usageError{errors.New("--file (TENFOLD_FILE) needs -o csv, jsonl, xlsx, parquet or pdf")}
	case (s.job || s.resume != "") && shown:
		return usageError{errors.New("--job (TENFOLD_JOB) and --resume need -o csv, jsonl, xlsx, parquet or pdf")}
	case s.resume != "" && (s.job || s.from+s.until+s.currency+s.order != "" || s.byEffect):
		return usageError{errors.New("--resume names a statement that is known: leave out --job, --from, --until, --by-effect, --currency and --order")}
	}
	return nil
}

// request reads which statement is asked for.
func (s *statementFlags) request(o *output, merchant string) (*tenfoldv1.ListStatementLinesRequest, error) {
	r := &tenfoldv1.ListStatementLinesRequest{
		Parent: merchantNameOf(merchant), CurrencyCode: s.currency, OrderId: s.order, PageSize: pageMax, Basis: tenfoldv1.StatementBasis_STATEMENT_BASIS_RECORDED,
	}
	if s.byEffect {
		r.Basis = tenfoldv1.StatementBasis_STATEMENT_BASIS_EFFECTIVE
	}
	var err error
	if r.From, err = momentOf("from", s.from, o.place); err == nil {
		r.Until, err = momentOf("until", s.until, o.place)
	}
	return r, err
}

// statementSource reads every line of a statement, and gives its end.
type statementSource func(take func([]*tenfoldv1.StatementLine) error) (*tenfoldv1.StatementEnd, error)

// write writes the statement in the form that was asked for.
func (s *statementFlags) write(
	cmd *cobra.Command, o *output, service tenfoldv1.StatementServiceClient, r *tenfoldv1.ListStatementLinesRequest, from statementSource,
) error {
	if o.format == formatTable || o.format == formatJSON {
		return s.show(cmd, o, service, r)
	}
	into, finish, err := fileTarget(o, s.file)
	if err != nil {
		return err
	}
	end, err := s.writeTo(cmd, o, service, r, from, into)
	if err = finish(err); err != nil {
		return err
	}
	fmt.Fprintf(o.errOut, "%s, %s in all, SHA-256 of the raw CSV %s\n", counted(int(end.GetLines()), "line"), sum(end.GetAmount()), end.GetCsvSha256())
	sayProvisional(o.errOut, end.GetProvisional())
	return nil
}

// sayProvisional says of a statement that a month of it is not closed.
func sayProvisional(to io.Writer, yes bool) {
	if yes {
		fmt.Fprintln(to, "The statement is provisional: its time reaches into a month that is not closed.")
	}
}

// fileMemory is how much memory a statement may take before more of it is collected. Without it
// the collector waits until twice the memory is used that a document needs.
const fileMemory = 64 << 20

// writeTo writes every line of the statement, and proves what was read.
func (s *statementFlags) writeTo(
	cmd *cobra.Command, o *output, service tenfoldv1.StatementServiceClient, r *tenfoldv1.ListStatementLinesRequest, from statementSource, into io.Writer,
) (*tenfoldv1.StatementEnd, error) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(fileMemory))
	form, done, err := s.form(cmd, o, service, r, into)
	if err != nil {
		return nil, err
	}
	defer done()
	w := newStatementWriter(form)
	end, err := from(w.add)
	if err == nil {
		err = w.prove(end)
	}
	if err == nil {
		err = form.end(end)
	}
	return end, err
}

// form begins the form that was asked for; done is called at the end.
func (s *statementFlags) form(
	cmd *cobra.Command, o *output, service tenfoldv1.StatementServiceClient, r *tenfoldv1.ListStatementLinesRequest, into io.Writer,
) (form statementForm, done func(), err error) {
	done = func() {}
	switch o.format {
	case formatCSV:
		form, err = newStatementCSV(into, s.excel || o.bom)
	case formatSheet:
		sheet, err := newStatementSheet(into)
		return sheet, sheet.close, err
	case formatColumns:
		form = statementColumns{parquet.New(into), r}
	case formatPaper:
		return s.paper(cmd, o, service, r, into)
	default:
		form = statementLines{into}
	}
	return form, done, err
}

// paper begins a document, before whose lines the sums stand.
func (s *statementFlags) paper(
	cmd *cobra.Command, o *output, service tenfoldv1.StatementServiceClient, r *tenfoldv1.ListStatementLinesRequest, into io.Writer,
) (form statementForm, done func(), err error) {
	got, err := service.GetStatement(cmd.Context(), sumsRequest(r))
	if err != nil {
		return nil, nil, refusal(err)
	}
	sums := &tenfoldv1.StatementSums{CurrencyCode: r.GetCurrencyCode()}
	for _, x := range got.GetSums() {
		if r.GetCurrencyCode() == "" || x.GetCurrencyCode() == r.GetCurrencyCode() {
			sums = x
		}
	}
	scratch, err := os.CreateTemp("", "tenfold-statement-*")
	if err != nil {
		return nil, nil, fmt.Errorf("keep the attachment: %w", err)
	}
	place := o.place
	if place == nil {
		place = time.UTC
	}
	head := paperHead(r, sums, s.language, place)
	head.Provisional = got.GetProvisional()
	form = statementPaper{to: pdf.New(head, scratch), w: into, lines: sums.GetLines()}
	return form, func() { _, _ = scratch.Close(), os.Remove(scratch.Name()) }, nil
}

// sumsRequest asks for the sums of a statement.
func sumsRequest(r *tenfoldv1.ListStatementLinesRequest) *tenfoldv1.GetStatementRequest {
	return &tenfoldv1.GetStatementRequest{Name: r.GetParent(), From: r.GetFrom(), Until: r.GetUntil(), Basis: r.GetBasis(), OrderId: r.GetOrderId()}
}

// fileBuffer is how many bytes are collected before they go to a file.
const fileBuffer = 64 << 10

// fileTarget is where the bytes of a file go: to the output, or to a file, which has its name once
// all is written.
func fileTarget(o *output, name string) (into io.Writer, finish func(error) error, err error) {
	if name == "" {
		return o.w, func(err error) error { return err }, nil
	}
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".part-*")
	if err != nil {
		return nil, nil, usageError{fmt.Errorf("--file (TENFOLD_FILE): %w", err)}
	}
	b := bufio.NewWriterSize(f, fileBuffer) // A statement is written line by line.
	return b, func(err error) error {
		err = errors.Join(err, b.Flush(), f.Close())
		if err == nil {
			err = os.Rename(f.Name(), name)
		}
		if err != nil {
			_ = os.Remove(f.Name()) // What is half written is of no use.
		}
		return err
	}, nil
}

// pageSource reads the lines of a statement page by page.
func pageSource(ctx context.Context, service tenfoldv1.StatementServiceClient, r *tenfoldv1.ListStatementLinesRequest) statementSource {
	return func(take func([]*tenfoldv1.StatementLine) error) (*tenfoldv1.StatementEnd, error) {
		for {
			page, err := service.ListStatementLines(ctx, r)
			if err != nil {
				return nil, refusal(err)
			}
			if err := take(page.GetLines()); err != nil {
				return nil, err
			}
			if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
				return page.GetEnd(), nil
			}
		}
	}
}

// show shows the sums of a statement, and in a table its first lines.
func (s *statementFlags) show(cmd *cobra.Command, o *output, service tenfoldv1.StatementServiceClient, r *tenfoldv1.ListStatementLinesRequest) error {
	sums, err := service.GetStatement(cmd.Context(), sumsRequest(r))
	if err != nil {
		return refusal(err)
	}
	if o.isJSON() {
		return o.json(sums)
	}
	for _, x := range sums.GetSums() {
		printStatementSums(o, x)
	}
	sayProvisional(o.w, sums.GetProvisional())
	if r.GetParent() == merchantNameOf("-") && r.GetCurrencyCode() == "" {
		return o.failed
	}
	t := o.newTable("Lines", column{"Line", true}, column{title: "Transfer"}, column{title: "Recorded"}, column{title: "Effective"}, column{title: "Kind"},
		column{title: "Debit"}, column{title: "Credit"}, column{"Amount", true}, column{"Debit balance", true}, column{"Credit balance", true},
		column{title: "Claim"}, column{title: "Order"})
	listed := 0
	for more := true; more; {
		r.PageSize = int32(min(s.limit-listed, pageMax))
		page, err := service.ListStatementLines(cmd.Context(), r)
		if err != nil {
			return refusal(err)
		}
		for _, l := range page.GetLines() {
			t.AppendRow(statementRow(o, l))
		}
		listed, r.PageToken = listed+len(page.GetLines()), page.GetNextPageToken()
		more = r.PageToken != "" && listed < s.limit
	}
	o.render(t)
	if r.PageToken != "" {
		fmt.Fprintf(o.w, "%s, and there are more; -o csv has all\n", counted(listed, "line"))
	}
	return o.failed
}

func statementRow(o *output, l *tenfoldv1.StatementLine) table.Row {
	x := l.GetTransfer()
	currency := x.GetAmount().GetCurrencyCode()
	return table.Row{
		l.GetNumber(), idOf(x.GetName()), o.when(x.GetRecordedAt()), o.when(x.GetEffectiveAt()), word(x.GetKind()), word(x.GetDebit()), word(x.GetCredit()),
		sum(x.GetAmount()), amount(l.GetDebitBalance().GetMinorUnits(), currency), amount(l.GetCreditBalance().GetMinorUnits(), currency),
		idOf(x.GetClaim()), x.GetOrderId(),
	}
}

// printStatementSums prints what every account had at either end, and the totals by kind.
func printStatementSums(o *output, x *tenfoldv1.StatementSums) {
	t := o.newTable("Accounts in "+x.GetCurrencyCode(), column{title: "Account"}, column{"Opening", true}, column{"Debits", true}, column{"Credits", true},
		column{"Closing", true})
	for _, a := range x.GetAccounts() {
		in := func(minor int64) string { return amount(minor, x.GetCurrencyCode()) }
		t.AppendRow(table.Row{
			word(a.GetPurpose()), in(a.GetOpening().GetMinorUnits()), in(a.GetDebits().GetMinorUnits()), in(a.GetCredits().GetMinorUnits()),
			in(a.GetClosing().GetMinorUnits()),
		})
	}
	o.render(t)
	if len(x.GetTotals()) > 0 {
		o.transferTotals("Transfers by kind", x.GetTotals())
	}
}
