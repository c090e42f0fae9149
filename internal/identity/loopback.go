package identity

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Loopback believes the identity that calls from this machine state: there the
// machine's operator decides who may connect. It refuses calls from elsewhere.
type Loopback struct{}

// Identify returns the stated caller, if it is complete.
func (Loopback) Identify(_ context.Context, e *Evidence) (Caller, error) {
	c := e.Claimed
	switch {
	case !e.Local:
		return Caller{}, fault.New(fault.CredentialMissing, "callers from other machines must prove their identity")
	case c.Workload == "":
		return Caller{}, unsaid(KeyWorkload)
	case c.Role == "":
		return Caller{}, unsaid(KeyRole)
	case !nameForm.MatchString(c.Workload):
		return Caller{}, malformed(KeyWorkload)
	case c.Person != "" && !nameForm.MatchString(c.Person):
		return Caller{}, malformed(KeyPerson)
	case !knownRole(c.Role):
		return Caller{}, malformed(KeyRole)
	case !fits(c.Role, c.Scope):
		return Caller{}, malformed(KeyScope)
	}
	return c, nil
}

func unsaid(key string) error {
	return missing(key, "the call does not state its caller: metadata %s is missing", key)
}

func malformed(key string) error {
	return invalid(key, "metadata %s does not fit the role", key)
}
