// Package telemetry measures a server and shows the result: as metrics for
// scraping, and as metrics and traces for a collector if there is one. It hooks
// into the parts of the server from above; they know nothing of it. Nothing that it
// shows names a person, a merchant or a claim.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Config says what is measured, and where the result goes.
type Config struct {
	// Version and Revision name the binary.
	Version, Revision string
	// Collector says that there is one to send metrics and traces to. The exporters
	// read its address and settings from OpenTelemetry's variables,
	// OTEL_EXPORTER_OTLP_ENDPOINT first.
	Collector bool
	// Sampler decides which calls without a trace of their own are traced; nil
	// leaves it to OTEL_TRACES_SAMPLER.
	Sampler sdktrace.Sampler
}

// SampleShare is the default share of traced calls: enough to show where time goes,
// too few to cost any.
const SampleShare = 0.01

// Telemetry measures one server.
type Telemetry struct {
	registry *prometheus.Registry
	meters   *sdkmetric.MeterProvider
	meter    metric.Meter
	tracers  trace.TracerProvider
	tracer   trace.Tracer
	// traced says that somebody looks at traces.
	traced bool
	close  []func(context.Context) error
	ports  ports
}

// scope names the instruments of this project.
const scope = "github.com/tenfold-claims/tenfold"

// New prepares to measure. It does not connect: a collector that is away is tried
// again for as long as the server runs.
func New(ctx context.Context, c Config) (*Telemetry, error) {
	t := &Telemetry{registry: prometheus.NewRegistry(), tracers: noop.NewTracerProvider()}
	// The environment's description of the server is added to its name; an error
	// there only leaves out the faulty part.
	about, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "tenfold"), attribute.String("service.version", c.Version)),
		resource.WithFromEnv())
	if err != nil && about == nil {
		return nil, fmt.Errorf("describe the server: %w", err)
	}
	if err := t.measure(ctx, c, about); err != nil {
		return nil, err
	}
	if c.Collector {
		if err := t.trace(ctx, c, about); err != nil {
			return nil, err
		}
	}
	t.tracer = t.tracers.Tracer(scope)
	return t, t.build(c)
}

// measure makes the readers of metrics: one for scraping, and one that sends to a
// collector if there is one.
func (t *Telemetry) measure(ctx context.Context, c Config, about *resource.Resource) error {
	scraped, err := exporter.New(exporter.WithRegisterer(t.registry), exporter.WithoutScopeInfo())
	if err != nil {
		return fmt.Errorf("prepare metrics to be scraped: %w", err)
	}
	options := []sdkmetric.Option{sdkmetric.WithResource(about), sdkmetric.WithReader(scraped), sdkmetric.WithView(views()...)}
	if c.Collector {
		sent, err := otlpmetricgrpc.New(ctx)
		if err != nil {
			return fmt.Errorf("prepare metrics to be sent: %w", err)
		}
		options = append(options, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(sent)))
	}
	t.meters = sdkmetric.NewMeterProvider(options...)
	t.meter = t.meters.Meter(scope)
	t.close = append(t.close, t.meters.Shutdown)
	t.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return nil
}

func (t *Telemetry) trace(ctx context.Context, c Config, about *resource.Resource) error {
	sent, err := otlptracegrpc.New(ctx)
	if err != nil {
		return fmt.Errorf("prepare traces to be sent: %w", err)
	}
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(about), sdktrace.WithBatcher(sent)}
	if c.Sampler != nil {
		options = append(options, sdktrace.WithSampler(c.Sampler))
	}
	t.follow(sdktrace.NewTracerProvider(options...))
	return nil
}

// follow makes traces with a provider.
func (t *Telemetry) follow(p *sdktrace.TracerProvider) {
	t.tracers, t.traced = p, true
	t.tracer = p.Tracer(scope)
	t.close = append(t.close, p.Shutdown)
}

// Sampler traces a share of the calls that come without a trace, and those whose
// caller's own trace is kept.
func Sampler(share float64) sdktrace.Sampler {
	return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(share))
}

// build reports the binary that runs.
func (t *Telemetry) build(c Config) error {
	about := metric.WithAttributes(attribute.String("version", c.Version), attribute.String("revision", c.Revision),
		attribute.String("goversion", runtime.Version()))
	_, err := t.meter.Int64ObservableGauge("tenfold.build.info",
		metric.WithDescription("The binary that runs; always 1."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(1, about)
			return nil
		}))
	return err
}

// Handler answers scrapes.
func (t *Telemetry) Handler() http.Handler {
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// Close sends what has not been sent, as far as ctx allows.
func (t *Telemetry) Close(ctx context.Context) error {
	var all error
	for _, f := range t.close {
		all = errors.Join(all, f(ctx))
	}
	return all
}
