package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/job"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// ErrLeaseLost says that another server has taken a job, so that nothing is kept of a step.
var ErrLeaseLost = errors.New("another server has taken the job")

const jobColumns = `
	j.job_id, j.kind, j.state, j.arguments, j.preview, j.cursor, j.done, j.total, j.refused, j.outcomes, j.attempts, j.retry_at, j.failure,
	j.lease, j.lease_holder, j.lease_until, j.workload, j.role, j.person_id, j.created_at,
	j.approved_workload, j.approved_role, j.approved_person_id, j.approved_at,
	j.changed_workload, j.changed_role, j.changed_person_id, j.changed_at, j.started_at, j.ended_at, j.version, j.parts_until`

func scanJob(rows scanner) (j job.Job, err error) {
	var arguments, preview, cursor, outcomes []byte
	var retry, lease, approved, changed, started, ended, parts sql.NullTime
	if err = rows.Scan(&j.ID, (*string)(&j.Kind), (*string)(&j.State), &arguments, &preview, &cursor, &j.Done, &j.Total, &j.Refused, &outcomes,
		&j.Attempts, &retry, &j.Failure, &j.Lease, &j.LeaseHolder, &lease,
		&j.Created.Workload, (*string)(&j.Created.Role), &j.Created.Person, &j.CreatedAt,
		&j.Approved.Workload, (*string)(&j.Approved.Role), &j.Approved.Person, &approved,
		&j.Changed.Workload, (*string)(&j.Changed.Role), &j.Changed.Person, &changed, &started, &ended, &j.Version,
		&parts); err != nil {
		return j, err
	}
	j.RetryAt, j.LeaseUntil, j.ApprovedAt, j.ChangedAt = retry.Time, lease.Time, approved.Time, changed.Time
	j.StartedAt, j.EndedAt, j.PartsUntil = started.Time, ended.Time, parts.Time
	inUTC(&j.RetryAt, &j.LeaseUntil, &j.CreatedAt, &j.ApprovedAt, &j.ChangedAt, &j.StartedAt, &j.EndedAt, &j.PartsUntil)
	for _, x := range []struct {
		raw  []byte
		into any
	}{{arguments, &j.Arguments}, {preview, &j.Preview}, {cursor, &j.Cursor}, {outcomes, &j.Outcomes}} {
		if err := json.Unmarshal(x.raw, x.into); err != nil {
			return j, fmt.Errorf("read job %s: %w", j.ID, err)
		}
	}
	return j, nil
}

// Job reads a job.
func (r Reader) Job(ctx context.Context, id string) (job.Job, bool, error) {
	return readOne(ctx, r, "read job", `
		SELECT`+jobColumns+`
		FROM jobs j
		WHERE j.job_id = $1`, func(rows *sql.Rows) (job.Job, error) { return scanJob(rows) }, id)
}

// JobQuery says which jobs to list; empty fields for all.
type JobQuery struct {
	Kind  job.Kind
	State job.State
	// Before is the last job of the page before; empty for none.
	Before string
}

// Jobs lists jobs, the newest first.
func (r Reader) Jobs(ctx context.Context, q JobQuery, limit int) ([]job.Job, error) {
	return read(ctx, r, "list jobs", `
		SELECT`+jobColumns+`
		FROM jobs j
		WHERE ($1 = '' OR j.job_id < $1) AND ($2 = '' OR j.kind = $2) AND ($3 = '' OR j.state = $3)
		ORDER BY j.job_id DESC
		LIMIT $4`, func(rows *sql.Rows) (job.Job, error) { return scanJob(rows) }, q.Before, string(q.Kind), string(q.State), limit)
}

// JobItems lists the items of a job in a state after one of them, by merchant and claim; an
// empty state for all.
func (r Reader) JobItems(ctx context.Context, id string, state job.ItemState, after book.Key, limit int) ([]job.Item, error) {
	of := ``
	switch state {
	case job.Waiting:
		of = ` AND i.state = 'WAITING'` // These have an index of their own.
	case job.Refused:
		of = ` AND i.state = 'REFUSED'`
	case job.Finished:
		of = ` AND i.state = 'FINISHED'`
	}
	return read(ctx, r, "list items of job", `
		SELECT i.merchant, i.claim_id, i.state, i.round, i.outcome, i.reason, i.detail, i.done_at
		FROM job_items i
		WHERE i.job_id = $1 AND (i.merchant, i.claim_id) > ($2, $3)`+of+`
		ORDER BY i.merchant, i.claim_id
		LIMIT $4`, func(rows *sql.Rows) (i job.Item, err error) {
		var done sql.NullTime
		err = rows.Scan(&i.MerchantID, &i.ClaimID, (*string)(&i.State), &i.Round, (*string)(&i.Outcome), (*string)(&i.Reason), &i.Detail, &done)
		i.DoneAt = done.Time
		inUTC(&i.DoneAt)
		return i, err
	}, id, after.MerchantID, after.ID, limit)
}

// CreateJob stores a job under its request, unless the same request has stored one before,
// which stored names then. check may refuse what was not stored before.
func (db *DB) CreateJob(ctx context.Context, r request.Once, j *job.Job, check func() error) (stored request.Found, replayed bool, err error) {
	return db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		if err := check(); err != nil {
			return err
		}
		return insertJob(ctx, tx, j)
	})
}

func insertJob(ctx context.Context, tx *sqlx.Tx, j *job.Job) error {
	arguments, err := json.Marshal(j.Arguments)
	if err != nil {
		return fmt.Errorf("encode job: %w", err)
	}
	preview, err := json.Marshal(j.Preview)
	if err != nil {
		return fmt.Errorf("encode job: %w", err)
	}
	var merchant sql.NullString
	if s := j.Arguments.Statement; s != nil {
		merchant = sql.NullString{String: s.MerchantID, Valid: true}
	}
	_, err = tx.ExecContext(ctx, `
			INSERT INTO jobs (job_id, kind, state, arguments, preview, cursor, done, total, refused, outcomes, attempts, retry_at, failure,
				lease, lease_holder, lease_until, workload, role, person_id, created_at, approved_workload, approved_role, approved_person_id,
				approved_at, changed_workload, changed_role, changed_person_id, changed_at, started_at, ended_at, version, merchant, parts_until)
			VALUES ($1, $2, $3, $4, $5, '{}', 0, $11, 0, '{}', 0, NULL, '', 0, '', NULL, $6, $7, $8, $9, '', '', '', NULL, '', '', '', NULL,
				NULL, NULL, 1, $10, NULL)`,
		j.ID, string(j.Kind), string(j.State), string(arguments), string(preview), j.Created.Workload, string(j.Created.Role),
		j.Created.Person, j.CreatedAt, merchant, j.Total)
	return failure(ctx, "store job", err)
}

// ChangeJob changes a job as a person wants, under its request: change changes it as it
// stands, or refuses. Where the job goes on after it had ended, what was refused waits again, and
// a statement counts among those that its caller has, as when it was asked for.
func (db *DB) ChangeJob(ctx context.Context, r request.Once, id string, change func(j *job.Job, found bool) error) (j job.Job, replayed bool, err error) {
	_, replayed, err = db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		var found bool
		if j, found, err = lockJob(ctx, tx, id); err != nil {
			return err
		}
		before := j.State
		if err := change(&j, found); err != nil {
			return err
		}
		if ended := before == job.Failed || before == job.Cancelled; ended && j.State == job.Queued && j.Kind == job.StatementFile {
			if err := checkHolds(ctx, tx, &j, job.Holds.Check); err != nil {
				return err
			}
		}
		if before == job.Done && j.State == job.Queued {
			if _, err := tx.ExecContext(ctx, `
				UPDATE job_items SET state = 'WAITING', reason = '', detail = '', done_at = NULL
				WHERE job_id = $1 AND state = 'REFUSED'`, id); err != nil {
				return failure(ctx, "list refused items again", err)
			}
		}
		return storeJob(ctx, tx, &j)
	})
	if err == nil && replayed {
		j, _, err = db.Reader().Job(ctx, id)
	}
	return j, replayed, err
}

func lockJob(ctx context.Context, tx *sqlx.Tx, id string) (job.Job, bool, error) {
	j, err := scanJob(tx.QueryRowxContext(ctx, `
		SELECT`+jobColumns+`
		FROM jobs j
		WHERE j.job_id = $1
		FOR UPDATE`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return j, false, nil
	}
	return j, err == nil, failure(ctx, "lock job", err)
}

// storeJob stores what may change of a job.
func storeJob(ctx context.Context, tx *sqlx.Tx, j *job.Job) error {
	cursor, err := json.Marshal(j.Cursor)
	if err != nil {
		return fmt.Errorf("encode job: %w", err)
	}
	outcomes, err := json.Marshal(j.Outcomes)
	if err != nil {
		return fmt.Errorf("encode job: %w", err)
	}
	j.Version++
	_, err = tx.ExecContext(ctx, `
		UPDATE jobs SET state = $2, cursor = $3, done = $4, total = $5, refused = $6, outcomes = $7, attempts = $8, retry_at = $9,
			failure = $10, lease = $11, lease_holder = $12, lease_until = $13, approved_workload = $14, approved_role = $15,
			approved_person_id = $16, approved_at = $17, changed_workload = $18, changed_role = $19, changed_person_id = $20,
			changed_at = $21, started_at = $22, ended_at = $23, version = $24, parts_until = $25
		WHERE job_id = $1`,
		j.ID, string(j.State), string(cursor), j.Done, j.Total, j.Refused, string(outcomes), j.Attempts, timeOrNull(j.RetryAt),
		j.Failure, j.Lease, j.LeaseHolder, timeOrNull(j.LeaseUntil), j.Approved.Workload, string(j.Approved.Role),
		j.Approved.Person, timeOrNull(j.ApprovedAt), j.Changed.Workload, string(j.Changed.Role), j.Changed.Person,
		timeOrNull(j.ChangedAt), timeOrNull(j.StartedAt), timeOrNull(j.EndedAt), j.Version, timeOrNull(j.PartsUntil))
	return failure(ctx, "change job", err)
}

// TakeJob takes the first job of a kind after one, by their ids, that is due now and that nobody
// works on, for a server until a time. A server that took it before and is gone has lost it
// with that.
func (db *DB) TakeJob(ctx context.Context, kind job.Kind, holder, after string, now, until time.Time) (j job.Job, found bool, err error) {
	err = db.inTx(ctx, "take job", func(tx *sqlx.Tx) error {
		j, err = scanJob(tx.QueryRowxContext(ctx, `
			SELECT`+jobColumns+`
			FROM jobs j
			WHERE j.state IN ('QUEUED', 'RUNNING') AND j.job_id > $1 AND j.kind = $3
			  AND (j.lease_until IS NULL OR j.lease_until <= $2) AND (j.retry_at IS NULL OR j.retry_at <= $2)
			ORDER BY j.job_id
			LIMIT 1
			FOR UPDATE SKIP LOCKED`, after, now, string(kind)))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		} else if err != nil {
			return err
		}
		found = true
		j.State, j.LeaseHolder, j.LeaseUntil = job.Running, holder, until
		j.Lease++
		if j.StartedAt.IsZero() {
			j.StartedAt = now
		}
		return storeJob(ctx, tx, &j)
	})
	return j, found && err == nil, err
}

// JobStep is what a step of a job adds to the job's items.
type JobStep struct {
	// Listed are claims that the job is about. One that was finished waits again.
	Listed []job.Item
	// Done are items that were looked at.
	Done []job.Item
}

// StepJob keeps a step of a job together with how far it has come, unless another server has
// taken the job since: ErrLeaseLost. change takes the job forward, as it stands: a person
// may have paused or cancelled it meanwhile. It is told how many claims were listed that were
// not waiting already. The counts of items follow by themselves.
func (db *DB) StepJob(ctx context.Context, held *job.Job, s *JobStep, change func(j *job.Job, listed int64)) (j job.Job, err error) {
	err = db.inTx(ctx, "keep step of job", func(tx *sqlx.Tx) error {
		var found bool
		if j, found, err = lockJob(ctx, tx, held.ID); err != nil {
			return err
		}
		if !found || j.Lease != held.Lease {
			return ErrLeaseLost
		}
		listed, err := listItems(ctx, tx, &j, s.Listed)
		if err != nil {
			return err
		}
		if err := finishItems(ctx, tx, &j, s.Done); err != nil {
			return err
		}
		change(&j, listed)
		return storeJob(ctx, tx, &j)
	})
	return j, err
}

// listItems notes claims that a job is about, each once.
func listItems(ctx context.Context, tx *sqlx.Tx, j *job.Job, items []job.Item) (listed int64, err error) {
	if len(items) == 0 {
		return 0, nil
	}
	merchants := pgwire.Texts(items, func(i *job.Item) string { return i.MerchantID })
	claims := pgwire.Texts(items, func(i *job.Item) string { return i.ClaimID })
	// The job is locked, so nobody else changes its items.
	var before []claim.Reweighed
	if err := tx.SelectContext(ctx, &before, `
		SELECT i.outcome
		FROM unnest($2::text[], $3::text[]) AS k (merchant_id, claim_id)
		JOIN job_items i ON i.job_id = $1 AND i.merchant = k.merchant_id AND i.claim_id = k.claim_id
		WHERE i.state = 'FINISHED'`, j.ID, merchants, claims); err != nil {
		return 0, failure(ctx, "read finished items of job", err)
	}
	var rounds []int32
	if err := tx.SelectContext(ctx, &rounds, `
		INSERT INTO job_items AS i (job_id, merchant, claim_id, state, round, outcome, reason, detail, done_at)
		SELECT $1, k.merchant_id, k.claim_id, 'WAITING', 0, '', '', '', NULL
		FROM unnest($2::text[], $3::text[]) AS k (merchant_id, claim_id)
		ON CONFLICT (job_id, merchant, claim_id) DO UPDATE SET state = 'WAITING', round = i.round + 1, outcome = '', done_at = NULL
		WHERE i.state = 'FINISHED'
		RETURNING i.round`, j.ID, merchants, claims); err != nil {
		return 0, failure(ctx, "list items of job", err)
	}
	for _, round := range rounds {
		if round == 0 {
			j.Total++
		} else {
			j.Done--
		}
	}
	for _, outcome := range before {
		if j.Outcomes[outcome]--; j.Outcomes[outcome] == 0 {
			delete(j.Outcomes, outcome)
		}
	}
	return int64(len(rounds)), nil
}

// finishItems notes what became of items, each once.
func finishItems(ctx context.Context, tx *sqlx.Tx, j *job.Job, items []job.Item) error {
	if len(items) == 0 {
		return nil
	}
	text := func(field func(*job.Item) string) []byte { return pgwire.Texts(items, field) }
	var finished []struct {
		State   job.ItemState   `db:"state"`
		Outcome claim.Reweighed `db:"outcome"`
	}
	if err := tx.SelectContext(ctx, &finished, `
		UPDATE job_items i
		SET state = k.state, outcome = k.outcome, reason = k.reason, detail = k.detail, done_at = $2
		FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
			AS k (merchant_id, claim_id, state, outcome, reason, detail)
		WHERE i.job_id = $1 AND i.merchant = k.merchant_id AND i.claim_id = k.claim_id AND i.state = 'WAITING'
		RETURNING i.state, i.outcome`, j.ID, items[0].DoneAt,
		text(func(i *job.Item) string { return i.MerchantID }), text(func(i *job.Item) string { return i.ClaimID }),
		text(func(i *job.Item) string { return string(i.State) }), text(func(i *job.Item) string { return string(i.Outcome) }),
		text(func(i *job.Item) string { return string(i.Reason) }), text(func(i *job.Item) string { return i.Detail })); err != nil {
		return failure(ctx, "finish items of job", err)
	}
	if j.Outcomes == nil {
		j.Outcomes = make(map[claim.Reweighed]int64)
	}
	for i := range finished {
		j.Done++
		if finished[i].State == job.Refused {
			j.Refused++
		} else {
			j.Outcomes[finished[i].Outcome]++
		}
	}
	return nil
}

// LastResultOfBody is when the newest result of a body was recorded; zero for none.
func (r Reader) LastResultOfBody(ctx context.Context, authenticatorID string) (time.Time, error) {
	at, _, err := readOne(ctx, r, "read last result of body", `
		SELECT r.recorded_at
		FROM results r
		WHERE r.authenticator_id = $1
		ORDER BY r.authenticator_id DESC, r.recorded_at DESC, r.merchant_id DESC, r.result_id DESC
		LIMIT 1`, func(rows *sql.Rows) (at time.Time, err error) {
		err = rows.Scan(&at)
		inUTC(&at)
		return at, err
	}, authenticatorID)
	return at, err
}

// Retraction is a result that does not count any more.
type Retraction struct {
	ResultID  string
	Cause     claim.RetractionCause
	Job       string
	Note      string
	Reweighed claim.Reweighed
	// EventNumber is the event that tells of it.
	EventNumber int64
	At          time.Time
}

// Retractions reads which results of a claim do not count any more, the newest first.
func (r Reader) Retractions(ctx context.Context, merchantID, claimID string, limit int) ([]Retraction, error) {
	return read(ctx, r, "read retractions", `
		SELECT x.result_id, coalesce(x.cause, ''), coalesce(x.job_id, ''), x.note, coalesce(x.reweighed, ''), x.event_number, x.retracted_at
		FROM result_retractions x
		WHERE x.claim_id = $2 AND x.merchant_id = $1
		ORDER BY x.event_number DESC
		LIMIT $3`, func(rows *sql.Rows) (x Retraction, err error) {
		err = rows.Scan(&x.ResultID, (*string)(&x.Cause), &x.Job, &x.Note, (*string)(&x.Reweighed), &x.EventNumber, &x.At)
		inUTC(&x.At)
		return x, err
	}, merchantID, claimID, limit)
}

// PaidOf adds up what has been paid on claims, by currency, and counts those on which anything
// was.
func (r Reader) PaidOf(ctx context.Context, claims []book.Key) (paid map[string]money.Amount, count int64, err error) {
	merchants, ids := make([]string, len(claims)), make([]string, len(claims))
	for i, k := range claims {
		merchants[i], ids[i] = k.MerchantID, k.ID
	}
	paid = make(map[string]money.Amount)
	err = r.each(ctx, "add up what was paid on claims", `
		SELECT b.currency, count(*), sum(c.refund_paid_minor + c.compensation_paid_minor)::bigint
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, claim_id)
		JOIN claims c ON c.merchant_id = k.merchant_id AND c.claim_id = k.claim_id
		JOIN books b ON b.merchant_id = k.merchant_id
		WHERE c.refund_paid_minor + c.compensation_paid_minor > 0
		GROUP BY b.currency`, []any{pq.Array(merchants), pq.Array(ids)}, func(rows *sql.Rows) error {
		var currency string
		var claims, minor int64
		err := rows.Scan(&currency, &claims, &minor)
		paid[currency] += money.Amount(minor)
		count += claims
		return err
	})
	return paid, count, err
}
