package bench

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// gateway is the payout gateway of a run: the simulator behind gRPC, which
// pays everything at once, and knows of each claim that is watched when the
// last of its money was paid.
type gateway struct {
	*payouttest.Simulator
	address string
	grpc    *grpc.Server

	mu      sync.Mutex
	watched map[string]*watched
	// held is closed when instructions are answered again; nil while they are.
	held chan struct{}
}

// watched is a claim whose payouts are awaited.
type watched struct {
	began time.Time
	// missing are the parts that were not paid yet.
	missing map[tenfoldv1.PayoutPart]bool
	paid    func(began time.Time)
}

func startGateway(now func() time.Time) (*gateway, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the payout gateway: %w", err)
	}
	g := &gateway{
		Simulator: payouttest.New(now), address: listener.Addr().String(), grpc: grpc.NewServer(),
		watched: make(map[string]*watched),
	}
	tenfoldv1.RegisterPayoutGatewayServiceServer(g.grpc, g)
	go func() { _ = g.grpc.Serve(listener) }() // Ends with stop, which is no error.
	return g, nil
}

func (g *gateway) stop() { g.grpc.Stop() }

// hold keeps instructions waiting until release.
func (g *gateway) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = make(chan struct{})
}

// release answers instructions again; it may be called without a hold.
func (g *gateway) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held != nil {
		close(g.held)
		g.held = nil
	}
}

// wait returns when nothing is held.
func (g *gateway) wait(ctx context.Context) error {
	g.mu.Lock()
	held := g.held
	g.mu.Unlock()
	if held == nil {
		return nil
	}
	select {
	case <-held:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	}
}

// watch has paid called when refund and compensation of a claim are paid.
func (g *gateway) watch(claim string, began time.Time, paid func(began time.Time)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watched[claim] = &watched{began: began, paid: paid, missing: map[tenfoldv1.PayoutPart]bool{
		tenfoldv1.PayoutPart_PAYOUT_PART_REFUND: true, tenfoldv1.PayoutPart_PAYOUT_PART_COMPENSATION: true,
	}}
}

// watching is how many claims are watched and not paid.
func (g *gateway) watching() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.watched)
}

// Instruct pays, and notes it on the claim.
func (g *gateway) Instruct(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
	if err := g.wait(ctx); err != nil {
		return nil, err
	}
	response, err := g.Simulator.Instruct(ctx, r)
	if err == nil && response.GetOutcome() == tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED {
		if w := g.note(r); w != nil {
			w.paid(w.began)
		}
	}
	return response, err
}

// note gives the claim if this was the last of its money.
func (g *gateway) note(r *tenfoldv1.InstructRequest) *watched {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := g.watched[r.GetClaim()]
	if w == nil {
		return nil
	}
	delete(w.missing, r.GetPart())
	if len(w.missing) > 0 {
		return nil
	}
	delete(g.watched, r.GetClaim())
	return w
}
