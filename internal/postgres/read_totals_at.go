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
		WHERE t.merchant_id = $1 AND t.transfer_number > $2 AND t.transfer_number <= $3
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
	taken, last, err := r.snapshotMark(ctx, merchantID)
	if err != nil {
		return nil, err
	}
	err = r.each(ctx, "sum late transfers after a snapshot", `
		SELECT x.kind, sum(x.amount_minor)::bigint, count(*)
		FROM (
			(SELECT t.kind, t.amount_minor
			 FROM transfers t
			 WHERE t.effective_at <> t.recorded_at AND t.merchant_id = $1 AND t.effective_at >= $2 AND t.effective_at <= $4
			   AND (t.effective_at, t.transfer_number) > ($2, $3))
			UNION ALL
			(SELECT t.kind, t.amount_minor
			 FROM (
				SELECT t.kind, t.amount_minor, t.effective_at, t.recorded_at, t.transfer_number
				FROM transfers t
				WHERE t.merchant_id = $1 AND t.transfer_number > $5 AND t.transfer_number <= $6
				OFFSET 0) t
			 WHERE t.effective_at <> t.recorded_at AND (t.effective_at, t.transfer_number) <= ($2, $3))) x
		GROUP BY x.kind`, []any{merchantID, s.At, s.Number, at, taken, last}, func(rows *sql.Rows) error {
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

// snapshotMark gives the last transfer of a book that its snapshots know, and the last that it has.
func (r Reader) snapshotMark(ctx context.Context, merchantID string) (taken, last int64, err error) {
	type mark struct{ taken, last int64 }
	m, _, err := readOne(ctx, r, "read mark of snapshots", `
		SELECT coalesce((SELECT p.transfer_number FROM snapshot_progress p WHERE p.merchant_id = $1), 0), b.transfer_number
		FROM books b
		WHERE b.merchant_id = $1`, func(rows *sql.Rows) (m mark, err error) { return m, rows.Scan(&m.taken, &m.last) }, merchantID)
	return m.taken, m.last, err
}

// periodSums gives the parts of a sum over all books: whole months, days and hours, then the
// rest of the hour by the index of its time, then what was written by transactions since the
// periods were summed. Between two bounds the planner expects few transactions, and takes the
// index.
const periodSums = `
	SELECT x.currency, x.kind, sum(x.amount_minor)::bigint, sum(x.transfers)::bigint
	FROM (
		(SELECT s.currency, s.kind, s.amount_minor, s.transfers
		 FROM period_totals s
		 WHERE s.basis = $2
		   AND (s.period = 'MONTH' AND s.starts_at < date_trunc('month', $1::timestamptz, 'UTC')
		     OR s.period = 'DAY' AND s.starts_at >= date_trunc('month', $1::timestamptz, 'UTC') AND s.starts_at < date_trunc('day', $1::timestamptz, 'UTC')
		     OR s.period = 'HOUR' AND s.starts_at >= date_trunc('day', $1::timestamptz, 'UTC') AND s.starts_at < date_trunc('hour', $1::timestamptz, 'UTC')))
		UNION ALL
		(SELECT t.currency, t.kind, t.amount_minor, 1
		 FROM (
			SELECT e.merchant_id, e.first_transfer, e.last_transfer
			FROM events e
			WHERE e.recorded_at >= date_trunc('hour', $1::timestamptz, 'UTC') AND e.recorded_at <= $1 AND e.first_transfer IS NOT NULL
			  AND e.transaction_id < $3::xid8
			OFFSET 0) e
		 CROSS JOIN LATERAL (` + transfersOfOne + `) t
		 WHERE $2 = 'RECORDED' OR t.effective_at = t.recorded_at)
		UNION ALL
		(SELECT t.currency, t.kind, t.amount_minor, 1
		 FROM (
			SELECT t.merchant_id, t.event_number, t.currency, t.kind, t.amount_minor
			FROM transfers t
			WHERE $2 = 'EFFECTIVE' AND t.effective_at >= date_trunc('hour', $1::timestamptz, 'UTC') AND t.effective_at <= $1
			  AND t.effective_at <> t.recorded_at
			OFFSET 0) t
		 CROSS JOIN LATERAL (
			SELECT e.transaction_id
			FROM events e
			WHERE e.merchant_id = t.merchant_id AND e.event_number = t.event_number
			LIMIT 1) e
		 WHERE e.transaction_id < $3::xid8)
		UNION ALL
		(SELECT t.currency, t.kind, t.amount_minor, 1
		 FROM (
			SELECT e.merchant_id, e.first_transfer, e.last_transfer
			FROM events e
			WHERE e.transaction_id >= $3::xid8 AND e.transaction_id < $4::xid8 AND e.first_transfer IS NOT NULL
			OFFSET 0) e
		 CROSS JOIN LATERAL (` + transfersOfOne + `) t
		 WHERE CASE $2 WHEN 'RECORDED' THEN t.recorded_at ELSE t.effective_at END <= $1)) x
	GROUP BY x.currency, x.kind`

// transfersOfOne are the transfers of an event e.
const transfersOfOne = `
			SELECT t.currency, t.kind, t.amount_minor, t.recorded_at, t.effective_at
			FROM transfers t
			WHERE t.merchant_id = e.merchant_id AND t.transfer_number BETWEEN e.first_transfer AND e.last_transfer
			OFFSET 0`

// wholeSums sums every transfer up to a time.
const wholeSums = `
	SELECT t.currency, t.kind, sum(t.amount_minor)::bigint, count(*)
	FROM transfers t
	WHERE CASE $2 WHEN 'RECORDED' THEN t.recorded_at ELSE t.effective_at END <= $1
	GROUP BY t.currency, t.kind`

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
	query, args, err := r.allSums(ctx)
	if err != nil {
		return nil, err
	}
	err = r.each(ctx, "sum transfers of all books", query, append([]any{at, string(of)}, args...), func(rows *sql.Rows) error {
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

// allSums is how the transfers of all books are summed: by periods, up to the transaction that
// they know of. Without that, all transfers are summed.
func (r Reader) allSums(ctx context.Context) (query string, args []any, err error) {
	until, last, found, err := r.periodMark(ctx)
	if !found || err != nil {
		return wholeSums, nil, err
	}
	return periodSums, []any{until, last}, nil
}

// periodMark is the transaction up to which the sums over all books know of everything, and the
// one before which all are visible. There is none without periods, nor if transactions have
// begun to count anew since, as after a restore from a dump: until the numbers of all events lie
// behind, a number does not say what the periods have.
func (r Reader) periodMark(ctx context.Context) (until, last string, found bool, err error) {
	type place struct{ until, last string }
	p, found, err := readOne(ctx, r, "read progress of periods", `
		SELECT p.transaction_id::text, pg_snapshot_xmax(pg_current_snapshot())::text
		FROM period_progress p
		WHERE p.one AND p.transaction_id <= pg_snapshot_xmin(pg_current_snapshot())
		  AND NOT EXISTS (
			SELECT FROM (SELECT e.transaction_id FROM events e ORDER BY e.transaction_id DESC LIMIT 1) last
			WHERE last.transaction_id >= pg_snapshot_xmax(pg_current_snapshot()))`,
		func(rows *sql.Rows) (p place, err error) { return p, rows.Scan(&p.until, &p.last) })
	return p.until, p.last, found, err
}
