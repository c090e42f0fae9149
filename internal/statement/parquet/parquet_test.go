package parquet_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	reader "github.com/parquet-go/parquet-go"

	"github.com/tenfold-claims/tenfold/internal/statement"
	"github.com/tenfold-claims/tenfold/internal/statement/parquet"
)

// columns are the columns that programs read, by their names.
type columns struct {
	Line        int64     `parquet:"line"`
	Merchant    string    `parquet:"merchant"`
	RecordedAt  time.Time `parquet:"recorded_at,timestamp(microsecond)"`
	Kind        string    `parquet:"kind"`
	AmountMinor int64     `parquet:"amount_minor"`
	DebitAfter  int64     `parquet:"debit_balance_minor"`
	Order       *string   `parquet:"order_id,optional"`
	External    *string   `parquet:"external_reference,optional"`
	Reverses    *int64    `parquet:"reverses,optional"`
}

// Would catch a file in another form than programs read, that loses rows between its groups, that
// rounds a time, or that gives a text for nothing.
func TestParquet(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 9, 0, 0, 123_456_000, time.UTC)
	var file bytes.Buffer
	w := parquet.New(&file)
	const lines = 45_001
	for i := range lines {
		l := statement.Line{
			Number: int64(i + 1), Merchant: "m1", RecordedAt: at, EffectiveAt: at, Kind: "DEPOSIT_TOPPED_UP", Amount: 9_007_199_254_740_993 + int64(i),
			Currency: "CNY", DebitAfter: -5, External: "=中" + fmt.Sprint(i),
		}
		if i%2 == 0 {
			l.Order, l.Reverses = "o", 7
		}
		if err := w.Add(&l); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(map[string]string{"csv_sha256": "00ff"}); err != nil {
		t.Fatal(err)
	}
	opened, err := reader.OpenFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if digest, _ := opened.Lookup("tenfold.csv_sha256"); digest != "00ff" || len(opened.RowGroups()) != 3 || opened.NumRows() != lines {
		t.Errorf("digest %q, %d groups, %d rows", digest, len(opened.RowGroups()), opened.NumRows())
	}
	r := reader.NewGenericReader[columns](bytes.NewReader(file.Bytes()))
	rows := make([]columns, lines+1)
	n, err := r.Read(rows)
	if n != lines || err != nil && err != io.EOF {
		t.Fatalf("%d rows: %v", n, err)
	}
	order, external, reverses := "o", "=中"+fmt.Sprint(lines-1), int64(7)
	want := columns{Line: lines, Merchant: "m1", RecordedAt: at, Kind: "DEPOSIT_TOPPED_UP", AmountMinor: 9_007_199_254_740_993 + lines - 1, DebitAfter: -5,
		Order: &order, External: &external, Reverses: &reverses}
	if diff := cmp.Diff(want, rows[lines-1]); diff != "" {
		t.Error(diff)
	}
	if rows[1].Order != nil || rows[1].Reverses != nil {
		t.Errorf("what is not there is %v and %v", rows[1].Order, rows[1].Reverses)
	}
}
