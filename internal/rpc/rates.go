package rpc

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"google.golang.org/protobuf/proto"
)

// bucketsMax is how many workloads have a bucket of their own. There are far fewer
// proved workloads; the names that are believed on loopback may be any number.
const bucketsMax = 4096

// forgetEvery is how long a look through all buckets lasts: a flood of new names must not
// pay for one each.
const forgetEvery = time.Second

// rates bounds how often each workload may call.
type rates struct {
	// quota applies to workloads without one of their own; zero means no bound.
	quota identity.Quota
	now   func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
	// looked is when full buckets were last looked for.
	looked time.Time
}

// bucket holds the calls that a workload may make at once; it refills with time.
type bucket struct {
	quota   identity.Quota
	limiter *rate.Limiter
}

func newBucket(q identity.Quota) *bucket {
	return &bucket{quota: q, limiter: rate.NewLimiter(rate.Limit(q.PerSecond), q.Burst)}
}

func newRates(quota identity.Quota, now func() time.Time) *rates {
	return &rates{quota: quota, now: now, buckets: make(map[string]*bucket)}
}

// take admits a call of so many parts. Refuses with RATE_LIMITED, and says how long
// to wait, if the workload has called too often. A call with more parts than the
// bucket holds is admitted when the bucket is full.
func (r *rates) take(c caller, parts int) error {
	quota := c.Quota
	if quota == (identity.Quota{}) {
		quota = r.quota
	}
	if quota.PerSecond <= 0 || c.Workload == "" {
		return nil
	}
	now := r.now()
	reserved := r.bucket(c.Workload, quota, now).limiter.ReserveN(now, min(max(parts, 1), quota.Burst))
	wait := reserved.DelayFrom(now)
	if wait == 0 {
		return nil
	}
	reserved.CancelAt(now)
	return fault.New(fault.RateLimited, "workload %s exceeds its quota of %g calls a second and %d at once", c.Workload, quota.PerSecond, quota.Burst).
		With("callsPerSecond", quota.PerSecond).With("burst", quota.Burst).After(wait)
}

// bucket gives a workload's bucket, a fresh one if its quota has changed.
func (r *rates) bucket(workload string, quota identity.Quota, now time.Time) *bucket {
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.buckets[workload]
	if ok && b.quota == quota {
		return b
	}
	if !ok && len(r.buckets) >= bucketsMax && now.Sub(r.looked) >= forgetEvery {
		r.looked = now
		r.forget(now)
	}
	if !ok && len(r.buckets) >= bucketsMax {
		// All of the workloads call at once: the rest share one bucket.
		workload = ""
		if b, ok = r.buckets[workload]; ok {
			return b
		}
	}
	b = newBucket(quota)
	r.buckets[workload] = b
	return b
}

// forget drops the buckets that are full: fresh ones are equal.
func (r *rates) forget(now time.Time) {
	for workload, b := range r.buckets {
		if b.limiter.TokensAt(now) >= float64(b.quota.Burst) {
			delete(r.buckets, workload)
		}
	}
}

// partsOf is how many calls a request counts as: a batch counts as many as it has
// items.
func partsOf(request any) int {
	m, ok := request.(proto.Message)
	if !ok {
		return 1
	}
	r := m.ProtoReflect()
	if items := r.Descriptor().Fields().ByName("requests"); items != nil && items.IsList() {
		return max(1, r.Get(items).List().Len())
	}
	return 1
}
