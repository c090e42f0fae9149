package client

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// intercept sends a call until it has a final answer, or its tries or its time are
// used up. The request, and so its id, is the same each time.
func (c Config) intercept(ctx context.Context, method string, request, response any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.CallMax)
		defer cancel()
	}
	for try := 1; ; try++ {
		err := refusalOf(invoke(ctx, method, request, response, conn, options...))
		if err == nil {
			return nil
		}
		if try == c.TriesMax || !err.passing() || !repeatable(request) || !c.pause(ctx, try, err.RetryAfter) {
			return err
		}
	}
}

// repeatable says whether a request has the same effect if it arrives twice. Reads
// do, and so do mutations with a request_id; the exceptions are named here.
func repeatable(request any) bool {
	move, ok := request.(*tenfoldv1.AdvanceClockRequest)
	return !ok || move.GetBy() == nil
}

// passing says whether the same request may be accepted later.
func (e *Error) passing() bool {
	switch {
	case e.Code == codes.Unavailable:
		return true
	case e.Code == codes.Aborted:
		// The request names an etag, which will not become right again.
		return e.Reason != ClaimChanged
	}
	return e.Code == codes.ResourceExhausted && e.RetryAfter > 0
}

// pause waits before the next try, and returns whether there is time for it. Half
// of a pause is random, so that callers that were refused together come back at
// different times.
func (c Config) pause(ctx context.Context, tries int, atLeast time.Duration) bool {
	most := c.PauseMin
	for range tries - 1 {
		most = min(2*most, c.PauseMax)
	}
	wait := time.NewTimer(max(atLeast, most/2) + rand.N(most/2+1))
	defer wait.Stop()
	select {
	case <-wait.C:
		return true
	case <-ctx.Done():
		return false
	}
}
