package rpc_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/peers"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// from makes connections from an address of this machine.
func from(address string) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
}

// bounded opens a port within bounds.
func bounded(t *testing.T, c peers.Config) *peers.Listener {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return peers.Listen(l, c)
}

// floods opens silent connections from an address, the last in TLS without a certificate.
func (s *secured) floods(l *peers.Listener, address string, n int) (last net.Conn) {
	s.t.Helper()
	for range n {
		c, err := from(address).DialContext(s.t.Context(), "tcp4", l.Addr().String())
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { _ = c.Close() })
	}
	d := tls.Dialer{NetDialer: from(address), Config: &tls.Config{RootCAs: s.authority.Pool(), MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}}}
	last, err := d.DialContext(s.t.Context(), "tcp4", l.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = last.Close() })
	return last
}

// comes gives calls over gRPC from an address.
func (s *secured) comes(l *peers.Listener, address string, own ...tls.Certificate) *grpc.ClientConn {
	s.t.Helper()
	conn, err := grpc.NewClient(l.Addr().String(),
		grpc.WithContextDialer(func(ctx context.Context, to string) (net.Conn, error) {
			return from(address).DialContext(ctx, "tcp4", to)
		}),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: s.authority.Pool(), Certificates: own, MinVersion: tls.VersionTLS13})))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// browses gives calls over HTTP from an address.
func (s *secured) browses(h *overHTTP, address string, own ...tls.Certificate) *overHTTP {
	return &overHTTP{fixture: h.fixture, server: h.server, base: h.base, client: &http.Client{Transport: &http.Transport{
		ForceAttemptHTTP2: true, DialContext: from(address).DialContext,
		TLSClientConfig: &tls.Config{RootCAs: s.authority.Pool(), Certificates: own, MinVersion: tls.VersionTLS13},
	}}}
}

// tokened is the metadata of a caller who proves itself by a token.
func (s *secured) tokened() map[string]string {
	return map[string]string{"authorization": "Bearer " + s.token("back-office-client", "tenfold", map[string]any{"merchant": "m1"})}
}

// Would catch a stranger who keeps callers out by silent connections: callers of other
// addresses, and those of its own who have a connection or make one, over gRPC and HTTP, with
// a certificate or a token.
func TestStrangersKeepNobodyOut(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	bounds := peers.Config{ConnectionsMax: 64, ShareMax: 24, ProofMax: time.Hour, BytesMax: 1 << 20}
	calls, pages := bounded(t, bounds), bounded(t, bounds)
	gate := rpc.Gate{Authority: s.verifier, TLS: s.verifier.TLS(), Refusals: s.refusals, Now: func() time.Time { return s.wall }}
	t.Cleanup(s.admit(calls, gate, rpc.Defaults()))
	h := s.overHTTPOn(pages, gate)
	h.base = "https://" + pages.Addr().String()
	shop := s.certificate(s.authority, "spiffe://market.example/order-service")
	token, headed := metadata.NewOutgoingContext(t.Context(), metadata.New(s.tokened())), headers(s.tokened())
	certified, byToken := s.comes(calls, "127.0.0.1", shop), s.comes(calls, "127.0.0.1")
	works := func(when string, ctx context.Context, conn *grpc.ClientConn) {
		t.Helper()
		if err := listAuthenticators(ctx, conn); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	answers := func(when string, h *overHTTP, who headers) {
		t.Helper()
		if response, content := h.call(who, "GET", "/v1/authenticators", ""); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", when, response.StatusCode, content)
		}
	}
	works("before, by certificate", t.Context(), certified)
	works("before, by token", token, byToken)
	ownPage, tokenPage := s.browses(h, "127.0.0.1", shop), s.browses(h, "127.0.0.1")
	answers("before, by certificate over HTTP", ownPage, nil)
	answers("before, by token over HTTP", tokenPage, headed)
	for _, address := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4"} {
		s.floods(calls, address, 100)
		s.floods(pages, address, 100)
		works("beside "+address+", by certificate", t.Context(), certified)
		works("beside "+address+", by token", token, byToken)
		works("beside "+address+", newly", token, s.comes(calls, address))
		works("beside "+address+", from another address", t.Context(), s.comes(calls, "127.0.0.9", shop))
		answers("beside "+address+", by certificate over HTTP", ownPage, nil)
		answers("beside "+address+", by token over HTTP", tokenPage, headed)
		answers("beside "+address+", newly over HTTP", s.browses(h, address), headed)
		answers("beside "+address+", from another address over HTTP", s.browses(h, "127.0.0.9", shop), nil)
	}
	for name, l := range map[string]*peers.Listener{"gRPC": calls, "HTTP": pages} {
		got := l.Totals()
		if got.Open > 64 || got.Refused[peers.CauseShare] == 0 || got.Refused[peers.CauseFull] == 0 || got.Open-got.Unproved < 6 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Would catch a stranger who keeps a connection although nothing is proved on it: one that is
// silent, one in TLS, one whose calls are refused, one that watches the health of the
// server; and a caller who loses one although it has proved itself.
func TestConnectionsWithoutProofEnd(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	bounds := peers.Config{ConnectionsMax: 64, ShareMax: 24, ProofMax: 500 * time.Millisecond, BytesMax: 1 << 20}
	calls, pages := bounded(t, bounds), bounded(t, bounds)
	gate := rpc.Gate{Authority: s.verifier, TLS: s.verifier.TLS(), Refusals: s.refusals, Now: func() time.Time { return s.wall }}
	t.Cleanup(s.admit(calls, gate, rpc.Defaults()))
	h := s.overHTTPOn(pages, gate)
	h.base = "https://" + pages.Addr().String()
	token := metadata.NewOutgoingContext(t.Context(), metadata.New(s.tokened()))
	proved := s.comes(calls, "127.0.0.1")
	if err := listAuthenticators(token, proved); err != nil {
		t.Fatal(err)
	}
	watching, err := healthpb.NewHealthClient(s.comes(calls, "127.0.0.1")).Watch(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	refusedPage := s.browses(h, "127.0.0.1")
	if response, _ := refusedPage.call(nil, "GET", "/v1/authenticators", ""); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody is answered with %d", response.StatusCode)
	}
	ends := func(name string, c net.Conn) {
		t.Helper()
		if _, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ends("over gRPC", s.floods(calls, "127.0.0.1", 1))
	ends("over HTTP", s.floods(pages, "127.0.0.1", 1))
	for {
		if _, err := watching.Recv(); err != nil {
			break
		}
	}
	if err := listAuthenticators(token, proved); err != nil {
		t.Errorf("who is proved is cut off: %v", err)
	}
	for pages.Totals().Open > 0 || calls.Totals().Unproved > 0 {
		runtime.Gosched() // Others end in their own time.
	}
	if got := calls.Totals(); got.Refused[peers.CauseTime] < 3 || got.Open-got.Unproved != 1 {
		t.Errorf("over gRPC: %+v", got)
	}
	if got := pages.Totals(); got.Refused[peers.CauseTime] < 3 || got.Open != 0 {
		t.Errorf("over HTTP: %+v", got)
	}
}

// Would catch one caller who takes the watches of all: a workload, one merchant's callers, and
// a connection that watches the health of the server; and shares that do not come back.
func TestStreamsHaveShares(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	config := rpc.Defaults()
	config.Shares = rpc.Shares{Workload: 3, Scope: 2, Connection: 2, Peer: 3}
	listener := bufconn.Listen(1 << 20)
	t.Cleanup(f.listen(listener, rpc.Gate{Authority: identity.Loopback{}, Refusals: f.refusals, Now: time.Now}, config))
	watches := tenfoldv1.NewWatchServiceClient(dial(t, listener))
	opens := func(ctx context.Context) (end func(), err error) {
		t.Helper()
		ctx, end = context.WithCancel(ctx)
		stream, err := watches.WatchClaims(ctx, &tenfoldv1.WatchClaimsRequest{Parent: "merchants/m1", Start: tenfoldv1.WatchStart_WATCH_START_NOW})
		if err == nil {
			_, err = stream.Recv()
		}
		return end, err
	}
	refusedFor := func(what, share string, err error) {
		t.Helper()
		got := refusal(err)
		if got.code != codes.ResourceExhausted || got.reason != "WATCHERS_FULL" || got.metadata["shareMax"] != share || got.retry <= 0 {
			t.Errorf("%s: %+v", what, got)
		}
	}
	var ends []func()
	for _, role := range []string{"merchant", "merchant", "support"} {
		end, err := opens(f.as(role))
		if err != nil {
			t.Fatalf("%s: %v", role, err)
		}
		ends = append(ends, end)
	}
	_, err := opens(f.as("merchant"))
	refusedFor("a third of the workload for the merchant", "3", err)
	_, err = opens(f.as("support"))
	refusedFor("a fourth of the workload", "3", err)
	ends[2]()
	for {
		// The server learns of the end in its own time.
		_, err = opens(f.as("merchant"))
		if refusal(err).metadata["shareMax"] != "3" {
			break
		}
	}
	refusedFor("a third for the merchant", "2", err)
	if _, err := opens(f.as("support")); err != nil {
		t.Errorf("once there is room: %v", err)
	}
}

// Would catch one address that watches the health of the server without end.
func TestHealthWatchesHaveShares(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	config := rpc.Defaults()
	config.Shares.Connection, config.Shares.Peer = 2, 3
	l := bounded(t, peers.Defaults())
	t.Cleanup(f.admit(l, rpc.Gate{Authority: identity.Loopback{}, Refusals: f.refusals, Now: time.Now}, config))
	watch := func(conn *grpc.ClientConn) error {
		t.Helper()
		stream, err := healthpb.NewHealthClient(conn).Watch(t.Context(), &healthpb.HealthCheckRequest{})
		if err == nil {
			_, err = stream.Recv()
		}
		return err
	}
	connect := func(address string) *grpc.ClientConn {
		t.Helper()
		conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, to string) (net.Conn, error) {
				return from(address).DialContext(ctx, "tcp4", to)
			}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	first, second, other := connect("127.0.0.1"), connect("127.0.0.1"), connect("127.0.0.2")
	for _, row := range []struct {
		name  string
		conn  *grpc.ClientConn
		share string
	}{
		{"first", first, ""}, {"second", first, ""}, {"third of a connection", first, "2"}, {"third of an address", second, ""},
		{"fourth of an address", second, "3"}, {"another address", other, ""},
	} {
		err := watch(row.conn)
		got := refusal(err)
		if row.share == "" && err != nil || row.share != "" && (got.code != codes.ResourceExhausted || got.reason != "WATCHERS_FULL" || got.metadata["shareMax"] != row.share) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

// Would catch a stranger who takes memory by messages that are read before anybody asks who calls,
// and a caller who is taken for one because its first message is large.
func TestStrangersAreMetBeforeTheyAreRead(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	bounds := peers.Defaults()
	bounds.BytesMax = 2 << 20
	calls, pages := bounded(t, bounds), bounded(t, bounds)
	gate := rpc.Gate{Authority: s.verifier, TLS: s.verifier.TLS(), Refusals: s.refusals, Now: func() time.Time { return s.wall }}
	t.Cleanup(s.admit(calls, gate, rpc.Defaults()))
	h := s.overHTTPOn(pages, gate)
	h.base = "https://" + pages.Addr().String()
	token := metadata.NewOutgoingContext(t.Context(), metadata.New(s.tokened()))
	large := &tenfoldv1.AppealClaimRequest{Name: strings.Repeat("x", 4<<20)}
	appeal := func(ctx context.Context, conn *grpc.ClientConn) refused {
		_, err := tenfoldv1.NewClaimServiceClient(conn).AppealClaim(ctx, large)
		return refusal(err)
	}
	if got := appeal(token, s.comes(calls, "127.0.0.1")); got.reason != "REQUEST_INVALID" {
		t.Errorf("a caller with a large first message: %+v", got)
	}
	stranger := s.comes(calls, "127.0.0.1")
	for range 3 {
		if got := appeal(t.Context(), stranger); got.reason != "CREDENTIAL_MISSING" || got.code != codes.Unauthenticated {
			t.Errorf("a stranger with a large message: %+v", got)
		}
	}
	_, err := healthpb.NewHealthClient(s.comes(calls, "127.0.0.1")).Check(t.Context(), &healthpb.HealthCheckRequest{Service: strings.Repeat("x", 4<<20)})
	if err == nil || calls.Totals().Refused[peers.CauseBytes] == 0 {
		t.Errorf("a stranger who sends much to what is open: %v, %+v", err, calls.Totals())
	}
	body := `{"name":"` + strings.Repeat("x", 4<<20) + `"}`
	response, content := s.browses(h, "127.0.0.1").call(headers(s.tokened()), "POST", "/tenfold.v1.ClaimService/AppealClaim", body)
	refusedInForm(t, "a caller over HTTP", response, content, 400, "REQUEST_INVALID")
	if got := pages.Totals(); got.Refused[peers.CauseBytes] != 0 {
		t.Errorf("over HTTP: %+v", got)
	}
}
