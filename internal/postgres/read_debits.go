package postgres

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/reconcile"
)

// DebitsOfDay hands to f what shops lost for the claims on each order by transfers that were recorded
// from a time until before another. An order may come more than once, and adds up.
func (r Reader) DebitsOfDay(ctx context.Context, from, until time.Time, f func(reconcile.Debit)) error {
	var plus, minus []string
	for kind, sign := range reconcile.Debits() {
		if sign > 0 {
			plus = append(plus, string(kind))
		} else {
			minus = append(minus, string(kind))
		}
	}
	var cursor ReportCursor
	for more := true; more; {
		spans, next, on, err := r.reportSpans(ctx, ReportQuery{From: from, To: until.Add(-time.Microsecond)}, cursor, linesAtOnce)
		if err != nil {
			return err
		}
		cursor, more = next, on
		merchants, firsts, lasts := columnsOfSpans(spans)
		err = r.each(ctx, "sum debits of orders", `
			SELECT t.merchant_id, t.claim_id, c.order_id, t.currency, sum(CASE WHEN t.kind = ANY($5) THEN -t.amount_minor ELSE t.amount_minor END)::bigint`+
			reportTransfers+`
			CROSS JOIN LATERAL (
				SELECT c.order_id
				FROM claims c
				WHERE c.merchant_id = t.merchant_id AND c.claim_id = t.claim_id
				LIMIT 1) c
			GROUP BY 1, 2, 3, 4`,
			[]any{merchants, firsts, lasts, pq.Array(slices.Concat(plus, minus)), pq.Array(minus)}, debitInto(f))
		if err != nil {
			return err
		}
	}
	return nil
}

func debitInto(f func(reconcile.Debit)) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var d reconcile.Debit
		err := rows.Scan(&d.MerchantID, &d.ClaimID, &d.OrderID, &d.Currency, (*int64)(&d.Amount))
		if err == nil {
			f(d)
		}
		return err
	}
}

// ClaimedOrders hands to f one claim of each order on which there is one, without an amount.
func (r Reader) ClaimedOrders(ctx context.Context, orders []string, f func(reconcile.Debit)) error {
	for some := range slices.Chunk(orders, linesAtOnce) {
		err := r.each(ctx, "find claims of orders", `
			SELECT c.merchant_id, c.claim_id, k.order_id, c.currency, 0
			FROM unnest($1::text[]) AS k (order_id)
			CROSS JOIN LATERAL (
				SELECT c.merchant_id, c.claim_id, c.currency
				FROM claims c
				WHERE c.order_id = k.order_id
				ORDER BY c.claim_id
				LIMIT 1) c`, []any{pq.Array(some)}, debitInto(f))
		if err != nil {
			return err
		}
	}
	return nil
}
