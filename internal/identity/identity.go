// Package identity turns what a call shows of itself, certificates and tokens,
// into who makes it: a workload in a role, a person behind it, and what the role
// is limited to. It knows no transport, and leaves what each role may do to rpc.
package identity

import (
	"context"
	"crypto/x509"
	"regexp"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// The keys of metadata under which callers show who they are. A refusal names
// the one at fault.
const (
	// KeyWorkload, KeyPerson and KeyScope are believed on loopback only.
	KeyWorkload = "tenfold-workload"
	KeyPerson   = "tenfold-person"
	KeyScope    = "tenfold-scope"
	// KeyRole chooses among the roles of a workload.
	KeyRole = "tenfold-role"
	// KeyToken holds a workload's token, after the word Bearer.
	KeyToken = "authorization"
	// KeyPersonToken holds the token of the person that a workload acts for.
	KeyPersonToken = "tenfold-person-token"
)

// Caller is who makes a call: the principal of its commands, and what its role
// is limited to.
type Caller struct {
	principal.Principal
	// Scope is "merchants/{merchant}" or "authenticators/{authenticator}"; empty
	// for a role that is not limited.
	Scope string
	// Quota is how often the workload may call; zero for the server's own.
	Quota Quota
}

// Quota bounds the calls of one workload.
type Quota struct {
	// PerSecond is how many calls a second are let through in the long run.
	PerSecond float64
	// Burst is how many may come at once.
	Burst int
}

// Evidence is what a call shows of who makes it.
type Evidence struct {
	// Local says that it comes from this machine.
	Local bool
	// Certificates are the caller's, its own first, as the handshake verified
	// them. None, where it showed none.
	Certificates []*x509.Certificate
	// Token is the workload's, PersonToken that of the person it acts for.
	Token       string
	PersonToken string
	// Claimed is what the call says of itself without proof.
	Claimed Caller
}

// Authority says who makes a call. With a refusal it gives as much as was
// proved.
type Authority interface {
	Identify(ctx context.Context, e *Evidence) (Caller, error)
}

// Roles are the roles that calls may be made in; the system's own is none of them.
func Roles() []principal.Role {
	return []principal.Role{
		principal.RoleOrderService, principal.RoleSupport, principal.RoleAdjudicator, principal.RoleApprover, principal.RoleFinance,
		principal.RoleMerchant, principal.RoleAuthenticator, principal.RoleOperator, principal.RoleAuditor,
	}
}

func knownRole(r principal.Role) bool { return slices.Contains(Roles(), r) }

// nameForm is the form of workloads and persons.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9_.:@/-]{1,64}$`)

// idForm is the form of the ids in a scope.
var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// collections are the roles that are limited, with the collection that a scope
// of each lies in.
var collections = map[principal.Role]string{
	principal.RoleMerchant:      "merchants/",
	principal.RoleAuthenticator: "authenticators/",
}

// fits says whether a scope is one for a role: of its form for a role that is
// limited, none for another. The wildcard of names is no merchant.
func fits(role principal.Role, scope string) bool {
	collection, limited := collections[role]
	if !limited {
		return scope == ""
	}
	id := scope[min(len(collection), len(scope)):]
	return scope == collection+id && id != "-" && idForm.MatchString(id)
}

func missing(key, format string, args ...any) error {
	return fault.New(fault.CredentialMissing, format, args...).With("metadata", key)
}

func invalid(key, format string, args ...any) error {
	return fault.New(fault.CredentialInvalid, format, args...).With("metadata", key)
}
