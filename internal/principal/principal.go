// Package principal says who may make a command: a workload in a role, for a
// person where one stands behind it; and whether two ids name one person. How callers prove who they are is left to
// identity, and what each role may call to rpc.
package principal

// Role is one of the roles that a principal can have.
type Role string

// The roles.
const (
	RoleOrderService  Role = "order-service"
	RoleSupport       Role = "support"
	RoleAdjudicator   Role = "adjudicator"
	RoleApprover      Role = "approver"
	RoleFinance       Role = "finance"
	RoleMerchant      Role = "merchant"
	RoleAuthenticator Role = "authenticator"
	RoleOperator      Role = "operator"
	RoleAuditor       Role = "auditor"
	// RoleSystem is the engine's own timers and workers.
	RoleSystem Role = "system"
)

// Principal is the caller of a command: a workload in a role, and the person it acts
// for, if there is one.
type Principal struct {
	Workload string
	Role     Role
	Person   string
}
