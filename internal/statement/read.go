package statement

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Reader reads the lines of a raw statement back.
type Reader struct {
	csv   *csv.Reader
	begun bool
}

// NewReader makes a reader. It keeps one line.
func NewReader(r io.Reader) *Reader {
	c := csv.NewReader(r)
	c.FieldsPerRecord, c.ReuseRecord = len(Columns()), true
	return &Reader{csv: c}
}

// Next is the next line; io.EOF behind the last one.
func (r *Reader) Next() (Line, error) {
	if !r.begun {
		titles, err := r.csv.Read()
		if err != nil {
			return Line{}, unreadable(err)
		}
		if !slices.Equal(titles, Titles()) {
			return Line{}, fmt.Errorf("the columns of the statement are %s", strings.Join(titles, ","))
		}
		r.begun = true
	}
	cells, err := r.csv.Read()
	if err != nil {
		return Line{}, unreadable(err)
	}
	return lineOf(cells)
}

// unreadable wraps an error that is not the end.
func unreadable(err error) error {
	if errors.Is(err, io.EOF) {
		return err
	}
	return fmt.Errorf("read the statement: %w", err)
}

// lineOf reads what Cells has written.
func lineOf(cells []string) (Line, error) {
	var first error
	which := strings.Clone(cells[0])
	keep := func(err error) {
		if first == nil && err != nil {
			first = fmt.Errorf("read line %s of the statement: %w", which, err)
		}
	}
	next := func() string {
		cell := cells[0]
		cells = cells[1:]
		return strings.Clone(cell) // The reader takes the memory again.
	}
	number := func(text string) int64 {
		if text == "" {
			return 0
		}
		n, err := strconv.ParseInt(text, 10, 64)
		keep(err)
		return n
	}
	moment := func() time.Time {
		t, err := time.Parse(time.RFC3339Nano, next())
		keep(err)
		return t
	}
	// An amount has all decimals of its currency.
	minor := func() int64 { return number(strings.Replace(next(), ".", "", 1)) }
	l := Line{
		Number: number(next()), Merchant: next(), Transfer: number(next()), RecordedAt: moment(), EffectiveAt: moment(), Kind: next(), Debit: next(),
		Credit: next(), Amount: minor(), Currency: next(), DebitAfter: minor(), CreditAfter: minor(), Claim: next(), Order: next(), OrderLine: next(),
	}
	l.Revision, l.OutNumber, l.Channel, l.External = int32(number(next())), next(), next(), next()
	l.Reverses, l.Event = number(next()), number(next())
	return l, first
}
