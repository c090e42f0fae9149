package telemetry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tenfold-claims/tenfold/internal/peers"
)

// ports are the ports whose connections are reported, in the order in which they were opened.
type ports struct {
	mu   sync.Mutex
	open []openPort
}

type openPort struct {
	name attribute.KeyValue
	*peers.Listener
}

// Connections reports the connections to a port, and those that were refused or ended there, by
// cause, each from zero.
func (t *Telemetry) Connections(port string, l *peers.Listener) error {
	t.ports.mu.Lock()
	defer t.ports.mu.Unlock()
	t.ports.open = append(t.ports.open, openPort{attribute.String("port", port), l})
	if len(t.ports.open) > 1 {
		return nil // The instruments are there.
	}
	_, failed := t.meter.Int64ObservableGauge("tenfold.connections",
		metric.WithDescription("Connections to the ports, by whether a caller has proved its identity on them."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			for _, p := range t.ports.all() {
				totals := p.Totals()
				o.Observe(int64(totals.Open-totals.Unproved), metric.WithAttributes(p.name, attribute.String("proof", "given")))
				o.Observe(int64(totals.Unproved), metric.WithAttributes(p.name, attribute.String("proof", "missing")))
			}
			return nil
		}))
	_, err := t.meter.Int64ObservableCounter("tenfold.connections.refused",
		metric.WithDescription("Connections that were refused or ended: the share of their address was taken, the port was full, or nothing was proved in time, or strangers sent too much."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			for _, p := range t.ports.all() {
				for cause, n := range p.Totals().Refused {
					o.Observe(n, metric.WithAttributes(p.name, attribute.String("cause", string(cause))))
				}
			}
			return nil
		}))
	if err = errors.Join(failed, err); err != nil {
		return fmt.Errorf("measure connections: %w", err)
	}
	return nil
}

func (p *ports) all() []openPort {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.open)
}
