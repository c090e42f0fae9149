package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// AppealRead is an appeal with its end: a decision of the panel, or the event that made
// it moot. Both are zero while it waits.
type AppealRead struct {
	book.Appeal
	EndedBy claim.Trigger
	EndedAt time.Time
}

// Appeals reads the appeals against a claim after a revision, oldest first.
func (r Reader) Appeals(ctx context.Context, merchantID, claimID string, after int32, limit int) ([]AppealRead, error) {
	return read(ctx, r, "list appeals", `
		SELECT a.merchant_id, a.claim_id, a.revision, a.note, a.evidence, a.event_number, a.appealed_at,
		       m.trigger, m.recorded_at
		FROM appeals a
		LEFT JOIN LATERAL (
			SELECT m.trigger, m.recorded_at
			FROM moves m
			WHERE m.merchant_id = a.merchant_id AND m.claim_id = a.claim_id
			  AND m.from_state = 'APPEALED' AND m.event_number > a.event_number
			ORDER BY m.event_number
			LIMIT 1) m ON true
		WHERE a.merchant_id = $1 AND a.claim_id = $2 AND a.revision > $3
		ORDER BY a.revision
		LIMIT $4`,
		func(rows *sql.Rows) (a AppealRead, err error) {
			var by sql.NullString
			var ended sql.NullTime
			err = rows.Scan(&a.MerchantID, &a.ClaimID, &a.Revision, &a.Note, pq.Array(&a.Evidence),
				&a.EventNumber, &a.AppealedAt, &by, &ended)
			a.EndedBy, a.EndedAt = claim.Trigger(by.String), ended.Time
			inUTC(&a.AppealedAt, &a.EndedAt)
			return a, err
		}, merchantID, claimID, after, limit)
}

// ApprovalKey names an approval within its claim.
type ApprovalKey struct {
	Revision int32
	Person   string
}

// Approvals reads the approvals of a claim after one, by revision and person.
func (r Reader) Approvals(ctx context.Context, merchantID, claimID string, after ApprovalKey, limit int) ([]book.Approval, error) {
	return read(ctx, r, "list approvals", `
		SELECT a.merchant_id, a.claim_id, a.revision, a.person_id, a.amount_minor, a.note, a.event_number, a.approved_at
		FROM approvals a
		WHERE a.merchant_id = $1 AND a.claim_id = $2 AND (a.revision, a.person_id) > ($3, $4)
		ORDER BY a.revision, a.person_id
		LIMIT $5`, scanApproval, merchantID, claimID, after.Revision, after.Person, limit)
}

// DebtQuery selects debts. Empty fields do not count.
type DebtQuery struct {
	// MerchantID is the book; empty for all books.
	MerchantID         string
	Kind               debt.Kind
	SinceFrom, SinceTo time.Time
	OpenFrom, OpenTo   *money.Amount
}

// DebtCursor says where a list of debts starts; the zero cursor is its beginning.
type DebtCursor struct {
	Kind       debt.Kind
	Since      time.Time
	MerchantID string
	ID         string
}

// Debts lists the debts of a book or of all books from a cursor on, ordered by kind and
// then oldest first.
func (r Reader) Debts(ctx context.Context, q DebtQuery, from DebtCursor, size int) (Page[debt.Debt, DebtCursor], error) {
	walk, order := `
			WHERE (d.kind, d.since, d.merchant_id, d.debt_id) >= ($4, $5, $3, $6) AND d.kind <= $7`, `d.kind, d.since, d.merchant_id, d.debt_id`
	if q.MerchantID != "" {
		from.MerchantID = q.MerchantID
		walk, order = `
			WHERE (d.merchant_id, d.kind, d.since, d.debt_id) >= ($3, $4, $5, $6) AND (d.merchant_id, d.kind) <= ($3, $7)`,
			`d.merchant_id, d.kind, d.since, d.debt_id`
	}
	if q.Kind != "" && from.Kind == "" {
		from.Kind = q.Kind
	}
	l := listing[debt.Debt, DebtCursor]{what: "list debts", query: `
		SELECT d.merchant_id, d.kind, d.debt_id, d.sampling_case, d.since, d.open_minor, d.recorded_from, d.arose_at, d.n > $1
		FROM (
			SELECT d.merchant_id, d.kind, d.debt_id, d.sampling_case, d.since, d.open_minor, d.recorded_from, d.arose_at,
			       row_number() OVER (ORDER BY ` + order + `) AS n
			FROM debts d` + walk + `
			ORDER BY ` + order + `
			LIMIT $1 + 1) d
		WHERE ($8::timestamptz IS NULL OR d.since >= $8) AND ($9::timestamptz IS NULL OR d.since <= $9)
		  AND ($10::bigint IS NULL OR d.open_minor >= $10) AND ($11::bigint IS NULL OR d.open_minor <= $11)
		   OR d.n > $1
		LIMIT $2`}
	l.scan = fillDebt
	l.cursor = func(d *debt.Debt) DebtCursor { return DebtCursor{d.Kind, d.Since, d.MerchantID, d.ID} }
	return l.page(ctx, r, size, from.MerchantID, string(from.Kind), from.Since, from.ID, orLast(string(q.Kind)),
		orNull(q.SinceFrom), orNull(q.SinceTo), amountOrNull(q.OpenFrom), amountOrNull(q.OpenTo))
}

// DebtSum is the open amount of the debts of one kind and age in one currency.
type DebtSum struct {
	Currency string
	Kind     debt.Kind
	// Age is how many of the given times the debts are as old as, or older than.
	Age   int
	Open  money.Amount
	Count int64
}

// DebtSums sums a book's debts by kind (only one kind, if one is named) and by age:
// how many of the given times they have been open since, or longer.
func (r Reader) DebtSums(ctx context.Context, merchantID string, kind debt.Kind, times ...time.Time) ([]DebtSum, error) {
	return read(ctx, r, "sum debts", `
		SELECT b.currency, x.kind, x.age, sum(x.open_minor)::bigint, count(*)
		FROM (
			SELECT d.merchant_id, d.kind, d.open_minor,
			       (SELECT count(*) FROM unnest($3::timestamptz[]) t (since) WHERE d.since <= t.since) AS age
			FROM debts d
			WHERE d.merchant_id = $1 AND ($2 = '' OR d.kind = $2)) x
		JOIN books b ON b.merchant_id = x.merchant_id
		GROUP BY b.currency, x.kind, x.age`, scanDebtSum, merchantID, string(kind), pq.Array(times))
}

func scanDebtSum(rows *sql.Rows) (s DebtSum, err error) {
	return s, rows.Scan(&s.Currency, (*string)(&s.Kind), &s.Age, (*int64)(&s.Open), &s.Count)
}

// DebtSumsOfAll sums the debts of all books like DebtSums. It reads every debt that is open.
func (r Reader) DebtSumsOfAll(ctx context.Context, kind debt.Kind, times ...time.Time) ([]DebtSum, error) {
	return read(ctx, r, "sum debts of all books", `
		SELECT x.currency, x.kind, x.age, sum(x.open_minor)::bigint, sum(x.debts)::bigint
		FROM (
			SELECT b.currency, d.kind, d.age, d.open_minor, d.debts
			FROM (
				SELECT d.merchant_id, d.kind, (SELECT count(*) FROM unnest($2::timestamptz[]) t (since) WHERE d.since <= t.since) AS age,
				       sum(d.open_minor) AS open_minor, count(*) AS debts
				FROM debts d
				WHERE $1 = '' OR d.kind = $1
				GROUP BY 1, 2, 3) d
			JOIN books b ON b.merchant_id = d.merchant_id) x
		GROUP BY x.currency, x.kind, x.age`, scanDebtSum, string(kind), pq.Array(times))
}
