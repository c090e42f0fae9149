package postgres

import (
	"context"

	"github.com/jmoiron/sqlx"
)

// ExaminedMax is how many rows a page may look at.
const ExaminedMax = examinedMax

// ExaminedFarMax is how many, where each costs a look-up in another table.
const ExaminedFarMax = examinedFarMax

// ClaimsExamined is how many claims a page of transfers goes through.
const ClaimsExamined = claimsExamined

// Recorded reads like r and adds every statement that it runs to ran.
func Recorded(r Reader, ran *[]Statement) Reader {
	return Reader{from: recorder{r.from, ran}}
}

// Looked is how many rows were looked at: those walked through and those found by
// an index.
type Looked struct{ Walked, Found int64 }

// LookedTx runs f and counts the rows that it looked at.
func LookedTx(tx *Tx, f func() error) (Looked, error) {
	return looked(tx.ctx, tx.s.conn, f)
}

// LookedPool runs f, which reads from the pool of db, and counts the rows that it
// looked at. The pool has one connection.
func LookedPool(ctx context.Context, db *DB, f func() error) (Looked, error) {
	// In a transaction the server does not put its counts away.
	if _, err := db.pool.ExecContext(ctx, "BEGIN"); err != nil {
		return Looked{}, err
	}
	l, err := looked(ctx, db.pool, f)
	if _, end := db.pool.ExecContext(ctx, "ROLLBACK"); err == nil {
		err = end
	}
	return l, err
}

// PreparedPool is how many statements on claims stay prepared. The pool of db has
// one connection.
func PreparedPool(ctx context.Context, db *DB) (n int, err error) {
	return n, db.pool.GetContext(ctx, &n, `SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM claims c%'`)
}

func looked(ctx context.Context, q sqlx.QueryerContext, f func() error) (Looked, error) {
	before, err := counts(ctx, q)
	if err != nil {
		return Looked{}, err
	}
	if err := f(); err != nil {
		return Looked{}, err
	}
	after, err := counts(ctx, q)
	return Looked{after.Walked - before.Walked, after.Found - before.Found}, err
}

func counts(ctx context.Context, q sqlx.QueryerContext) (l Looked, err error) {
	return l, q.QueryRowxContext(ctx, `
		SELECT coalesce(sum(seq_tup_read), 0)::bigint, coalesce(sum(idx_tup_fetch), 0)::bigint
		FROM pg_stat_xact_user_tables`).Scan(&l.Walked, &l.Found)
}
