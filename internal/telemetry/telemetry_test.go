package telemetry_test

import (
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/peers"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// open opens a book.
func (f *fixture) open(merchant string) {
	f.t.Helper()
	h := request.Header{MerchantID: merchant, Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator}, Method: "OpenBook", RequestID: "r-" + merchant}
	if _, err := f.engine.Do(f.t.Context(), h, &book.OpenBook{Currency: "CNY"}); err != nil {
		f.t.Fatal(err)
	}
}

// Would catch a pipeline that counts commands or batches wrongly, measures by the
// sandbox's clock, which stands still, or does not tell how its queues are.
func TestPipelineIsMeasured(t *testing.T) {
	t.Parallel()
	m := newTelemetry(t)
	var mu sync.Mutex
	now := start
	// Each look at the clock is a quarter of a second later than the one before.
	ticking := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(250 * time.Millisecond)
		return now
	}
	f := pipeline(t, m, ticking)
	for i := range 3 {
		f.open(fmt.Sprintf("m%d", i))
	}
	f.measured(m,
		"tenfold_pipeline_batch_size_sum 3", "tenfold_pipeline_batch_size_count 3",
		`tenfold_pipeline_batch_duration_seconds_sum{books="kept"} 0.75`, `tenfold_pipeline_batch_duration_seconds_count{books="kept"} 3`,
		"tenfold_pipeline_stale_total 0", `tenfold_pipeline_queued{lane="0"} 0`, `tenfold_pipeline_queued{lane="1"} 0`,
		"tenfold_pipeline_queue_max 8192",
	)
}

// Would catch a reason that is counted under another or not from zero, and a
// refusal of no known reason that breaks the counting.
func TestRefusalsAreCountedByReason(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := f.telemetry()
	o, err := m.Calls()
	if err != nil {
		t.Fatal(err)
	}
	if o.Stats != nil {
		t.Error("calls are followed step by step although nobody looks at traces")
	}
	for range 2 {
		o.Refused(fault.QueueFull)
	}
	o.Refused(fault.ClaimNotFound)
	o.SignatureRefused(fault.KeyRevoked)
	f.measured(m,
		`tenfold_signatures_refused_total{reason="KEY_REVOKED"} 1`, `tenfold_signatures_refused_total{reason="SIGNATURE_INVALID"} 0`,
		`tenfold_refusals_total{reason="QUEUE_FULL"} 2`, `tenfold_refusals_total{reason="CLAIM_NOT_FOUND"} 1`,
		`tenfold_refusals_total{reason="HOLD_EXCEEDED"} 0`, `tenfold_build_info{goversion="`+runtime.Version()+`",revision="abc",version="1.2.3"} 1`,
	)
}

// Would catch a count of the database that is shown although it is old, or not
// shown although it is fresh.
func TestBacklogIsShownWhileItIsFresh(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := f.telemetry()
	now := start
	backlog, err := m.Backlog(f.db, f.engine, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(scrape(m), "tenfold_payouts") {
		t.Error("payouts are shown that nobody has counted")
	}
	if err := backlog.Count(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.measured(m, `tenfold_payouts{state="open"} 0`, `tenfold_claims_waiting{state="IN_REVIEW"} 0`, "tenfold_deadlines_lag_seconds 0", "tenfold_events_quarantined 0",
		`tenfold_signing_keys{state="expiring"} 0`, `tenfold_signing_keys{state="expired"} 0`, "tenfold_calendar_left_seconds 2.62908e+07")
	now = now.Add(time.Minute + time.Nanosecond)
	if strings.Contains(scrape(m), "tenfold_payouts") {
		t.Error("payouts are shown as they were long ago")
	}
}

// Would catch a batch that is in no call's trace, or in one whose caller did not
// ask for it, and calls that are not linked with the batch they were committed with.
func TestBatchIsLinkedWithItsCalls(t *testing.T) {
	t.Parallel()
	m := newTelemetry(t)
	spans := tracetest.NewInMemoryExporter()
	p := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	m.Follow(p)
	f := pipeline(t, m, time.Now)
	f.open("m0") // By a caller without a trace.
	if got := spans.GetSpans(); len(got) != 0 {
		t.Fatalf("a batch that nobody traces makes the spans %v", got)
	}
	const callers = 20
	var running sync.WaitGroup
	for i := range callers {
		running.Go(func() {
			ctx, span := p.Tracer("test").Start(t.Context(), "call")
			defer span.End()
			h := request.Header{MerchantID: fmt.Sprintf("t%d", i), Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator}, Method: "OpenBook", RequestID: "r1"}
			if _, err := f.engine.Do(ctx, h, &book.OpenBook{Currency: "CNY"}); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	seen := make(map[trace.SpanID]bool)
	batches, linked := 0, 0
	for _, s := range spans.GetSpans() {
		if s.Name != "write batch" {
			continue
		}
		batches++
		seen[s.Parent.SpanID()] = true
		for _, l := range s.Links {
			seen[l.SpanContext.SpanID()] = true
		}
	}
	for _, s := range spans.GetSpans() {
		if s.Name == "call" && len(s.Links) == 1 {
			linked++
		}
	}
	if len(seen) != callers || linked != callers-batches {
		t.Errorf("%d batches show %d of %d calls, %d calls show the batch of another's trace", batches, len(seen), callers, linked)
	}
}

// Would catch sums of the books that are wrong, shown although they are old, or missing
// although they are fresh.
func TestStandingIsShownWhileItIsFresh(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := f.telemetry()
	now := start
	standing, err := m.Standing(f.db, f.engine, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(scrape(m), "tenfold_ledger_balance") {
		t.Error("balances are shown that nobody has summed up")
	}
	for n, merchant := range []string{"a1", "a2"} {
		f.open(merchant)
		h := request.Header{MerchantID: merchant, Principal: principal.Principal{Workload: "test", Role: principal.RoleOperator}, Method: "TopUpDeposit", RequestID: "top-up"}
		_, err := f.engine.Do(t.Context(), h, &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: money.Amount(100 + n), Currency: "CNY", Reference: "p-" + merchant})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := standing.Count(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.measured(m,
		`tenfold_ledger_balance{account="DEPOSIT",currency="CNY"} 201`, `tenfold_ledger_balance{account="RECEIVABLE",currency="CNY"} 0`,
		`tenfold_claims_open{state="NOTIFIED"} 0`, `tenfold_claims_open_age_seconds{state="APPEALED"} 0`,
		"tenfold_notices_undelivered 0",
	)
	for _, name := range []string{"tenfold_database_size_bytes ", "tenfold_database_transaction_age ", "tenfold_database_oldest_transaction_seconds "} {
		if !strings.Contains(scrape(m), "\n"+name) {
			t.Errorf("%s is not shown", name)
		}
	}
	now = now.Add(5*time.Minute + time.Nanosecond)
	if strings.Contains(scrape(m), "tenfold_ledger_balance") {
		t.Error("balances are shown as they were long ago")
	}
}

// Would catch a port whose connections are not counted beside another's, and refused ones that
// are not counted by their cause, each from zero.
func TestConnectionsAreCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := f.telemetry()
	bounds := peers.Config{ConnectionsMax: 8, ShareMax: 1, ProofMax: time.Hour, BytesMax: 1 << 20}
	for _, name := range []string{"grpc", "http"} {
		inner, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l := peers.Listen(inner, bounds)
		t.Cleanup(func() { _ = l.Close() })
		if err := m.Connections(name, l); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			admitted, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if name == "http" {
				admitted.(*peers.Conn).Proved()
				break
			}
		}
	}
	f.measured(m,
		`tenfold_connections{port="grpc",proof="missing"} 1`, `tenfold_connections{port="grpc",proof="given"} 0`,
		`tenfold_connections{port="http",proof="missing"} 0`, `tenfold_connections{port="http",proof="given"} 1`,
		`tenfold_connections_refused_total{cause="share",port="grpc"} 1`, `tenfold_connections_refused_total{cause="full",port="grpc"} 0`,
		`tenfold_connections_refused_total{cause="time",port="http"} 0`,
	)
}
