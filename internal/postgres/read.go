package postgres

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"
)

// Reader reads what the API shows. It never locks: what it reads is what was
// committed last.
type Reader struct {
	from sqlx.QueryerContext
}

// Reader reads statement by statement, each on what is committed at its time.
func (db *DB) Reader() Reader { return Reader{from: db.pool} }

// Snapshot runs f on one snapshot, so that what it reads belongs together.
func (db *DB) Snapshot(ctx context.Context, f func(Reader) error) error {
	tx, err := db.pool.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return failure(ctx, "begin snapshot", err)
	}
	// Nothing was written: there is nothing to commit.
	defer func() { _ = tx.Rollback() }()
	return f(Reader{from: tx})
}

// read runs a query and scans every row of it.
func read[T any](ctx context.Context, r Reader, what, query string, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	rows, err := r.from.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, failure(ctx, what, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, failure(ctx, what, err)
		}
		out = append(out, v)
	}
	return out, failure(ctx, what, rows.Err())
}

// readOne runs a query for at most one row and says whether there is one.
func readOne[T any](ctx context.Context, r Reader, what, query string, scan func(*sql.Rows) (T, error), args ...any) (one T, found bool, err error) {
	rows, err := read(ctx, r, what, query, scan, args...)
	if err != nil || len(rows) == 0 {
		return one, false, err
	}
	return rows[0], true, nil
}

// Page is a part of a list. It may hold fewer rows than were asked for although
// More is set: a filter that no index serves looks at a bounded number of rows,
// and Next goes on behind those.
type Page[T, C any] struct {
	Rows []T
	Next C
	More bool
}

// examinedMax is how many rows a page with such a filter looks at.
const examinedMax = 1000

// examined is how many rows to read for a page of size: one more tells whether
// there is another page, a filter needs more to choose from.
func examined(size int, filtered bool) int {
	if filtered {
		return max(examinedMax, size+1)
	}
	return size + 1
}

// pageOf takes a page off rows, which were read up to limit of them.
func pageOf[T, C any](rows []T, size, limit int, keep func(*T) bool, cursor func(*T) C) Page[T, C] {
	var p Page[T, C]
	for i := range rows {
		if !keep(&rows[i]) {
			continue
		}
		if len(p.Rows) == size {
			p.More, p.Next = true, cursor(&rows[i-1])
			return p
		}
		p.Rows = append(p.Rows, rows[i])
	}
	if len(rows) == limit {
		p.More, p.Next = true, cursor(&rows[len(rows)-1])
	}
	return p
}
