package identity_test

import (
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/identity/identitytest"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// start is the time at which every fixture begins.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const (
	domain          = "market.example"
	audience        = "tenfold"
	peopleAudience  = "tenfold-people"
	workloadsSample = `
claims:
  person_roles: roles
  merchant: merchant
  authenticator: lab
workloads:
  - name: order-service
    spiffe: spiffe://market.example/order-service
    roles: [order-service]
    calls_per_second: 50
    burst: 100
  - name: support-tool
    spiffe: spiffe://market.example/support-tool
    subject: support-tool-client
    roles: [support, adjudicator]
    person_clients: [office, office-app]
  - name: back-office
    spiffe: spiffe://market.example/back-office
    roles: [merchant]
    person_clients: [office]
  - name: shop-7
    subject: shop-7-client
    roles: [merchant]
    scope: merchants/m7
    person_clients: [office]
  - name: lab-gateway
    subject: lab-gateway-client
    roles: [authenticator]
`
)

// fixture is a verifier with an authority, an issuer for workloads and one for
// persons, and a clock that the test moves.
type fixture struct {
	t         *testing.T
	now       atomic.Pointer[time.Time]
	authority *identitytest.Authority
	issuer    *identitytest.Issuer
	people    *identitytest.Issuer
	config    identity.Config
	dir       string
	verifier  *identity.Verifier
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		t: t, dir: t.TempDir(), authority: identitytest.NewAuthority(t, start),
		issuer: identitytest.NewIssuer(t), people: identitytest.NewIssuer(t),
	}
	f.setClock(start)
	f.rotateServer()
	f.config.BundleFile = f.write("bundle.pem", f.authority.PEM())
	f.config.TrustDomain = domain
	f.config.WorkloadsFile = f.write("workloads.yaml", []byte(workloadsSample))
	f.config.Workloads = identity.Issuer{URL: f.issuer.URL, Audience: audience, KeysURL: f.issuer.KeysURL}
	f.config.Persons = identity.Issuer{URL: f.people.URL, Audience: peopleAudience, KeysURL: f.people.KeysURL}
	f.start()
	return f
}

// start makes the verifier of the configuration.
func (f *fixture) start() {
	f.t.Helper()
	var err error
	f.verifier, err = identity.New(f.t.Context(), f.config, f.clock, slog.New(slog.DiscardHandler))
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) clock() time.Time      { return *f.now.Load() }
func (f *fixture) setClock(at time.Time) { f.now.Store(&at) }

func (f *fixture) write(name string, content []byte) string {
	return identitytest.WriteFile(f.t, f.dir, name, content)
}

// rotateServer writes a fresh certificate of the server.
func (f *fixture) rotateServer() {
	certificate, key := f.authority.Issue(f.t, identitytest.Leaf{From: start.Add(-time.Hour), Until: start.Add(24 * time.Hour)})
	f.config.CertFile, f.config.KeyFile = f.write("server.pem", certificate), f.write("server.key", key)
}

// certified is the evidence of a workload with a certificate.
func (f *fixture) certified(workload string) *identity.Evidence {
	f.t.Helper()
	return f.showing(f.authority, identitytest.Leaf{
		SPIFFE: "spiffe://" + domain + "/" + workload, From: start.Add(-time.Hour), Until: start.Add(time.Hour),
	})
}

func (f *fixture) showing(a *identitytest.Authority, l identitytest.Leaf) *identity.Evidence {
	f.t.Helper()
	encoded, _ := a.Issue(f.t, l)
	block, _ := pem.Decode(encoded)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		f.t.Fatal(err)
	}
	return &identity.Evidence{Certificates: []*x509.Certificate{leaf}}
}

// token is the evidence of a workload with a token.
func (f *fixture) token(subject string, more map[string]any) *identity.Evidence {
	f.t.Helper()
	return &identity.Evidence{Token: f.issuer.Sign(f.t, f.issuer.Claims(start, subject, audience, more))}
}

// person is the token of a person, made for the client office.
func (f *fixture) person(subject string, more map[string]any) string {
	f.t.Helper()
	claims := f.people.Claims(start, subject, peopleAudience, map[string]any{"azp": "office"})
	maps.Copy(claims, more)
	return f.people.Sign(f.t, claims)
}

// refused checks that evidence is refused, for a reason and because of what
// stands under a key of metadata.
func (f *fixture) refused(what string, e *identity.Evidence, reason fault.Reason, key string) {
	f.t.Helper()
	c, err := f.verifier.Identify(f.t.Context(), e)
	if r, ok := fault.As(err); !ok || r.Reason != reason || r.Fields["metadata"] != key {
		f.t.Errorf("%s: %+v, %v; want %s of %q", what, c, err, reason, key)
	}
}

// is checks who evidence proves.
func (f *fixture) is(what string, e *identity.Evidence, want identity.Caller) {
	f.t.Helper()
	got, err := f.verifier.Identify(f.t.Context(), e)
	if err != nil || got != want {
		f.t.Errorf("%s: %+v, %v; want %+v", what, got, err, want)
	}
}

func who(workload string, role principal.Role, person string) principal.Principal {
	return principal.Principal{Workload: workload, Role: role, Person: person}
}

func as(e *identity.Evidence, role principal.Role) *identity.Evidence {
	e.Claimed.Role = role
	return e
}

func forPerson(e *identity.Evidence, token string) *identity.Evidence {
	e.PersonToken = token
	return e
}
