package reconcile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Would catch a match that is lost, doubled or read as another: at the edge of a piece or of a
// batch, with texts of any length, and with many names.
func TestMatchesAreGivenBackAsTheyCame(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, 4_999, 5_000, 5_001, 60_000} {
		var kept Matches
		var want []Match
		for i := range count {
			m := Match{
				Import: fmt.Sprint("import-", i%3), Place: i * 7919, Rule: []Rule{ByOutNumber, ""}[i%2], MerchantID: fmt.Sprint("m", i%1_000),
				PayoutID: strings.Repeat("x", i%40),
			}
			if i == 17 {
				m.PayoutID = strings.Repeat("y", 2*matchesChunk)
			}
			kept.Add(&m)
			want = append(want, m)
		}
		var got []Match
		for batch := range kept.Batches(5_000) {
			if len(batch) == 0 || len(batch) > 5_000 {
				t.Errorf("a batch of %d", len(batch))
			}
			got = append(got, slices.Clone(batch)...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("of %d matches %d come back, or others", len(want), len(got))
		}
	}
	for range (*Matches)(nil).Batches(1) {
		t.Error("none gives a batch")
	}
}
