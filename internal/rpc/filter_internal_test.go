package rpc

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Would catch a field of the filter that names no field of the contract, and would
// therefore be open to every role, and one that a role may filter by without seeing it.
func TestFilterFieldsAreShownSomewhere(t *testing.T) {
	t.Parallel()
	hidden := map[principal.Role]string{
		principal.RoleMerchant: "assignee claimant_id external_reference gateway_reference",
	}
	for name, f := range filterFields {
		if f.in == nil || f.in.ProtoReflect().Descriptor().Fields().ByName(f.shown) == nil {
			t.Errorf("%s is shown by no field", name)
		}
		if f.form == "" || f.set == nil {
			t.Errorf("%s cannot be compared", name)
		}
	}
	for _, role := range identity.Roles() {
		if !slices.Contains(methods["/tenfold.v1.ClaimService/ListClaims"].roles, role) {
			continue
		}
		var of []string
		for name := range filterFields {
			if !slices.Contains(filterNames(role), name) {
				of = append(of, name)
			}
		}
		slices.Sort(of)
		if got := strings.Join(of, " "); got != hidden[role] {
			t.Errorf("from %s are hidden %q, want %q", role, got, hidden[role])
		}
	}
}
