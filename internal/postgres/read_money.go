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

// DebtCursor says where a list of debts starts; the zero cursor is its beginning.
type DebtCursor struct {
	Kind  debt.Kind
	Since time.Time
	ID    string
}

// Debts lists a book's debts from a cursor on, those of one kind if one is named,
// ordered by kind and then oldest first.
func (r Reader) Debts(ctx context.Context, merchantID string, kind debt.Kind, from DebtCursor, size int) (Page[debt.Debt, DebtCursor], error) {
	last := kind
	if last == "" {
		last = afterEveryID
	}
	l := listing[debt.Debt, DebtCursor]{what: "list debts", query: `
		SELECT d.merchant_id, d.kind, d.debt_id, d.sampling_case, d.since, d.open_minor, d.n > $1
		FROM (
			SELECT d.merchant_id, d.kind, d.debt_id, d.sampling_case, d.since, d.open_minor,
			       row_number() OVER (ORDER BY d.merchant_id, d.kind, d.since, d.debt_id) AS n
			FROM debts d
			WHERE (d.merchant_id, d.kind, d.since, d.debt_id) >= ($3, $4, $5, $6) AND (d.merchant_id, d.kind) <= ($3, $7)
			ORDER BY d.merchant_id, d.kind, d.since, d.debt_id
			LIMIT $1 + 1) d
		LIMIT $2`}
	l.scan = fillDebt
	l.cursor = func(d *debt.Debt) DebtCursor { return DebtCursor{d.Kind, d.Since, d.ID} }
	return l.page(ctx, r, size, merchantID, string(max(from.Kind, kind)), from.Since, from.ID, string(last))
}

// DebtSum is the open amount of the debts of one kind and age.
type DebtSum struct {
	Kind debt.Kind
	// Age is how many of the given times the debts are as old as, or older than.
	Age   int
	Open  money.Amount
	Count int64
}

// DebtSums sums a book's debts by kind (only one kind, if one is named) and by age:
// how many of the given times they have been open since, or longer.
func (r Reader) DebtSums(ctx context.Context, merchantID string, kind debt.Kind, times ...time.Time) ([]DebtSum, error) {
	return read(ctx, r, "sum debts", `
		SELECT x.kind, x.age, sum(x.open_minor)::bigint, count(*)
		FROM (
			SELECT d.kind, d.open_minor,
			       (SELECT count(*) FROM unnest($3::timestamptz[]) t (since) WHERE d.since <= t.since) AS age
			FROM debts d
			WHERE d.merchant_id = $1 AND ($2 = '' OR d.kind = $2)) x
		GROUP BY x.kind, x.age`,
		func(rows *sql.Rows) (s DebtSum, err error) {
			return s, rows.Scan((*string)(&s.Kind), &s.Age, (*int64)(&s.Open), &s.Count)
		}, merchantID, string(kind), pq.Array(times))
}
