package telemetry

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tenfold-claims/tenfold/internal/evidence"
)

// fileSeconds are the buckets of calls of a store: from a small file in a directory to one of
// 50 MiB in a store far away.
var fileSeconds = []float64{.001, .005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// Evidence reports what becomes of files of evidence; clock gives real time, even in a sandbox.
// Everything that can be counted is shown from zero on, so that no first failure is missed.
func (t *Telemetry) Evidence(clock func() time.Time) (*evidence.Observer, error) {
	ctx := context.Background()
	completed, e1 := t.meter.Int64Counter("tenfold.evidence.uploads",
		metric.WithDescription("Calls that would complete an upload, by outcome: stored, incomplete, differs, refused, malware, unavailable, failed."))
	received, e2 := t.meter.Int64Counter("tenfold.evidence.received", metric.WithUnit("By"),
		metric.WithDescription("Bytes of pieces of files that were taken."))
	took, e3 := t.meter.Float64Histogram("tenfold.evidence.store.duration", metric.WithUnit("s"),
		metric.WithDescription("How long calls of the store of files, and of the scanner for malware, took, by call."),
		metric.WithExplicitBucketBoundaries(fileSeconds...))
	failures, e4 := t.meter.Int64Counter("tenfold.evidence.store.failures",
		metric.WithDescription("Those of them that failed, by call."))
	damaged, e5 := t.meter.Int64Counter("tenfold.evidence.damaged",
		metric.WithDescription("Reads of a file that the store does not have as it was stored."))
	dropped, e6 := t.meter.Int64Counter("tenfold.evidence.dropped",
		metric.WithDescription("Uploads that were dropped because no claim named them."))
	if err := errors.Join(e1, e2, e3, e4, e5, e6); err != nil {
		return nil, err
	}
	outcomes, calls := make(map[evidence.Outcome]metric.MeasurementOption), make(map[evidence.Call]metric.MeasurementOption)
	for _, o := range evidence.Outcomes() {
		outcomes[o] = metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", string(o))))
		completed.Add(ctx, 0, outcomes[o])
	}
	for _, c := range evidence.Calls() {
		calls[c] = metric.WithAttributeSet(attribute.NewSet(attribute.String("call", string(c))))
		failures.Add(ctx, 0, calls[c])
	}
	for _, c := range []metric.Int64Counter{received, damaged, dropped} {
		c.Add(ctx, 0)
	}
	return &evidence.Observer{
		Clock:     clock,
		Received:  func(bytes int) { received.Add(ctx, int64(bytes)) },
		Completed: func(o evidence.Outcome) { completed.Add(ctx, 1, outcomes[o]) },
		Called: func(c evidence.Call, d time.Duration, failed bool) {
			took.Record(ctx, d.Seconds(), calls[c])
			if failed {
				failures.Add(ctx, 1, calls[c])
			}
		},
		Damaged: func() { damaged.Add(ctx, 1) },
		Dropped: func() { dropped.Add(ctx, 1) },
	}, nil
}
