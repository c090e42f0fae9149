package telemetry

import (
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// seconds are the buckets of durations: from a call that reads a row to one that
// its caller has given up.
var seconds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// commands are the buckets of batch sizes, up to the largest allowed.
var commands = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}

// views adapt the measurements that the gRPC instrumentation makes of the gateway:
// its own buckets begin at five milliseconds, and a single gateway needs no
// address.
func views() []sdkmetric.View {
	return []sdkmetric.View{
		sdkmetric.NewView(sdkmetric.Instrument{Name: "rpc.client.call.duration"}, sdkmetric.Stream{
			Aggregation:     sdkmetric.AggregationExplicitBucketHistogram{Boundaries: seconds},
			AttributeFilter: attribute.NewAllowKeysFilter("rpc.method", "rpc.response.status_code"),
		}),
	}
}
