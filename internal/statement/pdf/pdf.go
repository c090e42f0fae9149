// Package pdf writes statements as PDF, in English and Chinese: the sums, the first lines, and
// the raw CSV of all lines as an attachment. It keeps a bounded number of lines in memory.
package pdf

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/tenfold-claims/tenfold/internal/font"
	"github.com/tenfold-claims/tenfold/internal/statement"
)

// LinesMax is how many lines are printed. People read no more; the attached CSV has all.
const LinesMax = 20_000

// Account is an account in the sums of a statement; amounts are as they are printed.
type Account struct{ Code, Opening, Debits, Credits, Closing string }

// Total is what the transfers of a kind come to.
type Total struct {
	Code   string
	Count  int64
	Amount string
}

// Head is what stands before the lines.
type Head struct {
	Language Language
	// Book is the merchant, with its order where the statement is of one; empty for all books.
	Book     string
	Currency string
	// From and Until bound the time, in the zone in which times are printed.
	From, Until time.Time
	// ByEffect says that transfers belong to the time in which they took effect.
	ByEffect bool
	// Provisional says that the time reaches into a month that is not closed.
	Provisional bool
	// Made is when the document is made.
	Made time.Time
	// Most is how many lines are printed; zero is LinesMax.
	Most     int64
	Accounts []Account
	Totals   []Total
}

// End is what all lines are together.
type End struct {
	Lines  int64
	Amount string
	Digest string
}

// Writer writes a statement.
type Writer struct {
	head  Head
	w     *words
	doc   *fpdf.Fpdf
	raw   *attachment
	lines int64
	shade bool
}

// Sizes in millimetres and points: A4 across, in print that people can read.
const (
	margin     = 8.0
	rowHeight  = 3.8
	sizeTitle  = 14.0
	sizeText   = 8.0
	sizeLines  = 5.6
	sizeFooter = 6.0
	family     = "statement"
)

// New begins a statement. The compressed CSV goes to scratch until all lines are there.
func New(h *Head, scratch io.ReadWriteSeeker) *Writer {
	w := &Writer{head: *h, w: of(h.Language), doc: fpdf.New("L", "mm", "A4", ""), raw: newAttachment(scratch)}
	if w.head.Most == 0 {
		w.head.Most = LinesMax
	}
	d := w.doc
	d.SetCatalogSort(true)
	d.SetCreationDate(h.Made)
	d.SetModificationDate(h.Made)
	d.SetLang(string(h.Language))
	d.SetTitle(w.w.title+" "+h.Book, true)
	d.SetCreator("Tenfold", false)
	d.SetMargins(margin, margin, margin)
	d.SetAutoPageBreak(true, margin+rowHeight)
	d.AddUTF8FontFromBytes(family, "", font.Bytes())
	d.SetFooterFunc(func() {
		d.SetY(-margin - 1)
		d.SetFont(family, "", sizeFooter)
		d.CellFormat(0, rowHeight, fmt.Sprintf("%s · %s %d", w.book(), w.w.page, d.PageNo()), "", 0, "R", false, 0, "")
	})
	d.AddPage()
	w.sums()
	w.raw.add(statement.CSV(statement.Titles()))
	return w
}

func (w *Writer) book() string {
	if w.head.Book == "" {
		return w.w.all
	}
	return font.Printable(w.head.Book)
}

// sums prints what stands before the lines.
func (w *Writer) sums() {
	d, h := w.doc, &w.head
	d.SetFont(family, "", sizeTitle)
	d.CellFormat(0, 2*rowHeight, w.w.title, "", 1, "L", false, 0, "")
	basis := w.w.recorded
	if h.ByEffect {
		basis = w.w.effective
	}
	const form = "2006-01-02 15:04:05 -07:00"
	for _, fact := range [][2]string{
		{w.w.book, w.book() + " · " + h.Currency}, {w.w.from, h.From.Format(form)}, {w.w.until, h.Until.Format(form)}, {w.w.basis, basis},
		{w.w.made, h.Made.In(h.From.Location()).Format(form)},
	} {
		w.fact(fact[0], fact[1])
	}
	if h.Provisional {
		w.fact(w.w.state, w.w.provisional)
	}
	accounts := table{title: w.w.accounts, size: sizeText, columns: []tableColumn{
		{w.w.account, 100, false}, {w.w.opening, 40, true}, {w.w.debits, 40, true}, {w.w.credits, 40, true}, {w.w.closing, 40, true},
	}}
	w.begin(&accounts)
	for _, a := range h.Accounts {
		w.row(&accounts, w.w.named(a.Code), a.Opening, a.Debits, a.Credits, a.Closing)
	}
	totals := table{title: w.w.totals, size: sizeText, columns: []tableColumn{{w.w.kind, 100, false}, {w.w.count, 40, true}, {w.w.amount, 40, true}}}
	w.begin(&totals)
	for _, t := range h.Totals {
		w.row(&totals, w.w.named(t.Code), strconv.FormatInt(t.Count, 10), t.Amount)
	}
	w.begin(w.table())
}

// fact prints a word and what it says.
func (w *Writer) fact(name, value string) {
	const nameWidth = 50
	w.doc.SetFont(family, "", sizeText)
	w.doc.CellFormat(nameWidth, rowHeight+1, name, "", 0, "L", false, 0, "")
	w.doc.CellFormat(0, rowHeight+1, value, "", 1, "L", false, 0, "")
}

// tableColumn is a column of a table.
type tableColumn struct {
	title string
	width float64
	right bool
}

// table is the form of a table.
type table struct {
	title   string
	size    float64
	columns []tableColumn
}

// table is that of the lines.
func (w *Writer) table() *table {
	at := w.w.recorded
	if w.head.ByEffect {
		at = w.w.effective
	}
	return &table{title: w.w.lines, size: sizeLines, columns: []tableColumn{
		{w.w.line, 11, true}, {at, 27, false}, {w.w.kind, 36, false}, {w.w.debit, 29, false}, {w.w.credit, 29, false},
		{w.w.amount, 22, true}, {w.w.debitAfter, 24, true}, {w.w.creditAfter, 24, true},
		{w.w.claim, 42, false}, {w.w.order, 36, false},
	}}
}

// begin prints the titles of a table, which a new page repeats.
func (w *Writer) begin(t *table) {
	w.shade = false
	d := w.doc
	d.SetHeaderFunc(nil)
	d.Ln(rowHeight)
	d.SetFont(family, "", sizeText)
	d.CellFormat(0, rowHeight+1, t.title, "", 1, "L", false, 0, "")
	titles := func() {
		d.SetFont(family, "", t.size)
		d.SetFillColor(220, 228, 236)
		for _, c := range t.columns {
			d.CellFormat(c.width, rowHeight+1, c.title, "B", 0, align(c), true, 0, "")
		}
		d.Ln(-1)
	}
	titles()
	d.SetHeaderFunc(titles)
}

func align(c tableColumn) string {
	if c.right {
		return "R"
	}
	return "L"
}

// row prints a row.
func (w *Writer) row(t *table, cells ...string) {
	d := w.doc
	if _, height := d.GetPageSize(); d.GetY()+rowHeight > height-margin-rowHeight {
		d.AddPage()
	}
	d.SetFont(family, "", t.size)
	d.SetFillColor(246, 248, 250)
	for i, c := range t.columns {
		d.CellFormat(c.width, rowHeight, w.fitting(font.Printable(cells[i]), c.width), "", 0, align(c), w.shade, 0, "")
	}
	w.shade = !w.shade
	d.Ln(-1)
}

// fitting is a text as far as it fits; what is cut off stands in the CSV.
func (w *Writer) fitting(text string, width float64) string {
	const padding = 2.2
	if w.doc.GetStringWidth(text) <= width-padding {
		return text
	}
	runes := []rune(text)
	for n := len(runes) - 1; n > 0; n-- {
		if cut := string(runes[:n]) + "…"; w.doc.GetStringWidth(cut) <= width-padding {
			return cut
		}
	}
	return "…"
}

// Add adds a line.
func (w *Writer) Add(l *statement.Line) error {
	cells := l.Cells()
	w.raw.add(statement.CSV(cells))
	if w.lines++; w.lines > w.head.Most || w.raw.err != nil {
		return w.raw.err
	}
	at := l.RecordedAt
	if w.head.ByEffect {
		at = l.EffectiveAt
	}
	// The order of the cells is that of the columns of a statement.
	const amount, debitAfter, creditAfter = 8, 10, 11
	w.row(w.table(), strconv.FormatInt(l.Number, 10), at.In(w.head.From.Location()).Format("2006-01-02 15:04:05.000"), w.w.short(l.Kind), w.w.short(l.Debit),
		w.w.short(l.Credit), cells[amount], cells[debitAfter], cells[creditAfter], l.Claim, strings.ToValidUTF8(l.Order, "�"))
	return w.doc.Error()
}

// Finish writes the document.
func (w *Writer) Finish(to io.Writer, e *End) error {
	d := w.doc
	d.SetHeaderFunc(nil)
	if _, height := d.GetPageSize(); d.GetY()+10*rowHeight > height {
		d.AddPage()
	}
	d.Ln(rowHeight)
	d.SetFont(family, "", sizeText)
	d.CellFormat(0, rowHeight+1, w.w.end, "", 1, "L", false, 0, "")
	w.fact(w.w.lines, strconv.FormatInt(e.Lines, 10))
	w.fact(w.w.sum, e.Amount+" "+w.head.Currency)
	w.fact(w.w.digest, e.Digest)
	d.CellFormat(0, rowHeight+1, w.w.attached, "", 1, "L", false, 0, "")
	if w.lines > w.head.Most {
		d.CellFormat(0, rowHeight+1, fmt.Sprintf(w.w.listed, w.head.Most), "", 1, "L", false, 0, "")
	}
	var base bytes.Buffer
	if err := d.Output(&base); err != nil {
		return fmt.Errorf("make the document: %w", err)
	}
	return w.raw.write(to, base.Bytes(), w.head.Made)
}
