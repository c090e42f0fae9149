package bench

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// gateway is the payout gateway of a run. It pays everything at once, answers a
// number that it has paid as it did before, and knows of each claim that is
// watched when the last of its money was paid.
//
// It shares a process with the callers, and pays hundreds of thousands of payouts
// in a run. So it keeps of each some bytes that hold no pointers: what a collector
// does with kept messages would show as slow calls of the server.
type gateway struct {
	tenfoldv1.UnimplementedPayoutGatewayServiceServer

	address string
	grpc    *grpc.Server
	now     func() time.Time

	mu sync.Mutex
	// payouts are the times at which payouts were made, by a digest of their number.
	payouts map[digest]int64
	watched map[string]*watched
	// held is closed when instructions are answered again; nil while they are.
	held chan struct{}
}

// digest is half of a SHA-256.
type digest [sha256.Size / 2]byte

func digestOf(outNumber string) digest {
	whole := sha256.Sum256([]byte(outNumber))
	return digest(whole[:len(digest{})])
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
		address: listener.Addr().String(), grpc: grpc.NewServer(), now: now,
		payouts: make(map[digest]int64), watched: make(map[string]*watched),
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

// paid is how many payouts were made.
func (g *gateway) paid() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return int64(len(g.payouts))
}

// Instruct pays, and notes it on the claim.
func (g *gateway) Instruct(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
	if err := g.wait(ctx); err != nil {
		return nil, err
	}
	at, first := g.pay(digestOf(r.GetOutNumber()))
	if first {
		if w := g.note(r); w != nil {
			w.paid(w.began)
		}
	}
	return &tenfoldv1.InstructResponse{
		Outcome:          tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED,
		GatewayReference: referenceOf(r.GetOutNumber()), OccurredAt: timestamppb.New(at),
	}, nil
}

// pay pays what was not paid before, and says when it was.
func (g *gateway) pay(number digest) (at time.Time, first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	nanos, known := g.payouts[number]
	if !known {
		nanos = g.now().UnixNano()
		g.payouts[number] = nanos
	}
	return time.Unix(0, nanos), !known
}

// Query tells of a payout that was made; there are no others.
func (g *gateway) Query(_ context.Context, r *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
	g.mu.Lock()
	nanos, known := g.payouts[digestOf(r.GetOutNumber())]
	g.mu.Unlock()
	if !known {
		return &tenfoldv1.QueryResponse{Outcome: tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_NOT_FOUND}, nil
	}
	return &tenfoldv1.QueryResponse{
		Outcome:          tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED,
		GatewayReference: referenceOf(r.GetOutNumber()), OccurredAt: timestamppb.New(time.Unix(0, nanos)),
	}, nil
}

func referenceOf(outNumber string) string { return "bench-" + outNumber }

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
