// Package fill makes claims in bulk for measurements: rows of the tables that
// lists read, in the shape that the engine gives them, without the history that
// lists do not read. Books made by it do not stand an audit. It owns the
// distribution of the rows; what is measured on them stands in internal/bench.
package fill

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/pgdial"
)

// The distribution of the rows. A fifth of all claims is of the hot merchant, a
// tenth on the hot product, and the hot authenticator has spoken on a third.
const (
	HotMerchant      = "m0"
	HotProduct       = "p0"
	HotAuthenticator = "lab0"
	// Merchants, Products and Authenticators are named by a letter or word and a
	// number below these.
	Merchants      = 10_000
	Products       = 50_000
	Authenticators = 200
	// ClaimsOfOrder and ClaimsOfClaimant follow each other.
	ClaimsOfOrder    = 2
	ClaimsOfClaimant = 4
)

// chunk is how many claims are made by one statement: some seconds of work.
const chunk = 200_000

// Claims makes n claims in an empty database, reached as the owner of its tables.
// Indexes are built afterwards, which takes a fraction of keeping them meanwhile.
func Claims(ctx context.Context, ownerURL string, n int, progress func(done int)) error {
	db, err := connect(ownerURL)
	if err != nil {
		return fmt.Errorf("connect to fill: %w", err)
	}
	defer db.Close()
	// The settings of the one session hold for all of its statements.
	db.SetMaxOpenConns(1)
	for _, setting := range []string{`SET synchronous_commit = off`, `SET maintenance_work_mem = '512MB'`} {
		if _, err := db.ExecContext(ctx, setting); err != nil {
			return fmt.Errorf("prepare to fill: %w", err)
		}
	}
	rebuild, err := dropIndexes(ctx, db)
	if err != nil {
		return err
	}
	for first := 1; first <= n; first += chunk {
		last := min(first+chunk-1, n)
		for _, insert := range inserts {
			if _, err := db.ExecContext(ctx, insert, first, last); err != nil {
				return fmt.Errorf("fill claims %d to %d: %w", first, last, err)
			}
		}
		progress(last)
	}
	for _, definition := range append(rebuild, `VACUUM (ANALYZE) claims, waits, results, payouts, payout_dues`) {
		if _, err := db.ExecContext(ctx, definition); err != nil {
			return fmt.Errorf("build indexes: %w", err)
		}
	}
	return nil
}

// answerMax is how long a statement may take, such as one that builds an index.
const answerMax = time.Hour

func connect(ownerURL string) (*sqlx.DB, error) {
	pool, err := pgdial.Open(ownerURL, answerMax)
	if err != nil {
		return nil, err
	}
	return sqlx.NewDb(pool, "postgres"), nil
}

// Size is how many bytes the database takes.
func Size(ctx context.Context, ownerURL string) (bytes int64, err error) {
	db, err := connect(ownerURL)
	if err != nil {
		return 0, fmt.Errorf("connect to measure: %w", err)
	}
	defer db.Close()
	if err := db.GetContext(ctx, &bytes, `SELECT pg_database_size(current_database())`); err != nil {
		return 0, fmt.Errorf("measure the database: %w", err)
	}
	return bytes, nil
}

// Vacuum cleans up and analyses every table, as autovacuum would in its time.
func Vacuum(ctx context.Context, ownerURL string) error {
	db, err := connect(ownerURL)
	if err != nil {
		return fmt.Errorf("connect to vacuum: %w", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, `VACUUM (ANALYZE)`); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	return nil
}

// dropIndexes drops the indexes that no constraint stands on, and gives the
// statements that make them again.
func dropIndexes(ctx context.Context, db *sqlx.DB) ([]string, error) {
	var indexes []struct {
		Name       string `db:"indexname"`
		Definition string `db:"indexdef"`
	}
	err := db.SelectContext(ctx, &indexes, `
		SELECT i.indexname, i.indexdef
		FROM pg_indexes i
		WHERE i.tablename IN ('claims', 'waits', 'results', 'payouts', 'payout_dues') AND i.schemaname = current_schema()
		  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)`)
	if err != nil {
		return nil, fmt.Errorf("read indexes: %w", err)
	}
	var rebuild []string
	for _, i := range indexes {
		if _, err := db.ExecContext(ctx, `DROP INDEX `+i.Name); err != nil {
			return nil, fmt.Errorf("drop index %s: %w", i.Name, err)
		}
		rebuild = append(rebuild, i.Definition)
	}
	return rebuild, nil
}
