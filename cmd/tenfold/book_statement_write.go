package main

import (
	"archive/zip"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	forms "github.com/tenfold-claims/tenfold/internal/statement"
	"github.com/tenfold-claims/tenfold/internal/statement/parquet"
	"github.com/tenfold-claims/tenfold/internal/statement/pdf"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// statementForm is a form in which a statement is written. It gets the lines as they come, and
// keeps none.
type statementForm interface {
	line(p *tenfoldv1.StatementLine, l *forms.Line, cells []string) error
	end(e *tenfoldv1.StatementEnd) error
}

// statementWriter writes the lines of a statement in a form.
type statementWriter struct {
	form statementForm
	// raw is the digest of the raw CSV, whatever is written.
	raw   forms.Digest
	lines int64
}

func newStatementWriter(form statementForm) *statementWriter {
	return &statementWriter{form: form, raw: forms.NewDigest()}
}

// add writes lines.
func (s *statementWriter) add(list []*tenfoldv1.StatementLine) error {
	for _, p := range list {
		l := rpc.LineOf(p)
		cells := l.Cells()
		s.raw.Add(forms.CSV(cells))
		s.lines++
		if err := s.form.line(p, &l, cells); err != nil {
			return err
		}
	}
	return nil
}

// prove compares what was read with what the server says of it.
func (s *statementWriter) prove(end *tenfoldv1.StatementEnd) error {
	if s.lines != end.GetLines() {
		return fmt.Errorf("%d lines were read, and the statement has %d", s.lines, end.GetLines())
	}
	if digest := s.raw.Sum(); digest != end.GetCsvSha256() {
		return fmt.Errorf("the lines that were read have the digest %s, and the statement has %s: this program is of another version than the server",
			digest, end.GetCsvSha256())
	}
	return nil
}

// statementCSV is a statement as CSV, raw or for Excel.
type statementCSV struct {
	w       io.Writer
	guarded bool
}

func newStatementCSV(w io.Writer, guarded bool) (*statementCSV, error) {
	s := &statementCSV{w, guarded}
	titles := forms.CSV(forms.Titles())
	if guarded {
		titles = append([]byte(byteOrderMark), titles...)
	}
	return s, s.write(titles)
}

func (s *statementCSV) write(raw []byte) error {
	if _, err := s.w.Write(raw); err != nil {
		return fmt.Errorf("write the statement: %w", err)
	}
	return nil
}

func (s *statementCSV) line(_ *tenfoldv1.StatementLine, _ *forms.Line, cells []string) error {
	if s.guarded {
		cells = forms.Guarded(cells)
	}
	return s.write(forms.CSV(cells))
}

func (s *statementCSV) end(*tenfoldv1.StatementEnd) error { return nil }

// statementLines is a statement as lines of JSON.
type statementLines struct{ w io.Writer }

func (s statementLines) line(p *tenfoldv1.StatementLine, _ *forms.Line, _ []string) error {
	raw, err := rpc.JSON(p)
	if err != nil {
		return fmt.Errorf("write the statement: %w", err)
	}
	o := output{w: s.w}
	return o.line(raw)
}

func (s statementLines) end(*tenfoldv1.StatementEnd) error { return nil }

// statementColumns is a statement as a Parquet file.
type statementColumns struct {
	to *parquet.Writer
	r  *tenfoldv1.ListStatementLinesRequest
}

func (s statementColumns) line(_ *tenfoldv1.StatementLine, l *forms.Line, _ []string) error {
	return s.to.Add(l)
}

func (s statementColumns) end(e *tenfoldv1.StatementEnd) error {
	return s.to.End(map[string]string{
		"parent": s.r.GetParent(), "order_id": s.r.GetOrderId(), "from": s.r.GetFrom().AsTime().Format(time.RFC3339Nano),
		"until": s.r.GetUntil().AsTime().Format(time.RFC3339Nano), "lines": strconv.FormatInt(e.GetLines(), 10),
		"amount_minor": strconv.FormatInt(e.GetAmount().GetMinorUnits(), 10), "currency": e.GetAmount().GetCurrencyCode(), "csv_sha256": e.GetCsvSha256(),
		"basis": codeOf(s.r.GetBasis(), "STATEMENT_BASIS_"), "provisional": strconv.FormatBool(e.GetProvisional()),
	})
}

// statementPaper is a statement as PDF.
type statementPaper struct {
	to *pdf.Writer
	w  io.Writer
	// lines is how many there should be, by the sums that stand before them.
	lines int64
}

func (s statementPaper) line(_ *tenfoldv1.StatementLine, l *forms.Line, _ []string) error {
	return s.to.Add(l)
}

func (s statementPaper) end(e *tenfoldv1.StatementEnd) error {
	if e.GetLines() != s.lines {
		return fmt.Errorf("%d lines were read, and the sums are those of %d: a transfer came in meanwhile; begin again", e.GetLines(), s.lines)
	}
	return s.to.Finish(s.w, &pdf.End{Lines: e.GetLines(), Amount: plainAmount(e.GetAmount()), Digest: e.GetCsvSha256()})
}

// plainAmount is an amount with the decimals of its currency.
func plainAmount(m *tenfoldv1.Money) string {
	return money.Format(money.Amount(m.GetMinorUnits()), m.GetCurrencyCode())
}

// paperHead is what stands before the lines of a statement on paper.
func paperHead(r *tenfoldv1.ListStatementLinesRequest, x *tenfoldv1.StatementSums, language string, place *time.Location) *pdf.Head {
	book := strings.TrimPrefix(strings.TrimPrefix(r.GetParent(), "merchants/"), "-")
	if r.GetOrderId() != "" {
		book = strings.TrimPrefix(book+" · "+r.GetOrderId(), " · ")
	}
	h := &pdf.Head{
		Language: pdf.Language(language), Book: book, Currency: x.GetCurrencyCode(), From: r.GetFrom().AsTime().In(place), Until: r.GetUntil().AsTime().In(place),
		ByEffect: r.GetBasis() == tenfoldv1.StatementBasis_STATEMENT_BASIS_EFFECTIVE, Made: time.Now(),
	}
	in := func(minor int64) string { return money.Format(money.Amount(minor), x.GetCurrencyCode()) }
	for _, a := range x.GetAccounts() {
		h.Accounts = append(h.Accounts, pdf.Account{
			Code: codeOf(a.GetPurpose(), "ACCOUNT_PURPOSE_"), Opening: in(a.GetOpening().GetMinorUnits()), Debits: in(a.GetDebits().GetMinorUnits()),
			Credits: in(a.GetCredits().GetMinorUnits()), Closing: in(a.GetClosing().GetMinorUnits()),
		})
	}
	for _, t := range x.GetTotals() {
		h.Totals = append(h.Totals, pdf.Total{Code: codeOf(t.GetKind(), "TRANSFER_KIND_"), Count: t.GetCount(), Amount: plainAmount(t.GetAmount())})
	}
	return h
}

// codeOf is the code of a value of an enumeration, without what its values begin with.
func codeOf(value fmt.Stringer, prefix string) string {
	return strings.TrimPrefix(value.String(), prefix)
}

// sheetRowsMax is how many rows a sheet of Excel has.
const sheetRowsMax = excelize.TotalRows

// statementSheet is a statement as a sheet of Excel. Its rows go to a file of its own as they
// come, and texts are texts: none is a formula.
type statementSheet struct {
	w       io.Writer
	rows    int64
	file    *excelize.File
	stream  *excelize.StreamWriter
	columns []forms.Column
}

func newStatementSheet(w io.Writer) (*statementSheet, error) {
	s := &statementSheet{w: w, rows: 1, file: excelize.NewFile(), columns: forms.Columns()}
	// The archive goes into the file as it is made: by itself the library makes it in memory first.
	s.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(w) })
	var err error
	if s.stream, err = s.file.NewStreamWriter("Sheet1"); err != nil {
		return nil, fmt.Errorf("begin the sheet: %w", err)
	}
	row := make([]any, len(s.columns))
	for i := range s.columns {
		row[i] = s.columns[i].Title
	}
	return s, s.stream.SetRow("A1", row)
}

// digitsMax is how many digits a number of a spreadsheet keeps.
const digitsMax = 15

func (s *statementSheet) line(_ *tenfoldv1.StatementLine, _ *forms.Line, cells []string) error {
	if s.rows++; s.rows > sheetRowsMax {
		return fmt.Errorf("a sheet of Excel has at most %d rows; take a shorter time, or -o csv", int64(sheetRowsMax))
	}
	row := make([]any, len(cells))
	for i, cell := range cells {
		row[i] = cell
		if n, err := strconv.ParseFloat(cell, 64); s.columns[i].Number && err == nil && len(cell) <= digitsMax {
			row[i] = n
		}
	}
	if err := s.stream.SetRow("A"+strconv.FormatInt(s.rows, 10), row); err != nil {
		return fmt.Errorf("write the sheet: %w", err)
	}
	return nil
}

// close removes what a long sheet kept beside it.
func (s *statementSheet) close() { _ = s.file.Close() }

// end writes the sheet.
func (s *statementSheet) end(*tenfoldv1.StatementEnd) error {
	if err := s.stream.Flush(); err != nil {
		return fmt.Errorf("end the sheet: %w", err)
	}
	if err := s.file.Write(s.w); err != nil {
		return fmt.Errorf("write the sheet: %w", err)
	}
	return nil
}
