package rpc

import (
	"context"
	"net"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"

	"github.com/tenfold-claims/tenfold/internal/peers"
)

// recognising are transport credentials that keep the connection with what they found
// out about it, so that a call can tell it that its caller is proved.
type recognising struct {
	credentials.TransportCredentials
}

// connected is what is known about a connection.
type connected struct {
	credentials.AuthInfo
	conn *peers.Conn
}

// ServerHandshake implements credentials.TransportCredentials. A certificate that was
// verified proves who is at the other end.
func (r recognising) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	secured, info, err := r.TransportCredentials.ServerHandshake(raw)
	conn, ok := raw.(*peers.Conn)
	if err != nil || !ok {
		return secured, info, err
	}
	if t, ok := info.(credentials.TLSInfo); ok && len(t.State.PeerCertificates) > 0 {
		conn.Proved()
	}
	return secured, connected{AuthInfo: info, conn: conn}, nil
}

// Clone implements credentials.TransportCredentials.
func (r recognising) Clone() credentials.TransportCredentials {
	return recognising{r.TransportCredentials.Clone()}
}

// secured is what a handshake found out about the connection of a call.
func secured(p *peer.Peer) (credentials.TLSInfo, bool) {
	info := p.AuthInfo
	if c, ok := info.(connected); ok {
		info = c.AuthInfo
	}
	t, ok := info.(credentials.TLSInfo)
	return t, ok
}

// connectionOf is the connection of a call, over gRPC or HTTP; nil if the call came in another
// way.
func connectionOf(ctx context.Context) *peers.Conn {
	if p, ok := peer.FromContext(ctx); ok {
		if c, ok := p.AuthInfo.(connected); ok {
			return c.conn
		}
	}
	return peers.Of(ctx)
}

// proved tells the connection of a call that its caller is proved.
func proved(ctx context.Context) {
	if c := connectionOf(ctx); c != nil {
		c.Proved()
	}
}
