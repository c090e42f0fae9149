package rpc

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"

	"go.opentelemetry.io/otel/trace"
)

// callID identifies one call in the log, and in its answer if the caller has to ask
// the operator.
type callID uint64

// String gives the id as sixteen digits.
func (id callID) String() string { return fmt.Sprintf("%016x", uint64(id)) }

type callIDKey struct{}

// withCallID gives a call its id. Making it must cost next to nothing, because most
// calls are never logged. It is no secret.
func withCallID(ctx context.Context) context.Context {
	return context.WithValue(ctx, callIDKey{}, callID(rand.Uint64()))
}

// callIDOf gives the id of a call; every call has one before anything is logged.
func callIDOf(ctx context.Context) callID {
	id, _ := ctx.Value(callIDKey{}).(callID)
	return id
}

// callLog is a handler that adds to each line the id of its call, and of its trace.
type callLog struct{ slog.Handler }

// Handle implements slog.Handler.
func (l callLog) Handle(ctx context.Context, r slog.Record) error {
	if id := callIDOf(ctx); id != 0 {
		r.AddAttrs(slog.String("call_id", id.String()))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() {
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()))
	}
	return l.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (l callLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return callLog{l.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (l callLog) WithGroup(name string) slog.Handler { return callLog{l.Handler.WithGroup(name)} }

// naming makes a logger that adds the ids of calls.
func naming(log *slog.Logger) *slog.Logger { return slog.New(callLog{log.Handler()}) }
