package rpc

import (
	"google.golang.org/protobuf/proto"

	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// MethodRoles are the roles that may call each method; none for an open one.
func MethodRoles() map[string][]principal.Role {
	out := make(map[string][]principal.Role, len(methods))
	for method, row := range methods {
		out[method] = row.roles
	}
	return out
}

// Cover clears what a role must not see in an answer.
func Cover(role principal.Role, answer proto.Message) {
	caller{identity.Caller{Principal: principal.Principal{Role: role}}}.cover(answer)
}

// Secret is a field that is hidden from roles.
type Secret struct {
	Field string
	From  []principal.Role
	// Own says that it is shown where a merchant made it.
	Own bool
}

// Secrets are the fields that are not for every role.
func Secrets() []Secret {
	var out []Secret
	for field, s := range secrets {
		out = append(out, Secret{Field: string(field), From: s.from, Own: s.unless != nil})
	}
	return out
}
