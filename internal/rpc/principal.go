package rpc

import (
	"context"
	"net"
	"regexp"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// The metadata that says who calls.
const (
	metadataWorkload = "tenfold-workload"
	metadataRole     = "tenfold-role"
	metadataPerson   = "tenfold-person"
	metadataScope    = "tenfold-scope"
)

// caller is who makes a call: the principal of its commands, and what its role
// is limited to.
type caller struct {
	engine.Principal
	// scope is "merchants/{merchant}" or "authenticators/{authenticator}";
	// empty for a role that is not limited.
	scope string
}

type callerKey struct{}

func withCaller(ctx context.Context, c caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// callerOf gives who makes the call; every call that reaches a handler has one.
func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

var (
	callerForm = regexp.MustCompile(`^[A-Za-z0-9_.:@/-]{1,64}$`)
	scopeForms = map[engine.Role]*regexp.Regexp{
		engine.RoleMerchant:      regexp.MustCompile(`^merchants/[A-Za-z0-9_-]{1,64}$`),
		engine.RoleAuthenticator: regexp.MustCompile(`^authenticators/[A-Za-z0-9_-]{1,64}$`),
	}
)

// callers are the roles that calls may be made in; the system's own is none of them.
var callers = []engine.Role{
	engine.RoleOrderService, engine.RoleSupport, engine.RoleAdjudicator, engine.RoleApprover, engine.RoleFinance,
	engine.RoleMerchant, engine.RoleAuthenticator, engine.RoleOperator, engine.RoleAuditor,
}

// identify reads who calls from the call's metadata, which is believed on
// loopback only: there the machine's operator decides who may connect.
func identify(ctx context.Context) (caller, error) {
	if p, ok := peer.FromContext(ctx); !ok || !onLoopback(p.Addr) {
		return caller{}, fault.New(fault.CredentialMissing, "callers from other machines must prove who they are")
	}
	md, _ := metadata.FromIncomingContext(ctx)
	c := caller{
		Principal: engine.Principal{
			Workload: one(md, metadataWorkload),
			Role:     engine.Role(one(md, metadataRole)),
			Person:   one(md, metadataPerson),
		},
		scope: one(md, metadataScope),
	}
	switch {
	case c.Workload == "":
		return caller{}, missing(metadataWorkload)
	case c.Role == "":
		return caller{}, missing(metadataRole)
	case !callerForm.MatchString(c.Workload):
		return caller{}, malformed(metadataWorkload)
	case c.Person != "" && !callerForm.MatchString(c.Person):
		return caller{}, malformed(metadataPerson)
	case !knownRole(c.Role):
		return caller{}, malformed(metadataRole)
	}
	if form, limited := scopeForms[c.Role]; limited && !form.MatchString(c.scope) {
		return caller{}, malformed(metadataScope)
	} else if !limited && c.scope != "" {
		return caller{}, malformed(metadataScope)
	}
	return c, nil
}

func knownRole(r engine.Role) bool {
	for _, known := range callers {
		if r == known {
			return true
		}
	}
	return false
}

// one gives the only value of a metadata key; several are as good as none.
func one(md metadata.MD, key string) string {
	if values := md.Get(key); len(values) == 1 {
		return values[0]
	}
	return ""
}

func missing(key string) error {
	return fault.New(fault.CredentialMissing, "the call does not say who makes it: metadata %s is missing", key).With("metadata", key)
}

func malformed(key string) error {
	return fault.New(fault.CredentialInvalid, "metadata %s does not hold what the role needs", key).With("metadata", key)
}

// onLoopback says whether a peer is on this machine: a loopback address, a Unix
// socket, or a connection inside the process.
func onLoopback(a net.Addr) bool {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	default:
		return a != nil && a.Network() == "bufconn"
	}
}
