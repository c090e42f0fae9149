package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/caller"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	// callMax is the longest duration of one try of a call.
	callMax = 20 * time.Second
	// triesMax is how often a call is sent before it counts as failed. The pause
	// between tries grows from retryPause.
	triesMax   = 6
	retryPause = 50 * time.Millisecond
)

// callers are the connections to a server, each with every service.
type callers struct {
	conns []*grpc.ClientConn
	stubs []stubs
}

// stubs are the services over one connection.
type stubs struct {
	claims         tenfoldv1.ClaimServiceClient
	authentication tenfoldv1.AuthenticationServiceClient
	deposits       tenfoldv1.DepositServiceClient
}

// dialAll opens the connections. One operator makes all calls, because a connection
// for each merchant would measure connections.
func dialAll(address string, connections int) (*callers, error) {
	c := &callers{}
	for range connections {
		conn, err := caller.Identity{Workload: "bench", Role: "operator", Person: "bench"}.Dial(address)
		if err != nil {
			return nil, errors.Join(err, c.close())
		}
		c.conns = append(c.conns, conn)
		c.stubs = append(c.stubs, stubs{
			claims:         tenfoldv1.NewClaimServiceClient(conn),
			authentication: tenfoldv1.NewAuthenticationServiceClient(conn),
			deposits:       tenfoldv1.NewDepositServiceClient(conn),
		})
	}
	return c, nil
}

func (c *callers) close() error {
	var all []error
	for _, conn := range c.conns {
		all = append(all, conn.Close())
	}
	return errors.Join(all...)
}

// of returns the services for the n-th caller.
func (c *callers) of(n int) *stubs { return &c.stubs[n%len(c.stubs)] }

// send makes a call, and repeats it with the same request if the contract allows
// that.
func send[Q, A any](ctx context.Context, m *measure, method func(context.Context, Q, ...grpc.CallOption) (A, error), request Q) (A, error) {
	for try := 1; ; try++ {
		call, cancel := context.WithTimeout(ctx, callMax)
		answer, err := method(call, request)
		cancel()
		if err == nil || try == triesMax || ctx.Err() != nil || !again(status.Code(err)) {
			if err != nil {
				err = fmt.Errorf("call with %T, try %d: %w", request, try, err)
			}
			return answer, err
		}
		m.retries.Add(1)
		if err := pause(ctx, time.Duration(try)*retryPause); err != nil {
			return answer, err
		}
	}
}

// again says whether the contract allows a caller to repeat a call with this code
// unchanged.
func again(code codes.Code) bool {
	return code == codes.Unavailable || code == codes.Aborted || code == codes.ResourceExhausted || code == codes.DeadlineExceeded
}

// pause waits, or returns early when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
