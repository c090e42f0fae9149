package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

// Reader reads what the API shows. It never locks, and sees the last committed state.
// Each statement is planned for its parameters and for the tables as they are, except
// the most frequent ones, which find a row by key. A list examines a bounded number of
// rows, however long its history is.
type Reader struct {
	from sqlx.QueryerContext
	// keyed runs reads by a key on statements that stay prepared; nil where they
	// run like any other.
	keyed sqlx.QueryerContext
}

// Reader reads statement by statement, each on what is committed at its time
// and in one round trip.
func (db *DB) Reader() Reader { return Reader{from: db.pool, keyed: db.keyed} }

// byKey is the reader for a row found by its key.
func (r Reader) byKey() Reader {
	if r.keyed != nil {
		r.from = r.keyed
	}
	return r
}

// Snapshot runs f on one snapshot, so that everything it reads belongs together.
func (db *DB) Snapshot(ctx context.Context, f func(Reader) error) error {
	tx, err := db.pool.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return failure(ctx, "begin snapshot", err)
	}
	// Nothing was written: there is nothing to commit.
	defer func() { _ = tx.Rollback() }()
	return f(Reader{from: tx})
}

// each runs a query and hands every row of it to scan.
func (r Reader) each(ctx context.Context, what, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := r.from.QueryContext(ctx, query, args...)
	if err != nil {
		return failure(ctx, what, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); errors.Is(err, errEnough) {
			return nil
		} else if err != nil {
			return failure(ctx, what, err)
		}
	}
	return failure(ctx, what, rows.Err())
}

// errEnough ends a query before its last row.
var errEnough = errors.New("enough rows were read")

// read runs a query and scans every row of it.
func read[T any](ctx context.Context, r Reader, what, query string, scan func(*sql.Rows) (T, error), args ...any) ([]T, error) {
	var out []T
	err := r.each(ctx, what, query, args, func(rows *sql.Rows) error {
		v, err := scan(rows)
		out = append(out, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// readOne runs a query for at most one row and says whether there is one.
func readOne[T any](ctx context.Context, r Reader, what, query string, scan func(*sql.Rows) (T, error), args ...any) (one T, found bool, err error) {
	err = r.each(ctx, what, query, args, func(rows *sql.Rows) (err error) {
		one, err = scan(rows)
		found = err == nil
		return err
	})
	return one, found, err
}

// Page is a part of a list. It may hold fewer rows than were asked for, even none,
// although More is set: a page examines a bounded number of rows, and the next page
// continues where this one stopped.
type Page[T, C any] struct {
	Rows []T
	// Next is the row at which the next page starts, to be handed back unchanged.
	Next C
	More bool
}

// examinedMax is how many rows a page examines to find those that were asked for: a
// few milliseconds of the database's time.
const examinedMax = 2500

// examinedFarMax is the bound where every examined row costs a look-up in another
// table, which may lie on a page of its own.
const examinedFarMax = 1000

// weightMax is about how many bytes of rows a page reads; an answer holds no more.
const weightMax = 2 << 20

// claimWeight is about how many bytes a claim takes in an answer.
func claimWeight(c *claim.Claim) int {
	const alone, unit = 1 << 10, 56
	return alone + unit*len(c.Units)
}

// listing is a query that gives the rows of a list in order, each with whether
// it lies beyond the rows that the page may look at.
//
// Such queries have one shape. The inner select walks an index and numbers the
// rows; it has no condition but those of the index, so that its LIMIT bounds
// what is looked at. It compares whole keys where an equation and a bound on
// the rest would say the same: only the index on the key has that order, while
// an equation that seems to hold for few rows may be fetched whole and sorted,
// and one that seems to hold for most may be looked for along another index.
//
// Around it stands what is asked for; the first row beyond the bound is given
// whether it is asked for or not, as the next page starts with it. The outer
// select has no ORDER BY: rows keep the order of the inner one, and a LIMIT
// alone tells the planner to walk the index only as far as the page needs.
type listing[T, C any] struct {
	what   string
	query  string
	scan   func(scanner, *T) error
	cursor func(*T) C
	// weigh is about how many bytes a row takes in an answer; nil for a few.
	weigh func(*T) int
	// far says that rows that are not asked for cost a look-up too.
	far bool
}

// page reads a page of size rows. The parameters $1 and $2 of the query are how
// many rows to look at and how many to give; args are those after them.
func (l listing[T, C]) page(ctx context.Context, r Reader, size int, args ...any) (Page[T, C], error) {
	var p Page[T, C]
	weight := 0
	most := examinedMax
	if l.far {
		most = examinedFarMax
	}
	err := r.each(ctx, l.what, l.query, append([]any{most, size + 1}, args...), func(rows *sql.Rows) error {
		var row T
		var beyond bool
		if err := l.scan(wider{rows, &beyond}, &row); err != nil {
			return err
		}
		if beyond || len(p.Rows) == size || weight > weightMax {
			p.More, p.Next = true, l.cursor(&row)
			return errEnough
		}
		p.Rows = append(p.Rows, row)
		if l.weigh != nil {
			weight += l.weigh(&row)
		}
		return nil
	})
	if err != nil {
		return Page[T, C]{}, err
	}
	return p, nil
}

// wider is a row with one column more at its end.
type wider struct {
	row  scanner
	last any
}

// Scan implements scanner.
func (w wider) Scan(into ...any) error { return w.row.Scan(append(into, w.last)...) }
