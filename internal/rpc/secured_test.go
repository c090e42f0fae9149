package rpc_test

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/identity/identitytest"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

const workloadsFile = `
claims:
  merchant: merchant
workloads:
  - {name: order-service, spiffe: "spiffe://market.example/order-service", roles: [order-service]}
  - {name: support-tool, spiffe: "spiffe://market.example/support-tool", roles: [support, adjudicator]}
  - {name: back-office, subject: back-office-client, roles: [merchant]}
`

// secured is a second server over the same engine, which believes nothing but
// certificates and tokens.
type secured struct {
	*fixture
	address   string
	authority *identitytest.Authority
	issuer    *identitytest.Issuer
	verifier  *identity.Verifier
	bundle    string
	// wall is the time of day, apart from the sandbox's clock.
	wall time.Time
}

func newSecured(t *testing.T) *secured {
	t.Helper()
	s := &secured{fixture: newFixture(t), issuer: identitytest.NewIssuer(t), wall: time.Now()}
	s.authority = identitytest.NewAuthority(t, s.wall)
	dir := t.TempDir()
	certificate, key := s.authority.Issue(t, identitytest.Leaf{From: s.wall.Add(-time.Hour), Until: s.wall.Add(time.Hour)})
	s.bundle = identitytest.WriteFile(t, dir, "bundle.pem", s.authority.PEM())
	var err error
	s.verifier, err = identity.New(t.Context(), identity.Config{
		Certificates: identity.Certificates{
			CertFile: identitytest.WriteFile(t, dir, "server.pem", certificate), KeyFile: identitytest.WriteFile(t, dir, "server.key", key),
			BundleFile: s.bundle, TrustDomain: "market.example",
		},
		WorkloadsFile: identitytest.WriteFile(t, dir, "workloads.yaml", []byte(workloadsFile)),
		Workloads:     identity.Issuer{URL: s.issuer.URL, Audience: "tenfold", KeysURL: s.issuer.KeysURL},
		Persons:       identity.Issuer{URL: s.issuer.URL, Audience: "tenfold-people", KeysURL: s.issuer.KeysURL},
	}, func() time.Time { return s.wall }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gate := rpc.Gate{Authority: s.verifier, TLS: s.verifier.TLS(), Refusals: s.refusals, Now: func() time.Time { return s.wall }}
	t.Cleanup(s.listen(listener, gate, rpc.Defaults()))
	s.address = listener.Addr().String()
	return s
}

// dial connects with a certificate, or with none.
func (s *secured) dial(own ...tls.Certificate) *grpc.ClientConn {
	s.t.Helper()
	return s.dialBy(credentials.NewTLS(&tls.Config{RootCAs: s.authority.Pool(), Certificates: own, MinVersion: tls.VersionTLS13}))
}

func (s *secured) dialBy(c credentials.TransportCredentials) *grpc.ClientConn {
	s.t.Helper()
	conn, err := grpc.NewClient(s.address, grpc.WithTransportCredentials(c))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// certificate is a workload's, signed by an authority.
func (s *secured) certificate(a *identitytest.Authority, spiffe string) tls.Certificate {
	s.t.Helper()
	return a.Pair(s.t, identitytest.Leaf{SPIFFE: spiffe, From: s.wall.Add(-time.Hour), Until: s.wall.Add(time.Hour)})
}

// with adds metadata to calls, as pairs of key and value.
func (s *secured) with(pairs ...string) context.Context {
	return metadata.AppendToOutgoingContext(s.t.Context(), pairs...)
}

// token is the metadata of a workload's or a person's token.
func (s *secured) token(subject, audience string, more map[string]any) string {
	s.t.Helper()
	return s.issuer.Sign(s.t, s.issuer.Claims(s.wall, subject, audience, more))
}

func listAuthenticators(ctx context.Context, conn *grpc.ClientConn) error {
	_, err := tenfoldv1.NewAuthenticationServiceClient(conn).ListAuthenticators(ctx, &tenfoldv1.ListAuthenticatorsRequest{})
	return err
}

// Would catch a handshake that lets a stranger in: a certificate of another
// trust domain or authority, an old one, a server's, or no TLS at all.
func TestHandshakesWithStrangersFail(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	const id = "spiffe://market.example/order-service"
	good := s.certificate(s.authority, id)
	if err := listAuthenticators(t.Context(), s.dial(good)); err != nil {
		t.Fatalf("a good certificate: %v", err)
	}
	stranger := identitytest.NewAuthority(t, s.wall)
	from := s.wall.Add(-time.Hour)
	for what, conn := range map[string]*grpc.ClientConn{
		"another trust domain":              s.dial(s.certificate(s.authority, "spiffe://another.example/order-service")),
		"another authority":                 s.dial(s.certificate(stranger, id)),
		"another authority of another name": s.dial(s.certificate(stranger, "spiffe://another.example/order-service")),
		"an expired certificate":            s.dial(s.authority.Pair(t, identitytest.Leaf{SPIFFE: id, From: from, Until: s.wall.Add(-time.Minute)})),
		"a certificate of the future":       s.dial(s.authority.Pair(t, identitytest.Leaf{SPIFFE: id, From: s.wall.Add(time.Minute), Until: s.wall.Add(time.Hour)})),
		"a server's certificate":            s.dial(s.authority.Pair(t, identitytest.Leaf{From: from, Until: s.wall.Add(time.Hour)})),
		"no TLS":                            s.dialBy(insecure.NewCredentials()),
		"an older TLS": s.dialBy(credentials.NewTLS(&tls.Config{
			RootCAs: s.authority.Pool(), Certificates: []tls.Certificate{good}, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
		})),
	} {
		if err := listAuthenticators(t.Context(), conn); status.Code(err) != codes.Unavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Would catch a caller on loopback who is believed without proof by a server
// that asks for it, and a load balancer that cannot ask for the server's health.
func TestSecuredServerBelievesProofOnly(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	anonymous := s.dial()
	if got := refusal(listAuthenticators(t.Context(), anonymous)); got.reason != "CREDENTIAL_MISSING" || got.code != codes.Unauthenticated {
		t.Errorf("nothing shown: %+v", got)
	}
	if got := refusal(listAuthenticators(s.as("support"), anonymous)); got.reason != "CREDENTIAL_INVALID" {
		t.Errorf("loopback metadata: %+v", got)
	}
	if _, err := healthpb.NewHealthClient(anonymous).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
		t.Errorf("health: %v", err)
	}
	tool := s.dial(s.certificate(s.authority, "spiffe://market.example/support-tool"))
	if got := refusal(listAuthenticators(t.Context(), tool)); got.reason != "CREDENTIAL_MISSING" || got.metadata["metadata"] != "tenfold-role" {
		t.Errorf("no role of two: %+v", got)
	}
	if got := refusal(listAuthenticators(s.with("tenfold-role", "operator"), tool)); got.reason != "ACCESS_DENIED" || got.code != codes.PermissionDenied {
		t.Errorf("a role of others: %+v", got)
	}
	if err := listAuthenticators(s.with("tenfold-role", "support"), tool); err != nil {
		t.Errorf("a role of its own: %v", err)
	}
}

// Would catch a decision in the name of a person who was not proved, or that
// loses the person who was.
func TestPersonIsForwardedAsToken(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	s.open("m1", 500_000)
	c := s.inReview("l1")
	tool := tenfoldv1.NewClaimServiceClient(s.dial(s.certificate(s.authority, "spiffe://market.example/support-tool")))
	decide := func(pairs ...string) error {
		_, err := tool.DecideReview(s.with(append(pairs, "tenfold-role", "adjudicator")...), s.rejecting(c))
		return err
	}
	if got := refusal(decide()); got.reason != "PERSON_REQUIRED" {
		t.Errorf("nobody: %+v", got)
	}
	if got := refusal(decide("tenfold-person", "p1")); got.reason != "CREDENTIAL_INVALID" {
		t.Errorf("only named: %+v", got)
	}
	if got := refusal(decide("tenfold-person-token", s.token("p1", "tenfold", nil))); got.reason != "CREDENTIAL_INVALID" {
		t.Errorf("a token for another purpose: %+v", got)
	}
	if err := decide("tenfold-person-token", s.token("p1", "tenfold-people", map[string]any{"azp": "support-tool"})); err != nil {
		t.Fatal(err)
	}
	moves, err := s.claims.ListMoves(s.as("auditor"), &tenfoldv1.ListMovesRequest{Parent: c.GetName()})
	if err != nil {
		t.Fatal(err)
	}
	last := moves.GetMoves()[len(moves.GetMoves())-1]
	if last.GetPerson() != "p1" || last.GetWorkload() != "support-tool" || last.GetRole() != "adjudicator" {
		t.Errorf("decided by %v", last)
	}
	s.audited()
}

// Would catch a merchant with a good token who reaches into another's book, and
// one whose token names no merchant.
func TestProvedMerchantStaysInItsBook(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	s.open("m1", 500_000)
	s.open("m2", 500_000)
	mine, other := s.notified("m1", "l1"), s.notified("m2", "l2")
	office := tenfoldv1.NewClaimServiceClient(s.dial())
	me := s.with("authorization", "Bearer "+s.token("back-office-client", "tenfold", map[string]any{"merchant": "m1"}))
	if _, err := office.GetClaim(me, &tenfoldv1.GetClaimRequest{Name: mine.GetName()}); err != nil {
		t.Errorf("its own claim: %v", err)
	}
	for _, name := range []string{other.GetName(), "merchants/-/claims/" + other.GetClaimId()} {
		if _, err := office.GetClaim(me, &tenfoldv1.GetClaimRequest{Name: name}); status.Code(err) != codes.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := office.GetClaim(s.with("authorization", "Bearer "+s.token("back-office-client", "tenfold", nil)), &tenfoldv1.GetClaimRequest{Name: mine.GetName()})
	if refusal(err).reason != "CREDENTIAL_INVALID" {
		t.Errorf("a token of no merchant: %v", err)
	}
}

// Would catch an authority that comes into the trust bundle and is not believed
// before a restart, or one that has left it and still is, also by a caller who
// resumes a session of before.
func TestAuthoritiesAreRotated(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	const id = "spiffe://market.example/order-service"
	next := identitytest.NewAuthority(t, s.wall)
	resuming := &tls.Config{
		RootCAs: s.authority.Pool(), MinVersion: tls.VersionTLS13, ClientSessionCache: tls.NewLRUClientSessionCache(4),
		Certificates: []tls.Certificate{s.certificate(s.authority, id)},
	}
	call := func(c *tls.Config) codes.Code {
		t.Helper()
		return status.Code(listAuthenticators(t.Context(), s.dialBy(credentials.NewTLS(c))))
	}
	fresh := func(a *identitytest.Authority) *tls.Config {
		return &tls.Config{RootCAs: s.authority.Pool(), MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{s.certificate(a, id)}}
	}
	trust := func(content []byte) {
		t.Helper()
		if err := os.WriteFile(s.bundle, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.verifier.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if old, to := call(resuming), call(fresh(next)); old != codes.OK || to != codes.Unavailable {
		t.Errorf("before: %v and %v", old, to)
	}
	trust(append(s.authority.PEM(), next.PEM()...))
	if old, to := call(resuming), call(fresh(next)); old != codes.OK || to != codes.OK {
		t.Errorf("while both are trusted: %v and %v", old, to)
	}
	trust(next.PEM())
	for range 3 { // More than one session may be kept.
		if old, to := call(resuming), call(fresh(next)); old != codes.Unavailable || to != codes.OK {
			t.Errorf("after: %v and %v", old, to)
		}
	}
}
