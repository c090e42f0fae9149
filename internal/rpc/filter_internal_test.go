package rpc

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Would catch a field of a filter that names no field of the contract, and would therefore be
// open to every role, and one that a role may filter by without seeing it.
func TestFilterFieldsAreShownSomewhere(t *testing.T) {
	t.Parallel()
	checkFilter(t, claimFilter, "ClaimService/ListClaims", map[principal.Role]string{
		principal.RoleMerchant: "assignee claimant_id external_reference gateway_reference",
	})
	checkFilter(t, transferFilter, "DepositService/ListTransfers", map[principal.Role]string{
		principal.RoleMerchant: "gateway_reference",
	})
	checkFilter(t, payoutFilter, "ClaimService/ListPayouts", map[principal.Role]string{principal.RoleMerchant: "gateway_reference"})
	checkFilter(t, holdFilter, "DepositService/ListHolds", nil)
	checkFilter(t, debtFilter, "DepositService/ListDebts", nil)
	checkFilter(t, proposalFilter, "MerchantMoneyService/ListProposals", nil)
	checkFilter(t, bookFilter, "BookService/ListBooks", nil)
}

func checkFilter[Q any](t *testing.T, f filter[Q], method string, hidden map[principal.Role]string) {
	t.Helper()
	for name, field := range f.fields {
		if field.in == nil || field.in.ProtoReflect().Descriptor().Fields().ByName(field.shown) == nil {
			t.Errorf("%s: %s is shown by no field", f.things, name)
		}
		if field.form == "" || field.set == nil {
			t.Errorf("%s: %s cannot be compared", f.things, name)
		}
	}
	for _, role := range identity.Roles() {
		if !slices.Contains(methods["/tenfold.v1."+method].roles, role) {
			continue
		}
		var of []string
		for name := range f.fields {
			if !slices.Contains(f.names(role), name) {
				of = append(of, name)
			}
		}
		slices.Sort(of)
		if got := strings.Join(of, " "); got != hidden[role] {
			t.Errorf("%s: from %s are hidden %q, want %q", f.things, role, got, hidden[role])
		}
	}
}
