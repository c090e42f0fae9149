// Package parquet writes the lines of a statement as a Parquet file, with amounts in minor units
// and times as times. It keeps a bounded number of rows in memory.
package parquet

import (
	"fmt"
	"io"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/tenfold-claims/tenfold/internal/statement"
)

const (
	// groupRows is how many rows a row group has: they are kept until it is written.
	groupRows = 20_000
	// batchRows is how many rows are handed over at once.
	batchRows = 1_000
)

// row is a line as the file has it. Empty texts and numbers that are not there are null.
type row struct {
	Number      int64     `parquet:"line"`
	Merchant    string    `parquet:"merchant,dict"`
	Transfer    int64     `parquet:"transfer"`
	RecordedAt  time.Time `parquet:"recorded_at,timestamp(microsecond)"`
	EffectiveAt time.Time `parquet:"effective_at,timestamp(microsecond)"`
	Kind        string    `parquet:"kind,dict"`
	Debit       string    `parquet:"debit,dict"`
	Credit      string    `parquet:"credit,dict"`
	Amount      int64     `parquet:"amount_minor"`
	Currency    string    `parquet:"currency,dict"`
	DebitAfter  int64     `parquet:"debit_balance_minor"`
	CreditAfter int64     `parquet:"credit_balance_minor"`
	Claim       string    `parquet:"claim,optional"`
	Order       string    `parquet:"order_id,optional"`
	OrderLine   string    `parquet:"order_line,optional"`
	Revision    int32     `parquet:"revision,optional"`
	OutNumber   string    `parquet:"out_number,optional"`
	Channel     string    `parquet:"gateway_reference,optional"`
	External    string    `parquet:"external_reference,optional"`
	Reverses    int64     `parquet:"reverses,optional"`
	Event       int64     `parquet:"event"`
}

// Writer writes a statement.
type Writer struct {
	to      *parquet.GenericWriter[row]
	pending []row
	inGroup int
}

// New begins a file.
func New(w io.Writer) *Writer {
	return &Writer{
		to: parquet.NewGenericWriter[row](w, parquet.Compression(&zstd.Codec{Level: zstd.SpeedDefault}),
			parquet.CreatedBy("tenfold", "", ""), parquet.PageBufferSize(64<<10)),
		pending: make([]row, 0, batchRows),
	}
}

// Add adds a line.
func (w *Writer) Add(l *statement.Line) error {
	w.pending = append(w.pending, row(*l))
	if len(w.pending) < batchRows {
		return nil
	}
	return w.hand()
}

// hand hands over what is pending, and ends a row group that is full.
func (w *Writer) hand() error {
	if _, err := w.to.Write(w.pending); err != nil {
		return fmt.Errorf("write the rows: %w", err)
	}
	w.inGroup += len(w.pending)
	w.pending = w.pending[:0]
	if w.inGroup < groupRows {
		return nil
	}
	w.inGroup = 0
	if err := w.to.Flush(); err != nil {
		return fmt.Errorf("write a group of rows: %w", err)
	}
	return nil
}

// End ends the file. The facts stand in its footer, for programs that read it.
func (w *Writer) End(facts map[string]string) error {
	for name, value := range facts {
		w.to.SetKeyValueMetadata("tenfold."+name, value)
	}
	if err := w.hand(); err != nil {
		return err
	}
	if err := w.to.Close(); err != nil {
		return fmt.Errorf("end the file: %w", err)
	}
	return nil
}
