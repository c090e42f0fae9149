package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"math"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// exposureOf is what claims of one currency may still cost by the week of their deadline: the
// second at which the week begins, zero where no deadline runs.
type exposureOf map[int64]ExposureWeek

func (x exposureOf) add(week int64, exposure, held money.Amount, claims int64) {
	w := x[week]
	w.Exposure += exposure
	w.Held += held
	w.Claims += claims
	x[week] = w
}

// weeks lists the weeks in which there is an exposure, those without a deadline last.
func (x exposureOf) weeks(currency string) []ExposureWeek {
	var list []ExposureWeek
	for week, w := range x {
		if w.Exposure == 0 {
			continue
		}
		if w.Currency = currency; week != 0 {
			w.StartsAt = time.Unix(week, 0).UTC()
		}
		list = append(list, w)
	}
	sortWeeks(list)
	return list
}

// sortWeeks puts weeks into the order in which they are told.
func sortWeeks(list []ExposureWeek) {
	slices.SortFunc(list, func(a, b ExposureWeek) int {
		if a.StartsAt.IsZero() != b.StartsAt.IsZero() {
			return b.StartsAt.Compare(a.StartsAt)
		}
		return cmp.Or(a.StartsAt.Compare(b.StartsAt), cmp.Compare(a.Currency, b.Currency))
	})
}

// exposureSum is the exposure of a book up to an event.
type exposureSum struct {
	number                         int64
	weeks, exposures, held, claims []int64
}

func scanExposureSum(rows *sql.Rows) (s exposureSum, err error) {
	return s, rows.Scan(&s.number, pq.Array(&s.weeks), pq.Array(&s.exposures), pq.Array(&s.held), pq.Array(&s.claims))
}

func (s *exposureSum) columns() []any {
	return []any{pq.Array(s.weeks), pq.Array(s.exposures), pq.Array(s.held), pq.Array(s.claims)}
}

// exposureDeltas are by how much an event e changed the exposure of the weeks of its claim.
const exposureDeltas = `
	CROSS JOIN LATERAL (
		SELECT coalesce(extract(epoch FROM date_trunc('week', c.due_at, 'Asia/Shanghai'))::bigint, 0) AS week,
		       c.sign * c.exposure_minor AS exposure_minor, c.sign * c.held_minor AS held_minor, c.sign AS claims
		FROM (VALUES
			(-1, e.exposure_before_minor, e.exposure_before_held_minor, e.exposure_before_due_at),
			(1, e.exposure_minor, e.exposure_held_minor, e.exposure_due_at)) AS c (sign, exposure_minor, held_minor, due_at)
		WHERE c.exposure_minor > 0) x`

// exposureBefore reads the last sum of a book's exposure at a time or before: a snapshot, or how
// it was when exposure began to be kept, or nothing.
func (r Reader) exposureBefore(ctx context.Context, merchantID string, at time.Time) (exposureSum, error) {
	s, _, err := readOne(ctx, r, "read exposure before", `
		SELECT x.event_number, x.weeks, x.exposures, x.held, x.claims
		FROM (
			(SELECT s.event_number, s.weeks, s.exposures, s.held, s.claims
			 FROM exposure_snapshots s
			 WHERE s.merchant_id = $1 AND s.at <= $2
			 ORDER BY s.at DESC, s.event_number DESC
			 LIMIT 1)
			UNION ALL
			(SELECT o.event_number, o.weeks, o.exposures, o.held, o.claims
			 FROM exposure_openings o
			 WHERE o.merchant_id = $1 AND o.at <= $2)) x
		ORDER BY x.event_number DESC
		LIMIT 1`, scanExposureSum, merchantID, at)
	return s, err
}

// ExposureAt is ExposureByWeek of a book as it was recorded by a time: the last snapshot before,
// and the events after it.
func (r Reader) ExposureAt(ctx context.Context, merchantID, currency string, at time.Time) ([]ExposureWeek, error) {
	base, err := r.exposureBefore(ctx, merchantID, at)
	if err != nil {
		return nil, err
	}
	next, found, err := readOne(ctx, r, "read snapshot after", `
		SELECT s.event_number
		FROM exposure_snapshots s
		WHERE s.merchant_id = $1 AND s.at > $2
		ORDER BY s.at, s.event_number
		LIMIT 1`, func(rows *sql.Rows) (n int64, err error) { return n, rows.Scan(&n) }, merchantID, at)
	if err != nil {
		return nil, err
	}
	if !found {
		next = math.MaxInt64
	}
	sums := make(exposureOf)
	for i, week := range base.weeks {
		sums.add(week, money.Amount(base.exposures[i]), money.Amount(base.held[i]), base.claims[i])
	}
	err = r.each(ctx, "sum exposure after a snapshot", `
		SELECT x.week, sum(x.exposure_minor)::bigint, sum(x.held_minor)::bigint, sum(x.claims)
		FROM (
			SELECT e.recorded_at, e.exposure_before_minor, e.exposure_before_held_minor, e.exposure_before_due_at,
			       e.exposure_minor, e.exposure_held_minor, e.exposure_due_at
			FROM events e
			WHERE e.merchant_id = $1 AND e.event_number > $2 AND e.event_number <= $3
			OFFSET 0) e`+exposureDeltas+`
		WHERE e.recorded_at <= $4
		GROUP BY x.week`, []any{merchantID, base.number, next, at}, func(rows *sql.Rows) error {
		var week int64
		var w ExposureWeek
		err := rows.Scan(&week, (*int64)(&w.Exposure), (*int64)(&w.Held), &w.Claims)
		sums.add(week, w.Exposure, w.Held, w.Claims)
		return err
	})
	return sums.weeks(currency), err
}

// exposureParts give the parts of a sum over all books: how they were when exposure began to be
// kept, whole months, days and hours, the rest of the hour, and what was written by transactions
// since the periods were summed.
const exposureParts = `
	SELECT b.currency, u.week, u.exposure_minor, u.held_minor, u.claims
	FROM exposure_openings o
	JOIN books b ON b.merchant_id = o.merchant_id
	CROSS JOIN LATERAL unnest(o.weeks, o.exposures, o.held, o.claims) AS u (week, exposure_minor, held_minor, claims)
	UNION ALL
	SELECT s.currency, s.week, s.exposure_minor, s.held_minor, s.claims
	FROM exposure_totals s
	WHERE s.period = 'MONTH' AND s.starts_at < date_trunc('month', $1::timestamptz, 'UTC')
	   OR s.period = 'DAY' AND s.starts_at >= date_trunc('month', $1::timestamptz, 'UTC') AND s.starts_at < date_trunc('day', $1::timestamptz, 'UTC')
	   OR s.period = 'HOUR' AND s.starts_at >= date_trunc('day', $1::timestamptz, 'UTC') AND s.starts_at < date_trunc('hour', $1::timestamptz, 'UTC')
	UNION ALL
	SELECT b.currency, x.week, x.exposure_minor, x.held_minor, x.claims
	FROM (
		SELECT e.merchant_id, e.transaction_id, e.exposure_before_minor, e.exposure_before_held_minor, e.exposure_before_due_at,
		       e.exposure_minor, e.exposure_held_minor, e.exposure_due_at
		FROM events e
		WHERE e.recorded_at >= date_trunc('hour', $1::timestamptz, 'UTC') AND e.recorded_at <= $1 AND e.exposure_minor IS NOT NULL
		OFFSET 0) e
	JOIN books b ON b.merchant_id = e.merchant_id` + exposureDeltas + `
	WHERE e.transaction_id < $2::xid8
	UNION ALL
	SELECT b.currency, x.week, x.exposure_minor, x.held_minor, x.claims
	FROM (
		SELECT e.merchant_id, e.recorded_at, e.exposure_before_minor, e.exposure_before_held_minor, e.exposure_before_due_at,
		       e.exposure_minor, e.exposure_held_minor, e.exposure_due_at
		FROM events e
		WHERE e.transaction_id >= $2::xid8 AND e.transaction_id < $3::xid8 AND e.exposure_minor IS NOT NULL
		OFFSET 0) e
	JOIN books b ON b.merchant_id = e.merchant_id` + exposureDeltas + `
	WHERE e.recorded_at <= $1`

// wholeExposure sums every change of an exposure up to a time.
const wholeExposure = `
	SELECT b.currency, u.week, u.exposure_minor, u.held_minor, u.claims
	FROM exposure_openings o
	JOIN books b ON b.merchant_id = o.merchant_id
	CROSS JOIN LATERAL unnest(o.weeks, o.exposures, o.held, o.claims) AS u (week, exposure_minor, held_minor, claims)
	UNION ALL
	SELECT b.currency, x.week, x.exposure_minor, x.held_minor, x.claims
	FROM events e
	JOIN books b ON b.merchant_id = e.merchant_id` + exposureDeltas + `
	WHERE e.recorded_at <= $1 AND e.exposure_minor IS NOT NULL`

// ExposureOfAllAt is ExposureByWeek of all books as it was recorded by a time.
func (r Reader) ExposureOfAllAt(ctx context.Context, at time.Time) ([]ExposureWeek, error) {
	query, args := wholeExposure, []any{at}
	until, last, found, err := r.periodMark(ctx)
	if err != nil {
		return nil, err
	}
	if found {
		query, args = exposureParts, append(args, until, last)
	}
	all := make(map[string]exposureOf)
	err = r.each(ctx, "sum exposure of all books", `
		SELECT p.currency, p.week, sum(p.exposure_minor)::bigint, sum(p.held_minor)::bigint, sum(p.claims)::bigint
		FROM (`+query+`) p
		GROUP BY p.currency, p.week`, args, func(rows *sql.Rows) error {
		var currency string
		var week int64
		var w ExposureWeek
		if err := rows.Scan(&currency, &week, (*int64)(&w.Exposure), (*int64)(&w.Held), &w.Claims); err != nil {
			return err
		}
		if all[currency] == nil {
			all[currency] = make(exposureOf)
		}
		all[currency].add(week, w.Exposure, w.Held, w.Claims)
		return nil
	})
	var list []ExposureWeek
	for currency, sums := range all {
		list = append(list, sums.weeks(currency)...)
	}
	sortWeeks(list)
	return list, err
}
