package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// prepared runs queries on statements that stay prepared, once for each connection and
// query: planning a look-up by key costs more than the look-up itself. It is for a few
// fixed queries that find their rows by a unique key.
type prepared struct {
	*sqlx.DB

	mu   sync.RWMutex
	kept map[string]*sql.Stmt
}

func newPrepared(pool *sqlx.DB) *prepared {
	return &prepared{DB: pool, kept: make(map[string]*sql.Stmt)}
}

// QueryContext implements sqlx.QueryerContext.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	st, err := p.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

func (p *prepared) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	p.mu.RLock()
	st := p.kept[query]
	p.mu.RUnlock()
	if st != nil {
		return st, nil
	}
	// Two callers may prepare it at once: the later one uses the other's statement.
	st, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.kept[query]; first != nil {
		_ = st.Close()
		return first, nil
	}
	p.kept[query] = st
	return st, nil
}

// settled makes connections that reach every row by an index if there is one. A plan
// may be kept, and a plan made while a table was small must not read the whole of it
// once it has grown.
type settled struct {
	driver.Connector
	answerMax time.Duration
}

// Connect implements driver.Connector.
func (s settled) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := s.Connector.Connect(ctx)
	var said *pq.Error
	switch {
	case err != nil && ctx.Err() == nil && !errors.As(err, &said):
		// Among several hosts, none is reachable and takes writes: one may be promoted.
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	case err != nil:
		return nil, err
	}
	if _, err := conn.(driver.ExecerContext).ExecContext(ctx, "SET enable_seqscan = off; "+patience(s.answerMax), nil); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("set up connection: %w", err)
	}
	return conn, nil
}
