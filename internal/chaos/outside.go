package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// stalls: one call in six gets no answer while the gateway stalls.
const stalls = 6

// gateway is the payment service.
type gateway struct {
	*payouttest.Simulator
	server  *grpc.Server
	address string

	mu     sync.Mutex
	random *rand.Rand
}

func startGateway(now func() time.Time, seed uint64) (*gateway, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the payout gateway: %w", err)
	}
	g := &gateway{
		Simulator: payouttest.New(now), server: grpc.NewServer(), address: listener.Addr().String(), random: rand.New(rand.NewPCG(seed, 2)),
	}
	tenfoldv1.RegisterPayoutGatewayServiceServer(g.server, g.Simulator)
	go func() { _ = g.server.Serve(listener) }() // Ends with stop, which is no error.
	return g, nil
}

func (g *gateway) stop() error {
	g.server.Stop()
	return nil
}

// stall leaves one call in six without an answer until its caller gives it up.
func (g *gateway) stall() error {
	g.Break(func(ctx context.Context, _, _ string) error {
		g.mu.Lock()
		stall := g.random.IntN(stalls) == 0
		g.mu.Unlock()
		if stall {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
	return nil
}

func (g *gateway) mend() error {
	g.Break(nil)
	return nil
}

// strangers hold connections to the public port on which nothing is ever said.
type strangers struct {
	address string
	n       int
	held    []net.Conn
}

// come connects. A server may refuse some of them, or end them: that is its answer.
func (s *strangers) come(ctx context.Context) error {
	var dialer net.Dialer
	for range s.n {
		conn, err := dialer.DialContext(ctx, "tcp", s.address)
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			continue
		}
		s.held = append(s.held, conn)
	}
	if len(s.held) == 0 {
		return errors.New("no stranger was let in")
	}
	return nil
}

func (s *strangers) leave() error {
	for _, conn := range s.held {
		_ = conn.Close()
	}
	s.held = nil
	return nil
}
