package telemetry

import (
	"context"
	"errors"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/tenfold-claims/tenfold/internal/engine"
)

// pipeline holds the measurements of each batch.
type pipeline struct {
	size  metric.Int64Histogram
	took  metric.Float64Histogram
	stale metric.Int64Counter
	// kept and locked say how the books of a batch were obtained.
	kept, locked []metric.RecordOption
	tracer       trace.Tracer
}

// Observer reports on an engine; clock gives real time, even in a sandbox.
func (t *Telemetry) Observer(clock engine.Clock) (*engine.Observer, error) {
	p := pipeline{kept: booksWere("kept"), locked: booksWere("locked")}
	var sizes, times, stale error
	p.size, sizes = t.meter.Int64Histogram("tenfold.pipeline.batch.size",
		metric.WithDescription("Commands in each committed batch."), metric.WithExplicitBucketBoundaries(commands...))
	p.took, times = t.meter.Float64Histogram("tenfold.pipeline.batch.duration", metric.WithUnit("s"),
		metric.WithDescription("How long the database took to write and commit a batch; if its books were locked first, also to read it."),
		metric.WithExplicitBucketBoundaries(seconds...))
	p.stale, stale = t.meter.Int64Counter("tenfold.pipeline.stale",
		metric.WithDescription("Batches that were decided afresh because another replica had changed a book."))
	if err := errors.Join(sizes, times, stale); err != nil {
		return nil, err
	}
	p.stale.Add(context.Background(), 0)
	if t.traced {
		p.tracer = t.tracer
	}
	return &engine.Observer{
		Clock: clock, Batch: p.batch,
		Stale: func() { p.stale.Add(context.Background(), 1) },
	}, nil
}

func booksWere(how string) []metric.RecordOption {
	return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(attribute.String("books", how)))}
}

func (p *pipeline) batch(b engine.Batch) {
	how := p.kept
	if b.Locked {
		how = p.locked
	}
	p.size.Record(context.Background(), int64(b.Commands))
	p.took.Record(context.Background(), b.Took.Seconds(), how...)
	if p.tracer != nil {
		p.trace(&b)
	}
}

// linksMax is how many calls a batch is linked to.
const linksMax = 32

// trace puts a batch into the trace of the first of its traced calls, and links it
// to those of the others.
func (p *pipeline) trace(b *engine.Batch) {
	var batch trace.Span
	links := 0
	for ctx := range b.Contexts() {
		call := trace.SpanFromContext(ctx)
		switch {
		case !call.IsRecording():
		case batch == nil:
			_, batch = p.tracer.Start(ctx, "write batch", trace.WithTimestamp(b.Began), trace.WithAttributes(
				attribute.Int("tenfold.batch.size", b.Commands), attribute.Bool("tenfold.batch.locked", b.Locked)))
		case links < linksMax:
			links++
			call.AddLink(trace.Link{SpanContext: batch.SpanContext()})
			batch.AddLink(trace.Link{SpanContext: call.SpanContext()})
		}
	}
	if batch != nil {
		batch.End(trace.WithTimestamp(b.Began.Add(b.Took)))
	}
}

// Queues reports how many commands wait, by lane.
func (t *Telemetry) Queues(e *engine.Engine) error {
	waiting, err := t.meter.Int64ObservableGauge("tenfold.pipeline.queued", metric.WithDescription("Commands that wait in a lane."))
	if err != nil {
		return err
	}
	most, err := t.meter.Int64ObservableGauge("tenfold.pipeline.queue.max",
		metric.WithDescription("How many commands may wait in a lane; further ones are refused."))
	if err != nil {
		return err
	}
	_, err = t.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for lane, n := range e.Queues() {
			o.ObserveInt64(waiting, int64(n), metric.WithAttributes(attribute.String("lane", strconv.Itoa(lane))))
		}
		o.ObserveInt64(most, int64(e.QueueMax()))
		return nil
	}, waiting, most)
	return err
}
