package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/pgtest/cluster"
	"github.com/tenfold-claims/tenfold/internal/serveproc"
	"github.com/tenfold-claims/tenfold/internal/testlog"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// cashier is a payment service that outlives the database. It notes by itself what it paid.
type cashier struct {
	*payouttest.Simulator
	mu   sync.Mutex
	paid map[string]*tenfoldv1.InstructRequest // By out-number.
}

func (c *cashier) Instruct(ctx context.Context, r *tenfoldv1.InstructRequest) (*tenfoldv1.InstructResponse, error) {
	answer, err := c.Simulator.Instruct(ctx, r)
	if err == nil && answer.GetOutcome() == tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_SUCCEEDED {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.paid[r.GetOutNumber()] = r
	}
	return answer, err
}

// owed is what a payment is for, however often claims and payouts are made anew.
type owed struct {
	payment string
	part    tenfoldv1.PayoutPart
}

func owedBy(r *tenfoldv1.InstructRequest) owed { return owed{r.GetOriginalPaymentId(), r.GetPart()} }

// payments counts what was paid, by what it was for.
func (c *cashier) payments() map[owed]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	count := make(map[owed]int)
	for _, r := range c.paid {
		count[owedBy(r)]++
	}
	return count
}

// disaster is a service whose database is lost and restored.
type disaster struct {
	t       *testing.T
	cashier *cashier
	gateway string
	broker  string
	server  *serveproc.Process
	log     testlog.Log
	conn    *grpc.ClientConn
	claims  tenfoldv1.ClaimServiceClient
	started time.Time
	// sent are the filings that were acknowledged, by their number.
	sent map[int]*tenfoldv1.FileClaimRequest
}

func newDisaster(t *testing.T) *disaster {
	t.Helper()
	d := &disaster{
		t: t, sent: make(map[int]*tenfoldv1.FileClaimRequest), started: time.Now().Truncate(time.Second),
		cashier: &cashier{Simulator: payouttest.New(time.Now), paid: make(map[string]*tenfoldv1.InstructRequest)},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	tenfoldv1.RegisterPayoutGatewayServiceServer(server, d.cashier)
	go func() { _ = server.Serve(listener) }() // Ends with Stop, which is no error.
	t.Cleanup(server.Stop)
	d.gateway = listener.Addr().String()
	return d
}

// serve starts a server over a database, with its streams in a directory.
func (d *disaster) serve(databaseURL, streams string, more ...string) {
	d.t.Helper()
	var err error
	d.broker = freeAddress(d.t)
	d.server, err = serveproc.Start(d.t.Context(), serveproc.Config{
		Args: append([]string{
			"--sandbox", "--sandbox-start", d.started.Format(time.RFC3339), "--insecure-loopback", "--listen", "127.0.0.1:0",
			"--ops-listen", "none", "--database-url", databaseURL, "--gateway", d.gateway,
			"--nats-embedded", "--nats-listen", d.broker, "--nats-dir", streams, "--direct-limit", "none",
		}, more...),
		Env: []string{asProgram + "=1"}, Log: &d.log,
	})
	if err != nil {
		d.t.Fatalf("%v: %s", err, d.log.String())
	}
	if d.conn, err = (caller.Identity{Workload: "test", Role: "operator", Person: "operator-1"}).Dial(d.server.Address()); err != nil {
		d.t.Fatal(err)
	}
	d.claims = tenfoldv1.NewClaimServiceClient(d.conn)
}

func (d *disaster) stop() {
	d.t.Helper()
	_ = d.conn.Close() // The server ends anyway.
	if err := d.server.Stop(context.Background()); err != nil {
		d.t.Errorf("%v: %s", err, d.log.String())
	}
}

func (d *disaster) kill() {
	_ = d.conn.Close() // Its server is killed.
	_ = d.server.Kill()
}

// openBook opens the book and gives it a deposit.
func (d *disaster) openBook() {
	d.t.Helper()
	books := tenfoldv1.NewDepositServiceClient(d.conn)
	if _, err := books.OpenBook(d.t.Context(), &tenfoldv1.OpenBookRequest{MerchantId: "m1", RequestId: "open", CurrencyCode: "CNY"}); err != nil {
		d.t.Fatal(err)
	}
	_, err := books.TopUpDeposit(d.t.Context(), &tenfoldv1.TopUpDepositRequest{
		Name: "merchants/m1", RequestId: "deposit", Amount: &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: 100_000_000}, PaymentReference: "bank-1",
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// file files a claim, or sends its filing again, and lets the results come.
func (d *disaster) file(numbers ...int) {
	d.t.Helper()
	for _, n := range numbers {
		r, known := d.sent[n]
		if !known {
			r = filingFor(d.started)
			line := r.GetOrderLine()
			r.RequestId = fmt.Sprint("file-", n)
			line.Name, line.OrderId, line.PaymentId = fmt.Sprint("merchants/m1/orderLines/l", n), fmt.Sprint("order-", n), fmt.Sprint("payment-", n)
			r.PayoutDestination = "wallet"
		}
		if _, err := d.claims.FileClaim(d.t.Context(), r); err != nil {
			d.t.Fatalf("file %d: %v", n, err)
		}
		d.sent[n] = r
	}
	if _, err := tenfoldv1.NewSandboxServiceClient(d.conn).RunDueWork(d.t.Context(), &tenfoldv1.RunDueWorkRequest{}); err != nil {
		d.t.Fatal(err)
	}
}

// accept accepts what a merchant may accept of all claims.
func (d *disaster) accept(most int) {
	d.t.Helper()
	for _, c := range d.list() {
		if c.GetState() != tenfoldv1.ClaimState_CLAIM_STATE_NOTIFIED || most == 0 {
			continue
		}
		most--
		_, err := d.claims.AcceptClaim(d.t.Context(), &tenfoldv1.AcceptClaimRequest{
			Name: c.GetName(), RequestId: "accept-" + filepath.Base(c.GetName()), Etag: c.GetEtag(),
		})
		if err != nil {
			d.t.Fatalf("accept %s: %v", c.GetName(), err)
		}
	}
}

func (d *disaster) list() []*tenfoldv1.Claim {
	d.t.Helper()
	list, err := d.claims.ListClaims(d.t.Context(), &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1", PageSize: 100})
	if err != nil {
		d.t.Fatal(err)
	}
	return list.GetClaims()
}

// until waits until something is so; told says what it is and how far it has come.
func (d *disaster) until(told func() string, is func() bool) {
	d.t.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !is() {
		select {
		case <-again.C:
		case <-limit.C:
			d.t.Fatalf("%s: %s", told(), d.log.String())
		}
	}
}

// awaitPaid waits until so many claims are paid.
func (d *disaster) awaitPaid(want int) {
	d.t.Helper()
	paid := 0
	d.until(func() string { return fmt.Sprintf("%d claims are paid, want %d", paid, want) }, func() bool {
		paid = 0
		for _, c := range d.list() {
			if c.GetState() == tenfoldv1.ClaimState_CLAIM_STATE_PAID {
				paid++
			}
		}
		return paid == want
	})
}

// paidOnce compares the payment service's own notes with what it should have paid.
func (d *disaster) paidOnce(claims int) {
	d.t.Helper()
	payments := d.cashier.payments()
	for what, times := range payments {
		if times != 1 {
			d.t.Errorf("%s of %s was paid %d times", what.part, what.payment, times)
		}
	}
	if len(payments) != 2*claims {
		d.t.Errorf("%d payments were made for %d claims, want a refund and a compensation each", len(payments), claims)
	}
}

func (d *disaster) audited(databaseURL string) {
	d.t.Helper()
	if code, out, errOut := try(d.t, "audit", "--database-url", databaseURL); code != exitOK {
		d.t.Errorf("audit: exit %d, %s %s", code, out, errOut)
	}
}

// through reads the events of all books from the beginning, or after a token, up to now. It
// gives how many there were, and the token after them.
func (d *disaster) through(token string) (events int, next string, err error) {
	ctx, cancel := context.WithTimeout(d.t.Context(), 30*time.Second)
	defer cancel()
	stream, err := tenfoldv1.NewWatchServiceClient(d.conn).WatchClaims(ctx, &tenfoldv1.WatchClaimsRequest{
		Parent: "merchants/-", ResumeToken: token, Start: tenfoldv1.WatchStart_WATCH_START_BEGINNING,
	})
	if err != nil {
		return 0, "", err
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			return events, next, err
		}
		events, next = events+len(m.GetEvents()), m.GetResumeToken()
		if len(m.GetEvents()) == 0 {
			return events, next, nil
		}
	}
}

// awaitLog waits until a text is in the log.
func (d *disaster) awaitLog(text string) {
	d.t.Helper()
	d.until(func() string { return fmt.Sprintf("the log does not say %q", text) }, func() bool { return strings.Contains(d.log.String(), text) })
}

// relayed counts the messages of a stream.
func (d *disaster) relayed() (n int) {
	d.t.Helper()
	code, out, errOut := try(d.t, "relay", "show", "--nats-url", "nats://"+d.broker)
	if code != exitOK {
		d.t.Fatalf("relay show: exit %d, %s", code, errOut)
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, "m1/") {
			n++
		}
	}
	return n
}

// awaitRelayed waits until so many messages are in the stream.
func (d *disaster) awaitRelayed(want int) {
	d.t.Helper()
	got := 0
	d.until(func() string { return fmt.Sprintf("%d messages were relayed of %d events", got, want) }, func() bool {
		got = d.relayed()
		return got == want
	})
}

func statement(t *testing.T, db *cluster.Cluster, text string) {
	t.Helper()
	pool, err := sqlx.Open("postgres", db.URL(embedpg.AdminRole, cluster.Database))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func numbers(from, to int) (list []int) {
	for n := from; n <= to; n++ {
		list = append(list, n)
	}
	return list
}

// Would catch a restore from a base backup and the archived log after which a claim is
// lost, anybody is paid twice or not at all, the books do not add up, or a reader of events
// misses some without being told.
func TestRestoredDatabaseGoesOn(t *testing.T) {
	t.Parallel()
	d, servers := newDisaster(t), cluster.New(t)
	archive := servers.Dir("archive")
	archived := "archive_command=cp %p " + archive + "/%f"
	primary := servers.Make("a", "archive_mode=on", archived)
	streams := filepath.Join(t.TempDir(), "nats")

	d.serve(primary.URL(embedpg.AppRole, cluster.Database), streams)
	d.openBook()
	d.file(numbers(1, 4)...)
	d.accept(-1)
	d.awaitPaid(4)
	statement(t, primary, `CREATE ROLE backup LOGIN REPLICATION`)
	base := primary.CopyBy("base", "/backup/2026-11-27", strings.Fields(backupStatement)[1:])
	d.file(numbers(5, 12)...)
	d.accept(4)
	d.awaitPaid(8)
	known, early, err := d.through("")
	if err != nil {
		t.Fatal(err)
	}
	d.awaitRelayed(known)
	statement(t, primary, `SELECT pg_create_restore_point('before')`)
	d.accept(2) // Filed before the restore point, paid after it.
	d.file(numbers(13, 14)...)
	d.accept(3)
	d.awaitPaid(13)
	all, late, err := d.through("")
	if err != nil || all <= known {
		t.Fatalf("%d events, of which %d are after the restore point: %v", all, all-known, err)
	}
	d.awaitRelayed(all)
	d.kill()
	primary.Crash()
	d.paidOnce(13)

	// What was not archived yet is in the directory of the log, if that was saved.
	unarchived := filepath.Join(primary.Dir(), "pg_wal")
	end := base.Restore("end", fmt.Sprintf("cp %s/%%f %%p || cp %s/%%f %%p", archive, unarchived))
	d.toTheEnd(end.URL(embedpg.AppRole, cluster.Database), streams, late, all)
	end.Crash()

	point := base.Restore("point", fmt.Sprintf("cp %s/%%f %%p || cp %s/%%f %%p", archive, unarchived), "recovery_target_name=before")
	d.toThePoint(point.URL(embedpg.AppRole, cluster.Database), streams, early, late, known)
}

// toTheEnd goes on after everything that was committed.
func (d *disaster) toTheEnd(url, streams, token string, events int) {
	d.t.Helper()
	d.audited(url)
	d.serve(url, streams)
	d.file(numbers(1, 14)...) // Each is a repetition.
	if got := len(d.list()); got != 14 {
		d.t.Errorf("%d claims, want those that were acknowledged and no other", got)
	}
	if after, _, err := d.through(token); err != nil || after != 0 {
		d.t.Errorf("after the last token there are %d events, %v", after, err)
	}
	now, _, err := d.through("")
	if err != nil || now != events {
		d.t.Errorf("%d events, want %d: %v", now, events, err)
	}
	d.awaitRelayed(events)
	d.stop()
	d.audited(url)
	d.paidOnce(13)
}

// toThePoint goes on after an earlier point, as docs/operating.md says.
func (d *disaster) toThePoint(url, streams, early, late string, events int) {
	d.t.Helper()
	d.audited(url)
	d.serve(url, streams, "--hold-payouts")
	d.awaitLog("payouts are held")
	d.awaitLog("the sink holds events that the database does not have")
	if after, _, err := d.through(early); err != nil || after != 0 {
		d.t.Errorf("after a token of before the point there are %d events, %v", after, err)
	}
	if _, _, err := d.through(late); err == nil || !strings.Contains(err.Error(), "resume token") {
		d.t.Errorf("a token of after the point is answered %v", err)
	}
	d.stop()
	streams += "-new"
	d.serve(url, streams, "--hold-payouts")
	d.file(numbers(1, 14)...)
	d.accept(-1)
	d.paidOnce(13) // All are accepted now, and nothing is paid for that.
	d.tellWhatWasPaid()
	d.stop()
	d.serve(url, streams)
	_, err := tenfoldv1.NewSandboxServiceClient(d.conn).AdvanceClock(d.t.Context(), &tenfoldv1.AdvanceClockRequest{
		Target: &tenfoldv1.AdvanceClockRequest_By{By: durationpb.New(time.Minute)},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	d.awaitPaid(14)
	now, _, err := d.through("")
	if err != nil || now <= events {
		d.t.Errorf("%d events, %v", now, err)
	}
	d.awaitRelayed(now)
	d.stop()
	d.audited(url)
	d.paidOnce(14)
}

// tellWhatWasPaid reports for held payouts what the payment service made under numbers that
// the restored database does not know.
func (d *disaster) tellWhatWasPaid() {
	d.t.Helper()
	list, err := d.claims.ListPayouts(d.t.Context(), &tenfoldv1.ListPayoutsRequest{Parent: "merchants/m1", PageSize: 100})
	if err != nil {
		d.t.Fatal(err)
	}
	made := make(map[owed]*tenfoldv1.InstructRequest)
	for number, r := range d.cashier.paid {
		found, err := d.claims.ListClaims(d.t.Context(), &tenfoldv1.ListClaimsRequest{Parent: "merchants/-", Filter: fmt.Sprintf("out_number = %q", number)})
		if err != nil {
			d.t.Fatal(err)
		}
		if len(found.GetClaims()) == 0 {
			made[owedBy(r)] = r
		}
	}
	if len(made) != 2*5 {
		d.t.Errorf("%d payments are unknown to the database, want those of five claims", len(made))
	}
	for _, p := range list.GetPayouts() {
		r := made[owed{p.GetOriginalPaymentId(), p.GetPart()}]
		if p.GetState() != tenfoldv1.PayoutState_PAYOUT_STATE_INSTRUCTED || r == nil {
			continue
		}
		_, err := d.claims.ReportPayoutOutcome(d.t.Context(), &tenfoldv1.ReportPayoutOutcomeRequest{
			Parent: "merchants/m1", RequestId: "told-" + p.GetOutNumber(), OutNumber: p.GetOutNumber(),
			Outcome: tenfoldv1.PayoutOutcome_PAYOUT_OUTCOME_SUCCEEDED, GatewayReference: "sim-" + r.GetOutNumber(),
			OccurredAt: p.GetInstructedAt(), Amount: r.GetAmount(),
		})
		if err != nil {
			d.t.Errorf("tell of %s: %v", r.GetOutNumber(), err)
		}
	}
}
