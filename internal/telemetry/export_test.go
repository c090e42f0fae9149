package telemetry

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Follow makes traces with a provider in place of a collector's.
func (t *Telemetry) Follow(p *sdktrace.TracerProvider) { t.follow(p) }
