package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// StatementPart is a part of the CSV of a statement.
type StatementPart struct {
	// Start is where it begins, and Size how many bytes it is.
	Start int64
	Size  int
	// Content are these bytes, compressed.
	Content []byte
}

// CreateStatement stores the job of a statement under its request, as CreateJob does. check may
// refuse it for what its caller has already: those who ask at once wait for each other, and are
// counted.
func (db *DB) CreateStatement(ctx context.Context, r request.Once, j *job.Job, check func(job.Holds) error) (stored request.Found, replayed bool, err error) {
	return db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		if err := checkHolds(ctx, tx, j, check); err != nil {
			return err
		}
		return insertJob(ctx, tx, j)
	})
}

// checkHolds has check look at what the caller of a statement has beside it. Whoever comes under
// way with another one waits.
func checkHolds(ctx context.Context, tx *sqlx.Tx, j *job.Job, check func(job.Holds) error) error {
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 155))`,
		j.Created.Workload+"\n"+string(j.Created.Role)); err != nil {
		return failure(ctx, "lock statements", err)
	}
	holds, err := statementHolds(ctx, tx, j)
	if err != nil {
		return err
	}
	return check(holds)
}

// statementHolds counts what the caller of a statement has beside it. A merchant has one book,
// whoever else calls through its workload.
func statementHolds(ctx context.Context, tx *sqlx.Tx, j *job.Job) (h job.Holds, err error) {
	err = tx.QueryRowxContext(ctx, `
		SELECT count(*) FILTER (WHERE s.open AND s.of_book), count(*) FILTER (WHERE s.of_book), count(*) FILTER (WHERE s.open), count(*)
		FROM (
			SELECT j.merchant = $3 AS of_book, j.state IN ('QUEUED', 'RUNNING', 'PAUSED') AS open
			FROM jobs j
			WHERE j.kind = 'STATEMENT' AND (j.state IN ('QUEUED', 'RUNNING', 'PAUSED') OR j.parts_until IS NOT NULL)
			  AND j.workload = $1 AND j.role = $2 AND (NOT $4 OR j.merchant = $3) AND j.job_id <> $6
			LIMIT $5) s`,
		j.Created.Workload, string(j.Created.Role), j.Arguments.Statement.MerchantID, j.OfMerchant(), job.HeldMax, j.ID).
		Scan(&h.OpenOfBook, &h.HeldOfBook, &h.Open, &h.Held)
	return h, failure(ctx, "count statements", err)
}

// Statements lists the jobs of statements of a book, the newest first, before one of them; of
// all books without a merchant. ofMerchant leaves out those that others asked for.
func (r Reader) Statements(ctx context.Context, merchant string, ofMerchant bool, before string, limit int) ([]job.Job, error) {
	of := ``
	if ofMerchant {
		of = ` AND j.role = 'merchant'` // These have an index of their own.
	}
	return read(ctx, r, "list statements", `
		SELECT`+jobColumns+`
		FROM jobs j
		WHERE j.kind = 'STATEMENT' AND j.merchant = $1 AND ($2 = '' OR j.job_id < $2)`+of+`
		ORDER BY j.job_id DESC
		LIMIT $3`, func(rows *sql.Rows) (job.Job, error) { return scanJob(rows) }, merchant, before, limit)
}

// StepStatement keeps a step of a statement's job: the part that it has written, together with
// how far the job has come, unless another server has taken the job since: ErrLeaseLost. Where a
// person has paused or cancelled the job meanwhile, the part is lost; change looks at its state.
func (db *DB) StepStatement(ctx context.Context, held *job.Job, part *StatementPart, change func(*job.Job)) (j job.Job, err error) {
	err = db.inTx(ctx, "keep step of statement", func(tx *sqlx.Tx) error {
		var found bool
		if j, found, err = lockJob(ctx, tx, held.ID); err != nil {
			return err
		}
		if !found || j.Lease != held.Lease {
			return ErrLeaseLost
		}
		if part != nil && j.State == job.Running {
			if _, err := tx.ExecContext(ctx, `
				INSERT INTO statement_parts (job_id, start_byte, size_bytes, content) VALUES ($1, $2, $3, $4)`,
				j.ID, part.Start, part.Size, part.Content); err != nil {
				return err
			}
		}
		change(&j)
		return storeJob(ctx, tx, &j)
	})
	return j, err
}

// DropParts drops some parts of a statement that a server works on, so that it can be written
// from its beginning. It says whether there may be more.
func (db *DB) DropParts(ctx context.Context, held *job.Job, limit int) (more bool, err error) {
	err = db.inTx(ctx, "drop parts of statement", func(tx *sqlx.Tx) error {
		j, found, err := lockJob(ctx, tx, held.ID)
		if err != nil {
			return err
		}
		if !found || j.Lease != held.Lease {
			return ErrLeaseLost
		}
		more, err = dropParts(ctx, tx, held.ID, limit)
		return err
	})
	return more, err
}

// ExpireParts drops some parts of a statement whose time has passed by now, and says whether
// there was one. One that was not written to its end begins anew when it is resumed.
func (db *DB) ExpireParts(ctx context.Context, now time.Time, limit int) (found bool, err error) {
	err = db.inTx(ctx, "expire statement", func(tx *sqlx.Tx) error {
		j, err := scanJob(tx.QueryRowxContext(ctx, `
			SELECT`+jobColumns+`
			FROM jobs j
			WHERE j.parts_until <= $1
			ORDER BY j.parts_until, j.job_id
			LIMIT 1
			FOR UPDATE SKIP LOCKED`, now))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		} else if err != nil {
			return err
		}
		found = true
		more, err := dropParts(ctx, tx, j.ID, limit)
		if err != nil {
			return err
		}
		if !more {
			j.PartsUntil = time.Time{}
		}
		j.Expire(now)
		return storeJob(ctx, tx, &j)
	})
	return found && err == nil, err
}

// dropParts drops some parts of a statement, the last ones first.
func dropParts(ctx context.Context, tx *sqlx.Tx, id string, limit int) (more bool, err error) {
	res, err := tx.ExecContext(ctx, `
		DELETE FROM statement_parts p
		USING (
			SELECT d.start_byte
			FROM statement_parts d
			WHERE d.job_id = $1
			ORDER BY d.start_byte DESC
			LIMIT $2) d
		WHERE p.job_id = $1 AND p.start_byte = d.start_byte`, id, limit)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == int64(limit), err
}

// StatementPart reads the part of a statement that has a byte.
func (r Reader) StatementPart(ctx context.Context, id string, offset int64) (StatementPart, bool, error) {
	return readOne(ctx, r, "read part of statement", `
		SELECT p.start_byte, p.size_bytes, p.content
		FROM statement_parts p
		WHERE p.job_id = $1 AND p.start_byte <= $2
		ORDER BY p.start_byte DESC
		LIMIT 1`, func(rows *sql.Rows) (p StatementPart, err error) {
		err = rows.Scan(&p.Start, &p.Size, &p.Content)
		return p, err
	}, id, offset)
}
