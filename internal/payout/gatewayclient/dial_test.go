package gatewayclient_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/identity/identitytest"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/payout/gatewayclient"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// replica is one machine of a payment service over TLS.
type replica struct {
	tenfoldv1.UnimplementedPayoutGatewayServiceServer
	address string
	server  *grpc.Server
	health  *health.Server

	mu    sync.Mutex
	calls int
	token string
	// wants is the only token it takes; empty for any.
	wants string
}

func (r *replica) Query(ctx context.Context, _ *tenfoldv1.QueryRequest) (*tenfoldv1.QueryResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	md, _ := metadata.FromIncomingContext(ctx)
	r.token = strings.Join(md.Get("authorization"), "|")
	if r.wants != "" && r.token != "Bearer "+r.wants {
		return nil, status.Error(codes.Unauthenticated, "who are you?")
	}
	return &tenfoldv1.QueryResponse{Outcome: tenfoldv1.GatewayOutcome_GATEWAY_OUTCOME_PROCESSING}, nil
}

func (r *replica) called() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls
}

// serveTLS serves a replica with a certificate of an authority, for callers of it.
func serveTLS(t *testing.T, of *identitytest.Authority, callers func() *x509.CertPool) *replica {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	r := &replica{address: listener.Addr().String(), health: health.NewServer()}
	config := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{of.Pair(t, identitytest.Leaf{From: now.Add(-time.Hour), Until: now.Add(time.Hour)})},
	}
	if callers != nil {
		config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			c := config.Clone()
			c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, callers()
			return c, nil
		}
	}
	r.server = grpc.NewServer(grpc.Creds(credentials.NewTLS(config)))
	tenfoldv1.RegisterPayoutGatewayServiceServer(r.server, r)
	healthv1.RegisterHealthServer(r.server, r.health)
	go func() { _ = r.server.Serve(listener) }() // Ends with Stop, which is no error.
	t.Cleanup(r.server.Stop)
	return r
}

func dial(t *testing.T, e gatewayclient.Endpoint, log *slog.Logger) *gatewayclient.Client {
	t.Helper()
	conn, err := e.Dial(log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return gatewayclient.New(conn, 5*time.Second)
}

func asked(t *testing.T, c *gatewayclient.Client) error {
	t.Helper()
	a, err := c.Query(t.Context(), "N1")
	if err == nil && a.Outcome != payout.Processing {
		t.Fatalf("answered %+v", a)
	}
	return err
}

// issue writes a certificate and its key of an authority over the files of a folder.
func issue(t *testing.T, of *identitytest.Authority, dir string) (certificate, key string) {
	t.Helper()
	now := time.Now()
	c, k := of.Issue(t, identitytest.Leaf{From: now.Add(-time.Hour), Until: now.Add(time.Hour)})
	return identitytest.WriteFile(t, dir, "own.pem", c), identitytest.WriteFile(t, dir, "own.key", k)
}

// Would catch a gateway that is believed without a certificate of the configured
// authorities or with another name in it, and a call without our certificate.
func TestHandshakeProvesBothSides(t *testing.T) {
	t.Parallel()
	authority, other := identitytest.NewAuthority(t, time.Now()), identitytest.NewAuthority(t, time.Now())
	r := serveTLS(t, authority, authority.Pool)
	dir := t.TempDir()
	ca := identitytest.WriteFile(t, dir, "ca.pem", authority.PEM())
	certificate, key := issue(t, authority, dir)
	foreignDir := t.TempDir()
	foreign, foreignKey := issue(t, other, foreignDir)
	good := gatewayclient.Endpoint{Addresses: []string{r.address}, Authorities: ca, Certificate: certificate, Key: key}
	for name, row := range map[string]struct {
		change func(*gatewayclient.Endpoint)
		ok     bool
	}{
		"both prove themselves":      {func(*gatewayclient.Endpoint) {}, true},
		"the name is that of the IP": {func(e *gatewayclient.Endpoint) { e.ServerName = "127.0.0.1" }, true},
		"the name is another":        {func(e *gatewayclient.Endpoint) { e.ServerName = "payments.example" }, false},
		"authorities of the system":  {func(e *gatewayclient.Endpoint) { e.Authorities = "" }, false},
		"other authorities": {func(e *gatewayclient.Endpoint) {
			e.Authorities = identitytest.WriteFile(t, foreignDir, "ca.pem", other.PEM())
		}, false},
		"no certificate of ours": {func(e *gatewayclient.Endpoint) { e.Certificate, e.Key = "", "" }, false},
		"a foreign certificate":  {func(e *gatewayclient.Endpoint) { e.Certificate, e.Key = foreign, foreignKey }, false},
		"plaintext":              {func(e *gatewayclient.Endpoint) { e.Plaintext = true }, false},
	} {
		e := good
		row.change(&e)
		if err := asked(t, dial(t, e, slog.New(slog.DiscardHandler))); (err == nil) != row.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Would catch files that are read only once, so that a rotated certificate, authority or
// token needs a restart, and a file that is replaced half and stops all payouts.
func TestFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	first, second := identitytest.NewAuthority(t, time.Now()), identitytest.NewAuthority(t, time.Now())
	var mu sync.Mutex
	takes := first
	r := serveTLS(t, first, func() *x509.CertPool { mu.Lock(); defer mu.Unlock(); return takes.Pool() })
	r.wants = "token-1"
	dir := t.TempDir()
	ca := identitytest.WriteFile(t, dir, "ca.pem", first.PEM())
	certificate, key := issue(t, first, dir)
	token := identitytest.WriteFile(t, dir, "token", []byte("token-1\n"))
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, nil))
	e := gatewayclient.Endpoint{Addresses: []string{r.address}, Authorities: ca, Certificate: certificate, Key: key, Token: token}
	c := dial(t, e, log)
	if err := asked(t, c); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	r.wants = "token-2"
	r.mu.Unlock()
	if err := asked(t, c); status.Code(errors.Unwrap(err)) != codes.Unauthenticated {
		t.Fatalf("an old token: %v", err)
	}
	identitytest.WriteFile(t, dir, "token", []byte("token-2"))
	if err := asked(t, c); err != nil {
		t.Fatalf("a rotated token: %v", err)
	}
	for _, broken := range []string{"", "two words", "line\nline"} {
		identitytest.WriteFile(t, dir, "token", []byte(broken))
		if err := asked(t, c); err != nil {
			t.Errorf("a token file that holds %q must leave the old token in use: %v", broken, err)
		}
	}
	if n := strings.Count(logged.String(), "its old content stays in use"); n != 1 {
		t.Errorf("logged %d times: %s", n, &logged)
	}
	if strings.Contains(logged.String(), "two words") || strings.Contains(logged.String(), "token-2") {
		t.Errorf("the log holds a token: %s", &logged)
	}
	// The service moves to another authority for both sides.
	moved := serveTLS(t, second, second.Pool)
	identitytest.WriteFile(t, dir, "ca.pem", second.PEM())
	issue(t, second, dir)
	e.Addresses, e.Token = []string{moved.address}, ""
	again := dial(t, e, log)
	if err := asked(t, again); err != nil {
		t.Fatalf("the new authority: %v", err)
	}
	// A connection that is made anew shows the new certificate.
	mu.Lock()
	takes = second
	mu.Unlock()
	identitytest.WriteFile(t, dir, "ca.pem", bytes.Join([][]byte{first.PEM(), second.PEM()}, nil))
	r.mu.Lock()
	r.wants = ""
	r.mu.Unlock()
	e.Addresses = []string{r.address}
	if err := asked(t, dial(t, e, log)); err != nil {
		t.Fatalf("the rotated certificate: %v", err)
	}
}

// Would catch a start with a file that is missing or holds something else, and an error
// that repeats a secret.
func TestWrongFilesAreRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	authority := identitytest.NewAuthority(t, time.Now())
	certificate, _ := issue(t, authority, dir)
	_, otherKey := issue(t, authority, t.TempDir())
	write := func(name, content string) string { return identitytest.WriteFile(t, dir, name, []byte(content)) }
	for want, e := range map[string]gatewayclient.Endpoint{
		"authorities of the gateway": {Authorities: filepath.Join(dir, "none")},
		"holds no certificate":       {Authorities: write("text", "not a certificate")},
		"our certificate":            {Certificate: certificate, Key: otherKey},
		"the file is empty":          {Token: write("empty", " \n")},
		"token alone":                {Token: write("words", "secret secret")},
		"at most 8192":               {Token: write("long", strings.Repeat("s", 9000))},
		"read the token":             {Token: filepath.Join(dir, "none")},
	} {
		e.Addresses = []string{"127.0.0.1:1"}
		_, err := e.Dial(slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || len(err.Error()) > 300 {
			t.Errorf("%q: %v", want, err)
		}
	}
}

// Would catch calls that go to one address alone, that fail while another address works,
// or that go to one that says that it does not serve.
func TestCallsGoToTheAddressesThatWork(t *testing.T) {
	t.Parallel()
	authority := identitytest.NewAuthority(t, time.Now())
	ca := identitytest.WriteFile(t, t.TempDir(), "ca.pem", authority.PEM())
	a, b, c := serveTLS(t, authority, nil), serveTLS(t, authority, nil), serveTLS(t, authority, nil)
	nowhere, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = nowhere.Close()
	client := dial(t, gatewayclient.Endpoint{
		Addresses:   []string{nowhere.Addr().String(), a.address, b.address, c.address, "no-such-host.invalid:443"},
		Authorities: ca,
	}, slog.New(slog.DiscardHandler))
	ask := func(n int) {
		t.Helper()
		for range n {
			if err := asked(t, client); err != nil {
				t.Fatal(err)
			}
		}
	}
	all := func() string { return fmt.Sprint(a.called() > 0, b.called() > 0, c.called() > 0) }
	for range 1000 {
		if ask(1); all() == "true true true" {
			break
		}
	}
	if all() != "true true true" {
		t.Fatalf("calls went to a, b, c: %s", all())
	}
	// One dies in the middle, and no call fails for it.
	a.server.Stop()
	ask(50)
	// Another says that it is about to stop.
	b.health.SetServingStatus("", healthv1.HealthCheckResponse_NOT_SERVING)
	for range 1000 {
		before := b.called()
		if ask(4); b.called() == before {
			break
		}
	}
	before := b.called()
	if ask(50); b.called() != before {
		t.Errorf("%d calls went to an address that does not serve", b.called()-before)
	}
}
