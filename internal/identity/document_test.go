package identity_test

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Would catch a documented workloads file that the server does not take, or
// takes for something else than the document says.
func TestDocumentedWorkloadsFile(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(document), "```yaml\n")
	example, _, ended := strings.Cut(rest, "```")
	if !found || !ended {
		t.Fatal("the document has lost its example")
	}
	f := newFixture(t)
	f.config.WorkloadsFile = f.write("documented.yaml", []byte(example))
	if f.verifier, err = identity.New(t.Context(), f.config, f.clock, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	f.is("order-service", f.certified("order-service"), identity.Caller{
		Principal: who("order-service", principal.RoleOrderService, ""), Quota: identity.Quota{PerSecond: 5000, Burst: 10_000},
	})
	f.is("lab-7", f.token("lab-7-client", nil), identity.Caller{
		Principal: who("lab-7", principal.RoleAuthenticator, ""), Scope: "authenticators/lab-7",
	})
	person := f.person("p1", map[string]any{"tenfold_roles": "merchant", "tenfold_merchant": "m1", "azp": "merchant-portal"})
	f.is("back-office", forPerson(f.certified("back-office"), person), identity.Caller{
		Principal: who("back-office", principal.RoleMerchant, "p1"), Scope: "merchants/m1",
	})
}
