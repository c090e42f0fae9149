// Package statement writes the lines of statements: as CSV, whose bytes a digest covers, and as
// sheets for people. It is pure: what the lines are, others read. It owns the columns and their
// forms, which never change, because digests of earlier statements rest on them.
package statement

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"encoding/csv"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// Line is a transfer in a statement, with the balances of its accounts after it.
type Line struct {
	Number      int64
	Merchant    string
	Transfer    int64
	RecordedAt  time.Time
	EffectiveAt time.Time
	Kind        string
	Debit       string
	Credit      string
	Amount      int64
	Currency    string
	DebitAfter  int64
	CreditAfter int64
	Claim       string
	Order       string
	OrderLine   string
	Revision    int32
	OutNumber   string
	Channel     string
	External    string
	Reverses    int64
	Event       int64
}

// Column is a column of a statement.
type Column struct {
	Title string
	// Number says that its cells are numbers.
	Number bool
	cell   func(*Line) string
}

// Columns are the columns of a statement, in their order.
func Columns() []Column {
	return []Column{
		{"line", true, func(l *Line) string { return count(l.Number) }},
		{"merchant", false, func(l *Line) string { return l.Merchant }},
		{"transfer", true, func(l *Line) string { return count(l.Transfer) }},
		{"recorded_at", false, func(l *Line) string { return stamp(l.RecordedAt) }},
		{"effective_at", false, func(l *Line) string { return stamp(l.EffectiveAt) }},
		{"kind", false, func(l *Line) string { return l.Kind }},
		{"debit", false, func(l *Line) string { return l.Debit }},
		{"credit", false, func(l *Line) string { return l.Credit }},
		{"amount", true, func(l *Line) string { return Plain(l.Amount, l.Currency) }},
		{"currency", false, func(l *Line) string { return l.Currency }},
		{"debit_balance", true, func(l *Line) string { return Plain(l.DebitAfter, l.Currency) }},
		{"credit_balance", true, func(l *Line) string { return Plain(l.CreditAfter, l.Currency) }},
		{"claim", false, func(l *Line) string { return l.Claim }},
		{"order_id", false, func(l *Line) string { return l.Order }},
		{"order_line", false, func(l *Line) string { return l.OrderLine }},
		{"revision", true, func(l *Line) string { return count(int64(l.Revision)) }},
		{"out_number", false, func(l *Line) string { return l.OutNumber }},
		{"gateway_reference", false, func(l *Line) string { return l.Channel }},
		{"external_reference", false, func(l *Line) string { return l.External }},
		{"reverses", true, func(l *Line) string { return count(l.Reverses) }},
		{"event", true, func(l *Line) string { return count(l.Event) }},
	}
}

// Titles are the titles of the columns.
func Titles() []string {
	var titles []string
	for _, c := range Columns() {
		titles = append(titles, c.Title)
	}
	return titles
}

// Cells are the cells of a line.
func (l *Line) Cells() []string {
	columns := Columns()
	cells := make([]string, len(columns))
	for i := range columns {
		cells[i] = columns[i].cell(l)
	}
	return cells
}

// count is a number; zero is an empty cell.
func count(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// stamp is a time in UTC, with microseconds.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// Plain is an amount with the decimals of its currency, and nothing between its digits.
func Plain(minor int64, currency string) string {
	return strings.ReplaceAll(money.Format(money.Amount(minor), currency), ",", "")
}

// CSV are the bytes of a record of a raw statement: RFC 4180, with line feeds.
func CSV(cells []string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	// A buffer takes everything.
	_ = w.Write(cells)
	w.Flush()
	return b.Bytes()
}

// formulas are what a text of a spreadsheet begins with that it takes for a formula, as it is
// and as wide as a Chinese character.
const formulas = "=+-@\t\r\n|%＝＋－＠"

// Guarded are cells that no spreadsheet takes for a formula: an apostrophe makes a text of what
// begins like one. Cells of numbers stay.
func Guarded(cells []string) []string {
	columns := Columns()
	out := make([]string, len(cells))
	for i, cell := range cells {
		out[i] = cell
		if cell != "" && !columns[i].Number && strings.ContainsRune(formulas, []rune(cell)[0]) {
			out[i] = "'" + cell
		}
	}
	return out
}

// Digest is the SHA-256 of a raw statement, which can be put away between its pages.
type Digest struct{ hash hash.Hash }

// NewDigest begins the digest with the titles.
func NewDigest() Digest {
	d := Digest{sha256.New()}
	d.Add(CSV(Titles()))
	return d
}

// Add adds bytes of the statement.
func (d Digest) Add(raw []byte) { d.hash.Write(raw) }

// Sum is the digest in lower-case hex.
func (d Digest) Sum() string { return hex.EncodeToString(d.hash.Sum(nil)) }

// State is all that the digest knows.
func (d Digest) State() ([]byte, error) { return d.hash.(encoding.BinaryMarshaler).MarshalBinary() }

// Resumed goes on with the digest of a state.
func Resumed(state []byte) (Digest, error) {
	d := Digest{sha256.New()}
	if err := d.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		return d, fmt.Errorf("resume a digest: %w", err)
	}
	return d, nil
}
