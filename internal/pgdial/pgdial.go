// Package pgdial opens every connection to PostgreSQL: pools and listeners. It owns the
// limits of silence, so that no connection waits for ever for a peer that says nothing and
// is not closed: a fail-over, a lost entry in a firewall, storage that hangs. The limits
// themselves belong to the callers, and so do statements.
package pgdial

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/lib/pq"
)

const (
	// dialMax is how long connecting may take, where the limit of answers is not shorter.
	dialMax = 10 * time.Second
	// These find a peer that is gone while a connection lies idle.
	KeepAliveIdle  = 15 * time.Second
	KeepAliveEvery = 5 * time.Second
	KeepAliveCount = 3
)

var errForm = errors.New("the database url cannot be read as postgres://user@host/database")

// Open prepares a pool over a connection URL; it connects on first use. A connection that
// says nothing for answerMax while an answer is due fails.
func Open(databaseURL string, answerMax time.Duration) (*sql.DB, error) {
	connector, err := Connector(databaseURL, answerMax, func() {})
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// OpenOver prepares a pool over connections of a connector, which was made by Connector
// and may be wrapped, such as in settings for each connection.
func OpenOver(connector driver.Connector) *sql.DB { return sql.OpenDB(connector) }

// Connector makes connections as Open does. It calls silent when one of them has waited for
// answerMax in vain; silent must not wait for a connection.
func Connector(databaseURL string, answerMax time.Duration, silent func()) (driver.Connector, error) {
	if !strings.HasPrefix(databaseURL, "postgres://") && !strings.HasPrefix(databaseURL, "postgresql://") {
		return nil, errForm
	}
	connector, err := pq.NewConnector(databaseURL)
	var form *url.Error
	switch {
	case errors.As(err, &form):
		// The error repeats the URL, and with it the password.
		return nil, errForm
	case err != nil:
		return nil, fmt.Errorf("read database url: %w", err)
	}
	connector.Dialer(dialer{answerMax, silent})
	return connector, nil
}

// Listen makes a listener for notifications, which connects and connects again by itself.
// Its connection counts as silent if nothing is said for answerMax, so its owner must ping
// it more often than that.
func Listen(databaseURL string, answerMax, reconnectMin, reconnectMax time.Duration) *pq.Listener {
	return pq.NewDialListener(dialer{answerMax, func() {}}, databaseURL, reconnectMin, reconnectMax, nil)
}

// dialer dials connections that wait no longer than limit. It implements pq.Dialer and
// pq.DialerContext.
type dialer struct {
	limit  time.Duration
	silent func()
}

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
		Timeout:         min(dialMax, d.limit),
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: KeepAliveIdle, Interval: KeepAliveEvery, Count: KeepAliveCount},
		Control:         giveUpAfter(d.limit),
	}
	conn, err := plain.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return limited{conn, d}, nil
}

// limited is a connection each of whose reads and writes ends within limit. The driver
// reads only while it waits for an answer, so an idle connection is not cut off.
type limited struct {
	net.Conn
	dialer
}

func (c limited) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.silent()
	}
	return n, err
}

func (c limited) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}
