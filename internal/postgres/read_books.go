package postgres

import (
	"context"
	"database/sql"
	"strconv"
	"time"

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

// AmountRange bounds an amount; nil for no bound.
type AmountRange struct{ From, To *money.Amount }

// TimeRange bounds a time; zero for no bound. A time that there is not lies within no bounds.
type TimeRange struct{ From, To time.Time }

// BookQuery says which books a list holds.
type BookQuery struct {
	Standing BookStanding
	// Currency is that of the books; empty for any.
	Currency string

	DepositAvailable, DepositHeld, ShopFundsAvailable, ShopFundsHeld AmountRange
	Receivable, Exposure, Demanded                                   AmountRange
	Opened, DemandDeadline, ExitBegun                                TimeRange

	// LastFirst reverses the order of merchants.
	LastFirst bool
}

// bookAmounts are the expressions of the amounts that books are asked for by.
var bookAmounts = []struct {
	of         func(*BookQuery) *AmountRange
	expression string
}{
	{func(q *BookQuery) *AmountRange { return &q.DepositAvailable }, "b.deposit_credits_minor - b.deposit_debits_minor"},
	{func(q *BookQuery) *AmountRange { return &q.DepositHeld }, "b.deposit_held_credits_minor - b.deposit_held_debits_minor"},
	{func(q *BookQuery) *AmountRange { return &q.ShopFundsAvailable }, "b.shop_funds_credits_minor - b.shop_funds_debits_minor"},
	{func(q *BookQuery) *AmountRange { return &q.ShopFundsHeld }, "b.shop_funds_held_credits_minor - b.shop_funds_held_debits_minor"},
	{func(q *BookQuery) *AmountRange { return &q.Receivable }, "b.receivable_debits_minor - b.receivable_credits_minor"},
	{func(q *BookQuery) *AmountRange { return &q.Exposure }, "b.exposure_minor"},
	{func(q *BookQuery) *AmountRange { return &q.Demanded }, "b.demanded_minor"},
}

// bookTimes are the same for times.
var bookTimes = []struct {
	of     func(*BookQuery) *TimeRange
	column string
}{
	{func(q *BookQuery) *TimeRange { return &q.Opened }, "b.opened_at"},
	{func(q *BookQuery) *TimeRange { return &q.DemandDeadline }, "b.demand_deadline_at"},
	{func(q *BookQuery) *TimeRange { return &q.ExitBegun }, "b.exit_begun_at"},
}

// bounds are the conditions of a query on amounts and times, with their parameters, of which
// the first has a number.
func (q *BookQuery) bounds(first int) (conditions string, args []any) {
	add := func(expression, operator string, value any) {
		conditions += " AND " + expression + " " + operator + " $" + strconv.Itoa(first+len(args))
		args = append(args, value)
	}
	for _, a := range bookAmounts {
		within := a.of(q)
		if within.From != nil {
			add(a.expression, ">=", int64(*within.From))
		}
		if within.To != nil {
			add(a.expression, "<=", int64(*within.To))
		}
	}
	for _, t := range bookTimes {
		within := t.of(q)
		if !within.From.IsZero() {
			add(t.column, ">=", within.From)
		}
		if !within.To.IsZero() {
			add(t.column, "<=", within.To)
		}
	}
	return conditions, args
}

// Books lists books by merchant, from a merchant on. Their standing and their amounts have no
// index, because every command would pay for it; a page examines a bounded number of books.
func (r Reader) Books(ctx context.Context, q BookQuery, from string, size int) (Page[book.Head, string], error) {
	if from == "" && q.LastFirst {
		from = afterEveryID
	}
	const first = 6
	conditions, args := q.bounds(first)
	l := listing[book.Head, string]{what: "list books", query: direction(`
		SELECT`+headColumns+`, b.n > $1
		FROM (
			SELECT b.*, row_number() OVER (ORDER BY b.merchant_id{order}) AS n
			FROM books b
			WHERE b.merchant_id {from} $3
			ORDER BY b.merchant_id{order}
			LIMIT $1 + 1) b
		WHERE ($4 = '' OR b.currency = $4) AND CASE $5
				WHEN '' THEN true
				WHEN 'OWING' THEN b.receivable_debits_minor > b.receivable_credits_minor
				WHEN 'DEMANDED' THEN b.demanded_minor > 0
				WHEN 'LAPSED' THEN b.demand_lapsed_at IS NOT NULL
				WHEN 'LEAVING' THEN b.exit_begun_at IS NOT NULL AND b.exited_at IS NULL
				WHEN 'LEFT' THEN b.exited_at IS NOT NULL
			END`+conditions+` OR b.n > $1
		LIMIT $2`, q.LastFirst)}
	l.scan = fillHead
	l.cursor = func(h *book.Head) string { return h.MerchantID }
	return l.page(ctx, r, size, append([]any{from, q.Currency, string(q.Standing)}, args...)...)
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
