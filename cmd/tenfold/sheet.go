package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/rpc"
	forms "github.com/tenfold-claims/tenfold/internal/statement"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// sheet is a table: aligned columns for people, CSV for spreadsheets.
type sheet struct {
	// title stands above the table, in its colour.
	title string
	w     io.Writer
	table.Writer
	columns []column
	rows    []table.Row
	// currency adds a column with the currency of a row's amounts to CSV.
	currency bool
}

// stateColours are those of states: red where something went wrong, yellow where a person is
// waited for, green where it ended well. Others have none.
var stateColours = map[string]text.Color{
	word(tenfoldv1.ClaimState_CLAIM_STATE_IN_REVIEW):                    text.FgYellow,
	word(tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED):                     text.FgYellow,
	word(tenfoldv1.ClaimState_CLAIM_STATE_APPEALED):                     text.FgYellow,
	word(tenfoldv1.ClaimState_CLAIM_STATE_AWAITING_APPROVAL):            text.FgYellow,
	word(tenfoldv1.ClaimState_CLAIM_STATE_PAYOUT_FAILED):                text.FgRed,
	word(tenfoldv1.ClaimState_CLAIM_STATE_PAID):                         text.FgGreen,
	word(tenfoldv1.PayoutState_PAYOUT_STATE_SUCCEEDED):                  text.FgGreen,
	word(tenfoldv1.PayoutState_PAYOUT_STATE_FAILED):                     text.FgRed,
	word(tenfoldv1.PayoutState_PAYOUT_STATE_RETURNED):                   text.FgRed,
	word(tenfoldv1.ProposalState_PROPOSAL_STATE_OPEN):                   text.FgYellow,
	word(tenfoldv1.ProposalState_PROPOSAL_STATE_CARRIED_OUT):            text.FgGreen,
	word(tenfoldv1.PolicyProposalState_POLICY_PROPOSAL_STATE_PUBLISHED): text.FgGreen,
}

// stateColour writes a state in its colour.
func stateColour(cell any) string {
	state := fmt.Sprint(cell)
	if c, ok := stateColours[state]; ok {
		return c.Sprint(state)
	}
	return state
}

// newTable begins a table under a title. Print it with render.
func (o *output) newTable(title string, columns ...column) *sheet {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options.DrawBorder = false
	style.Options.SeparateColumns = false
	style.Format.Header = text.FormatDefault
	style.Format.Footer = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	title = printable(title)
	coloured := colourful(o.w)
	if coloured {
		title = text.Bold.Sprint(title)
		style.Color.Header = text.Colors{text.FgHiCyan}
		style.Color.Footer = text.Colors{text.Bold}
	}
	if width := widthOf(o.w); width > 0 {
		style.Size.WidthMax = width // A longer line would be wrapped in the middle of a cell.
	}
	t.SetStyle(style)
	header := make(table.Row, len(columns))
	configs := make([]table.ColumnConfig, len(columns))
	for i, c := range columns {
		header[i] = c.title
		configs[i] = table.ColumnConfig{Number: i + 1}
		if coloured && c.title == "State" {
			configs[i].Transformer = stateColour
		}
		if c.right {
			configs[i].Align, configs[i].AlignHeader, configs[i].AlignFooter = text.AlignRight, text.AlignRight, text.AlignRight
		}
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(configs)
	return &sheet{Writer: t, title: title, w: o.w, columns: columns}
}

// AppendRow adds a row. Texts of strangers stand in some cells; none of them gives orders to the
// terminal.
func (s *sheet) AppendRow(row table.Row, configs ...table.RowConfig) {
	for i, cell := range row {
		if text, ok := cell.(string); ok {
			row[i] = printable(text)
		}
	}
	s.rows = append(s.rows, row)
	s.Writer.AppendRow(row, configs...)
}

// render prints a table with a line below it, without the blanks behind the last cells.
func (o *output) render(s *sheet) {
	if o.format == formatCSV {
		o.failed = errors.Join(o.failed, o.csv(s))
		return
	}
	for line := range strings.Lines(s.rendered() + "\n\n") {
		fmt.Fprintln(o.w, strings.TrimRight(line, " \n"))
	}
}

// put prints a table as it is.
func (s *sheet) put() { fmt.Fprintln(s.w, s.rendered()) }

// rendered is the table as text, below its title. The library would break a title at the width of
// the table.
func (s *sheet) rendered() string {
	lines := s.Writer.Render()
	if s.title == "" || lines == "" {
		return lines
	}
	return s.title + "\n" + lines
}

// sumCell is an amount in a table.
type sumCell struct{ amount *tenfoldv1.Money }

// String is the amount for people.
func (c sumCell) String() string {
	if c.amount == nil {
		return "–"
	}
	return sum(c.amount)
}

// colouredForm is a text with a colour, which our own tables have.
var colouredForm = regexp.MustCompile(`^\x1b\[[0-9;]{1,8}m[^\x00-\x1f\x7f-\x{9f}]*\x1b\[0m$`)

// printable is a text without the characters by which it could move the cursor of a terminal,
// or turn around what stands beside it.
func printable(text string) string {
	if colouredForm.MatchString(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r == '\n' || !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}

// byteOrderMark is what spreadsheets look for at the beginning of UTF-8.
const byteOrderMark = "\uFEFF"

// csv writes a table for spreadsheets.
func (o *output) csv(s *sheet) error {
	if o.bom {
		fmt.Fprint(o.w, byteOrderMark)
	}
	w := csv.NewWriter(o.w)
	header := make([]string, 0, len(s.columns)+1)
	for _, c := range s.columns {
		header = append(header, c.title)
	}
	if s.currency {
		header = append(header, "Currency")
	}
	if err := w.Write(header); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	for _, row := range s.rows {
		if err := w.Write(s.cells(row)); err != nil {
			return fmt.Errorf("write CSV: %w", err)
		}
	}
	w.Flush()
	return w.Error()
}

func (s *sheet) cells(row table.Row) []string {
	cells, currency := make([]string, 0, len(row)+1), ""
	for _, value := range row {
		c, isSum := value.(sumCell)
		if !isSum {
			cells = append(cells, harmless(fmt.Sprint(value)))
			continue
		}
		if c.amount == nil {
			cells = append(cells, "")
			continue
		}
		currency = c.amount.GetCurrencyCode()
		cells = append(cells, forms.Plain(c.amount.GetMinorUnits(), currency))
	}
	if s.currency {
		cells = append(cells, currency)
	}
	return cells
}

// numberForm is a number, which a spreadsheet may compute with.
var numberForm = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// harmless is a text that no spreadsheet takes for a formula: texts of strangers stand in
// tables, and a formula can send a whole sheet away. An apostrophe makes it a text.
func harmless(cell string) string {
	if cell == "" || numberForm.MatchString(cell) || !strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(cell)[0]) {
		return cell
	}
	return "'" + cell
}

// lines writes the entries of a list in JSON, one a line.
func (o *output) lines(answer any) error {
	if m, ok := answer.(proto.Message); ok {
		fd := firstList(m.ProtoReflect().Descriptor())
		if fd == nil {
			return fmt.Errorf("the answer is no list")
		}
		list := m.ProtoReflect().Get(fd).List()
		for i := range list.Len() {
			raw, err := rpc.JSON(list.Get(i).Message().Interface())
			if err == nil {
				err = o.line(raw)
			}
			if err != nil {
				return fmt.Errorf("write JSON: %w", err)
			}
		}
		return nil
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil {
		return fmt.Errorf("the answer is no list")
	}
	for _, e := range entries {
		if err := o.line(e); err != nil {
			return fmt.Errorf("write JSON: %w", err)
		}
	}
	return nil
}

// line writes one value in JSON on one line.
func (o *output) line(raw []byte) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return err
	}
	_, err := fmt.Fprintln(o.w, compact.String())
	return err
}
