package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/report"
)

// ReportSum is what some transfers or open items come to.
type ReportSum struct {
	Key      string
	Kind     ledger.Kind
	FromDays int32
	Currency string
	Amount   money.Amount
	Count    int64
}

// ReportCursor says where a page of a report starts; the zero cursor is the first page.
type ReportCursor struct {
	At         time.Time
	MerchantID string
	// Number is that of the event over all books, and of the transfer within one.
	Number int64
}

// ReportQuery selects transfers that a report sums up.
type ReportQuery struct {
	// MerchantID is the book; empty for all books.
	MerchantID string
	// From and To bound the time of recording, and both belong to it.
	From, To time.Time
	Kinds    []ledger.Kind
	By       report.Grouping
}

// transferSpan is a run of transfers of one book.
type transferSpan struct {
	merchant    string
	first, last int64
}

// columnsOfSpans are the columns of spans, as parameters.
func columnsOfSpans(spans []transferSpan) (merchants, firsts, lasts any) {
	m, f, l := make([]string, len(spans)), make([]int64, len(spans)), make([]int64, len(spans))
	for i, s := range spans {
		m[i], f[i], l[i] = s.merchant, s.first, s.last
	}
	return pq.Array(m), pq.Array(f), pq.Array(l)
}

// SumReport sums the transfers that the next page of a report goes through.
func (r Reader) SumReport(ctx context.Context, q ReportQuery, from ReportCursor, size int) (sums []ReportSum, next ReportCursor, more bool, err error) {
	var spans []transferSpan
	if q.MerchantID != "" {
		spans, next, more, err = r.reportSpan(ctx, q, from, int64(size))
	} else {
		spans, next, more, err = r.reportSpans(ctx, q, from, size)
	}
	if err != nil || len(spans) == 0 {
		return nil, next, more, err
	}
	merchants, firsts, lasts := columnsOfSpans(spans)
	kinds := make([]string, len(q.Kinds))
	for i, k := range q.Kinds {
		kinds[i] = string(k)
	}
	sums, err = read(ctx, r, "sum transfers of a report", reportQueries[q.By], func(rows *sql.Rows) (s ReportSum, err error) {
		return s, rows.Scan(&s.Key, &s.Kind, &s.Currency, (*int64)(&s.Amount), &s.Count)
	}, merchants, firsts, lasts, pq.Array(kinds))
	return sums, next, more, err
}

// reportSpan is the next run of the transfers of a book.
func (r Reader) reportSpan(ctx context.Context, q ReportQuery, from ReportCursor, size int64) ([]transferSpan, ReportCursor, bool, error) {
	first, last, err := r.numbersOf(ctx, q.MerchantID, q.From, q.To)
	first = max(first, from.Number)
	if err != nil || first > last {
		return nil, ReportCursor{}, false, err
	}
	end := first + size - 1
	return []transferSpan{{q.MerchantID, first, min(end, last)}}, ReportCursor{Number: end + 1}, end < last, nil
}

// reportSpans are the transfers of the next events of all books.
func (r Reader) reportSpans(ctx context.Context, q ReportQuery, from ReportCursor, size int) (spans []transferSpan, next ReportCursor, more bool, err error) {
	if from.MerchantID == "" {
		from = ReportCursor{At: q.From}
	}
	err = r.each(ctx, "find transfers of a report", `
		SELECT e.merchant_id, e.event_number, e.recorded_at, e.first_transfer, e.last_transfer
		FROM events e
		WHERE e.first_transfer IS NOT NULL AND (e.recorded_at, e.merchant_id, e.event_number) >= ($1, $2, $3) AND e.recorded_at <= $4
		ORDER BY e.recorded_at, e.merchant_id, e.event_number
		LIMIT $5 + 1`, []any{from.At, from.MerchantID, from.Number, q.To, size}, func(rows *sql.Rows) error {
		var s transferSpan
		var c ReportCursor
		if err := rows.Scan(&s.merchant, &c.Number, &c.At, &s.first, &s.last); err != nil {
			return err
		}
		if c.MerchantID = s.merchant; len(spans) == size {
			next, more = c, true
			return nil
		}
		spans = append(spans, s)
		return nil
	})
	return spans, next, more, err
}

// reportTransfers are the transfers of the spans; what follows it joins what a grouping needs.
const reportTransfers = `
	FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS k (merchant_id, first, last)
	CROSS JOIN LATERAL (
		SELECT t.merchant_id, t.kind, t.currency, t.amount_minor, t.recorded_at, t.claim_id
		FROM transfers t
		WHERE t.merchant_id = k.merchant_id AND t.transfer_number BETWEEN k.first AND k.last AND t.kind = ANY($4)
		OFFSET 0) t`

// goodsOfClaim joins the claim of t, and categoryOfLine the order line of that claim.
const (
	goodsOfClaim = `
	LEFT JOIN LATERAL (
		SELECT c.product_id, c.order_line_id
		FROM claims c
		WHERE c.merchant_id = t.merchant_id AND c.claim_id = t.claim_id
		LIMIT 1) c ON true`
	categoryOfLine = `
	LEFT JOIN LATERAL (
		SELECT coalesce(l.content->1->>'category', l.content->>'Category', '') AS category
		FROM order_lines l
		WHERE l.merchant_id = t.merchant_id AND l.order_line_id = c.order_line_id
		LIMIT 1) l ON true`
	reportSums = `, t.kind, t.currency, sum(t.amount_minor)::bigint, count(*)`
	reportEnd  = `
	GROUP BY 1, 2, 3`
)

// reportQueries sum transfers by each grouping. Days are those of China.
var reportQueries = map[report.Grouping]string{
	report.ByDay:      `SELECT to_char(t.recorded_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD')` + reportSums + reportTransfers + reportEnd,
	report.ByMerchant: `SELECT t.merchant_id` + reportSums + reportTransfers + reportEnd,
	report.ByCategory: `SELECT coalesce(l.category, '')` + reportSums + reportTransfers + goodsOfClaim + categoryOfLine + reportEnd,
	report.ByProduct:  `SELECT coalesce(c.product_id, '')` + reportSums + reportTransfers + goodsOfClaim + reportEnd,
}

// OpenItem is a debt or a payout that is open.
type OpenItem struct {
	MerchantID, ClaimID string
	Since               time.Time
	Amount              money.Amount
	Currency            string
}

// OpenPayouts lists payouts whose outcome is not known, of a book or of all books, by their keys:
// the merchant and the payout, from one on.
func (r Reader) OpenPayouts(ctx context.Context, merchantID string, from [2]string, size int) (Page[OpenItem, [2]string], error) {
	if merchantID != "" {
		from[0] = merchantID
	}
	var p Page[OpenItem, [2]string]
	looked := 0
	err := r.each(ctx, "list open payouts", `
		SELECT d.merchant_id, d.payout_id, coalesce(p.claim_id, ''), coalesce(p.created_at, d.due_at), coalesce(p.amount_minor, 0), coalesce(p.currency, '')
		FROM (
			SELECT d.merchant_id, d.payout_id, d.due_at
			FROM payout_dues d
			WHERE (d.merchant_id, d.payout_id) >= ($1, $2) AND d.merchant_id <= $3
			ORDER BY d.merchant_id, d.payout_id
			LIMIT $4 + 1) d
		LEFT JOIN LATERAL (
			SELECT p.claim_id, p.created_at, p.amount_minor, p.currency
			FROM payouts p
			WHERE p.merchant_id = d.merchant_id AND p.payout_id = d.payout_id AND p.state = 'INSTRUCTED'
			LIMIT 1) p ON true
		ORDER BY d.merchant_id, d.payout_id`, []any{from[0], from[1], cmp.Or(merchantID, afterEveryID), size}, func(rows *sql.Rows) error {
		var w OpenItem
		var id string
		if err := rows.Scan(&w.MerchantID, &id, &w.ClaimID, &w.Since, (*int64)(&w.Amount), &w.Currency); err != nil {
			return err
		}
		if looked++; looked > size {
			p.More, p.Next = true, [2]string{w.MerchantID, id}
			return nil
		}
		if w.Amount > 0 { // A payout that has failed may be asked about once more.
			p.Rows = append(p.Rows, w)
		}
		return nil
	})
	return p, err
}

// GoodsOf gives the key of each open item by its claim: the category or the product.
func (r Reader) GoodsOf(ctx context.Context, items []OpenItem, by report.Grouping) ([]string, error) {
	keys := make([]string, len(items))
	merchants, claims := make([]string, len(items)), make([]string, len(items))
	for i := range items {
		merchants[i], claims[i] = items[i].MerchantID, items[i].ClaimID
	}
	key, joined := `coalesce(c.product_id, '')`, ``
	if by == report.ByCategory {
		key, joined = `coalesce(l.category, '')`, categoryOfLine
	}
	err := r.each(ctx, "read goods of claims", `
		SELECT t.place - 1, `+key+`
		FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS t (merchant_id, claim_id, place)`+goodsOfClaim+joined,
		[]any{pq.Array(merchants), pq.Array(claims)}, func(rows *sql.Rows) error {
			place, key := 0, ""
			if err := rows.Scan(&place, &key); err != nil {
				return err
			}
			keys[place] = key
			return nil
		})
	return keys, err
}
