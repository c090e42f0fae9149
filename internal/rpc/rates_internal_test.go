package rpc

import (
	"fmt"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func calledBy(workload string, quota identity.Quota) caller {
	return caller{identity.Caller{Principal: principal.Principal{Workload: workload}, Quota: quota}}
}

// Would catch a workload that calls more often than its quota, one that is held
// up by another's calls, and a pause that is too short to help.
func TestEachWorkloadHasItsOwnQuota(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	r := newRates(identity.Quota{PerSecond: 10, Burst: 5}, func() time.Time { return now })
	through := func(c caller, calls int) (passed int) {
		for range calls {
			if r.take(c, 1) == nil {
				passed++
			}
		}
		return passed
	}
	one, other := calledBy("w1", identity.Quota{}), calledBy("w2", identity.Quota{PerSecond: 1, Burst: 2})
	if n, m := through(one, 9), through(other, 9); n != 5 || m != 2 {
		t.Errorf("%d and %d calls at once, want 5 and 2", n, m)
	}
	refused, _ := fault.As(r.take(other, 1))
	if refused == nil || refused.Reason != fault.RateLimited || refused.RetryAfter != time.Second {
		t.Fatalf("%+v", refused)
	}
	now = now.Add(refused.RetryAfter)
	if n, m := through(one, 9), through(other, 9); n != 5 || m != 1 {
		t.Errorf("%d and %d calls a second later, want 5 and 1", n, m)
	}
	now = now.Add(time.Hour)
	if n := through(one, 9); n != 5 {
		t.Errorf("%d calls after an hour, want 5", n)
	}
	if n := through(calledBy("w2", identity.Quota{PerSecond: 1, Burst: 4}), 9); n != 4 {
		t.Errorf("%d calls by a changed quota, want 4", n)
	}
	if n := through(calledBy("", identity.Quota{}), 99); n != 99 {
		t.Errorf("%d calls of health, want all", n)
	}
}

// Would catch a batch that counts as one call, and one that can never be sent
// because it is larger than the bucket.
func TestBatchCountsItsItems(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	r := newRates(identity.Quota{PerSecond: 10, Burst: 10}, func() time.Time { return now })
	c := calledBy("w1", identity.Quota{})
	batch := &tenfoldv1.BatchFileClaimsRequest{Requests: make([]*tenfoldv1.FileClaimRequest, 8)}
	if err := r.take(c, partsOf(batch)); err != nil {
		t.Error(err)
	}
	if err := r.take(c, partsOf(batch)); err == nil {
		t.Error("a second batch is let through")
	}
	batch.Requests = make([]*tenfoldv1.FileClaimRequest, 500)
	now = now.Add(time.Second)
	if err := r.take(c, partsOf(batch)); err != nil {
		t.Error(err)
	}
	if err := r.take(c, partsOf(&tenfoldv1.GetClaimRequest{})); err == nil {
		t.Error("a call behind a large batch is let through")
	}
}

// Would catch invented names that fill the memory, or by which a caller gets a
// fresh bucket with every call.
func TestBucketsAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	r := newRates(identity.Quota{PerSecond: 1, Burst: 1}, func() time.Time { return now })
	passed := 0
	for i := range 2 * bucketsMax {
		if r.take(calledBy(fmt.Sprintf("w%d", i), identity.Quota{}), 1) == nil {
			passed++
		}
	}
	if len(r.buckets) > bucketsMax+1 || passed > bucketsMax+1 {
		t.Errorf("%d buckets, %d calls let through", len(r.buckets), passed)
	}
	now = now.Add(time.Minute)
	if err := r.take(calledBy("late", identity.Quota{}), 1); err != nil || len(r.buckets) > 2 {
		t.Errorf("%d buckets a minute later, %v", len(r.buckets), err)
	}
}
