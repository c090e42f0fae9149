package rpc

import (
	"context"
	"net"
	"net/netip"
	"strings"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

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

// evidenceOf collects a call's evidence of its caller.
func evidenceOf(ctx context.Context) *identity.Evidence {
	md, _ := metadata.FromIncomingContext(ctx)
	e := &identity.Evidence{
		Token:       bearer(one(md, identity.KeyToken)),
		PersonToken: one(md, identity.KeyPersonToken),
		Claimed: identity.Caller{
			Principal: principal.Principal{
				Workload: one(md, identity.KeyWorkload),
				Role:     principal.Role(one(md, identity.KeyRole)),
				Person:   one(md, identity.KeyPerson),
			},
			Scope: one(md, identity.KeyScope),
		},
	}
	if p, ok := peer.FromContext(ctx); ok {
		e.Local = onLoopback(p.Addr)
		if secured, ok := p.AuthInfo.(credentials.TLSInfo); ok {
			e.Certificates = secured.State.PeerCertificates
		}
	}
	return e
}

// one gives the only value of a metadata key; several values count as none.
func one(md metadata.MD, key string) string {
	if values := md.Get(key); len(values) == 1 {
		return values[0]
	}
	return ""
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
