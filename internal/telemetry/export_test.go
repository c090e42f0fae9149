package telemetry

import (
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/tenfold-claims/tenfold/internal/engine"
)

// Follow makes traces with a provider in place of a collector's.
func (t *Telemetry) Follow(p *sdktrace.TracerProvider) { t.follow(p) }

// Observer is what Pipeline lets an engine tell.
func (t *Telemetry) Observer(clock engine.Clock) (*engine.Observer, error) { return t.observer(clock) }
