package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/debt"
)

// DebtTime is a time as of which debts are read.
type DebtTime struct {
	At time.Time
	// ByEffect reads what had taken effect by then, as it is known now, and not what was recorded.
	ByEffect bool
}

// debtsThen are the debts of a book as of a time: those that have been so since then or longer,
// and those that ceased to be so after it. The latter lie at few seconds of the tree of times
// (debt.Forks). At a second before the time one has to look at the end of a debt, at a later one
// at its beginning, and each is a range of an index: so no debt is looked at that was over by
// then.
//
// Its parameters are the time, the seconds before and after it, whether late amounts count, and
// the book.
const debtsThen = `
	SELECT d.merchant_id, d.kind, d.debt_id, d.sampling_case, d.since, d.arose_at, d.open_minor
	FROM debts d
	WHERE d.merchant_id = $5 AND d.recorded_from <= $1
	UNION ALL
	SELECT v.merchant_id, v.kind, v.debt_id, v.sampling_case, v.since, v.arose_at, v.open_minor
	FROM unnest($2::bigint[]) AS k (fork)
	CROSS JOIN LATERAL (
		SELECT v.merchant_id, v.kind, v.debt_id, v.late_event, v.from_at, v.sampling_case, v.since, v.arose_at, v.open_minor
		FROM debt_versions v
		WHERE v.merchant_id = $5 AND v.fork = k.fork AND v.until_at > $1
		OFFSET 0) v
	WHERE v.from_at <= $1 AND ($4 OR v.late_event = 0)
	UNION ALL
	SELECT v.merchant_id, v.kind, v.debt_id, v.sampling_case, v.since, v.arose_at, v.open_minor
	FROM unnest($3::bigint[]) AS k (fork)
	CROSS JOIN LATERAL (
		SELECT v.merchant_id, v.kind, v.debt_id, v.late_event, v.sampling_case, v.since, v.arose_at, v.open_minor
		FROM debt_versions v
		WHERE v.merchant_id = $5 AND v.fork = k.fork AND v.from_at <= $1
		OFFSET 0) v
	WHERE $4 OR v.late_event = 0`

// debtsOfAllThen is debtsThen over all books; the book is empty.
const debtsOfAllThen = `
	SELECT d.merchant_id, d.kind, d.debt_id, d.sampling_case, d.since, d.arose_at, d.open_minor
	FROM debts d
	WHERE d.recorded_from <= $1 AND $5::text = ''
	UNION ALL
	SELECT v.merchant_id, v.kind, v.debt_id, v.sampling_case, v.since, v.arose_at, v.open_minor
	FROM unnest($2::bigint[]) AS k (fork)
	CROSS JOIN LATERAL (
		SELECT v.merchant_id, v.kind, v.debt_id, v.late_event, v.from_at, v.sampling_case, v.since, v.arose_at, v.open_minor
		FROM debt_versions v
		WHERE v.fork = k.fork AND v.until_at > $1
		OFFSET 0) v
	WHERE v.from_at <= $1 AND ($4 OR v.late_event = 0)
	UNION ALL
	SELECT v.merchant_id, v.kind, v.debt_id, v.sampling_case, v.since, v.arose_at, v.open_minor
	FROM unnest($3::bigint[]) AS k (fork)
	CROSS JOIN LATERAL (
		SELECT v.merchant_id, v.kind, v.debt_id, v.late_event, v.sampling_case, v.since, v.arose_at, v.open_minor
		FROM debt_versions v
		WHERE v.fork = k.fork AND v.from_at <= $1
		OFFSET 0) v
	WHERE $4 OR v.late_event = 0`

// debtsByEffect puts the parts of a debt together that count by the time of effect, before and
// after it was recorded: it is open since it took effect.
const debtsByEffect = `
	SELECT x.merchant_id, x.kind, x.debt_id, max(x.sampling_case) AS sampling_case, min(x.arose_at) AS since, sum(x.open_minor)::bigint AS open_minor
	FROM (%s) x
	GROUP BY x.merchant_id, x.kind, x.debt_id`

// then gives the debts of a book, or of all books, as of a time, with their parameters.
func (t DebtTime) then(merchantID string) (query string, args []any) {
	upTo, after := debt.Forks(t.At)
	args = []any{t.At, pq.Array(upTo), pq.Array(after), t.ByEffect, merchantID}
	if query = debtsThen; merchantID == "" {
		query = debtsOfAllThen
	}
	if t.ByEffect {
		query = fmt.Sprintf(debtsByEffect, query)
	}
	return query, args
}

// DebtsAt lists debts as of a time, like Debts. Each page reads every debt that was open then.
func (r Reader) DebtsAt(ctx context.Context, q DebtQuery, t DebtTime, from DebtCursor, size int) (Page[debt.Debt, DebtCursor], error) {
	query, args := t.then(q.MerchantID)
	list, err := read(ctx, r, "list debts as of a time", `
		SELECT d.merchant_id, d.kind, d.debt_id, d.sampling_case, d.since, d.open_minor
		FROM (`+query+`) d
		WHERE ($6 = '' OR d.kind = $6) AND (d.kind, d.since, d.merchant_id, d.debt_id) >= ($7, $8, $9, $10)
		  AND ($11::timestamptz IS NULL OR d.since >= $11) AND ($12::timestamptz IS NULL OR d.since <= $12)
		  AND ($13::bigint IS NULL OR d.open_minor >= $13) AND ($14::bigint IS NULL OR d.open_minor <= $14)
		ORDER BY d.kind, d.since, d.merchant_id, d.debt_id
		LIMIT $15`, func(rows *sql.Rows) (d debt.Debt, err error) {
		err = rows.Scan(&d.MerchantID, (*string)(&d.Kind), &d.ID, &d.SamplingCase, &d.Since, (*int64)(&d.Open))
		inUTC(&d.Since)
		return d, err
	}, append(args, string(q.Kind), string(from.Kind), from.Since, from.MerchantID, from.ID,
		orNull(q.SinceFrom), orNull(q.SinceTo), amountOrNull(q.OpenFrom), amountOrNull(q.OpenTo), size+1)...)
	p := Page[debt.Debt, DebtCursor]{Rows: list}
	if len(list) > size {
		d := &list[size]
		p.Rows, p.More, p.Next = list[:size], true, DebtCursor{d.Kind, d.Since, d.MerchantID, d.ID}
	}
	return p, err
}

// DebtSumsAt sums the debts of a book, or of all books, as of a time, like DebtSums.
func (r Reader) DebtSumsAt(ctx context.Context, merchantID string, kind debt.Kind, t DebtTime, times ...time.Time) ([]DebtSum, error) {
	query, args := t.then(merchantID)
	times = append([]time.Time{}, times...) // No times are an empty array, and not NULL.
	slices.SortFunc(times, time.Time.Compare)
	return read(ctx, r, "sum debts as of a time", `
		SELECT b.currency, x.kind, x.age, sum(x.open_minor)::bigint, sum(x.debts)::bigint
		FROM (
			SELECT d.merchant_id, d.kind, cardinality($7::timestamptz[]) - width_bucket(d.since - interval '1 microsecond', $7::timestamptz[]) AS age,
			       sum(d.open_minor) AS open_minor, count(*) AS debts
			FROM (`+query+`) d
			WHERE $6 = '' OR d.kind = $6
			GROUP BY 1, 2, 3) x
		CROSS JOIN LATERAL (SELECT b.currency FROM books b WHERE b.merchant_id = x.merchant_id LIMIT 1) b
		GROUP BY b.currency, x.kind, x.age`, scanDebtSum, append(args, string(kind), pq.Array(times))...)
}

// KnownFrom is the time from which on debts and exposure of a book, or of all books, are known
// as they were; zero for the book's beginning.
func (r Reader) KnownFrom(ctx context.Context, merchantID string) (time.Time, error) {
	at, _, err := readOne(ctx, r, "read when exposure began to be kept", `
		SELECT o.at
		FROM exposure_openings o
		WHERE $1 = '' OR o.merchant_id = $1
		ORDER BY o.at DESC
		LIMIT 1`, func(rows *sql.Rows) (at time.Time, err error) { return at, rows.Scan(&at) }, merchantID)
	inUTC(&at)
	return at, err
}
