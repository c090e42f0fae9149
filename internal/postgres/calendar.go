package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// CalendarDays reads every day that differs from the ordinary week.
func (db *DB) CalendarDays(ctx context.Context) ([]calendar.Day, error) {
	var rows []struct {
		Day  time.Time `db:"day"`
		Kind string    `db:"kind"`
		Name string    `db:"name"`
		// Since is missing for days that came with the schema.
		Since sql.NullTime `db:"since"`
	}
	err := db.pool.SelectContext(ctx, &rows, `
		SELECT DISTINCT ON (day) day, kind, name, (
			SELECT CASE WHEN NOT bool_or(f.revision = 1 AND f.workload = 'tenfold') THEN min(f.recorded_at) END
			FROM calendar_days f
			WHERE f.day = d.day AND f.kind = d.kind
		) AS since
		FROM calendar_days d
		ORDER BY day, revision DESC`)
	if err != nil {
		return nil, failure(ctx, "read calendar", err)
	}
	out := make([]calendar.Day, len(rows))
	for i, r := range rows {
		y, m, d := r.Day.Date() // The driver gives a date as its midnight in no zone.
		out[i] = calendar.Day{Date: calendar.Date{Year: y, Month: m, Day: d}, Kind: calendar.Kind(r.Kind), Name: r.Name, Since: r.Since.Time.UTC()}
	}
	return out, nil
}

// SetCalendarDays stores the given days under their request, for a person. replayed
// says that the same request had stored them before. Returns ErrContended if another
// request has just set one of them.
func (db *DB) SetCalendarDays(ctx context.Context, r request.Once, days []calendar.Day, personID string) (replayed bool, err error) {
	dates, kinds, names := make([]string, len(days)), make([]string, len(days)), make([]string, len(days))
	for i, d := range days {
		dates[i], kinds[i], names[i] = d.Date.String(), string(d.Kind), d.Name
	}
	_, replayed, err = db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO calendar_days (day, revision, kind, name, workload, person_id, recorded_at)
			SELECT s.day, coalesce(max(c.revision), 0) + 1, s.kind, s.name, $4, $5, $6
			FROM unnest($1::date[], $2::text[], $3::text[]) AS s (day, kind, name)
			LEFT JOIN calendar_days c ON c.day = s.day
			GROUP BY s.day, s.kind, s.name`,
			pq.Array(dates), pq.Array(kinds), pq.Array(names), r.Workload, personID, r.RecordedAt)
		return failure(ctx, "set calendar days", err)
	})
	return replayed, err
}
