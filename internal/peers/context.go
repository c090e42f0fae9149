package peers

import (
	"context"
	"net"
)

type connKey struct{}

// With keeps a connection in a context; it may be wrapped, such as in TLS. Its form is that
// of the function of net/http that is called with every connection.
func With(ctx context.Context, c net.Conn) context.Context {
	if wrapped, ok := c.(interface{ NetConn() net.Conn }); ok {
		c = wrapped.NetConn()
	}
	if admitted, ok := c.(*Conn); ok {
		return context.WithValue(ctx, connKey{}, admitted)
	}
	return ctx
}

// Of gives the connection of a context; nil if there is none.
func Of(ctx context.Context) *Conn {
	c, _ := ctx.Value(connKey{}).(*Conn)
	return c
}
