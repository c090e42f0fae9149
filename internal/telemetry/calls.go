package telemetry

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/stats"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/rpc"
)

// Calls gives the observer of a server's calls. Methods outside the contract are
// left out, because callers can make up their names.
func (t *Telemetry) Calls() (rpc.Observer, error) {
	var o rpc.Observer
	var err error
	if o.Refused, err = t.refusals("tenfold.refusals", "Refused calls and refused items of batches, by reason.", rpc.Reasons()); err != nil {
		return o, fmt.Errorf("count refusals: %w", err)
	}
	const ofSignatures = "Results that were refused by their signature, or because they have none, by reason."
	if o.SignatureRefused, err = t.refusals("tenfold.signatures.refused", ofSignatures, rpc.SignatureReasons()); err != nil {
		return o, fmt.Errorf("count refused signatures: %w", err)
	}
	methods := make(map[string]*method)
	if o.Answered, err = t.durations(methods); err != nil {
		return o, fmt.Errorf("measure calls: %w", err)
	}
	if !t.traced {
		return o, nil
	}
	o.Stats = otelgrpc.NewServerHandler(
		otelgrpc.WithTracerProvider(t.tracers),
		otelgrpc.WithMeterProvider(metricnoop.NewMeterProvider()),
		// Baggage may hold anything about anybody, and goes no further.
		otelgrpc.WithPropagators(propagation.TraceContext{}),
		otelgrpc.WithFilter(func(info *stats.RPCTagInfo) bool { return methods[info.FullMethodName] != nil }),
	)
	return o, nil
}

// method holds the record options of a method's calls, by code.
type method [codes.Unauthenticated + 1][]metric.RecordOption

// durations measures calls under OpenTelemetry's name, with record options made
// beforehand. It fills methods.
func (t *Telemetry) durations(methods map[string]*method) (func(string, codes.Code, time.Duration), error) {
	took, err := t.meter.Float64Histogram("rpc.server.call.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of calls, by method and code."), metric.WithExplicitBucketBoundaries(seconds...))
	for _, name := range rpc.Methods() {
		m := new(method)
		for c := range m {
			m[c] = []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(
				attribute.String("rpc.method", strings.TrimPrefix(name, "/")),
				attribute.String("rpc.response.status_code", code.Code(c).String()),
			))}
		}
		methods[name] = m
	}
	return func(name string, c codes.Code, d time.Duration) {
		if m := methods[name]; m != nil && int(c) < len(m) {
			took.Record(context.Background(), d.Seconds(), m[c]...)
		}
	}, err
}

// refusals counts refusals by reason, each from zero.
func (t *Telemetry) refusals(name, about string, each []fault.Reason) (func(fault.Reason), error) {
	count, err := t.meter.Int64Counter(name, metric.WithDescription(about))
	if err != nil {
		return nil, err
	}
	reasons := make(map[fault.Reason][]metric.AddOption)
	for _, reason := range each {
		reasons[reason] = []metric.AddOption{metric.WithAttributeSet(attribute.NewSet(attribute.String("reason", string(reason))))}
		count.Add(context.Background(), 0, reasons[reason]...)
	}
	return func(reason fault.Reason) { count.Add(context.Background(), 1, reasons[reason]...) }, nil
}

// GatewayCalls follows the calls to the payout gateway, and leaves out those that ask for
// its health. They are measured and not traced: a span holds the text of an error, and the
// gateway's text may contain anything.
func (t *Telemetry) GatewayCalls() stats.Handler {
	return otelgrpc.NewClientHandler(
		otelgrpc.WithFilter(func(info *stats.RPCTagInfo) bool {
			return strings.HasPrefix(info.FullMethodName, "/tenfold.v1.PayoutGatewayService/")
		}),
		otelgrpc.WithMeterProvider(t.meters),
		otelgrpc.WithTracerProvider(noop.NewTracerProvider()),
		otelgrpc.WithPropagators(propagation.TraceContext{}),
	)
}
