package postgres

import (
	"context"
	"database/sql"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// BookStanding is how a merchant stands with the platform; empty is any way.
type BookStanding string

// The standings that books are asked for by.
const (
	// BookOwing is a receivable above zero.
	BookOwing BookStanding = "OWING"
	// BookDemanded is a deposit that the merchant must fill up.
	BookDemanded BookStanding = "DEMANDED"
	// BookLapsed is such a demand whose deadline has passed.
	BookLapsed BookStanding = "LAPSED"
	// BookLeaving is a merchant who gave notice and has not left.
	BookLeaving BookStanding = "LEAVING"
	// BookLeft is a merchant who has left.
	BookLeft BookStanding = "LEFT"
)

// BookQuery says which books a list holds.
type BookQuery struct {
	Standing BookStanding
	// Currency is that of the books; empty for any.
	Currency string
}

// Books lists books by merchant, from a merchant on. Their standing has no index, because
// every command would pay for it; a page examines a bounded number of books.
func (r Reader) Books(ctx context.Context, q BookQuery, from string, size int) (Page[book.Head, string], error) {
	l := listing[book.Head, string]{what: "list books", query: `
		SELECT` + headColumns + `, b.n > $1
		FROM (
			SELECT b.*, row_number() OVER (ORDER BY b.merchant_id) AS n
			FROM books b
			WHERE b.merchant_id >= $3
			ORDER BY b.merchant_id
			LIMIT $1 + 1) b
		WHERE ($4 = '' OR b.currency = $4) AND CASE $5
				WHEN '' THEN true
				WHEN 'OWING' THEN b.receivable_debits_minor > b.receivable_credits_minor
				WHEN 'DEMANDED' THEN b.demanded_minor > 0
				WHEN 'LAPSED' THEN b.demand_lapsed_at IS NOT NULL
				WHEN 'LEAVING' THEN b.exit_begun_at IS NOT NULL AND b.exited_at IS NULL
				WHEN 'LEFT' THEN b.exited_at IS NOT NULL
			END OR b.n > $1
		LIMIT $2`}
	l.scan = fillHead
	l.cursor = func(h *book.Head) string { return h.MerchantID }
	return l.page(ctx, r, size, from, q.Currency, string(q.Standing))
}

// DebtsOfBooks sums the open debts of books by kind.
func (r Reader) DebtsOfBooks(ctx context.Context, merchants []string) (map[string]debt.Sums, error) {
	sums := make(map[string]debt.Sums, len(merchants))
	err := r.each(ctx, "sum debts of books", `
		SELECT d.merchant_id, d.kind, sum(d.open_minor)::bigint, count(*)
		FROM debts d
		WHERE d.merchant_id = ANY($1::text[])
		GROUP BY d.merchant_id, d.kind`, []any{pq.Array(merchants)}, func(rows *sql.Rows) error {
		var merchant, kind string
		var open, count int64
		if err := rows.Scan(&merchant, &kind, &open, &count); err != nil {
			return err
		}
		if sums[merchant] == nil {
			sums[merchant] = make(debt.Sums)
		}
		sums[merchant][debt.Kind(kind)] = debt.Sum{Open: money.Amount(open), Count: count}
		return nil
	})
	return sums, err
}
