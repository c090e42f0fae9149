package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/caller"
)

const (
	// tryMax is the longest duration of one try of a call.
	tryMax = 30 * time.Second
	// pauseMin and pauseMax bound the jittered pause between tries.
	pauseMin = 5 * time.Millisecond
	pauseMax = 200 * time.Millisecond
)

// call makes a call with an identity. It repeats the call with the same request id
// for as long as the answer says that a repetition is safe and may succeed.
func call[Request, Response any](ctx context.Context, m *market, who caller.Identity, method func(context.Context, Request, ...grpc.CallOption) (Response, error), request Request) (Response, error) {
	ctx, cancel := context.WithTimeout(who.Attach(ctx), m.config.Patience)
	defer cancel()
	for {
		response, err := try(ctx, method, request)
		if err == nil {
			if m.config.Called != nil {
				m.config.Called()
			}
			return response, nil
		}
		if !again(status.Code(err)) || ctx.Err() != nil {
			return response, fmt.Errorf("%T: %w", request, err)
		}
		select {
		case <-time.After(pauseMin + rand.N(pauseMax-pauseMin)):
		case <-ctx.Done():
			return response, fmt.Errorf("%T: %w", request, err)
		}
	}
}

func try[Request, Response any](ctx context.Context, method func(context.Context, Request, ...grpc.CallOption) (Response, error), request Request) (Response, error) {
	ctx, cancel := context.WithTimeout(ctx, tryMax)
	defer cancel()
	return method(ctx, request)
}

// again says whether the same call may be repeated and may then succeed.
func again(code codes.Code) bool {
	return code == codes.Unavailable || code == codes.Aborted || code == codes.ResourceExhausted || code == codes.DeadlineExceeded
}
