package main

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracespb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
)

// collector takes what is sent over OTLP and keeps it.
type collector struct {
	tracespb.UnimplementedTraceServiceServer
	address string

	mu    sync.Mutex
	spans []*tracepb.Span
	// said is everything that was sent, as text.
	said strings.Builder
}

// metricsCollector is the collector's other service, whose method has the same name.
type metricsCollector struct {
	metricspb.UnimplementedMetricsServiceServer
	*collector
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{address: l.Addr().String()}
	server := grpc.NewServer()
	tracespb.RegisterTraceServiceServer(server, c)
	metricspb.RegisterMetricsServiceServer(server, metricsCollector{collector: c})
	go func() { _ = server.Serve(l) }() // Ends with Stop, which is no error.
	t.Cleanup(server.Stop)
	return c
}

func (c *collector) Export(_ context.Context, r *tracespb.ExportTraceServiceRequest) (*tracespb.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said.WriteString(r.String())
	for _, resource := range r.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
	return &tracespb.ExportTraceServiceResponse{}, nil
}

func (c metricsCollector) Export(_ context.Context, r *metricspb.ExportMetricsServiceRequest) (*metricspb.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said.WriteString(r.String())
	return &metricspb.ExportMetricsServiceResponse{}, nil
}

// traces gives the spans of a name by their traces.
func (c *collector) traces(name string) map[string]*tracepb.Span {
	found := make(map[string]*tracepb.Span)
	for _, s := range c.spans {
		if s.GetName() == name {
			found[string(s.GetTraceId())] = s
		}
	}
	return found
}

// Would catch a server that sends its collector nothing, loses what it measured
// last when it stops, does not show which batch a call was committed with, or tells
// the collector of persons.
func TestServeTellsACollector(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	o := newOperated(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+c.address, "OTEL_TRACES_SAMPLER=always_on")
	o.work()
	o.pay()
	o.stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	said := c.said.String()
	for _, want := range []string{"tenfold.pipeline.batch.size", "rpc.server.call.duration", "tenfold.refusals", "service.name"} {
		if !strings.Contains(said, want) {
			t.Errorf("the collector is not told of %s", want)
		}
	}
	for _, secret := range []string{secretPerson, secretClaimant, secretDestination, secretNote} {
		if strings.Contains(said, secret) {
			t.Errorf("the collector is told of %q", secret)
		}
	}
	batches, filed := c.traces("write batch"), 0
	for id, call := range c.traces("tenfold.v1.ClaimService/FileClaim") {
		if batch := batches[id]; batch != nil && string(batch.GetParentSpanId()) == string(call.GetSpanId()) {
			filed++
		}
	}
	if filed != 1 {
		t.Errorf("%d of %d calls to file a claim show the batch they were committed with", filed, len(batches))
	}
	if strings.Contains(said, "MadeUp") {
		t.Error("a name that a caller made up is traced")
	}
}
