package sandbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout/gatewayclient"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/sandbox"
	"github.com/tenfold-claims/tenfold/internal/worker"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// start is the time at which every fixture's clock begins.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// fixture is a sandbox with one open book and a payment service behind gRPC.
type fixture struct {
	t        *testing.T
	db       *postgres.DB
	engine   *engine.Engine
	bench    *sandbox.Bench
	payments *payouttest.Simulator
	gateway  *gatewayclient.Client
	count    atomic.Int64
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t}
	var err error
	if f.db, err = postgres.Open(pgtest.New(t).AppURL, 24); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.db.Close() })
	clock := sandbox.NewClock(start)
	f.payments = payouttest.New(clock.Now)
	f.gateway = gatewayclient.New(f.connect(), 10*time.Second)
	f.restart(clock)
	t.Cleanup(f.audited)
	_, err = f.engine.Do(t.Context(), f.request("OpenBook"), &book.OpenBook{Currency: "CNY"})
	if err == nil {
		_, err = f.engine.Do(t.Context(), f.request("TopUpDeposit"), &book.MoneyMove{
			Kind: ledger.DepositToppedUp, Amount: 100_000_000, Currency: "CNY", Reference: "pay-1",
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// restart sets up another bench over the same database and payments.
func (f *fixture) restart(clock *sandbox.Clock) {
	f.t.Helper()
	log := slog.New(slog.DiscardHandler)
	hints := worker.NewHints(worker.Defaults().HintsMax)
	e, err := engine.New(context.Background(), f.db, clock.Now, engine.Defaults(), engine.Hooks{Payouts: hints.Tell}, log)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(e.Close)
	f.engine = e
	w := worker.New(f.db, e, f.gateway, hints, worker.Defaults(), log)
	if f.bench, err = sandbox.New(f.t.Context(), clock, f.db, e, w, f.payments); err != nil {
		f.t.Fatal(err)
	}
}

// connect serves the payment service and connects to it.
func (f *fixture) connect() *grpc.ClientConn {
	f.t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	tenfoldv1.RegisterPayoutGatewayServiceServer(server, f.payments)
	go func() { _ = server.Serve(listener) }() // Ends with Stop, which is no error.
	f.t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:///payments", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// audited proves that every book is in order.
func (f *fixture) audited() {
	found, err := audit.Check(context.Background(), f.db)
	if err != nil {
		f.t.Error(err)
	}
	for _, d := range found {
		f.t.Errorf("audit: %s", d)
	}
}

func (f *fixture) request(method string) request.Header {
	return request.Header{
		MerchantID: "m1", Method: method, RequestID: fmt.Sprintf("request-%d", f.count.Add(1)),
		Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator, Person: "person-1"},
	}
}

// file files a claim on two units, whose award is a refund of 2,000 and 20,000
// on top.
func (f *fixture) file(product, destination string) *claim.Claim {
	f.t.Helper()
	id := fmt.Sprintf("l%d", f.count.Add(1))
	at := start.AddDate(0, -1, 0)
	o, err := f.engine.Do(f.t.Context(), f.request("FileClaim"), &book.FileClaim{
		Line: &order.Line{
			MerchantID: "m1", ID: id, OrderID: "order-" + id, PaymentID: "payment-" + id,
			PaidAt: at, ShippedAt: at.Add(time.Hour), DeliveredAt: at.Add(48 * time.Hour),
			ProductID: product, Category: "cosmetics", Quantity: 2, Currency: "CNY",
			UnitPrice: 1_000, GoodsPaid: 2_000, PayerID: "consumer-" + id, RecipientID: "consumer-" + id,
		},
		ClaimantID: "consumer-" + id, Ordinals: []int32{1, 2}, Basis: policy.Promise,
		Remedies: policy.Remedies{Refund: true, Compensation: true}, Grounds: claim.GroundsTrademark,
		LearnedAt: start.AddDate(0, 0, -3), Destination: destination,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

// accept confirms a claim's notice and accepts it in the merchant's place.
func (f *fixture) accept(c *claim.Claim) {
	f.t.Helper()
	o, err := f.engine.Do(f.t.Context(), f.request("ConfirmNotice"), &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: c.ID}})
	if err == nil {
		_, err = f.engine.Do(f.t.Context(), f.request("AcceptClaim"), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: o.Claim.Etag()}})
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// run moves the clock on and has everything done that is due then.
func (f *fixture) run(after time.Duration) sandbox.Done {
	f.t.Helper()
	if _, err := f.bench.AdvanceBy(f.t.Context(), after); err != nil {
		f.t.Fatal(err)
	}
	done, err := f.bench.RunDueWork(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return done
}

func (f *fixture) read(c *claim.Claim) *claim.Claim {
	f.t.Helper()
	got, found, err := f.db.Reader().Claim(f.t.Context(), c.MerchantID, c.ID)
	if err != nil || !found {
		f.t.Fatalf("read claim %s: found %v, %v", c.ID, found, err)
	}
	return &got
}

func (f *fixture) wantState(c *claim.Claim, want claim.State) {
	f.t.Helper()
	if got := f.read(c); got.State != want {
		f.t.Fatalf("the claim is %s with %+v, not %s", got.State, got.Funding, want)
	}
}
