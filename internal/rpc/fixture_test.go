package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/accesslog"
	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/evidence"
	"github.com/tenfold-claims/tenfold/internal/evidence/object"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/notice"
	"github.com/tenfold-claims/tenfold/internal/payout/gatewayclient"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/peers"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/sandbox"
	"github.com/tenfold-claims/tenfold/internal/seal"
	"github.com/tenfold-claims/tenfold/internal/watch"
	"github.com/tenfold-claims/tenfold/internal/webhook"
	"github.com/tenfold-claims/tenfold/internal/worker"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// start is the time at which every fixture's clock stands.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// directLimit is how much of a merchant's money one caller of a fixture may move.
const directLimit = 100_000_000_000_000

// fixture is a sandbox server with everything behind it, called over gRPC.
type fixture struct {
	t        *testing.T
	conn     *grpc.ClientConn
	db       *postgres.DB
	pg       *pgtest.DB
	payments *payouttest.Simulator
	engine   *engine.Engine
	bench    *sandbox.Bench
	refusals *accesslog.Log
	hub      *watch.Hub
	hooks    *webhook.Webhooks
	files    *evidence.Files
	// directory is the store of files.
	directory *object.Directory

	claims   tenfoldv1.ClaimServiceClient
	results  tenfoldv1.AuthenticationServiceClient
	books    tenfoldv1.DepositServiceClient
	money    tenfoldv1.MerchantMoneyServiceClient
	rules    tenfoldv1.PolicyServiceClient
	drafts   tenfoldv1.PolicyProposalServiceClient
	registry tenfoldv1.AuthenticatorServiceClient
	watches  tenfoldv1.WatchServiceClient
	keeping  tenfoldv1.WebhookServiceClient
	uploads  tenfoldv1.EvidenceServiceClient
	sandbox  tenfoldv1.SandboxServiceClient
	count    atomic.Int64
}

func newFixture(t *testing.T) *fixture {
	config := engine.Defaults()
	config.PoliciesAtOnce = true // It has a sandbox.
	config.DirectLimit.Named = map[string]money.Amount{"CNY": directLimit}
	return newBounded(t, config, watch.Defaults())
}

// newBounded makes a fixture with an engine and a hub of other bounds.
func newBounded(t *testing.T, config engine.Config, watching watch.Config) *fixture {
	t.Helper()
	f := &fixture{t: t, pg: pgtest.New(t)}
	var err error
	if f.db, err = postgres.Open(f.pg.AppURL, 24); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	clock := sandbox.NewClock(start)
	bell, hints := watch.NewBell(), worker.NewHints(worker.Defaults().HintsMax)
	f.engine, err = engine.New(t.Context(), f.db, clock.Now, config, engine.Hooks{Payouts: hints.Tell, Commit: bell.Ring}, log)
	if err != nil {
		t.Fatal(err)
	}
	f.refusals = accesslog.New(f.db, log)
	f.payments = payouttest.New(clock.Now)
	gateway := serve(t, func(s *grpc.Server) { tenfoldv1.RegisterPayoutGatewayServiceServer(s, f.payments) })
	w := worker.New(f.db, f.engine, gatewayclient.New(gateway, 5*time.Second), hints, worker.Defaults(), log)
	working, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(working) }()
	if f.bench, err = sandbox.New(t.Context(), clock, f.db, f.engine, w, f.payments); err != nil {
		t.Fatal(err)
	}
	quarantine := watch.NewQuarantine(f.db, clock.Now, log)
	f.hub = watch.New(f.db, quarantine, watching, bell, log)
	watched := make(chan struct{})
	go func() { defer close(watched); f.hub.Run(working) }()
	f.hooks = webhook.New(f.db, rpc.MerchantCloudEvent, quarantine, notice.New(f.engine), clock.Now, privateWebhooks(), log)
	if f.directory, err = object.OpenDirectory(t.TempDir(), time.Now); err != nil {
		t.Fatal(err)
	}
	bounds := evidence.Defaults()
	bounds.Scan = findsEicar
	f.files = evidence.New(f.db, f.directory, clock.Now, bounds, log)
	listener := bufconn.Listen(1 << 20)
	end := f.listen(listener, rpc.Gate{Authority: identity.Loopback{}, Refusals: f.refusals, Now: time.Now}, rpc.Defaults())
	f.conn = dial(t, listener)
	t.Cleanup(func() {
		end()
		stop()
		<-done
		<-watched
		f.engine.Close()
		if err := errors.Join(f.db.Close(), f.directory.Close()); err != nil {
			t.Error(err)
		}
	})
	f.claims, f.results = tenfoldv1.NewClaimServiceClient(f.conn), tenfoldv1.NewAuthenticationServiceClient(f.conn)
	f.books, f.rules = tenfoldv1.NewDepositServiceClient(f.conn), tenfoldv1.NewPolicyServiceClient(f.conn)
	f.drafts = tenfoldv1.NewPolicyProposalServiceClient(f.conn)
	f.registry = tenfoldv1.NewAuthenticatorServiceClient(f.conn)
	f.sandbox, f.watches = tenfoldv1.NewSandboxServiceClient(f.conn), tenfoldv1.NewWatchServiceClient(f.conn)
	f.uploads = tenfoldv1.NewEvidenceServiceClient(f.conn)
	f.keeping, f.money = tenfoldv1.NewWebhookServiceClient(f.conn), tenfoldv1.NewMerchantMoneyServiceClient(f.conn)
	return f
}

// findsEicar is a scanner that knows one kind of malware.
func findsEicar(_ context.Context, content io.Reader) (string, error) {
	whole, err := io.ReadAll(content)
	if bytes.Contains(whole, []byte("EICAR")) {
		return "Eicar", err
	}
	return "", err
}

// privateWebhooks are bounds under which a test may be a receiver.
func privateWebhooks() webhook.Config {
	c := webhook.Defaults()
	c.Private = true
	var err error
	if c.Keys, err = seal.Parse(seal.NewFile("test")); err != nil {
		panic(err)
	}
	return c
}

// listen serves everything behind the fixture to those whom a gate lets in, and
// gives what ends it.
func (f *fixture) listen(l net.Listener, gate rpc.Gate, config rpc.Config) (end func()) {
	f.t.Helper()
	return f.admit(peers.Listen(l, peers.Defaults()), gate, config)
}

// admit is listen with bounds on connections.
func (f *fixture) admit(l *peers.Listener, gate rpc.Gate, config rpc.Config) (end func()) {
	f.t.Helper()
	config.Files = f.files
	server, err := rpc.New(f.engine, f.db, f.hub, f.hooks, f.bench, gate, config, slog.New(slog.DiscardHandler))
	if err != nil {
		f.t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	return func() {
		ending, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		server.Stop(ending)
		if err := <-served; err != nil {
			f.t.Error(err)
		}
	}
}

// limitedTo connects to a second server that lets each workload call so often.
func (f *fixture) limitedTo(quota identity.Quota) *grpc.ClientConn {
	f.t.Helper()
	config := rpc.Defaults()
	config.Quota = quota
	listener := bufconn.Listen(1 << 20)
	f.t.Cleanup(f.listen(listener, rpc.Gate{Authority: identity.Loopback{}, Refusals: f.refusals, Now: time.Now}, config))
	return dial(f.t, listener)
}

// serve runs a server of its own inside the process.
func serve(t *testing.T, register func(*grpc.Server)) *grpc.ClientConn {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	register(server)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return dial(t, listener)
}

func dial(t *testing.T, listener *bufconn.Listener) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///bufconn",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(checkUnary(t)), grpc.WithStreamInterceptor(checkStream(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// as is a context of calls in a role.
func (f *fixture) as(role string) context.Context {
	who := caller.Identity{Workload: "test", Role: role, Person: "person-1"}
	switch role {
	case "merchant":
		who.Scope = "merchants/m1"
	case "authenticator":
		who.Scope = "authenticators/sandbox-lab"
	}
	return who.Attach(f.t.Context())
}

// id makes a request id.
func (f *fixture) id() string { return fmt.Sprintf("request-%d", f.count.Add(1)) }

func fen(n int64) *tenfoldv1.Money { return &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: n} }

// open opens a book with a deposit.
func (f *fixture) open(merchant string, deposit int64) {
	f.t.Helper()
	_, err := f.books.OpenBook(f.as("finance"), &tenfoldv1.OpenBookRequest{MerchantId: merchant, RequestId: f.id(), CurrencyCode: "CNY"})
	if err != nil {
		f.t.Fatal(err)
	}
	if deposit > 0 {
		_, err = f.books.TopUpDeposit(f.as("finance"), f.topUp(merchant, deposit, "pay-"+f.id()))
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) topUp(merchant string, minor int64, reference string) *tenfoldv1.TopUpDepositRequest {
	return &tenfoldv1.TopUpDepositRequest{Name: "merchants/" + merchant, RequestId: f.id(), Amount: fen(minor), PaymentReference: reference}
}

// line is an order line of two units for 200 yuan, paid a month ago.
func line(merchant, id string) *tenfoldv1.OrderLine {
	at := start.AddDate(0, -1, 0)
	return &tenfoldv1.OrderLine{
		Name: "merchants/" + merchant + "/orderLines/" + id, OrderId: "order-" + id, PaymentId: "payment-" + id,
		PaidAt: timestamppb.New(at), ShippedAt: timestamppb.New(at.Add(time.Hour)), DeliveredAt: timestamppb.New(at.Add(48 * time.Hour)),
		ProductId: "sandbox-counterfeit-1", Category: "beauty/mascara", Quantity: 2, UnitPrice: fen(10_000), GoodsPaid: fen(20_000),
		PayerId: "consumer-" + id,
	}
}

// filing is a claim on both units of a line.
func (f *fixture) filing(merchant, lineID string) *tenfoldv1.FileClaimRequest {
	return &tenfoldv1.FileClaimRequest{
		Parent: "merchants/" + merchant, RequestId: f.id(),
		Line:       &tenfoldv1.FileClaimRequest_OrderLine{OrderLine: line(merchant, lineID)},
		ClaimantId: "consumer-" + lineID, Units: []int32{1, 2}, LegalBasisChoice: tenfoldv1.LegalBasis_LEGAL_BASIS_PROMISE,
		Remedies:  []tenfoldv1.Remedy{tenfoldv1.Remedy_REMEDY_REFUND, tenfoldv1.Remedy_REMEDY_COMPENSATION},
		Grounds:   tenfoldv1.Grounds_GROUNDS_COUNTERFEIT_TRADEMARK,
		LearnedAt: timestamppb.New(start.AddDate(0, 0, -3)), PayoutDestination: "wallet-1", Note: "bought for my mother",
	}
}

func (f *fixture) file(merchant, lineID string) *tenfoldv1.Claim {
	f.t.Helper()
	r, err := f.claims.FileClaim(f.as("order-service"), f.filing(merchant, lineID))
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetClaim()
}

// notified files a claim and lets the sandbox's laboratory find it counterfeit.
func (f *fixture) notified(merchant, lineID string) *tenfoldv1.Claim {
	f.t.Helper()
	c := f.file(merchant, lineID)
	f.runDueWork()
	return f.claim(c.GetName())
}

func (f *fixture) claim(name string) *tenfoldv1.Claim {
	f.t.Helper()
	r, err := f.claims.GetClaim(f.as("support"), &tenfoldv1.GetClaimRequest{Name: name, View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL})
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetClaim()
}

func (f *fixture) confirm(c *tenfoldv1.Claim) *tenfoldv1.Claim {
	f.t.Helper()
	r, err := f.claims.ConfirmNotice(f.as("operator"), &tenfoldv1.ConfirmNoticeRequest{Name: c.GetName(), RequestId: f.id(), Revision: c.GetRevision()})
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetClaim()
}

func (f *fixture) accept(c *tenfoldv1.Claim) *tenfoldv1.Claim {
	f.t.Helper()
	r, err := f.claims.AcceptClaim(f.as("operator"), &tenfoldv1.AcceptClaimRequest{Name: c.GetName(), RequestId: f.id(), Etag: c.GetEtag(), Note: "agreed"})
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetClaim()
}

func (f *fixture) runDueWork() *tenfoldv1.RunDueWorkResponse {
	f.t.Helper()
	r, err := f.sandbox.RunDueWork(f.as("operator"), &tenfoldv1.RunDueWorkRequest{})
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f *fixture) advance(by time.Duration) {
	f.t.Helper()
	to := timestamppb.New(f.now().Add(by))
	_, err := f.sandbox.AdvanceClock(f.as("operator"), &tenfoldv1.AdvanceClockRequest{Target: &tenfoldv1.AdvanceClockRequest_To{To: to}})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) now() time.Time {
	f.t.Helper()
	r, err := f.sandbox.GetClock(f.as("operator"), &tenfoldv1.GetClockRequest{})
	if err != nil {
		f.t.Fatal(err)
	}
	return r.GetNow().AsTime()
}

// admin connects as the superuser, who may do to the database what the engine
// may not.
func (f *fixture) admin() *sqlx.DB {
	f.t.Helper()
	pool, err := sqlx.ConnectContext(f.t.Context(), "postgres", f.pg.AdminURL)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = pool.Close() })
	return pool
}

// audited fails the test unless every book is in order.
func (f *fixture) audited() {
	f.t.Helper()
	found, err := audit.Check(f.t.Context(), f.db)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, d := range found {
		f.t.Errorf("audit: %s", d)
	}
}

// refused takes a refusal apart.
type refused struct {
	code     codes.Code
	message  string
	reason   string
	domain   string
	metadata map[string]string
	field    string
	retry    time.Duration
	state    *tenfoldv1.ClaimStateDetail
}

func refusal(err error) refused {
	s := status.Convert(err)
	r := refused{code: s.Code(), message: s.Message()}
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			r.reason, r.domain, r.metadata = d.GetReason(), d.GetDomain(), d.GetMetadata()
		case *errdetails.BadRequest:
			r.field = d.GetFieldViolations()[0].GetField()
		case *errdetails.RetryInfo:
			r.retry = d.GetRetryDelay().AsDuration()
		case *tenfoldv1.ClaimStateDetail:
			r.state = d
		}
	}
	return r
}
