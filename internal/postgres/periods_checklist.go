package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/period"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// examplesMax bounds the examples of an item.
const examplesMax = 5

// Checklist answers the questions that a close asks.
func (r Reader) Checklist(ctx context.Context, p period.ID) ([]period.Checked, error) {
	var list []period.Checked
	for _, q := range []struct {
		item           period.Item
		missing, query string
		args           []any
	}{
		{period.SweepsDone, "%d books have income that waits to be used for debts", `
			SELECT b.merchant_id, count(*) OVER () FROM books b WHERE b.sweep_since < $1 ORDER BY b.merchant_id LIMIT $2`, []any{p.End()}},
		{period.SuspenseExplained, "in %d books nobody has explained what lies in suspense", `
			SELECT b.merchant_id, count(*) OVER ()
			FROM books b
			WHERE b.suspense_credits_minor > b.suspense_debits_minor AND $1::timestamptz IS NOT NULL AND NOT EXISTS (
				SELECT FROM suspense_explanations x
				WHERE x.merchant_id = b.merchant_id AND x.balance_minor = b.suspense_credits_minor - b.suspense_debits_minor
				  AND x.explanation_number = (SELECT max(y.explanation_number) FROM suspense_explanations y WHERE y.merchant_id = b.merchant_id))
			ORDER BY b.merchant_id LIMIT $2`, []any{p.End()}},
		{period.BreaksAssigned, "nobody works on %d open breaks", `
			SELECT x.break_id, count(*) OVER ()
			FROM reconciliation_breaks x
			WHERE x.state = 'OPEN' AND x.assignee = '' AND to_char(x.file_day, 'YYYY-MM') = $1
			ORDER BY x.break_id LIMIT $2`, []any{string(p)}},
	} {
		c := period.Checked{Item: q.item}
		err := r.each(ctx, "check a period", q.query, append(q.args, examplesMax), func(rows *sql.Rows) error {
			var example string
			err := rows.Scan(&example, &c.Open)
			c.Examples = append(c.Examples, example)
			return err
		})
		if err != nil {
			return nil, err
		}
		if c.Open > 0 {
			c.Missing = fmt.Sprintf(q.missing, c.Open)
		}
		list = append(list, c)
	}
	audited, err := r.checkAudited(ctx, p)
	return append(list, audited), err
}

func (r Reader) checkAudited(ctx context.Context, p period.ID) (period.Checked, error) {
	c := period.Checked{Item: period.AuditPassed}
	found, ran, err := readOne(ctx, r, "read the last audit", `
		SELECT a.discrepancies FROM audit_runs a WHERE a.audited_at >= $1 ORDER BY a.audited_at DESC LIMIT 1`,
		func(rows *sql.Rows) (n int64, err error) { return n, rows.Scan(&n) }, p.End())
	switch {
	case err != nil:
	case !ran:
		c.Open, c.Missing = 1, "no audit of all books has run since the end of the period"
	case found > 0:
		c.Open, c.Missing = found, fmt.Sprintf("the last audit found %d discrepancies", found)
	}
	return c, err
}

// RecordAudit keeps that an audit of all books has run.
func (db *DB) RecordAudit(ctx context.Context, at time.Time, books, discrepancies int) error {
	_, err := db.KeepAudit(ctx, at, books, discrepancies, &Compared{}, false)
	return err
}

func recordAudit(ctx context.Context, tx *sqlx.Tx, at time.Time, books, discrepancies int) error {
	_, err := tx.ExecContext(ctx, `
		INSERT INTO audit_runs (audited_at, books, discrepancies) VALUES ($1, $2, $3)
		ON CONFLICT (audited_at) DO NOTHING`, at, books, discrepancies)
	return failure(ctx, "record audit", err)
}

// SuspenseExplanation is what a person said of the money in suspense in a book.
type SuspenseExplanation struct {
	MerchantID string
	// Balance is the amount that the person saw and explained.
	Balance  money.Amount
	Currency string
	// RequestID is the request that told it; empty for one of an earlier version.
	RequestID string
	period.Step
}

// NoteSuspense keeps what a person says of the money that lies in suspense in a book. It
// refuses a book in which none does, or another amount than the person saw.
func (db *DB) NoteSuspense(ctx context.Context, r request.Once, x *SuspenseExplanation) (replayed bool, err error) {
	_, replayed, err = db.once(ctx, catalogRequests, r, func(tx *sqlx.Tx) error {
		var balance money.Amount
		var currency string
		err := tx.QueryRowxContext(ctx, `
			SELECT b.suspense_credits_minor - b.suspense_debits_minor, b.currency FROM books b WHERE b.merchant_id = $1`,
			x.MerchantID).Scan((*int64)(&balance), &currency)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return fault.New(fault.MerchantNotFound, "no book is open for merchant %s", x.MerchantID).With("merchantId", x.MerchantID)
		case err != nil:
			return failure(ctx, "read suspense", err)
		case currency != x.Currency:
			return fault.New(fault.CurrencyMismatch, "the book of merchant %s is in %s, not in %s", x.MerchantID, currency, x.Currency).
				With("expected", currency).With("given", x.Currency).At("amount.currency_code")
		case balance == 0:
			return fault.New(fault.SuspenseInsufficient, "nothing lies in suspense in the book of merchant %s", x.MerchantID).
				With("availableMinor", 0).With("requiredMinor", int64(x.Balance)).With("currency", currency)
		case balance != x.Balance:
			return fault.New(fault.SuspenseChanged, "%s %s lies in suspense in the book of merchant %s, not %s", money.Format(balance, currency), currency,
				x.MerchantID, money.Format(x.Balance, currency)).
				With("availableMinor", int64(balance)).With("statedMinor", int64(x.Balance)).With("currency", currency).At("amount.minor_units")
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO suspense_explanations (merchant_id, explanation_number, balance_minor, note, workload, role, person_id, explained_at,
				request_id)
			SELECT $1, coalesce(max(e.explanation_number), 0) + 1, $2, $3, $4, $5, $6, $7, $8
			FROM suspense_explanations e WHERE e.merchant_id = $1`,
			x.MerchantID, int64(x.Balance), x.Note, x.By.Workload, string(x.By.Role), x.By.Person, x.At, x.RequestID)
		return failure(ctx, "store explanation", err)
	})
	return replayed, err
}

// SuspenseExplained reads the explanation that a request told. A request of an earlier version
// is not known any more: its explanation is the last one.
func (r Reader) SuspenseExplained(ctx context.Context, merchantID, workload, requestID string) (SuspenseExplanation, error) {
	x, _, err := readOne(ctx, r, "read explanation of suspense", `
		SELECT x.merchant_id, x.balance_minor, b.currency, x.request_id, x.note, x.workload, x.role, x.person_id, x.explained_at
		FROM suspense_explanations x
		JOIN books b ON b.merchant_id = x.merchant_id
		WHERE x.merchant_id = $1
		ORDER BY x.workload = $2 AND x.request_id = $3 DESC, x.explanation_number DESC
		LIMIT 1`, func(rows *sql.Rows) (x SuspenseExplanation, err error) {
		err = rows.Scan(&x.MerchantID, (*int64)(&x.Balance), &x.Currency, &x.RequestID, &x.Note, &x.By.Workload, (*string)(&x.By.Role), &x.By.Person, &x.At)
		inUTC(&x.At)
		return x, err
	}, merchantID, workload, requestID)
	return x, err
}
