package telemetry_test

import (
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/telemetry"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// BenchmarkCall makes a call that passes through everything and asks no database:
// unobserved, measured, measured with a collector that gets the usual share of
// traces, and with one that gets all.
func BenchmarkCall(b *testing.B) {
	f := newFixture(b)
	traced := func(share float64) *telemetry.Telemetry {
		t := f.telemetry()
		t.Follow(sdktrace.NewTracerProvider(sdktrace.WithBatcher(tracetest.NewNoopExporter()), sdktrace.WithSampler(telemetry.Sampler(share))))
		return t
	}
	for _, c := range []struct {
		name string
		t    *telemetry.Telemetry
	}{
		{"unobserved", nil}, {"measured", f.telemetry()}, {"traced=1%", traced(telemetry.SampleShare)}, {"traced=all", traced(1)},
	} {
		var observer rpc.Observer
		if c.t != nil {
			var err error
			if observer, err = c.t.Calls(); err != nil {
				b.Fatal(err)
			}
		}
		clock := tenfoldv1.NewSandboxServiceClient(f.serve(observer))
		ctx := f.operator()
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := clock.GetClock(ctx, &tenfoldv1.GetClockRequest{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBatch tells of a batch, as a lane does after each commit.
func BenchmarkBatch(b *testing.B) {
	o, err := newFixture(b).telemetry().Observer(time.Now)
	if err != nil {
		b.Fatal(err)
	}
	batch := engine.Batch{Commands: 17, Began: start, Took: 3 * time.Millisecond}
	b.ReportAllocs()
	for b.Loop() {
		o.Batch(batch)
	}
}
