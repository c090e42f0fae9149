package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// reading is one number that a part of the server gives when asked.
type reading struct {
	name, unit, about string
	// total says that it only grows.
	total bool
	// label and value distinguish it from others of its name; empty if there is
	// only one.
	label, value string
	// read gives the number, and whether it is known.
	read func() (float64, bool)
}

// always is a number that is always known.
func always[N int | int64 | float64](f func() N) func() (float64, bool) {
	return func() (float64, bool) { return float64(f()), true }
}

// whether is 1 for yes and 0 for no.
func whether(f func() bool) func() (float64, bool) {
	return func() (float64, bool) {
		if f() {
			return 1, true
		}
		return 0, true
	}
}

// ask makes instruments of readings, one for each name.
func (t *Telemetry) ask(readings []reading) error {
	for len(readings) > 0 {
		n := 1
		for n < len(readings) && readings[n].name == readings[0].name {
			n++
		}
		if err := t.instrument(readings[:n]); err != nil {
			return fmt.Errorf("measure %s: %w", readings[0].name, err)
		}
		readings = readings[n:]
	}
	return nil
}

func (t *Telemetry) instrument(readings []reading) error {
	callback := func(_ context.Context, o metric.Float64Observer) error {
		for i := range readings {
			readings[i].observe(o)
		}
		return nil
	}
	first := &readings[0]
	var err error
	if first.total {
		_, err = t.meter.Float64ObservableCounter(first.name, metric.WithDescription(first.about), metric.WithUnit(first.unit),
			metric.WithFloat64Callback(callback))
		return err
	}
	_, err = t.meter.Float64ObservableGauge(first.name, metric.WithDescription(first.about), metric.WithUnit(first.unit),
		metric.WithFloat64Callback(callback))
	return err
}

func (r *reading) observe(o metric.Float64Observer) {
	n, known := r.read()
	switch {
	case !known:
	case r.label == "":
		o.Observe(n)
	default:
		o.Observe(n, metric.WithAttributes(attribute.String(r.label, r.value)))
	}
}
