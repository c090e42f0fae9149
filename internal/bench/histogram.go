package bench

import (
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	// subBits divides every power of two into 64 buckets, so every figure is within
	// 1.6 % of the truth.
	subBits    = 6
	subBuckets = 1 << subBits
	// buckets reach to more than an hour in microseconds.
	buckets = (32 - subBits + 1) * subBuckets
)

// histogram counts latencies in buckets whose width grows with their value. It
// is safe for concurrent use; the zero value is empty.
type histogram struct {
	counts [buckets]atomic.Int64
	most   atomic.Int64
}

// bucketOf returns the bucket of a value in microseconds.
func bucketOf(v int64) int {
	if v < subBuckets {
		return int(max(v, 0))
	}
	shift := bits.Len64(uint64(v)) - subBits - 1
	return min((shift+1)*subBuckets+int(v>>shift)-subBuckets, buckets-1)
}

// topOf returns the largest value of a bucket.
func topOf(bucket int) int64 {
	if bucket < subBuckets {
		return int64(bucket)
	}
	shift := bucket/subBuckets - 1
	return int64(bucket%subBuckets+subBuckets+1)<<shift - 1
}

func (h *histogram) add(d time.Duration) {
	v := d.Microseconds()
	h.counts[bucketOf(v)].Add(1)
	for {
		most := h.most.Load()
		if v <= most || h.most.CompareAndSwap(most, v) {
			return
		}
	}
}

// quantile returns the latency that the share q of all operations did not exceed.
// It is zero for an empty histogram.
func (h *histogram) quantile(q float64) time.Duration {
	var total int64
	for i := range h.counts {
		total += h.counts[i].Load()
	}
	// The smallest rank that covers the share.
	rank := int64(q * float64(total))
	if float64(rank) < q*float64(total) {
		rank++
	}
	rank = max(rank, 1)
	var seen int64
	for i := range h.counts {
		if seen += h.counts[i].Load(); seen >= rank {
			return time.Duration(min(topOf(i), h.most.Load())) * time.Microsecond
		}
	}
	return 0
}

func (h *histogram) max() time.Duration { return time.Duration(h.most.Load()) * time.Microsecond }
