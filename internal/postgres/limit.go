package postgres

import (
	"context"
	"net"
	"time"
)

// A connection may go silent: a fail-over, a lost entry in a firewall, storage that hangs.
// Nothing closes it, and whoever waits for an answer would wait for ever. So every
// connection of this package is dialled here, and none waits longer than its limit.

const (
	// AnswerMax is how long a server's connections wait for the database to say more.
	AnswerMax = 30 * time.Second
	// AnswerMaxAudit is the same for audits, whose queries read whole books.
	AnswerMaxAudit = 15 * time.Minute

	dialMax = 10 * time.Second
	// keepAlive finds a peer that is gone while a connection lies idle.
	keepAliveIdle  = 15 * time.Second
	keepAliveEvery = 5 * time.Second
	keepAliveCount = 3
)

// dialer dials connections that wait no longer than limit. It implements pq.Dialer and
// pq.DialerContext.
type dialer struct{ limit time.Duration }

func (d dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

func (d dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

func (d dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	plain := net.Dialer{
		Timeout:         dialMax,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAliveIdle, Interval: keepAliveEvery, Count: keepAliveCount},
	}
	conn, err := plain.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return limited{conn, d.limit}, nil
}

// limited is a connection each of whose reads and writes ends within limit. The driver
// reads only while it waits for an answer, so an idle connection is not cut off.
type limited struct {
	net.Conn
	limit time.Duration
}

func (c limited) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c limited) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}
