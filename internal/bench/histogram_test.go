package bench

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/testseed"
)

// Would catch a bucket that overlaps its neighbour or leaves a gap, and one so
// wide that a figure is further from the truth than was promised.
func TestBucketsAreContiguousAndNarrow(t *testing.T) {
	t.Parallel()
	for b := range buckets - 1 {
		top := topOf(b)
		if bucketOf(top) != b || bucketOf(top+1) != b+1 {
			t.Fatalf("bucket %d ends at %d, which falls into %d, and the value after it into %d", b, top, bucketOf(top), bucketOf(top+1))
		}
		if width := topOf(b+1) - top; float64(width) > 0.016*float64(top)+1 {
			t.Fatalf("bucket %d is %d wide at %d", b+1, width, top)
		}
	}
	if hour := bucketOf(time.Hour.Microseconds()); hour >= buckets-1 {
		t.Fatalf("an hour falls into the last bucket, %d", hour)
	}
}

// Would catch a quantile that is off by more than a bucket, and a maximum that
// is rounded.
func TestQuantilesAgreeWithSortedValues(t *testing.T) {
	t.Parallel()
	seed := testseed.New(t)
	random := rand.New(rand.NewPCG(seed, 0))
	var h histogram
	all := make([]time.Duration, 10_000)
	for i := range all {
		all[i] = time.Duration(random.ExpFloat64()*30_000) * time.Microsecond
		h.add(all[i])
	}
	slices.Sort(all)
	for _, q := range []float64{0.5, 0.9, 0.99, 0.999} {
		want := all[int(q*float64(len(all)))-1]
		if got := h.quantile(q); got < want || float64(got) > 1.016*float64(want)+1000 {
			t.Errorf("quantile %v is %v, the sorted values say %v", q, got, want)
		}
	}
	if got := h.max(); got != all[len(all)-1] {
		t.Errorf("maximum is %v, want %v", got, all[len(all)-1])
	}
}

// Would catch a panic or an invented figure where nothing was measured.
func TestEmptyHistogram(t *testing.T) {
	t.Parallel()
	var h histogram
	if h.quantile(0.99) != 0 || h.max() != 0 {
		t.Fatalf("an empty histogram gives %v and %v", h.quantile(0.99), h.max())
	}
}
