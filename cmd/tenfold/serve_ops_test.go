package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/serveproc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// Would catch a port for operators that is open to other machines although nobody
// said so, or that two servers on one machine fight for.
func TestWhereOperatorsAreServed(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ ops, listen, want string }{
		{"", "127.0.0.1:7410", "127.0.0.1:7411"},
		{"", "0.0.0.0:7410", "127.0.0.1:7411"},
		{"", "127.0.0.1:0", "127.0.0.1:0"},
		{":9000", "0.0.0.0:7410", "127.0.0.1:9000"},
		{"0.0.0.0:9000", "127.0.0.1:7410", "0.0.0.0:9000"},
		{noOps, "127.0.0.1:7410", ""},
	} {
		c := opsConfig{listen: row.ops}
		if got, err := c.address(row.listen); err != nil || got != row.want {
			t.Errorf("--ops-listen %q beside %s is %q, %v, want %q", row.ops, row.listen, got, err, row.want)
		}
	}
}

// Would catch a busy server that logs every call unasked, and one that has no record of its calls
// without every debug line.
func TestCallsAreLoggedAtALevelOfTheirOwn(t *testing.T) {
	t.Parallel()
	if at := (&opsConfig{logCalls: true}).callsAt(); at != slog.LevelInfo {
		t.Errorf("with --log-calls they are logged at %s", at)
	}
	if at := (&opsConfig{}).callsAt(); at != slog.LevelDebug || at != rpc.Defaults().CallsAt {
		t.Errorf("without, they are logged at %s", at)
	}
}

// Would catch a server that starts with settings that mean nothing.
func TestServeChecksItsOpsSettings(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"--ops-listen (TENFOLD_OPS_LISTEN)":           {"--ops-listen", "7411"},
		"--log-format (TENFOLD_LOG_FORMAT)":           {"--log-format", "xml"},
		"--log-level (TENFOLD_LOG_LEVEL)":             {"--log-level", "loud"},
		"--audit-every (TENFOLD_AUDIT_EVERY)":         {"--audit-every", "3s"},
		"--statements-kept (TENFOLD_STATEMENTS_KEPT)": {"--statements-kept", "2s"},
	} {
		if code, _, errOut := try(t, append([]string{"serve", "--sandbox", "--insecure-loopback"}, args...)...); code != exitUsage || !strings.Contains(errOut, want) {
			t.Errorf("%v: exit %d, %q", args, code, errOut)
		}
	}
}

// Would catch bounds of connections and watches under which nobody gets in, or a network
// that is not what its writer meant.
func TestServeChecksItsBoundsOfPeers(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"--connections-max (TENFOLD_CONNECTIONS_MAX) must be between":           {"--connections-max", "0"},
		"--connections-per-peer (TENFOLD_CONNECTIONS_PER_PEER) must be between": {"--connections-per-peer", "1048577"},
		"--connections-exempt (TENFOLD_CONNECTIONS_EXEMPT) must be networks":    {"--connections-exempt", "10.0.0.8"},
		"not \"10.0.0.8/24\"":                                                   {"--connections-exempt", "10.0.0.0/24,10.0.0.8/24"},
		"--proof-max (TENFOLD_PROOF_MAX) must be between":                       {"--proof-max", "0s"},
		"--watches-per-workload (TENFOLD_WATCHES_PER_WORKLOAD) must be between": {"--watches-per-workload", "-1"},
		"--watches-per-scope (TENFOLD_WATCHES_PER_SCOPE) must be between":       {"--watches-per-scope", "0"},
	} {
		if code, _, errOut := try(t, append([]string{"serve", "--sandbox", "--insecure-loopback"}, args...)...); code != exitUsage || !strings.Contains(errOut, want) {
			t.Errorf("%v: exit %d, %q", args, code, errOut)
		}
	}
}

// operated is a server in a process of its own with everything that it can run,
// which has done some work.
type operated struct {
	t      *testing.T
	server *serveproc.Process
	conn   *grpc.ClientConn
	// ops is the base address for operators, log what the server has logged.
	ops string
	log bytes.Buffer
}

func newOperated(t *testing.T, env ...string) *operated {
	t.Helper()
	return operatedOver(t, pgtest.New(t).AppURL, env...)
}

// operatedOver starts a server like newOperated's over a database.
func operatedOver(t *testing.T, databaseURL string, env ...string) *operated {
	t.Helper()
	o := &operated{t: t}
	address := freeAddress(t)
	o.ops = "http://" + address
	var err error
	o.server, err = serveproc.Start(t.Context(), serveproc.Config{
		Args: []string{
			"--sandbox", "--insecure-loopback", "--listen", "127.0.0.1:0", "--database-url", databaseURL,
			"--nats-embedded", "--nats-listen", freeAddress(t), "--nats-dir", filepath.Join(t.TempDir(), "nats"),
			"--ops-listen", address, "--log-level", "debug", "--log-format", "json",
			"--audit-every", "1h", "--evidence-dir", t.TempDir(),
		},
		Env: append(env, asProgram+"=1"), Log: &o.log,
	})
	if err != nil {
		t.Fatalf("%v: %s", err, o.log.String())
	}
	t.Cleanup(o.stop)
	if o.conn, err = (caller.Identity{Workload: "test", Role: "operator", Person: secretPerson}).Dial(o.server.Address()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.conn.Close() })
	return o
}

// stop ends the server; what it logged may be read after.
func (o *operated) stop() {
	if o.server == nil {
		return
	}
	ending, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := o.server.Stop(ending); err != nil {
		o.t.Error(err)
	}
	o.server = nil
}

// What callers tell of persons, and what must be nowhere else.
const (
	secretPerson      = "person-who-is-nobodys-business"
	secretClaimant    = "claimant-who-is-nobodys-business"
	secretDestination = "wallet-that-is-nobodys-business"
	secretNote        = "a note that is nobody's business"
)

// work opens a book and files a claim; what is filed twice is refused.
func (o *operated) work() {
	o.t.Helper()
	ctx := o.t.Context()
	books := tenfoldv1.NewDepositServiceClient(o.conn)
	_, err := books.OpenBook(ctx, &tenfoldv1.OpenBookRequest{MerchantId: "m1", RequestId: "r1", CurrencyCode: "CNY"})
	if err != nil {
		o.t.Fatal(err)
	}
	clock, err := tenfoldv1.NewSandboxServiceClient(o.conn).GetClock(ctx, &tenfoldv1.GetClockRequest{})
	if err != nil {
		o.t.Fatal(err)
	}
	claims := tenfoldv1.NewClaimServiceClient(o.conn)
	filing := filingFor(clock.GetNow().AsTime())
	if _, err := claims.FileClaim(ctx, filing); err != nil {
		o.t.Fatal(err)
	}
	filing.RequestId = "r3"
	if _, err := claims.FileClaim(ctx, filing); status.Code(err) != codes.AlreadyExists {
		o.t.Fatalf("a claim filed twice is answered %v", err)
	}
	if _, err := claims.GetClaim(ctx, &tenfoldv1.GetClaimRequest{Name: secretNote}); status.Code(err) != codes.InvalidArgument {
		o.t.Fatalf("a name without form is answered %v", err)
	}
	if err := o.conn.Invoke(ctx, "/tenfold.v1.ClaimService/MadeUp", filing, filing); status.Code(err) != codes.Unimplemented {
		o.t.Fatalf("a method that is none is answered %v", err)
	}
}

// pay lets a claim come to its payout, so that the gateway is called.
func (o *operated) pay() {
	o.t.Helper()
	ctx := o.t.Context()
	_, err := tenfoldv1.NewDepositServiceClient(o.conn).TopUpDeposit(ctx, &tenfoldv1.TopUpDepositRequest{
		Name: "merchants/m1", RequestId: "r5", Amount: &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: 1_000_000}, PaymentReference: "p1",
	})
	if err != nil {
		o.t.Fatal(err)
	}
	box, claims := tenfoldv1.NewSandboxServiceClient(o.conn), tenfoldv1.NewClaimServiceClient(o.conn)
	if _, err := box.RunDueWork(ctx, &tenfoldv1.RunDueWorkRequest{}); err != nil {
		o.t.Fatal(err)
	}
	list, err := claims.ListClaims(ctx, &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1"})
	if err != nil || len(list.GetClaims()) != 1 {
		o.t.Fatalf("the book's claims are %v, %v", list, err)
	}
	c := list.GetClaims()[0]
	_, err = claims.AcceptClaim(ctx, &tenfoldv1.AcceptClaimRequest{Name: c.GetName(), RequestId: "r6", Etag: c.GetEtag()})
	if err != nil {
		o.t.Fatal(err)
	}
}

// filingFor is a claim on an order line that was paid a month before a time.
func filingFor(now time.Time) *tenfoldv1.FileClaimRequest {
	yuan := func(n int64) *tenfoldv1.Money { return &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: 100 * n} }
	paid := now.AddDate(0, -1, 0)
	return &tenfoldv1.FileClaimRequest{
		Parent: "merchants/m1", RequestId: "r2",
		Line: &tenfoldv1.FileClaimRequest_OrderLine{OrderLine: &tenfoldv1.OrderLine{
			Name: "merchants/m1/orderLines/l1", OrderId: "order-1", PaymentId: "payment-1",
			PaidAt: timestamppb.New(paid), ShippedAt: timestamppb.New(paid.Add(time.Hour)), DeliveredAt: timestamppb.New(paid.Add(48 * time.Hour)),
			ProductId: "sandbox-counterfeit-1", Category: "beauty/mascara", Quantity: 1, UnitPrice: yuan(100), GoodsPaid: yuan(100),
			PayerId: secretClaimant,
		}},
		ClaimantId: secretClaimant, Units: []int32{1}, LegalBasisChoice: tenfoldv1.LegalBasis_LEGAL_BASIS_PROMISE,
		Remedies:  []tenfoldv1.Remedy{tenfoldv1.Remedy_REMEDY_REFUND, tenfoldv1.Remedy_REMEDY_COMPENSATION},
		Grounds:   tenfoldv1.Grounds_GROUNDS_COUNTERFEIT_TRADEMARK,
		LearnedAt: timestamppb.New(now.AddDate(0, 0, -3)), PayoutDestination: secretDestination, Note: secretNote,
	}
}

// get reads an endpoint for operators.
func (o *operated) get(path string) (code int, body string) {
	o.t.Helper()
	response, err := http.Get(o.ops + path)
	if err != nil {
		o.t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return response.StatusCode, string(b)
}

// scrape reads metrics until one of their lines begins with each of some texts:
// what the server does by and by is not measured at once.
func (o *operated) scrape(begins ...string) string {
	o.t.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		_, body := o.get("/metrics")
		missing := ""
		for _, text := range begins {
			if !strings.Contains(body, "\n"+text) {
				missing = text
			}
		}
		if missing == "" {
			return body
		}
		select {
		case <-again.C:
		case <-limit.C:
			o.t.Fatalf("no line begins with %s: %s", missing, body)
		}
	}
}

// Would catch a measure that counts nothing, names that callers make up becoming
// metrics, persons in metrics or in the log, lines that do not name their call, and
// a server that is killed because it drains.
func TestOperatorsSeeTheServer(t *testing.T) {
	t.Parallel()
	o := newOperated(t)
	o.work()
	const calls = `rpc_server_call_duration_seconds_count{`
	metrics := o.scrape(
		"tenfold_payouts{", "tenfold_database_up 1", "tenfold_relay_leading 1", "tenfold_relay_events_total 2",
		`tenfold_refusals_total{reason="CLAIM_ALREADY_FILED"} 1`, `tenfold_refusals_total{reason="REQUEST_INVALID"} 1`,
		`tenfold_refusals_total{reason="HOLD_EXCEEDED"} 0`,
		"tenfold_pipeline_batch_size_sum 2", `tenfold_pipeline_batch_duration_seconds_count{books="kept"} 2`,
		calls+`rpc_method="tenfold.v1.ClaimService/FileClaim",rpc_response_status_code="OK"} 1`,
		calls+`rpc_method="tenfold.v1.ClaimService/FileClaim",rpc_response_status_code="ALREADY_EXISTS"`,
		`tenfold_build_info{`, `go_goroutines `, `process_cpu_seconds_total `,
	)
	if strings.Contains(metrics, "MadeUp") {
		t.Error("a name that a caller made up is a metric")
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if code, body := o.get(path); code != http.StatusOK {
			t.Errorf("%s answers %d %s", path, code, body)
		}
	}
	o.stop()
	log := o.log.String()
	for _, secret := range []string{secretPerson, secretClaimant, secretDestination, secretNote} {
		if strings.Contains(log, secret) || strings.Contains(metrics, secret) {
			t.Errorf("%q is in the log or the metrics: %s", secret, log)
		}
	}
	for _, want := range []string{`"msg":"call answered","method":"ClaimService/FileClaim"`, `"reason":"CLAIM_ALREADY_FILED"`, `"call_id":"`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s: %s", want, log)
		}
	}
	for line := range strings.Lines(log) {
		if strings.Contains(line, `"msg":"call `) && !strings.Contains(line, `"call_id":"`) {
			t.Errorf("a line does not name its call: %s", line)
		}
	}
}
