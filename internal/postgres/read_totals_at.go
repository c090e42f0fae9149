package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// basis is the order in which a snapshot sums the transfers of a book.
type basis string

const (
	// basisRecorded sums all in the order of their recording.
	basisRecorded basis = "RECORDED"
	// basisRecordedLate sums those that took effect at another time than they were recorded, in
	// the same order.
	basisRecordedLate basis = "RECORDED_LATE"
	// basisEffectiveLate sums the same in the order of their effect.
	basisEffectiveLate basis = "EFFECTIVE_LATE"
)

// snapshot is the sum of the transfers of a book up to one, in an order.
type snapshot struct {
	// At and Number are the place of the last transfer that is summed.
	At        time.Time
	Number    int64
	Transfers int64
	Totals    ledger.Totals
}

const snapshotColumns = ` s.at, s.transfer_number, s.transfers, s.kinds, s.amounts, s.counts`

func scanSnapshot(rows *sql.Rows) (snapshot, error) {
	var s snapshot
	var kinds []string
	var amounts, counts []int64
	if err := rows.Scan(&s.At, &s.Number, &s.Transfers, pq.Array(&kinds), pq.Array(&amounts), pq.Array(&counts)); err != nil {
		return s, err
	}
	inUTC(&s.At)
	s.Totals = make(ledger.Totals, len(kinds))
	for i, k := range kinds {
		s.Totals[ledger.Kind(k)] = ledger.Total{Amount: money.Amount(amounts[i]), Count: counts[i]}
	}
	return s, nil
}

// TotalsAt sums the transfers of a book that were recorded by a time, or that took effect by
// it, as they are known now. It reads the sums that a worker keeps and the transfers since
// then, and belongs into a snapshot, which both are read on.
func (r Reader) TotalsAt(ctx context.Context, merchantID string, at time.Time, byEffect bool) (ledger.Totals, error) {
	last, err := r.LastTransferAt(ctx, merchantID, at)
	if err != nil {
		return nil, err
	}
	all, err := r.snapshotBefore(ctx, merchantID, basisRecorded, at)
	if err != nil {
		return nil, err
	}
	late, err := r.snapshotBefore(ctx, merchantID, basisRecordedLate, at)
	if err != nil {
		return nil, err
	}
	err = r.each(ctx, "sum transfers after a snapshot", `
		SELECT t.kind, t.effective_at <> t.recorded_at, sum(t.amount_minor)::bigint, count(*)
		FROM transfers t
		WHERE (t.merchant_id, t.transfer_number) > ($1, $2) AND (t.merchant_id, t.transfer_number) <= ($1, $3)
		GROUP BY 1, 2`, []any{merchantID, all.Number, last}, func(rows *sql.Rows) error {
		var kind ledger.Kind
		var isLate bool
		var sum ledger.Total
		if err := rows.Scan((*string)(&kind), &isLate, (*int64)(&sum.Amount), &sum.Count); err != nil {
			return err
		}
		all.Totals.Add(kind, sum.Amount, sum.Count)
		if isLate {
			late.Totals.Add(kind, sum.Amount, sum.Count)
		}
		return nil
	})
	if err != nil || !byEffect {
		return all.Totals, err
	}
	effective, err := r.lateTotalsAt(ctx, merchantID, at)
	all.Totals.Plus(late.Totals, -1)
	all.Totals.Plus(effective, 1)
	return all.Totals, err
}

// snapshotBefore reads the last snapshot of a book at a time or before; an empty one if there
// is none.
func (r Reader) snapshotBefore(ctx context.Context, merchantID string, of basis, at time.Time) (snapshot, error) {
	s, found, err := readOne(ctx, r, "read snapshot", `
		SELECT`+snapshotColumns+`
		FROM balance_snapshots s
		WHERE s.merchant_id = $1 AND s.basis = $2 AND s.at <= $3
		ORDER BY s.at DESC, s.transfer_number DESC
		LIMIT 1`, scanSnapshot, merchantID, string(of), at)
	if !found {
		s = snapshot{At: beforeAll, Totals: ledger.Totals{}}
	}
	return s, err
}

// lateTotalsAt sums those transfers of a book that took effect by a time, and not when they
// were recorded: those of the last snapshot before, those after it, and those that came in
// since it was made.
func (r Reader) lateTotalsAt(ctx context.Context, merchantID string, at time.Time) (ledger.Totals, error) {
	s, err := r.snapshotBefore(ctx, merchantID, basisEffectiveLate, at)
	if err != nil {
		return nil, err
	}
	err = r.each(ctx, "sum late transfers after a snapshot", `
		SELECT x.kind, sum(x.amount_minor)::bigint, count(*)
		FROM (
			(SELECT t.kind, t.amount_minor
			 FROM transfers t
			 WHERE t.effective_at <> t.recorded_at AND (t.merchant_id, t.effective_at, t.transfer_number) > ($1, $2, $3)
			   AND (t.merchant_id, t.effective_at) <= ($1, $4))
			UNION ALL
			(SELECT t.kind, t.amount_minor
			 FROM (SELECT coalesce(max(p.transfer_number), 0) AS number FROM snapshot_progress p WHERE p.merchant_id = $1) p
			 CROSS JOIN LATERAL (
				SELECT t.kind, t.amount_minor
				FROM transfers t
				WHERE (t.merchant_id, t.transfer_number) > ($1, p.number) AND t.merchant_id <= $1
				  AND t.effective_at <> t.recorded_at AND (t.effective_at, t.transfer_number) <= ($2, $3)
				OFFSET 0) t)) x
		GROUP BY x.kind`, []any{merchantID, s.At, s.Number, at}, func(rows *sql.Rows) error {
		var kind ledger.Kind
		var sum ledger.Total
		if err := rows.Scan((*string)(&kind), (*int64)(&sum.Amount), &sum.Count); err != nil {
			return err
		}
		s.Totals.Add(kind, sum.Amount, sum.Count)
		return nil
	})
	return s.Totals, err
}

// periodSums gives the parts of a sum over all books: whole months, days and hours, then the
// rest of the hour by the index of its time, then what was written since the periods were
// summed. Without periods, or if the transactions have begun to count anew since, as after a
// restore from a dump, all transfers are summed.
const periodSums = `
	WITH progress AS MATERIALIZED (
		SELECT p.transaction_id AS until
		FROM period_progress p
		WHERE p.transaction_id <= pg_snapshot_xmin(pg_current_snapshot())),
	parts AS (
		(SELECT s.currency, s.kind, s.amount_minor, s.transfers
		 FROM period_totals s
		 WHERE s.basis = $2 AND EXISTS (SELECT FROM progress)
		   AND (s.period = 'MONTH' AND s.starts_at < date_trunc('month', $1::timestamptz, 'UTC')
		     OR s.period = 'DAY' AND s.starts_at >= date_trunc('month', $1::timestamptz, 'UTC') AND s.starts_at < date_trunc('day', $1::timestamptz, 'UTC')
		     OR s.period = 'HOUR' AND s.starts_at >= date_trunc('day', $1::timestamptz, 'UTC') AND s.starts_at < date_trunc('hour', $1::timestamptz, 'UTC')))
		UNION ALL
		(SELECT t.currency, t.kind, t.amount_minor, 1
		 FROM progress p
		 JOIN events e ON e.recorded_at >= date_trunc('hour', $1::timestamptz, 'UTC') AND e.recorded_at <= $1 AND e.first_transfer IS NOT NULL
		              AND e.transaction_id < p.until
		 JOIN transfers t ON t.merchant_id = e.merchant_id AND t.transfer_number BETWEEN e.first_transfer AND e.last_transfer
		 WHERE $2 = 'RECORDED' OR t.effective_at = t.recorded_at)
		UNION ALL
		(SELECT t.currency, t.kind, t.amount_minor, 1
		 FROM progress p
		 JOIN transfers t ON t.effective_at >= date_trunc('hour', $1::timestamptz, 'UTC') AND t.effective_at <= $1 AND t.effective_at <> t.recorded_at
		 JOIN events e ON e.merchant_id = t.merchant_id AND e.event_number = t.event_number AND e.transaction_id < p.until
		 WHERE $2 = 'EFFECTIVE')
		UNION ALL
		(SELECT t.currency, t.kind, t.amount_minor, 1
		 FROM progress p
		 JOIN events e ON e.transaction_id >= p.until AND e.first_transfer IS NOT NULL
		 JOIN transfers t ON t.merchant_id = e.merchant_id AND t.transfer_number BETWEEN e.first_transfer AND e.last_transfer
		 WHERE CASE $2 WHEN 'RECORDED' THEN t.recorded_at ELSE t.effective_at END <= $1)
		UNION ALL
		(SELECT t.currency, t.kind, t.amount_minor, 1
		 FROM transfers t
		 WHERE NOT EXISTS (SELECT FROM progress) AND CASE $2 WHEN 'RECORDED' THEN t.recorded_at ELSE t.effective_at END <= $1))
	SELECT x.currency, x.kind, sum(x.amount_minor)::bigint, sum(x.transfers)::bigint
	FROM parts x
	GROUP BY x.currency, x.kind`

// transferTime is one of the two times of a transfer.
type transferTime string

// The times.
const (
	timeRecorded  transferTime = "RECORDED"
	timeEffective transferTime = "EFFECTIVE"
)

// TotalsOfAllAt is TotalsAt over all books, by currency.
func (r Reader) TotalsOfAllAt(ctx context.Context, at time.Time, byEffect bool) (map[string]ledger.Totals, error) {
	of := timeRecorded
	if byEffect {
		of = timeEffective
	}
	all := make(map[string]ledger.Totals)
	err := r.each(ctx, "sum transfers of all books", periodSums, []any{at, string(of)}, func(rows *sql.Rows) error {
		var currency string
		var kind ledger.Kind
		var sum ledger.Total
		if err := rows.Scan(&currency, (*string)(&kind), (*int64)(&sum.Amount), &sum.Count); err != nil {
			return err
		}
		if all[currency] == nil {
			all[currency] = make(ledger.Totals)
		}
		all[currency].Add(kind, sum.Amount, sum.Count)
		return nil
	})
	return all, err
}
