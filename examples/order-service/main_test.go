package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tenfold-claims/tenfold/client"
	"github.com/tenfold-claims/tenfold/internal/serveproc/serveproctest"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func TestMain(m *testing.M) { os.Exit(serveproctest.Main(m)) }

// market is a sandbox with a book, and somebody who does what others would.
type market struct {
	t      *testing.T
	server *serveproctest.Server
	others *client.Client
}

func newMarket(t *testing.T) *market {
	t.Helper()
	m := &market{t: t, server: serveproctest.Start(t, "--sandbox-start", "2026-03-02T09:00:00Z")}
	var err error
	if m.others, err = client.Dial(m.server.Address, client.Identity{Workload: "others", Role: "operator", Person: "p1"}.Dial, client.Defaults()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.others.Close() })
	_, err = m.others.Books.OpenBook(t.Context(), &tenfoldv1.OpenBookRequest{MerchantId: "m1", RequestId: "open", CurrencyCode: "CNY"})
	m.done(err)
	_, err = m.others.Books.TopUpDeposit(t.Context(), &tenfoldv1.TopUpDepositRequest{
		Name: "merchants/m1", RequestId: "top-up", PaymentReference: "pay-1", Amount: &tenfoldv1.Money{CurrencyCode: "CNY", MinorUnits: 1_000_000},
	})
	m.done(err)
	return m
}

func (m *market) done(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// work lets the sandbox's laboratory and payment service do what is due.
func (m *market) work() {
	m.t.Helper()
	_, err := m.others.Sandbox.RunDueWork(m.t.Context(), &tenfoldv1.RunDueWorkRequest{})
	m.done(err)
}

// accept is the merchant being told, and agreeing.
func (m *market) accept(name string) {
	m.t.Helper()
	told, err := m.others.Claims.ConfirmNotice(m.t.Context(), &tenfoldv1.ConfirmNoticeRequest{Name: name, RequestId: client.NewRequestID()})
	m.done(err)
	_, err = m.others.Claims.AcceptClaim(m.t.Context(), &tenfoldv1.AcceptClaimRequest{
		Name: name, RequestId: client.NewRequestID(), Etag: told.GetClaim().GetEtag(),
	})
	m.done(err)
}

// complaint is a line that the program reads.
func complaint(t *testing.T, id, product string, change func(*tenfoldv1.FileClaimRequest)) string {
	t.Helper()
	const template = `{
		"parent": "merchants/m1",
		"orderLine": {
			"name": "merchants/m1/orderLines/ID", "orderId": "ID", "paymentId": "payment-ID",
			"paidAt": "2026-02-02T09:00:00Z", "shippedAt": "2026-02-02T10:00:00Z", "deliveredAt": "2026-02-04T09:00:00Z",
			"productId": "PRODUCT", "category": "beauty/mascara", "quantity": 1,
			"unitPrice": {"currencyCode": "CNY", "minorUnits": "10000"}, "goodsPaid": {"currencyCode": "CNY", "minorUnits": "10000"},
			"payerId": "buyer-ID", "recipientId": "friend-ID"
		},
		"claimantId": "buyer-ID", "units": [1], "legalBasisChoice": "LEGAL_BASIS_PROMISE",
		"remedies": ["REMEDY_REFUND", "REMEDY_COMPENSATION"], "grounds": "GROUNDS_COUNTERFEIT_TRADEMARK",
		"learnedAt": "2026-02-27T09:00:00Z", "payoutDestination": "wallet-ID"
	}`
	var r tenfoldv1.FileClaimRequest
	if err := protojson.Unmarshal([]byte(strings.NewReplacer("ID", id, "PRODUCT", product).Replace(template)), &r); err != nil {
		t.Fatal(err)
	}
	change(&r)
	// One line, however protojson spaces it.
	text, err := protojson.Marshal(&r)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(plain)
	if err != nil {
		t.Fatal(err)
	}
	return string(line) + "\n"
}

func same(*tenfoldv1.FileClaimRequest) {}

// running runs the program and gives the lines that it prints, and how it ends.
func (m *market) running(complaints string) (lines *bufio.Scanner, ended chan error) {
	out, said := io.Pipe()
	ended = make(chan error, 1)
	go func() {
		err := run(m.t.Context(), []string{"-server", m.server.Address, "-every", "10ms"}, strings.NewReader(complaints), said)
		_ = said.Close()
		ended <- err
	}()
	return bufio.NewScanner(out), ended
}

// Would catch an order service that loses sight of a claim, files it twice when it
// is started again, or never ends.
func TestComplaintsAreFollowedToTheirEnd(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	complaints := complaint(t, "order-1", "sandbox-counterfeit-1", same) + complaint(t, "order-2", "sandbox-genuine-1", same)
	lines, ended := m.running(complaints)
	seen := make(map[string][]string)
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), ": order ")
		order, state, _ := strings.Cut(rest, " is ")
		seen[order] = append(seen[order], state)
		switch {
		case state == "authenticating, waiting for authenticator" && len(seen) == 2:
			m.work()
		case state == "notified, waiting for merchant":
			m.accept(name)
			m.work()
		}
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for order, want := range map[string][2]string{
		"order-1": {"authenticating, waiting for authenticator", "paid"},
		"order-2": {"authenticating, waiting for authenticator", "rejected"},
	} {
		if got := seen[order]; len(got) < 2 || got[0] != want[0] || got[len(got)-1] != want[1] {
			t.Errorf("%s: %v, want from %q to %q", order, got, want[0], want[1])
		}
	}

	// Again, and with a complaint of somebody else about units that have a claim.
	complaints += complaint(t, "order-1", "sandbox-counterfeit-1", func(r *tenfoldv1.FileClaimRequest) { r.ClaimantId = "friend-order-1" })
	lines, ended = m.running(complaints)
	var again []string
	for lines.Scan() {
		_, what, _ := strings.Cut(lines.Text(), ": ")
		again = append(again, what)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	slices.Sort(again)
	if want := []string{"order order-1 is paid", "order order-1 is paid", "order order-2 is rejected"}; !slices.Equal(again, want) {
		t.Errorf("started again it says %q, want %q", again, want)
	}
	listed, err := m.others.Claims.ListClaims(t.Context(), &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1"})
	m.done(err)
	if n := len(listed.GetClaims()); n != 2 {
		t.Errorf("there are %d claims", n)
	}
}

// Would catch settings and complaints that mean nothing and are not refused.
func TestWhatMeansNothingIsRefused(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for name, row := range map[string]struct {
		args []string
		in   string
	}{
		"a pause of nothing": {[]string{"-every", "0s"}, ""},
		"no server address":  {[]string{"-server", "somewhere"}, ""},
		"no JSON":            {nil, "complaint\n"},
		"half a proof":       {[]string{"-client-cert", "/nowhere"}, ""},
	} {
		if err := run(ctx, row.args, strings.NewReader(row.in), io.Discard); err == nil {
			t.Errorf("%s is not refused", name)
		}
	}
}
