// Package identity turns a call's evidence, certificates and tokens, into its
// caller: a workload in a role, the person it acts for, and the scope of the role.
// It knows no transport, and leaves the rights of each role to rpc.
package identity

import (
	"context"
	"crypto/x509"
	"regexp"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// These are the metadata keys under which callers identify themselves. A refusal
// names the key at fault.
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

// Keys are all keys of metadata that say something about a caller.
func Keys() []string {
	return []string{KeyWorkload, KeyRole, KeyScope, KeyPerson, KeyToken, KeyPersonToken}
}

// Caller is the caller of a call: the principal of its commands, and the scope of
// its role.
type Caller struct {
	principal.Principal
	// Scope is "merchants/{merchant}" or "authenticators/{authenticator}"; empty
	// for a role without a scope.
	Scope string
	// Quota is how often the workload may call; zero means the server's own quota.
	Quota Quota
}

// Quota bounds the calls of one workload.
type Quota struct {
	// PerSecond is how many calls a second are admitted in the long run.
	PerSecond float64
	// Burst is how many may come at once.
	Burst int
}

// Evidence is what a call shows about its caller.
type Evidence struct {
	// Local says that the call comes from this machine.
	Local bool
	// Certificates are the caller's, its own first, as the handshake verified them;
	// empty if it showed none.
	Certificates []*x509.Certificate
	// Token is the workload's, PersonToken that of the person it acts for.
	Token       string
	PersonToken string
	// Claimed is the identity that the call states without proof.
	Claimed Caller
}

// Authority identifies the caller of a call. With a refusal it returns as much as
// was proved.
type Authority interface {
	Identify(ctx context.Context, e *Evidence) (Caller, error)
}

// Roles are the roles that a call may be made in; the system's own role is not
// among them.
func Roles() []principal.Role {
	return []principal.Role{
		principal.RoleOrderService, principal.RoleSupport, principal.RoleAdjudicator, principal.RoleApprover, principal.RoleFinance,
		principal.RoleMerchant, principal.RoleAuthenticator, principal.RoleOperator, principal.RoleAuditor,
	}
}

func knownRole(r principal.Role) bool { return slices.Contains(Roles(), r) }

// nameForm is the form of names of workloads and persons.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9_.:@/-]{1,64}$`)

// idForm is the form of the ids in a scope.
var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// collections are the roles that have a scope, with the collection that the scope
// belongs to.
var collections = map[principal.Role]string{
	principal.RoleMerchant:      "merchants/",
	principal.RoleAuthenticator: "authenticators/",
}

// fits says whether a scope fits a role: one of the right form for a role with a
// scope, and none for other roles. The wildcard of names is not a merchant.
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
