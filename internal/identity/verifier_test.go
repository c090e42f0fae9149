package identity_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/identity/identitytest"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Would catch a workload that is taken for another, a role that is chosen for
// it, and a quota that is lost on the way.
func TestWorkloadsAreWhoTheyProve(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.is("the only role", f.certified("order-service"), identity.Caller{
		Principal: who("order-service", principal.RoleOrderService, ""), Quota: identity.Quota{PerSecond: 50, Burst: 100},
	})
	f.is("one of several roles", as(f.certified("support-tool"), "adjudicator"), identity.Caller{Principal: who("support-tool", principal.RoleAdjudicator, "")})
	f.is("the same by token", as(f.token("support-tool-client", nil), "support"), identity.Caller{Principal: who("support-tool", principal.RoleSupport, "")})
	f.refused("several roles and none chosen", f.certified("support-tool"), fault.CredentialMissing, identity.KeyRole)
	f.refused("a role that there is not", as(f.certified("support-tool"), "king"), fault.CredentialInvalid, identity.KeyRole)
	f.refused("the engine's own role", as(f.certified("support-tool"), "system"), fault.CredentialInvalid, identity.KeyRole)
	f.refused("another's role", as(f.certified("order-service"), "finance"), fault.AccessDenied, "")
	f.refused("nothing", &identity.Evidence{Local: true}, fault.CredentialMissing, identity.KeyToken)
	both := f.certified("support-tool")
	both.Token = f.token("support-tool-client", nil).Token
	f.refused("certificate and token", both, fault.CredentialInvalid, identity.KeyToken)
}

// Would catch what is believed on loopback only and believed beside a proof.
func TestClaimsWithoutProofAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for key, claimed := range map[string]identity.Caller{
		identity.KeyWorkload: {Principal: principal.Principal{Workload: "order-service"}},
		identity.KeyPerson:   {Principal: principal.Principal{Person: "p1"}},
		identity.KeyScope:    {Scope: "merchants/m1"},
	} {
		e := f.certified("order-service")
		e.Local, e.Claimed = true, claimed
		f.refused(key, e, fault.CredentialInvalid, key)
	}
}

// Would catch a certificate that is believed though it is another trust
// domain's, nobody's, or has expired under a connection that still stands.
func TestBadCertificatesAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	from, until := start.Add(-time.Hour), start.Add(time.Hour)
	for what, l := range map[string]identitytest.Leaf{
		"another trust domain": {SPIFFE: "spiffe://another.example/order-service", From: from, Until: until},
		"an unknown workload":  {SPIFFE: "spiffe://market.example/somebody", From: from, Until: until},
		"a longer path":        {SPIFFE: "spiffe://market.example/order-service/x", From: from, Until: until},
		"no workload":          {SPIFFE: "spiffe://market.example", From: from, Until: until},
		"no SPIFFE id":         {From: from, Until: until},
		"another scheme":       {SPIFFE: "https://market.example/order-service", From: from, Until: until},
		"expired":              {SPIFFE: "spiffe://market.example/order-service", From: from, Until: start.Add(-time.Second)},
	} {
		f.refused(what, f.showing(f.authority, l), fault.CredentialInvalid, "")
	}
}

// Would catch a person who is not who the token says, and roles that a person
// takes by working through a tool that has them.
func TestPersonsAreProved(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	roles := map[string]any{"roles": []string{"adjudicator", "approver"}}
	adjudicator := identity.Caller{Principal: who("support-tool", principal.RoleAdjudicator, "p1")}
	f.is("roles as a list", forPerson(as(f.certified("support-tool"), "adjudicator"), f.person("p1", roles)), adjudicator)
	f.is("roles as a text", forPerson(as(f.certified("support-tool"), "adjudicator"),
		f.person("p1", map[string]any{"roles": "approver adjudicator"})), adjudicator)
	for what, more := range map[string]map[string]any{
		"a role that is the tool's alone": roles,
		"a role within a longer word":     {"roles": "support-lead"},
		"no roles":                        nil,
		"roles of a kind nobody knows":    {"roles": map[string]any{"support": true}},
	} {
		f.refused(what, forPerson(as(f.certified("support-tool"), "support"), f.person("p1", more)), fault.AccessDenied, "")
	}
	for what, token := range map[string]string{
		"a workload's token":     f.issuer.Sign(t, f.issuer.Claims(start, "p1", audience, roles)),
		"for another audience":   f.people.Sign(t, f.people.Claims(start, "p1", audience, roles)),
		"expired":                f.person("p1", map[string]any{"roles": "adjudicator", "exp": start.Add(-time.Hour).Unix()}),
		"an id with a space":     f.person("p 1", roles),
		"an id of another shape": f.person("电话", roles),
		"no token":               "p1",
	} {
		f.refused(what, forPerson(as(f.certified("support-tool"), "adjudicator"), token), fault.CredentialInvalid, identity.KeyPersonToken)
	}
}

// Would catch a merchant or authenticator with the scope of another, or with
// none, which would be all.
func TestScopeComesFromProof(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	merchant := func(id any) map[string]any { return map[string]any{"merchant": id, "roles": "merchant"} }
	f.is("the person's", forPerson(f.certified("back-office"), f.person("p1", merchant("m1"))), identity.Caller{
		Principal: who("back-office", principal.RoleMerchant, "p1"), Scope: "merchants/m1",
	})
	f.is("the workload's own", f.token("shop-7-client", nil), identity.Caller{
		Principal: who("shop-7", principal.RoleMerchant, ""), Scope: "merchants/m7",
	})
	f.is("all that agree", forPerson(f.token("shop-7-client", merchant("m7")), f.person("p1", merchant("m7"))), identity.Caller{
		Principal: who("shop-7", principal.RoleMerchant, "p1"), Scope: "merchants/m7",
	})
	f.is("the token's", f.token("lab-gateway-client", map[string]any{"lab": "lab-1"}), identity.Caller{
		Principal: who("lab-gateway", principal.RoleAuthenticator, ""), Scope: "authenticators/lab-1",
	})
	f.is("none for a role without limits", as(f.token("support-tool-client", merchant("m1")), "support"), identity.Caller{
		Principal: who("support-tool", principal.RoleSupport, ""),
	})
	f.refused("nothing says which", f.certified("back-office"), fault.CredentialInvalid, identity.KeyPersonToken)
	f.refused("no claim of it", forPerson(f.certified("back-office"), f.person("p1", map[string]any{"roles": "merchant"})), fault.CredentialInvalid, identity.KeyPersonToken)
	f.refused("another merchant's person", forPerson(f.token("shop-7-client", nil), f.person("p1", merchant("m8"))), fault.CredentialInvalid, identity.KeyPersonToken)
	f.refused("another merchant's token", f.token("shop-7-client", merchant("m8")), fault.CredentialInvalid, identity.KeyToken)
	f.refused("a merchant's claim for an authenticator", f.token("lab-gateway-client", merchant("m1")), fault.CredentialInvalid, identity.KeyToken)
	for what, id := range map[string]any{
		"all merchants": "-", "a pattern": "*", "a path": "m1/claims/x", "several": []string{"m1", "m2"}, "a number": 7, "a space": "m 1",
	} {
		f.refused(what, forPerson(f.certified("back-office"), f.person("p1", merchant(id))), fault.CredentialInvalid, identity.KeyPersonToken)
	}
}

// Would catch rotated files that are not read, and a broken one that takes what
// was good away.
func TestFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	reload := func(what string, good bool) {
		t.Helper()
		if err := f.verifier.Reload(t.Context()); good != (err == nil) {
			t.Errorf("%s: %v", what, err)
		}
	}
	own := func() string {
		t.Helper()
		c, err := f.verifier.TLS().GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(c.Certificate[0])
	}
	first := own()
	f.rotateServer()
	reload("a rotated certificate", true)
	if own() == first {
		t.Error("the server shows its old certificate")
	}
	f.write("workloads.yaml", []byte("workloads: [{name: renamed, spiffe: 'spiffe://market.example/order-service', roles: [order-service]}]"))
	reload("other workloads", true)
	renamed := identity.Caller{Principal: who("renamed", principal.RoleOrderService, "")}
	f.is("by the other file", f.certified("order-service"), renamed)
	f.refused("no longer in the file", as(f.certified("support-tool"), "support"), fault.CredentialInvalid, "")
	second := own()
	for _, name := range []string{"workloads.yaml", "server.pem", "bundle.pem"} {
		f.write(name, []byte("- broken"))
		reload(name, false)
	}
	f.is("with broken files", f.certified("order-service"), renamed)
	if own() != second {
		t.Error("a broken file took the certificate away")
	}
}
