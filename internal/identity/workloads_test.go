package identity_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Would catch a workloads file that says something else than its author meant:
// a misspelled key, a role for nobody, one id for two workloads.
func TestWrongWorkloadsFilesStopTheStart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const good = "{name: a, subject: a, roles: [support]}"
	for want, content := range map[string]string{
		"names no workload":       "claims: {merchant: m}",
		"field rolse":             "workloads: [{name: a, subject: a, rolse: [support]}]",
		"its name must be":        "workloads: [{name: 'a b', subject: a, roles: [support]}]",
		"spiffe or subject":       "workloads: [{name: a, roles: [support]}]",
		"has no role":             "workloads: [{name: a, subject: a}]",
		`role "king"`:             "workloads: [{name: a, subject: a, roles: [king]}]",
		`role "system"`:           "workloads: [{name: a, subject: a, roles: [system]}]",
		`role "support"`:          "workloads: [{name: a, subject: a, roles: [support, support]}]",
		"scheme":                  "workloads: [{name: a, spiffe: 'https://x/y', roles: [support]}]",
		"workload 2 (a): its":     "workloads: [" + good + ", {name: a, subject: b, roles: [support]}]",
		"workload 2 (b): its":     "workloads: [" + good + ", {name: b, subject: a, roles: [support]}]",
		"does not fit one of its": "workloads: [{name: a, subject: a, roles: [merchant, support], scope: merchants/m1}]",
		`scope "merchants/*"`:     "workloads: [{name: a, subject: a, roles: [merchant], scope: 'merchants/*'}]",
		`scope "merchants/-"`:     "workloads: [{name: a, subject: a, roles: [merchant], scope: merchants/-}]",
		"must be set together":    "workloads: [{name: a, subject: a, roles: [support], calls_per_second: 5}]",
		"did not find":            "workloads: [",
		"cannot unmarshal":        "workloads: all of them",
		"above zero":              "workloads: [{name: a, subject: a, roles: [support], burst: 1, calls_per_second: -1}]",
	} {
		f.config.WorkloadsFile = f.write("wrong.yaml", []byte(content))
		_, err := identity.New(t.Context(), f.config, f.clock, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", content, err, want)
		}
	}
}

// Would catch a file in JSON that is not read, and a key set in a file.
func TestFilesMayBeJSON(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.config.WorkloadsFile = f.write("workloads.json", []byte(`{"workloads": [{"name": "a", "subject": "a-client", "roles": ["support"]}]}`))
	f.config.Workloads = identity.Issuer{URL: f.issuer.URL, Audience: audience, KeysFile: f.write("keys.json", f.issuer.KeySet(t))}
	f.config.Certificates.BundleFile = ""
	var err error
	if f.verifier, err = identity.New(t.Context(), f.config, f.clock, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	f.is("by the file's keys", f.token("a-client", nil), identity.Caller{Principal: who("a", principal.RoleSupport, "")})
	f.issuer.Rotate(t)
	f.refused("by a key that the file lacks", f.token("a-client", nil), fault.CredentialInvalid, identity.KeyToken)
	f.write("keys.json", f.issuer.KeySet(t))
	if err := f.verifier.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.is("by the rotated file", f.token("a-client", nil), identity.Caller{Principal: who("a", principal.RoleSupport, "")})
	f.config.Workloads.KeysFile = f.write("none.json", []byte(`{"keys": []}`))
	if _, err := identity.New(t.Context(), f.config, f.clock, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a key set without keys is taken")
	}
}
