package postgres

import (
	"context"
	"database/sql"
	"sync"

	"github.com/jmoiron/sqlx"
)

// Held is one connection that its owner keeps. Unlike the pool it is never quietly
// replaced: after it breaks every read fails, so that a reader with a position notices
// that another server may answer next.
type Held struct {
	conn *sqlx.Conn
	// mu keeps a read from beginning while the connection is being given up, which
	// database/sql does not prevent.
	mu     sync.RWMutex
	closed bool
}

// Hold takes a connection.
func (db *DB) Hold(ctx context.Context) (*Held, error) {
	conn, err := db.pool.Connx(ctx)
	if err != nil {
		return nil, failure(ctx, "connect", err)
	}
	return &Held{conn: conn}, nil
}

// Reader reads over the connection.
func (h *Held) Reader() Reader { return Reader{from: heldQueries{h.conn, h}} }

// heldQueries begins queries on a held connection.
type heldQueries struct {
	*sqlx.Conn
	held *Held
}

// QueryContext implements sqlx.QueryerContext.
func (q heldQueries) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	q.held.mu.RLock()
	defer q.held.mu.RUnlock()
	if q.held.closed {
		return nil, sql.ErrConnDone
	}
	return q.Conn.QueryContext(ctx, query, args...)
}

// Close gives the connection up; reads that begin later fail.
func (h *Held) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.closed = true
		discard(h.conn)
	}
}

// TryLock takes an advisory lock of the database, unless another connection holds it.
// The lock lasts as long as the connection.
func (h *Held) TryLock(ctx context.Context, key int64) (ours bool, err error) {
	ours, _, err = readOne(ctx, h.Reader(), "lock", `SELECT pg_try_advisory_lock($1)`, func(rows *sql.Rows) (ours bool, err error) {
		err = rows.Scan(&ours)
		return ours, err
	}, key)
	return ours, err
}
