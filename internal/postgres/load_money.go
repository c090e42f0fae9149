package postgres

import (
	"database/sql"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

// Approvals reads the approvals of the claims among keys.
func (tx *Tx) Approvals(keys []book.Key) ([]book.Approval, error) {
	var out []book.Approval
	err := tx.query("read approvals", `
		SELECT a.merchant_id, a.claim_id, a.revision, a.person_id, a.amount_minor, a.note, a.event_number, a.approved_at
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN approvals a ON a.merchant_id = k.merchant_id AND a.claim_id = k.id`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			a, err := scanApproval(rows)
			out = append(out, a)
			return err
		})
	return out, err
}

func scanApproval(rows *sql.Rows) (book.Approval, error) {
	var a book.Approval
	err := rows.Scan(&a.MerchantID, &a.ClaimID, &a.Revision, &a.Person, (*int64)(&a.Amount), &a.Note, &a.EventNumber, &a.ApprovedAt)
	inUTC(&a.ApprovedAt)
	return a, err
}

func scanDebt(rows *sql.Rows) (d debt.Debt, err error) { return d, fillDebt(rows, &d) }

func fillDebt(row scanner, d *debt.Debt) error {
	err := row.Scan(&d.MerchantID, (*string)(&d.Kind), &d.ID, &d.SamplingCase, &d.Since, (*int64)(&d.Open), &d.Recorded, &d.Arose)
	inUTC(&d.Since, &d.Recorded, &d.Arose)
	return err
}

// OldestDebts reads the next debts of books after positions, at most limit of each book,
// in the order in which income goes to them.
func (tx *Tx) OldestDebts(keys []book.DebtsAfter, limit int) ([]debt.Debt, error) {
	kinds := debt.Kinds()
	var out []debt.Debt
	err := tx.query("read oldest debts", `
		SELECT d.merchant_id, d.kind, d.debt_id, d.sampling_case, d.since, d.open_minor, d.recorded_from, d.arose_at
		FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[]) AS k (merchant_id, rank, since, id)
		CROSS JOIN LATERAL (
			SELECT d.merchant_id, d.kind, d.debt_id, d.sampling_case, d.since, d.open_minor, d.recorded_from, d.arose_at, o.rank
			FROM unnest($5::text[]) WITH ORDINALITY AS o (kind, rank)
			CROSS JOIN LATERAL (
				SELECT d.merchant_id, d.kind, d.debt_id, d.sampling_case, d.since, d.open_minor, d.recorded_from, d.arose_at
				FROM debts d
				WHERE d.merchant_id = k.merchant_id AND d.kind = o.kind
				  AND (d.since, d.debt_id) > (
				      CASE WHEN o.rank = k.rank THEN k.since ELSE '-infinity' END,
				      CASE WHEN o.rank = k.rank THEN k.id ELSE '' END)
				ORDER BY d.since, d.debt_id
				LIMIT $6) d
			WHERE o.rank >= k.rank
			ORDER BY o.rank, d.since, d.debt_id
			LIMIT $6) d
		ORDER BY k.merchant_id, d.rank, d.since, d.debt_id`,
		[]any{
			pgwire.Texts(keys, func(k *book.DebtsAfter) string { return k.MerchantID }),
			pgwire.Bigints(keys, func(k *book.DebtsAfter) int64 { return int64(k.After.Rank()) }),
			pgwire.Times(keys, func(k *book.DebtsAfter) time.Time { return k.After.Since }),
			pgwire.Texts(keys, func(k *book.DebtsAfter) string { return k.After.ID }),
			pgwire.Texts(kinds, func(k *debt.Kind) string { return string(*k) }),
			limit,
		},
		func(rows *sql.Rows) error {
			d, err := scanDebt(rows)
			out = append(out, d)
			return err
		})
	return out, err
}

// DebtSums sums the debts of the books named by kind, with the version that each
// book has; zero for one that is not there.
func (tx *Tx) DebtSums(merchantIDs []string) ([]book.DebtSums, error) {
	var out []book.DebtSums
	err := tx.query("sum debts of books", `
		SELECT k.merchant_id, coalesce(b.version, 0), coalesce(d.kind, ''), coalesce(d.open_minor, 0), coalesce(d.debts, 0)
		FROM unnest($1::text[]) AS k (merchant_id)
		LEFT JOIN books b ON b.merchant_id = k.merchant_id
		LEFT JOIN LATERAL (
			SELECT d.kind, sum(d.open_minor)::bigint AS open_minor, count(*) AS debts
			FROM debts d
			WHERE d.merchant_id = k.merchant_id
			GROUP BY d.kind) d ON true
		ORDER BY k.merchant_id`,
		[]any{pgwire.Texts(merchantIDs, func(s *string) string { return *s })},
		func(rows *sql.Rows) error {
			var of book.DebtSums
			var kind debt.Kind
			var sum debt.Sum
			if err := rows.Scan(&of.MerchantID, &of.Version, (*string)(&kind), (*int64)(&sum.Open), &sum.Count); err != nil {
				return err
			}
			if n := len(out); n == 0 || out[n-1].MerchantID != of.MerchantID {
				out = append(out, of)
			}
			last := &out[len(out)-1]
			last.Sums = last.Sums.Plus(kind, sum)
			return nil
		})
	return out, err
}

// Debts reads the debts among keys.
func (tx *Tx) Debts(keys []debt.Key) ([]debt.Debt, error) {
	var out []debt.Debt
	err := tx.query("read debts", `
		SELECT d.merchant_id, d.kind, d.debt_id, d.sampling_case, d.since, d.open_minor, d.recorded_from, d.arose_at
		FROM unnest($1::text[], $2::text[], $3::text[]) AS k (merchant_id, kind, id)
		JOIN debts d ON d.merchant_id = k.merchant_id AND d.kind = k.kind AND d.debt_id = k.id`,
		[]any{
			pgwire.Texts(keys, func(k *debt.Key) string { return k.MerchantID }),
			pgwire.Texts(keys, func(k *debt.Key) string { return string(k.Kind) }),
			pgwire.Texts(keys, func(k *debt.Key) string { return k.ID }),
		},
		func(rows *sql.Rows) error {
			d, err := scanDebt(rows)
			out = append(out, d)
			return err
		})
	return out, err
}

// Usual reads the awards of the latest claims, from at most limit claims of a book or
// product. Each key is selected as a range of one and is part of the order, so that
// only the index that begins with it gives that order. Otherwise, where a few merchants
// or products have most of the claims, the planner would walk all claims backwards.
func (tx *Tx) Usual(keys []book.ProductKey, limit int) ([]book.Usual, error) {
	var out []book.Usual
	err := tx.query("read usual awards", `
		SELECT k.merchant_id, k.product_id, m.awarded, m.claims, p.awarded, p.claims
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, product_id)
		CROSS JOIN LATERAL (
			SELECT coalesce(sum(c.award_refund_minor + c.award_compensation_minor), 0)::bigint AS awarded, count(*) AS claims
			FROM (SELECT c.award_refund_minor, c.award_compensation_minor, c.confirmed_at, c.state FROM claims c
			      WHERE c.merchant_id BETWEEN k.merchant_id AND k.merchant_id
			      ORDER BY c.merchant_id DESC, c.claim_id DESC LIMIT $3) c
			WHERE c.confirmed_at IS NOT NULL AND c.state IN ('PAYING', 'PAYOUT_FAILED', 'PAID')) m
		CROSS JOIN LATERAL (
			SELECT coalesce(sum(c.award_refund_minor + c.award_compensation_minor), 0)::bigint AS awarded, count(*) AS claims
			FROM (SELECT c.merchant_id, c.award_refund_minor, c.award_compensation_minor, c.confirmed_at, c.state FROM claims c
			      WHERE c.product_id BETWEEN k.product_id AND k.product_id AND c.product_id <> ''
			      ORDER BY c.product_id DESC, c.claim_id DESC LIMIT $3) c
			WHERE c.merchant_id = k.merchant_id AND c.confirmed_at IS NOT NULL AND c.state IN ('PAYING', 'PAYOUT_FAILED', 'PAID')) p`,
		[]any{
			pgwire.Texts(keys, func(k *book.ProductKey) string { return k.MerchantID }),
			pgwire.Texts(keys, func(k *book.ProductKey) string { return k.ProductID }),
			limit,
		},
		func(rows *sql.Rows) error {
			var u book.Usual
			err := rows.Scan(&u.MerchantID, &u.ProductID, (*int64)(&u.OfMerchant.Awarded), &u.OfMerchant.Claims,
				(*int64)(&u.OfProduct.Awarded), &u.OfProduct.Claims)
			out = append(out, u)
			return err
		})
	return out, err
}

const holdColumns = `
	h.merchant_id, h.claim_id, h.hold_number, h.source, h.state, h.amount_minor,
	h.captured_minor, h.released_minor, h.placed_at, h.ended_at`

// Holds reads the holds of the claims among keys.
func (tx *Tx) Holds(keys []book.Key) ([]*ledger.Hold, error) {
	var out []*ledger.Hold
	err := tx.query("read holds", `
		SELECT`+holdColumns+`
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN holds h ON h.merchant_id = k.merchant_id AND h.claim_id = k.id
		ORDER BY h.claim_id, h.hold_number`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			h, err := scanHold(rows)
			out = append(out, h)
			return err
		})
	return out, err
}

func scanHold(rows *sql.Rows) (*ledger.Hold, error) {
	h := new(ledger.Hold)
	return h, fillHold(rows, h)
}

func fillHold(row scanner, h *ledger.Hold) error {
	var ended sql.NullTime
	err := row.Scan(&h.MerchantID, &h.ClaimID, &h.Number, (*string)(&h.Source), (*string)(&h.State),
		(*int64)(&h.Amount), (*int64)(&h.Captured), (*int64)(&h.Released), &h.PlacedAt, &ended)
	h.EndedAt = ended.Time
	inUTC(&h.PlacedAt, &h.EndedAt)
	return err
}

const payoutColumns = `
	p.merchant_id, p.payout_id, p.claim_id, p.part, p.state, p.amount_minor, p.currency,
	p.out_number, p.payment_id, p.destination, p.not_after, p.gateway_reference,
	p.failure_code, p.created_at, p.answered_at, p.form, p.rides_payment, p.superseded,
	p.coupon_state, p.coupon_redeemed_minor, p.coupon_expires_at, p.try_number, p.arrived_minor, p.came_back_minor,
	p.changed_at`

func scanPayout(rows *sql.Rows) (*payout.Payout, error) {
	p := new(payout.Payout)
	return p, fillPayout(rows, p)
}

func fillPayout(row scanner, p *payout.Payout) error {
	var answered, expires, changed sql.NullTime
	err := row.Scan(&p.MerchantID, &p.ID, &p.ClaimID, (*string)(&p.Part), (*string)(&p.State),
		(*int64)(&p.Amount), &p.Currency, &p.OutNumber, &p.PaymentID, &p.Destination, &p.NotAfter,
		&p.GatewayReference, &p.FailureCode, &p.CreatedAt, &answered,
		(*string)(&p.Form), &p.RidesPayment, &p.Superseded,
		(*string)(&p.Coupon.State), (*int64)(&p.Coupon.Redeemed), &expires,
		&p.Try, (*int64)(&p.Arrived), (*int64)(&p.CameBack), &changed)
	p.AnsweredAt, p.Coupon.ExpiresAt, p.ChangedAt = answered.Time, expires.Time, changed.Time
	inUTC(&p.NotAfter, &p.CreatedAt, &p.AnsweredAt, &p.Coupon.ExpiresAt, &p.ChangedAt)
	return err
}

// Payouts reads the payouts among keys.
func (tx *Tx) Payouts(keys []book.Key) ([]*payout.Payout, error) {
	var out []*payout.Payout
	err := tx.query("read payouts", `
		SELECT`+payoutColumns+`
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN payouts p ON p.merchant_id = k.merchant_id AND p.payout_id = k.id`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			p, err := scanPayout(rows)
			out = append(out, p)
			return err
		})
	return out, err
}

// Dues reads which of the payouts among keys a worker looks after.
func (tx *Tx) Dues(keys []book.Key) ([]book.Due, error) {
	var out []book.Due
	err := tx.query("read payout dues", `
		SELECT d.merchant_id, d.payout_id, d.due_at, d.attempts
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN payout_dues d ON d.merchant_id = k.merchant_id AND d.payout_id = k.id`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			var d book.Due
			err := rows.Scan(&d.MerchantID, &d.PayoutID, &d.DueAt, &d.Attempts)
			inUTC(&d.DueAt)
			out = append(out, d)
			return err
		})
	return out, err
}

// PayoutsOfClaims reads every payout of the claims among keys, oldest first.
func (tx *Tx) PayoutsOfClaims(keys []book.Key) ([]*payout.Payout, error) {
	var out []*payout.Payout
	err := tx.query("read payouts of claims", `
		SELECT`+payoutColumns+`
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN payouts p ON p.claim_id = k.id AND p.merchant_id = k.merchant_id
		ORDER BY p.payout_id`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			p, err := scanPayout(rows)
			out = append(out, p)
			return err
		})
	return out, err
}

// transferNames are the columns of transferColumns as they stand in the table.
const transferNames = `
	t.merchant_id, t.transfer_number, t.kind, t.debit_purpose, t.credit_purpose, t.amount_minor, t.currency, t.event_number, t.claim_id,
	t.order_line_id, t.payout_id, t.external_reference, t.reverses_number, t.recorded_at, t.effective_at`

const transferColumns = `
	t.merchant_id, t.transfer_number, t.kind, t.debit_purpose, t.credit_purpose,
	t.amount_minor, t.currency, t.event_number, coalesce(t.claim_id, ''),
	coalesce(t.order_line_id, ''), coalesce(t.payout_id, ''),
	coalesce(t.external_reference, ''), coalesce(t.reverses_number, 0),
	t.recorded_at, t.effective_at`

// transferRow are the columns of a transfer as they are stored, for a select inside of one of
// transferColumns.
const transferRow = `
	t.merchant_id, t.transfer_number, t.kind, t.debit_purpose, t.credit_purpose, t.amount_minor, t.currency, t.event_number,
	t.claim_id, t.order_line_id, t.payout_id, t.external_reference, t.reverses_number, t.recorded_at, t.effective_at`

func scanTransfer(rows *sql.Rows) (t ledger.Transfer, err error) { return t, fillTransfer(rows, &t) }

func fillTransfer(row scanner, t *ledger.Transfer) error {
	err := row.Scan(&t.MerchantID, &t.Number, (*string)(&t.Kind), (*string)(&t.Debit), (*string)(&t.Credit),
		(*int64)(&t.Amount), &t.Currency, &t.EventNumber, &t.ClaimID, &t.OrderLineID, &t.PayoutID,
		&t.ExternalReference, &t.Reverses, &t.RecordedAt, &t.EffectiveAt)
	inUTC(&t.RecordedAt, &t.EffectiveAt)
	return err
}

// TransfersByReference reads the transfers with the external references among
// keys, and those that reverse them.
func (tx *Tx) TransfersByReference(keys []book.Key) ([]ledger.Transfer, error) {
	var out []ledger.Transfer
	err := tx.query("read transfers by reference", `
		SELECT`+transferColumns+`
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN transfers t ON t.merchant_id = k.merchant_id AND t.external_reference = k.id
		ORDER BY t.transfer_number`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			t, err := scanTransfer(rows)
			out = append(out, t)
			return err
		})
	return out, err
}
