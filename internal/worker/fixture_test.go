package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/order"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/payout/gatewayclient"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/worker"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// start is the time at which every fixture's clock begins.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// lookAgain is past the time at which the list of dues brings a payout up first.
const lookAgain = 16 * time.Second

// clock is a clock that the test moves.
type clock struct{ past atomic.Int64 }

func (c *clock) Now() time.Time       { return start.Add(time.Duration(c.past.Load())) }
func (c *clock) Move(d time.Duration) { c.past.Add(int64(d)) }

// process is what one server process consists of.
type process struct {
	engine *engine.Engine
	worker *worker.Worker
	stop   func()
}

// fixture is a process with a payment service behind gRPC.
type fixture struct {
	process
	t        testing.TB
	pg       *pgtest.DB
	db       *postgres.DB
	rows     *sqlx.DB // Raw rows, as the engine's role sees them.
	clock    clock
	payments *payouttest.Simulator
	gateway  *gatewayclient.Client
	count    atomic.Int64
	config   worker.Config
	// ahead is how far the payment service's clock is ahead.
	ahead atomic.Int64
	// overpaid says that the payment service pays more than it is asked to.
	overpaid bool
}

// callMax is how long the gateway may take in tests.
const callMax = 10 * time.Second

func newFixture(t testing.TB) *fixture { return newFixtureOf(t, worker.Defaults(), callMax) }

func newFixtureOf(t testing.TB, config worker.Config, callMax time.Duration) *fixture {
	t.Helper()
	f := &fixture{t: t, pg: pgtest.New(t), config: config}
	var err error
	if f.db, err = postgres.Open(f.pg.AppURL, 40); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.db.Close() })
	f.rows = f.pg.Open(t)
	f.payments = payouttest.New(func() time.Time { return f.clock.Now().Add(time.Duration(f.ahead.Load())) })
	f.gateway = gatewayclient.New(f.connect(), callMax)
	f.process = f.begin(f.gateway, config)
	t.Cleanup(f.reconcile)
	f.register()
	return f
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

// begin starts another process over the fixture's database.
func (f *fixture) begin(g payout.Gateway, config worker.Config) process {
	f.t.Helper()
	log := slog.New(slog.DiscardHandler)
	hints := worker.NewHints(config.HintsMax)
	lanes := engine.Defaults()
	lanes.PoliciesAtOnce = true
	e, err := engine.New(context.Background(), f.db, f.clock.Now, lanes, engine.Hooks{Payouts: hints.Tell}, log)
	if err != nil {
		f.t.Fatal(err)
	}
	p := process{engine: e, worker: worker.New(f.db, e, g, hints, config, log), stop: e.Close}
	f.t.Cleanup(p.stop)
	return p
}

func (f *fixture) request(merchant, method string) request.Header {
	return request.Header{
		MerchantID: merchant, Method: method, RequestID: fmt.Sprintf("request-%d", f.count.Add(1)),
		Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator, Person: "person-1"},
	}
}

// owner connects as the role that may change any row.
func (f *fixture) owner() *sqlx.DB {
	f.t.Helper()
	db, err := sqlx.ConnectContext(f.t.Context(), "postgres", f.pg.OwnerURL)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = db.Close() })
	return db
}

func (f *fixture) register() {
	f.t.Helper()
	_, err := f.engine.RegisterAuthenticator(f.t.Context(), f.request("", "RegisterAuthenticator"),
		claim.Authenticator{ID: "lab-1", Kind: claim.AccreditedLab, DisplayName: "lab-1"})
	if err != nil {
		f.t.Fatal(err)
	}
}

// open opens a book with a deposit that lasts for every claim of a test.
func (f *fixture) open(merchant string) {
	f.t.Helper()
	_, err := f.engine.Do(f.t.Context(), f.request(merchant, "OpenBook"), &book.OpenBook{Currency: "CNY"})
	if err == nil {
		h := f.request(merchant, "TopUpDeposit")
		_, err = f.engine.Do(f.t.Context(), h, &book.MoneyMove{
			Kind: ledger.DepositToppedUp, Amount: 1_000_000_000_000, Currency: "CNY", Reference: "pay-" + merchant,
		})
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// file files a claim whose award is a refund of 1,000 and 10,000 on top.
func (f *fixture) file(merchant, lineID, destination string) *claim.Claim {
	f.t.Helper()
	at := start.AddDate(0, -1, 0)
	consumer := "consumer-" + lineID
	o, err := f.engine.Do(f.t.Context(), f.request(merchant, "FileClaim"), &book.FileClaim{
		Line: &order.Line{
			MerchantID: merchant, ID: lineID, OrderID: "order-" + lineID, PaymentID: "payment-" + lineID,
			PaidAt: at, ShippedAt: at.Add(time.Hour), DeliveredAt: at.Add(48 * time.Hour),
			ProductID: "product-1", Category: "cosmetics", Quantity: 1, Currency: "CNY",
			UnitPrice: 1_000, GoodsPaid: 1_000, PayerID: consumer, RecipientID: consumer,
		},
		ClaimantID: consumer, Ordinals: []int32{1}, Basis: policy.Promise,
		Remedies: policy.Remedies{Refund: true, Compensation: true}, Grounds: claim.GroundsTrademark,
		LearnedAt: start.AddDate(0, 0, -3), Destination: destination,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

// notified brings a claim to where the merchant has to be told.
func (f *fixture) notified(merchant, lineID, destination string) *claim.Claim {
	f.t.Helper()
	c := f.file(merchant, lineID, destination)
	o, err := f.engine.Do(f.t.Context(), f.request(merchant, "RecordResult"), &book.RecordResult{Result: claim.Result{
		ClaimID: c.ID, AuthenticatorID: "lab-1", ReportNumber: "R-" + merchant + "-" + lineID, Sample: claim.SealedPlatformSample,
		CustodyIntact: true, Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}}, IssuedAt: start,
	}})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

// confirmed brings a claim to where the merchant's notice period runs.
func (f *fixture) confirmed(merchant, lineID, destination string) *claim.Claim {
	f.t.Helper()
	c := f.notified(merchant, lineID, destination)
	o, err := f.engine.Do(f.t.Context(), f.request(merchant, "ConfirmNotice"), &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: c.ID}})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

// paying brings a claim to where its refund and its compensation are to be sent.
func (f *fixture) paying(merchant, lineID, destination string) *claim.Claim {
	f.t.Helper()
	c := f.confirmed(merchant, lineID, destination)
	o, err := f.engine.Do(f.t.Context(), f.request(merchant, "AcceptClaim"), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}})
	if err != nil {
		f.t.Fatal(err)
	}
	if o.Claim.State != claim.Paying || o.Claim.Funding.InFlight() != 11_000 {
		f.t.Fatalf("accepted claim is %s with %+v", o.Claim.State, o.Claim.Funding)
	}
	return o.Claim
}

// run has the worker do what is due after the clock has moved on.
func (f *fixture) run(after time.Duration) worker.Done {
	f.t.Helper()
	f.clock.Move(after)
	done, err := f.worker.RunDue(f.t.Context())
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
