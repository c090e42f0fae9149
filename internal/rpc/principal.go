package rpc

import (
	"context"
	"net"
	"net/netip"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/identity"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// caller is the identity behind a call, as far as it was proved.
type caller struct {
	identity.Caller
}

type callerKey struct{}

func withCaller(ctx context.Context, c caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// callerOf gives the caller of a call; every call that reaches a handler has one.
func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// evidenceOf collects a call's evidence of its caller. Refuses with CREDENTIAL_INVALID
// metadata that says one thing twice.
func evidenceOf(ctx context.Context) (*identity.Evidence, error) {
	said, err := stated(ctx)
	if err != nil {
		return nil, err
	}
	e := &identity.Evidence{
		Token:       bearer(said[identity.KeyToken]),
		PersonToken: said[identity.KeyPersonToken],
		Claimed: identity.Caller{
			Principal: principal.Principal{
				Workload: said[identity.KeyWorkload],
				Role:     principal.Role(said[identity.KeyRole]),
				Person:   said[identity.KeyPerson],
			},
			Scope: said[identity.KeyScope],
		},
	}
	if p, ok := peer.FromContext(ctx); ok {
		e.Local = onLoopback(p.Addr)
		if handshake, ok := secured(p); ok {
			e.Certificates = handshake.State.PeerCertificates
		}
	}
	return e, nil
}

// stated is what a call's metadata says about its caller, by key. It is the only reader of
// metadata. A key that stands twice is refused, even with one value twice: whoever takes
// the first of two values, or none, believes something else than a proxy that takes the
// last.
func stated(ctx context.Context) (map[string]string, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	said := make(map[string]string, len(identity.Keys()))
	for _, key := range identity.Keys() {
		switch values := md.Get(key); len(values) {
		case 0:
		case 1:
			said[key] = values[0]
		default:
			return nil, fault.New(fault.CredentialInvalid, "metadata %s stands %d times in the call; send it once", key, len(values)).
				With("metadata", key)
		}
	}
	return said, nil
}

// bearer extracts the token from a value "Bearer TOKEN". Any other value counts as
// a token that no issuer has signed.
func bearer(value string) string {
	const scheme = "bearer "
	if len(value) > len(scheme) && strings.EqualFold(value[:len(scheme)], scheme) {
		return value[len(scheme):]
	}
	return value
}

// onLoopback says whether a peer is on this machine: a loopback address, a Unix
// socket, or a connection inside the process.
func onLoopback(a net.Addr) bool {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	case nil:
		return false
	}
	if a.Network() == "tcp" {
		// For a call over HTTP, gRPC knows the address only as text.
		from, err := netip.ParseAddrPort(a.String())
		return err == nil && from.Addr().Unmap().IsLoopback()
	}
	return a.Network() == "bufconn"
}

// wished are the languages that a call asks for. They say nothing about the caller: whoever
// asks twice gets the default.
func wished(ctx context.Context) []string {
	md, _ := metadata.FromIncomingContext(ctx)
	return md.Get(acceptLanguage)
}
