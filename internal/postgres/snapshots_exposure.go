package postgres

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// ExposuresToSnapshot finds books after one whose newest events have no snapshot of the exposure,
// like BooksToSnapshot.
func (db *DB) ExposuresToSnapshot(ctx context.Context, after string, every int) (due []string, next string, err error) {
	type row struct {
		merchantID string
		due        bool
	}
	list, err := read(ctx, db.Reader(), "find exposures to snapshot", `
		SELECT b.merchant_id, b.event_number - greatest(0, s.event_number, o.event_number) >= $3
		FROM (
			SELECT b.merchant_id, b.event_number
			FROM books b
			WHERE b.merchant_id > $1
			ORDER BY b.merchant_id
			LIMIT $2) b
		LEFT JOIN LATERAL (
			SELECT s.event_number
			FROM exposure_snapshots s
			WHERE s.merchant_id = b.merchant_id
			ORDER BY s.at DESC, s.event_number DESC
			LIMIT 1) s ON true
		LEFT JOIN LATERAL (
			SELECT o.event_number
			FROM exposure_openings o
			WHERE o.merchant_id = b.merchant_id
			LIMIT 1) o ON true
		ORDER BY b.merchant_id`, func(rows *sql.Rows) (x row, err error) { return x, rows.Scan(&x.merchantID, &x.due) }, after, examinedMax, every)
	if len(list) == examinedMax {
		next = list[len(list)-1].merchantID
	}
	for _, x := range list {
		if x.due {
			due = append(due, x.merchantID)
		}
	}
	return due, next, err
}

// SnapshotExposure adds the next snapshot of a book's exposure, so many events after the last
// one, and says whether it did. Snapshots never change, and follow from events alone: where
// another worker has added the same one, nothing happens, and where somebody emptied the table
// they are made anew.
func (db *DB) SnapshotExposure(ctx context.Context, merchantID string, every int) (added bool, err error) {
	base, err := db.Reader().exposureBefore(ctx, merchantID, afterAll)
	if err != nil {
		return false, err
	}
	done, err := db.execOnce(ctx, `
		INSERT INTO exposure_snapshots (merchant_id, at, event_number, weeks, exposures, held, claims)
		SELECT l.merchant_id, l.recorded_at, l.event_number, coalesce(w.weeks, '{}'), coalesce(w.exposures, '{}'), coalesce(w.held, '{}'),
		       coalesce(w.claims, '{}')
		FROM (SELECT e.merchant_id, e.recorded_at, e.event_number FROM events e WHERE e.merchant_id = $1 AND e.event_number = $2::bigint + $3::bigint) l
		CROSS JOIN (
			SELECT array_agg(w.week ORDER BY w.week) AS weeks, array_agg(w.exposure_minor ORDER BY w.week) AS exposures,
			       array_agg(w.held_minor ORDER BY w.week) AS held, array_agg(w.claims ORDER BY w.week) AS claims
			FROM (
				SELECT x.week, sum(x.exposure_minor)::bigint AS exposure_minor, sum(x.held_minor)::bigint AS held_minor,
				       sum(x.claims)::bigint AS claims
				FROM (
					SELECT u.week, u.exposure_minor, u.held_minor, u.claims
					FROM unnest($4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]) AS u (week, exposure_minor, held_minor, claims)
					UNION ALL
					SELECT x.week, x.exposure_minor, x.held_minor, x.claims
					FROM (
						SELECT e.exposure_before_minor, e.exposure_before_held_minor, e.exposure_before_due_at,
						       e.exposure_minor, e.exposure_held_minor, e.exposure_due_at
						FROM events e
						WHERE e.merchant_id = $1 AND e.event_number > $2 AND e.event_number <= $2::bigint + $3::bigint
						OFFSET 0) e`+exposureDeltas+`) x
				GROUP BY x.week
				HAVING sum(x.claims) <> 0) w) w
		ON CONFLICT DO NOTHING`, append([]any{merchantID, base.number, int64(every)}, base.columns()...)...)
	if err != nil {
		return false, failure(ctx, "take snapshot of exposure", err)
	}
	n, err := done.RowsAffected()
	return n > 0, failure(ctx, "take snapshot of exposure", err)
}

// addExposure adds the changes of the exposure by transactions in a range to the sums of their
// hours, days and months.
func addExposure(ctx context.Context, tx *sqlx.Tx, from, until string) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO exposure_totals (currency, period, starts_at, week, exposure_minor, held_minor, claims)
		SELECT b.currency, p.period, date_trunc(p.period, e.recorded_at, 'UTC'), x.week, sum(x.exposure_minor), sum(x.held_minor), sum(x.claims)
		FROM (
			SELECT e.merchant_id, e.recorded_at, e.exposure_before_minor, e.exposure_before_held_minor, e.exposure_before_due_at,
			       e.exposure_minor, e.exposure_held_minor, e.exposure_due_at
			FROM events e
			WHERE e.transaction_id >= $1::xid8 AND e.transaction_id < $2::xid8 AND e.exposure_minor IS NOT NULL
			OFFSET 0) e
		JOIN books b ON b.merchant_id = e.merchant_id
		CROSS JOIN unnest($3::text[]) AS p (period)`+exposureDeltas+`
		GROUP BY 1, 2, 3, 4
		ON CONFLICT ON CONSTRAINT exposure_totals_key
		DO UPDATE SET exposure_minor = exposure_totals.exposure_minor + excluded.exposure_minor,
		              held_minor = exposure_totals.held_minor + excluded.held_minor, claims = exposure_totals.claims + excluded.claims`,
		from, until, pq.Array([]string{string(periodHour), string(periodDay), string(periodMonth)}))
	return err
}
