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

// gateway is the payout gateway of a run. It pays everything at once, and repeats
// its answer for a number that it has paid. For each watched claim it knows when
// the last payment was made.
//
// It shares a process with the callers and pays hundreds of thousands of payouts in
// a run. So it keeps only some bytes without pointers of each payout. A garbage
// collector that had to follow kept messages would show as slow calls of the
// server.
type gateway struct {
	tenfoldv1.UnimplementedPayoutGatewayServiceServer

	address string
	grpc    *grpc.Server
	now     func() time.Time

	mu sync.Mutex
	// payouts holds the time of every payout, by a digest of its number.
	payouts map[digest]int64
	watched map[string]*watched
	// held is closed when instructions are answered again; it is nil while they are
	// answered.
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
	// missing holds the parts that are not paid yet.
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

// hold makes instructions wait until release.
func (g *gateway) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = make(chan struct{})
}

// release ends a hold; it may be called without one.
func (g *gateway) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held != nil {
		close(g.held)
		g.held = nil
	}
}

// wait returns as soon as there is no hold.
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

// watch calls paid as soon as refund and compensation of a claim are paid.
func (g *gateway) watch(claim string, began time.Time, paid func(began time.Time)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watched[claim] = &watched{began: began, paid: paid, missing: map[tenfoldv1.PayoutPart]bool{
		tenfoldv1.PayoutPart_PAYOUT_PART_REFUND: true, tenfoldv1.PayoutPart_PAYOUT_PART_COMPENSATION: true,
	}}
}

// watching is the number of watched claims that are not paid.
func (g *gateway) watching() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.watched)
}

// paid is the number of payouts.
func (g *gateway) paid() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return int64(len(g.payouts))
}

// Instruct pays, and notes the payment for the claim.
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

// pay pays a number that was not paid before, and returns the time of its payment.
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

// Query answers for payouts that were made; there are no others.
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

// note returns the claim if this was its last payment.
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
