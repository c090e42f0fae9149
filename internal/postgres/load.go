package postgres

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/authenticator"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Account is one account with its running totals.
type Account struct {
	MerchantID string
	Purpose    ledger.Purpose
	Balance    ledger.Balance
}

// query runs a prepared query and hands each row to scan.
func (tx *Tx) query(what, query string, args []any, scan func(*sql.Rows) error) error {
	st, err := tx.statement(query)
	if err != nil {
		return failure(tx.ctx, what, err)
	}
	rows, err := st.QueryContext(tx.ctx, args...)
	if err != nil {
		return failure(tx.ctx, what, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return failure(tx.ctx, what, err)
		}
	}
	return failure(tx.ctx, what, rows.Err())
}

const headColumns = `
	b.merchant_id, b.currency, b.version, b.event_number, b.event_hash,
	b.transfer_number, b.recorded_at, b.opened_at,` + balanceColumns + `,
	b.exposure_minor, b.sweep_since, b.sweep_deposit_minor, b.sweep_shop_funds_minor, b.demanded_minor,
	b.demand_deadline_at, b.exit_begun_at, b.exited_at, b.demand_lapsed_at,
	b.sweep_after_kind, b.sweep_after_since, b.sweep_after_id, b.write_off_waived_minor, b.labels`

func scanHead(rows *sql.Rows) (h book.Head, err error) { return h, fillHead(rows, &h) }

func fillHead(rows scanner, h *book.Head) error {
	var hash []byte
	var sweep, demand, begun, exited, lapsed, after sql.NullTime
	targets := append([]any{
		&h.MerchantID, &h.Currency, &h.Version, &h.EventNumber, &hash,
		&h.TransferNumber, &h.RecordedAt, &h.OpenedAt,
	}, balanceTargets(&h.Balances)...)
	err := rows.Scan(append(targets,
		(*int64)(&h.Exposure), &sweep, (*int64)(&h.Sweep.Deposit), (*int64)(&h.Sweep.ShopFunds), (*int64)(&h.Demanded),
		&demand, &begun, &exited, &lapsed,
		(*string)(&h.Sweep.After.Kind), &after, &h.Sweep.After.ID, (*int64)(&h.Waived), (*string)(&h.Labels))...)
	copy(h.EventHash[:], hash)
	h.Sweep.Since, h.DemandDeadline, h.DemandLapsedAt = sweep.Time, demand.Time, lapsed.Time
	h.ExitBegunAt, h.ExitedAt = begun.Time, exited.Time
	h.Sweep.After.Since = after.Time
	inUTC(&h.Sweep.After.Since, &h.RecordedAt, &h.OpenedAt, &h.Sweep.Since, &h.DemandDeadline, &h.DemandLapsedAt, &h.ExitBegunAt, &h.ExitedAt)
	return err
}

// LockBooks locks the books that exist, in key order, and returns their heads.
// Whatever else belongs to them may be read without locks from here on.
func (tx *Tx) LockBooks(merchantIDs []string) ([]book.Head, error) {
	heads := make([]book.Head, 0, len(merchantIDs))
	err := tx.query("lock books", `
		SELECT`+headColumns+`
		FROM books b
		WHERE b.merchant_id = ANY ($1::text[])
		ORDER BY b.merchant_id
		FOR NO KEY UPDATE`,
		[]any{pgwire.Texts(merchantIDs, func(s *string) string { return *s })},
		func(rows *sql.Rows) error {
			h, err := scanHead(rows)
			heads = append(heads, h)
			return err
		})
	return heads, err
}

// Books reads the heads of books without locking them.
func (tx *Tx) Books(merchantIDs []string) ([]book.Head, error) {
	heads := make([]book.Head, 0, len(merchantIDs))
	err := tx.query("read books", `
		SELECT`+headColumns+`
		FROM unnest($1::text[]) AS k (id)
		JOIN books b ON b.merchant_id = k.id`,
		[]any{pgwire.Texts(merchantIDs, func(s *string) string { return *s })},
		func(rows *sql.Rows) error {
			h, err := scanHead(rows)
			heads = append(heads, h)
			return err
		})
	return heads, err
}

const requestColumns = `
	r.merchant_id, r.workload, r.method, r.request_id, r.digest,
	coalesce(r.claim_id, ''), coalesce(r.result_id, ''), coalesce(r.payout_id, ''),
	coalesce(r.transfer_number, 0), r.event_number, r.recorded_at`

func scanRequest(rows *sql.Rows) (request.Stored, error) {
	var r request.Stored
	var digest []byte
	err := rows.Scan(&r.MerchantID, &r.Workload, &r.Method, &r.RequestID, &digest,
		&r.ClaimID, &r.ResultID, &r.PayoutID, &r.TransferNumber, &r.EventNumber, &r.RecordedAt)
	copy(r.Digest[:], digest)
	inUTC(&r.RecordedAt)
	return r, err
}

// Requests reads the stored requests among keys.
func (tx *Tx) Requests(keys []request.Key) ([]request.Stored, error) {
	var out []request.Stored
	err := tx.query("read requests", `
		SELECT`+requestColumns+`
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS k (merchant_id, workload, method, request_id)
		JOIN requests r ON r.merchant_id = k.merchant_id AND r.workload = k.workload
		               AND r.method = k.method AND r.request_id = k.request_id`,
		[]any{
			pgwire.Texts(keys, func(k *request.Key) string { return k.MerchantID }),
			pgwire.Texts(keys, func(k *request.Key) string { return k.Workload }),
			pgwire.Texts(keys, func(k *request.Key) string { return k.Method }),
			pgwire.Texts(keys, func(k *request.Key) string { return k.RequestID }),
		},
		func(rows *sql.Rows) error {
			r, err := scanRequest(rows)
			out = append(out, r)
			return err
		})
	return out, err
}

func keyArrays(keys []book.Key) []any {
	return []any{
		pgwire.Texts(keys, func(k *book.Key) string { return k.MerchantID }),
		pgwire.Texts(keys, func(k *book.Key) string { return k.ID }),
	}
}

// Lines reads the order lines among keys, and tells damaged of each that is not stored as
// it was first seen, with ORDER_LINE_DAMAGED.
func (tx *Tx) Lines(keys []book.Key, damaged func(book.Key, error)) ([]*book.LineSeen, error) {
	var out []*book.LineSeen
	err := tx.query("read order lines", `
		SELECT`+lineColumns+`
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN order_lines l ON l.merchant_id = k.merchant_id AND l.order_line_id = k.id`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			var s storedLine
			if err := rows.Scan(s.columns()...); err != nil {
				return err
			}
			l, err := s.seen()
			if err != nil {
				damaged(book.Key{MerchantID: s.merchantID, ID: s.id}, err)
				return nil
			}
			out = append(out, l)
			return nil
		})
	return out, err
}

// Refunds reads the refunds of the order lines among keys.
func (tx *Tx) Refunds(keys []book.Key) ([]book.Refund, error) {
	var out []book.Refund
	err := tx.query("read refunds", `
		SELECT r.merchant_id, r.order_line_id, r.refund_id, r.amount_minor, r.refunded_at, r.recorded_at
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN order_line_refunds r ON r.merchant_id = k.merchant_id AND r.order_line_id = k.id`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			r, err := scanRefund(rows)
			out = append(out, r)
			return err
		})
	return out, err
}

func scanRefund(rows *sql.Rows) (book.Refund, error) {
	var r book.Refund
	err := rows.Scan(&r.MerchantID, &r.OrderLineID, &r.RefundID, (*int64)(&r.Amount), &r.RefundedAt, &r.RecordedAt)
	inUTC(&r.RefundedAt, &r.RecordedAt)
	return r, err
}

// UnitOwners reads who owns units of the order lines among keys.
func (tx *Tx) UnitOwners(keys []book.Key) ([]book.UnitOwner, error) {
	var out []book.UnitOwner
	err := tx.query("read unit owners", `
		SELECT u.merchant_id, u.order_line_id, u.ordinal, u.claim_id
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN claimed_units u ON u.merchant_id = k.merchant_id AND u.order_line_id = k.id`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			var u book.UnitOwner
			err := rows.Scan(&u.MerchantID, &u.OrderLineID, &u.Ordinal, &u.ClaimID)
			out = append(out, u)
			return err
		})
	return out, err
}

// Groups reads the pricing groups among keys.
func (tx *Tx) Groups(keys []book.Key) ([]book.Group, error) {
	var out []book.Group
	err := tx.query("read pricing groups", `
		SELECT g.merchant_id, g.group_id, g.claimant_id, g.product_id, g.anchor_paid_at, g.recorded_at
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN pricing_groups g ON g.merchant_id = k.merchant_id AND g.group_id = k.id`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			var g book.Group
			err := rows.Scan(&g.MerchantID, &g.ID, &g.ClaimantID, &g.ProductID, &g.AnchorPaidAt, &g.RecordedAt)
			inUTC(&g.AnchorPaidAt, &g.RecordedAt)
			out = append(out, g)
			return err
		})
	return out, err
}

func scanAccount(rows *sql.Rows) (Account, error) {
	var a Account
	err := rows.Scan(&a.MerchantID, (*string)(&a.Purpose), (*int64)(&a.Balance.Debits), (*int64)(&a.Balance.Credits))
	return a, err
}

// resultFacts are the columns of a result but the last, which says whether it was taken back.
const resultFacts = `
	r.merchant_id, r.result_id, r.claim_id, r.order_line_id, r.authenticator_id,
	r.report_number, r.authenticator_kind, r.sample_source, r.reinspection,
	r.custody_intact, r.units, r.issued_at, r.report_digest, r.statement,
	r.event_number, r.recorded_at, r.fee_minor, r.fee_currency, r.fee_paid_by,
	coalesce(r.commission_number, 0), coalesce(r.sample_id, ''), coalesce(r.rules_version, 0),
	coalesce(r.signing_key, ''), coalesce(r.unused_key, '')`

const resultColumns = resultFacts + `,
	EXISTS (SELECT FROM result_retractions x WHERE x.merchant_id = r.merchant_id AND x.result_id = r.result_id)`

// signedColumns are what stands beside a signed result: what was signed, the order, and whether it
// answers a commission that was drawn.
const signedColumns = `,
	coalesce(r.signed_statement, ''),
	coalesce((SELECT x.order_id FROM claims x WHERE x.merchant_id = r.merchant_id AND x.claim_id = r.claim_id), ''),
	EXISTS (SELECT FROM commissions x
		WHERE x.merchant_id = r.merchant_id AND x.claim_id = r.claim_id AND x.commission_number = r.commission_number
			AND x.authenticator_id = r.authenticator_id AND octet_length(x.draw_seed) > 0)`

// scanRecorded scans the columns of a result with those beside a signed one.
func scanRecorded(rows *sql.Rows) (x authenticator.Recorded, err error) {
	var signed string
	r, err := scanResultAnd(rows, &signed, &x.OrderID, &x.Drawn)
	r.Signed, x.Result = signed, &r
	return x, err
}

func scanResult(rows *sql.Rows) (claim.Result, error) { return scanResultAnd(rows) }

// scanResultAnd scans the columns of a result, and more behind them.
func scanResultAnd(rows *sql.Rows, more ...any) (claim.Result, error) {
	var r claim.Result
	var units []byte
	err := rows.Scan(append([]any{&r.MerchantID, &r.ID, &r.ClaimID, &r.OrderLineID, &r.AuthenticatorID,
		&r.ReportNumber, (*string)(&r.Kind), (*string)(&r.Sample), &r.Reinspection,
		&r.CustodyIntact, &units, &r.IssuedAt, &r.ReportDigest, &r.Statement,
		&r.EventNumber, &r.RecordedAt, (*int64)(&r.Fee), &r.FeeCurrency, (*string)(&r.FeePaidBy), &r.Commission,
		&r.SampleID, &r.Rules, &r.SigningKey, &r.UnusedKey, &r.Retracted}, more...)...)
	if err != nil {
		return r, err
	}
	inUTC(&r.IssuedAt, &r.RecordedAt)
	if r.Units, err = decodeUnits(units); err != nil {
		return r, fmt.Errorf("read units of result %s: %w", r.ID, err)
	}
	return r, nil
}

// Results reads the results of the claims among keys, oldest first, and tells damaged of
// each claim with one that cannot be read.
func (tx *Tx) Results(keys []book.Key, damaged func(ofClaim book.Key, err error)) ([]claim.Result, error) {
	var out []claim.Result
	err := tx.query("read results", `
		SELECT`+resultColumns+`
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN results r ON r.claim_id = k.id AND r.merchant_id = k.merchant_id
		ORDER BY r.result_id`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			r, err := scanResult(rows)
			if err != nil && r.ClaimID != "" {
				damaged(book.Key{MerchantID: r.MerchantID, ID: r.ClaimID}, err)
				return nil
			}
			out = append(out, r)
			return err
		})
	return out, err
}

// Persons reads the commitments to the persons among keys.
func (tx *Tx) Persons(keys []book.Key) ([]book.Person, error) {
	var out []book.Person
	err := tx.query("read persons", `
		SELECT p.merchant_id, p.person_id, p.commitment
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN person_commitments p ON p.merchant_id = k.merchant_id AND p.person_id = k.id`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			var p book.Person
			var commitment []byte
			err := rows.Scan(&p.MerchantID, &p.PersonID, &commitment)
			copy(p.Commitment[:], commitment)
			out = append(out, p)
			return err
		})
	return out, err
}

// scanner is a row of a result.
type scanner interface {
	Scan(into ...any) error
}

func inUTC(times ...*time.Time) {
	for _, t := range times {
		*t = t.UTC()
	}
}
