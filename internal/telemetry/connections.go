package telemetry

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/tenfold-claims/tenfold/internal/peers"
)

// Connections reports the connections to a port, and those that were refused or ended there, by
// cause, each from zero.
func (t *Telemetry) Connections(port string, l *peers.Listener) error {
	of := attribute.String("port", port)
	_, failed := t.meter.Int64ObservableGauge("tenfold.connections",
		metric.WithDescription("Connections to the ports, by whether a caller has proved its identity on them."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			totals := l.Totals()
			o.Observe(int64(totals.Open-totals.Unproved), metric.WithAttributes(of, attribute.String("proof", "given")))
			o.Observe(int64(totals.Unproved), metric.WithAttributes(of, attribute.String("proof", "missing")))
			return nil
		}))
	_, err := t.meter.Int64ObservableCounter("tenfold.connections.refused",
		metric.WithDescription("Connections that were refused or ended: the share of their address was taken, the port was full, or nothing was proved in time."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			for cause, n := range l.Totals().Refused {
				o.Observe(n, metric.WithAttributes(of, attribute.String("cause", string(cause))))
			}
			return nil
		}))
	if err = errors.Join(failed, err); err != nil {
		return fmt.Errorf("measure connections: %w", err)
	}
	return nil
}
