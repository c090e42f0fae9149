package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc/stats"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/rpc"
)

// Calls gives the observer of a server's calls. Calls of methods that are not the
// contract's are left out: their names are whatever callers make up.
func (t *Telemetry) Calls() (rpc.Observer, error) {
	refused, err := t.refusals()
	return rpc.Observer{
		Stats: otelgrpc.NewServerHandler(
			otelgrpc.WithMeterProvider(t.meters),
			otelgrpc.WithTracerProvider(t.tracers),
			// Baggage may say anything of anybody, and goes no further than here.
			otelgrpc.WithPropagators(propagation.TraceContext{}),
			otelgrpc.WithFilter(func(info *stats.RPCTagInfo) bool { return rpc.IsMethod(info.FullMethodName) }),
		),
		Refused: refused,
	}, err
}

// refusals counts refusals by reason, each from zero.
func (t *Telemetry) refusals() (func(fault.Reason), error) {
	count, err := t.meter.Int64Counter("tenfold.refusals",
		metric.WithDescription("Calls, and items of batches, that were refused, by reason."))
	if err != nil {
		return nil, fmt.Errorf("count refusals: %w", err)
	}
	reasons := make(map[fault.Reason][]metric.AddOption)
	for _, reason := range rpc.Reasons() {
		reasons[reason] = []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", string(reason))))}
		count.Add(context.Background(), 0, reasons[reason]...)
	}
	return func(reason fault.Reason) { count.Add(context.Background(), 1, reasons[reason]...) }, nil
}

// GatewayCalls follows the calls of the payout gateway. They are measured and not
// traced: a span holds the text of an error, and the gateway's may say anything.
func (t *Telemetry) GatewayCalls() stats.Handler {
	return otelgrpc.NewClientHandler(
		otelgrpc.WithMeterProvider(t.meters),
		otelgrpc.WithTracerProvider(noop.NewTracerProvider()),
		otelgrpc.WithPropagators(propagation.TraceContext{}),
	)
}
