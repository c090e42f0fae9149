package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

// AccessRefusal is an attempt that was refused because of its caller, or several like
// attempts in a row. Attempts are alike if they differ only in time.
type AccessRefusal struct {
	AccessAttempt
	// Number is given by the database.
	Number    int64
	RefusedAt time.Time
	Attempts  int32
}

// AccessAttempt is what the attempts counted in one refusal have in common.
type AccessAttempt struct {
	Method string
	Reason string
	// Workload, Role, Person and Scope are set as far as they were proved.
	Workload string
	Role     string
	Person   string
	Scope    string
	// Target is the resource named in the attempt that lies outside the caller's scope.
	Target string
}

// RecordAccessRefusals adds refusals in one statement.
func (db *DB) RecordAccessRefusals(ctx context.Context, list []AccessRefusal) error {
	_, err := db.execOnce(ctx, `
		INSERT INTO access_refusals (refused_at, attempts, method, reason, workload, role, person, scope, target)
		SELECT refused_at, attempts, method, reason, workload, role, person, scope, target
		FROM unnest($1::timestamptz[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
		     AS r (refused_at, attempts, method, reason, workload, role, person, scope, target)
		ORDER BY refused_at`,
		pgwire.Times(list, func(r *AccessRefusal) time.Time { return r.RefusedAt }),
		pgwire.Integers(list, func(r *AccessRefusal) int32 { return r.Attempts }),
		pgwire.Texts(list, func(r *AccessRefusal) string { return r.Method }),
		pgwire.Texts(list, func(r *AccessRefusal) string { return r.Reason }),
		pgwire.Texts(list, func(r *AccessRefusal) string { return r.Workload }),
		pgwire.Texts(list, func(r *AccessRefusal) string { return r.Role }),
		pgwire.Texts(list, func(r *AccessRefusal) string { return r.Person }),
		pgwire.Texts(list, func(r *AccessRefusal) string { return r.Scope }),
		pgwire.Texts(list, func(r *AccessRefusal) string { return r.Target }))
	return failure(ctx, "record refused attempts", err)
}

// RefusalCursor says where a page of refusals starts, in order of time.
type RefusalCursor struct {
	RefusedAt time.Time
	Number    int64
}

// RefusalQuery says which refusals to list: those from From on and before Before, in
// order of time.
type RefusalQuery struct {
	// Workload selects one workload's attempts; empty means everybody's.
	Workload string
	From     time.Time
	Before   RefusalCursor
}

const refusalColumns = `
	a.refusal_number, a.refused_at, a.attempts, a.method, a.reason, a.workload, a.role, a.person, a.scope, a.target`

// Refusals lists refusals, the newest first.
func (r Reader) Refusals(ctx context.Context, q RefusalQuery, limit int) ([]AccessRefusal, error) {
	if q.Workload == "" {
		return read(ctx, r, "list refused attempts", `
			SELECT`+refusalColumns+`
			FROM access_refusals a
			WHERE a.refused_at >= $1 AND (a.refused_at, a.refusal_number) < ($2, $3)
			ORDER BY a.refused_at DESC, a.refusal_number DESC
			LIMIT $4`, scanRefusal, q.From, q.Before.RefusedAt, q.Before.Number, limit)
	}
	return read(ctx, r, "list refused attempts of workload", `
		SELECT`+refusalColumns+`
		FROM access_refusals a
		WHERE (a.workload, a.refused_at) >= ($5, $1) AND (a.workload, a.refused_at, a.refusal_number) < ($5, $2, $3)
		ORDER BY a.workload DESC, a.refused_at DESC, a.refusal_number DESC
		LIMIT $4`, scanRefusal, q.From, q.Before.RefusedAt, q.Before.Number, limit, q.Workload)
}

func scanRefusal(rows *sql.Rows) (a AccessRefusal, err error) {
	err = rows.Scan(&a.Number, &a.RefusedAt, &a.Attempts, &a.Method, &a.Reason, &a.Workload, &a.Role, &a.Person, &a.Scope, &a.Target)
	inUTC(&a.RefusedAt)
	return a, err
}
