package postgres

import (
	"context"
	"fmt"
	"time"
)

// pruneBatch is how many rows one statement of a prune deletes, so that none holds its locks
// for long.
const pruneBatch = 10_000

// PruneRefusals deletes the records of attempts that were refused before a time, the oldest
// first, and returns how many they were. The URL is that of the role that owns the tables.
// Servers may run meanwhile, and a prune that is broken off is continued by the next. If dry
// is set, nothing is deleted and the rows are counted. step is told the number so far.
func PruneRefusals(ctx context.Context, ownerURL string, before time.Time, dry bool, step func(deleted int64)) (deleted int64, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("prune: %w", err)
		}
	}()
	db, err := openOwner(ownerURL, answerMaxOwner)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if err := CheckSchema(ctx, db); err != nil {
		return 0, err
	}
	if dry {
		err = db.GetContext(ctx, &deleted, `SELECT count(*) FROM access_refusals WHERE refused_at < $1`, before)
		return deleted, migrateError(ctx, err)
	}
	for {
		done, err := db.ExecContext(ctx, `
			DELETE FROM access_refusals
			WHERE ctid = ANY (ARRAY (
				SELECT a.ctid FROM access_refusals a
				WHERE a.refused_at < $1
				ORDER BY a.refused_at
				LIMIT $2))`, before, pruneBatch)
		if err != nil {
			return deleted, migrateError(ctx, err)
		}
		n, err := done.RowsAffected()
		if err != nil {
			return deleted, err
		}
		deleted += n
		if n < pruneBatch {
			return deleted, nil
		}
		step(deleted)
	}
}
