package postgres

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// Held is one connection that is held on to. Unlike the pool it is never quietly
// replaced: when it breaks every read fails, so that whoever remembers a place
// notices that another server may answer next.
type Held struct {
	conn *sqlx.Conn
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
func (h *Held) Reader() Reader { return Reader{from: h.conn} }

// Close gives the connection up.
func (h *Held) Close() { discard(h.conn) }

// TryLock takes an advisory lock of the database, unless another connection has
// it. It is held as long as the connection.
func (h *Held) TryLock(ctx context.Context, key int64) (ours bool, err error) {
	err = h.conn.GetContext(ctx, &ours, `SELECT pg_try_advisory_lock($1)`, key)
	return ours, failure(ctx, "lock", err)
}
