package reconcile

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
	"github.com/tenfold-claims/tenfold/internal/reconcile/formats/formatstest"
)

var day = time.Date(2026, 3, 1, 0, 0, 0, 0, time.FixedZone("UTC+8", 8*60*60))

func downloadOf(t *testing.T, write func(io.Writer) error, o formats.Options) *Download {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	d := NewDownload()
	r, err := formats.Read(bytes.NewReader(b.Bytes()), int64(b.Len()), o, d.Take)
	if err != nil || !r.Whole() {
		t.Fatal(err, r.Problems)
	}
	return d
}

// Would catch two downloads of one day whose difference nobody is told: a line that one of them
// lacks, and one whose status, amount or time has changed.
func TestDownloadsAreCompared(t *testing.T) {
	t.Parallel()
	refund := func(out, status string, minor int64) formatstest.Entry {
		return formatstest.Entry{Minor: minor, At: day.Add(time.Hour), OutNumber: out, Reference: "5" + out, Original: "4", OriginalOut: "T", Refund: true, Status: status}
	}
	bill := func(all ...formatstest.Entry) *Download {
		return downloadOf(t, func(w io.Writer) error { return formatstest.WeChatTrade(w, "1", slices.Values(all)) }, formats.Options{})
	}
	morning := bill(refund("R1", "PROCESSING", -100), refund("R2", "SUCCESS", -200), refund("R3", "SUCCESS", -300))
	evening := bill(refund("R4", "SUCCESS", -400), refund("R1", "SUCCESS", -100), refund("R3", "SUCCESS", -301))
	want := []Difference{
		{Kind: OnlyInSecond, Number: "5R4", Second: 2},
		{Kind: Changed, Number: "5R1", First: 2, Second: 3, Changes: []string{"status PROCESSING → DONE"}},
		{Kind: OnlyInFirst, Number: "5R2", First: 3},
		{Kind: Changed, Number: "5R3", First: 4, Second: 4, Changes: []string{"amount -300 → -301"}},
	}
	if diff := cmp.Diff(want, Compare(morning, evening)); diff != "" {
		t.Error(diff)
	}
	if got := Compare(morning, morning); len(got) != 0 {
		t.Errorf("a download differs from itself: %v", got)
	}
	// A format without numbers: equal rows are counted.
	row := formatstest.Entry{Minor: -100, At: day, OrderID: "O1"}
	rows := func(n int) *Download {
		all := slices.Repeat([]formatstest.Entry{row}, n)
		return downloadOf(t, func(w io.Writer) error { return formatstest.Compensation(w, slices.Values(all)) },
			formats.Options{Told: &formats.Told{Lines: n, Sum: money.Amount(-100 * n)}})
	}
	got := Compare(rows(1), rows(2))
	if len(got) != 1 || got[0].Kind != OnlyInSecond || !strings.Contains(got[0].Number, "O1") {
		t.Errorf("one of two equal rows: %v", got)
	}
}
