package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/payout/gatewayclient"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const (
	// callMax is how long a replica waits for the gateway; some calls take longer.
	callMax  = 100 * time.Millisecond
	delayMax = 150 * time.Millisecond
	// One call in failing fails, and one call in slow is slow.
	failing = 25
	slow    = 40
)

// gateway is the payment service behind gRPC, over an unreliable connection.
type gateway struct {
	*payouttest.Simulator
	client *gatewayclient.Client
	server *grpc.Server
	conn   *grpc.ClientConn

	mu     sync.Mutex
	random *rand.Rand
}

func startGateway(now func() time.Time, seed uint64) (*gateway, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the payout gateway: %w", err)
	}
	g := &gateway{Simulator: payouttest.New(now), server: grpc.NewServer(), random: rand.New(rand.NewPCG(seed, 2))}
	tenfoldv1.RegisterPayoutGatewayServiceServer(g.server, g.Simulator)
	go func() { _ = g.server.Serve(listener) }() // Ends with stop, which is no error.
	g.conn, err = grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		g.server.Stop()
		return nil, fmt.Errorf("connect to the payout gateway: %w", err)
	}
	g.client = gatewayclient.New(g.conn, callMax)
	g.Break(g.fail)
	return g, nil
}

func (g *gateway) stop() {
	_ = g.conn.Close()
	g.server.Stop()
}

// mend makes the connection reliable.
func (g *gateway) mend() { g.Break(nil) }

// fail makes some calls fail before they arrive, and others take longer than the
// caller waits.
func (g *gateway) fail(ctx context.Context, _, _ string) error {
	g.mu.Lock()
	fails, isSlow, takes := g.random.IntN(failing) == 0, g.random.IntN(slow) == 0, time.Duration(g.random.Int64N(int64(delayMax)))
	g.mu.Unlock()
	if fails {
		return status.Error(codes.Unavailable, "the connection broke")
	}
	if !isSlow {
		return nil
	}
	t := time.NewTimer(takes)
	defer t.Stop()
	select {
	case <-t.C:
		// The caller may have given up; the payment is made all the same.
		return nil
	case <-ctx.Done():
		return nil
	}
}
