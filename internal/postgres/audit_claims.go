package postgres

import (
	"database/sql"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// Flow is what the transfers of a claim moved from one account to another.
type Flow struct {
	ClaimID string
	Debit   ledger.Purpose
	Credit  ledger.Purpose
	Amount  money.Amount
}

// AuditedRevision is a revision without its calculation.
type AuditedRevision struct {
	ClaimID string
	Number  int32
	Verdict claim.Verdict
	Award   claim.Award
}

// AuditedUnit is an owned unit; Claim is what the claims say of it.
type AuditedUnit struct {
	UnitOwner
	// State is the owner's, empty where there is none; Holds says whether the
	// owner claims this unit of this line.
	State claim.State
	Holds bool
}

// ClaimParts is what belongs to the claims of one range of ids.
type ClaimParts struct {
	Flows     []Flow
	Holds     []*ledger.Hold
	Payouts   []*payout.Payout
	Waits     []Wait
	Revisions []AuditedRevision
	// Last is the newest move of each claim.
	Last []Move
}

// ClaimParts reads the parts of the claims from one id to another.
func (a *Audit) ClaimParts(merchantID, from, to string) (*ClaimParts, error) {
	p := new(ClaimParts)
	var err error
	if p.Flows, err = a.flows(merchantID, from, to); err != nil {
		return nil, err
	}
	if p.Holds, err = page(a, "audit holds", `
		SELECT h.merchant_id, h.claim_id, h.hold_number, h.source, h.state, h.amount_minor,
		       h.captured_minor, h.released_minor, h.placed_at, h.ended_at
		FROM holds h
		WHERE h.merchant_id = $1 AND h.claim_id BETWEEN $2 AND $3
		ORDER BY h.claim_id, h.hold_number`, scanHold, merchantID, from, to); err != nil {
		return nil, err
	}
	if p.Payouts, err = page(a, "audit payouts", `
		SELECT`+payoutColumns+`
		FROM payouts p
		WHERE p.merchant_id = $1 AND p.claim_id BETWEEN $2 AND $3`, scanPayout, merchantID, from, to); err != nil {
		return nil, err
	}
	if p.Waits, err = page(a, "audit waits", `
		SELECT merchant_id, claim_id, state, since, fires, deadline_at, hold_expires_at
		FROM waits
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3`, scanWait, merchantID, from, to); err != nil {
		return nil, err
	}
	if p.Last, err = page(a, "audit last moves", `
		SELECT DISTINCT ON (claim_id) claim_id, version, to_state, recorded_at
		FROM moves
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3
		ORDER BY claim_id, version DESC`,
		func(rows *sql.Rows) (m Move, err error) {
			return m, rows.Scan(&m.ClaimID, &m.Version, (*string)(&m.To), &m.RecordedAt)
		}, merchantID, from, to); err != nil {
		return nil, err
	}
	p.Revisions, err = page(a, "audit revisions", `
		SELECT claim_id, revision, verdict, refund_minor, compensation_minor
		FROM claim_revisions
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3
		ORDER BY claim_id, revision`,
		func(rows *sql.Rows) (r AuditedRevision, err error) {
			return r, rows.Scan(&r.ClaimID, &r.Number, (*string)(&r.Verdict), (*int64)(&r.Award.Refund), (*int64)(&r.Award.Compensation))
		}, merchantID, from, to)
	return p, err
}

func (a *Audit) flows(merchantID, from, to string) ([]Flow, error) {
	return page(a, "audit flows", `
		SELECT claim_id, debit_purpose, credit_purpose, sum(amount_minor)::bigint
		FROM transfers
		WHERE merchant_id = $1 AND claim_id BETWEEN $2 AND $3
		GROUP BY claim_id, debit_purpose, credit_purpose`,
		func(rows *sql.Rows) (f Flow, err error) {
			return f, rows.Scan(&f.ClaimID, (*string)(&f.Debit), (*string)(&f.Credit), (*int64)(&f.Amount))
		}, merchantID, from, to)
}

// Units reads the owned units of a book after one, in order, with their owners.
func (a *Audit) Units(merchantID, afterLine string, afterOrdinal int32, limit int) ([]AuditedUnit, error) {
	return page(a, "audit units", `
		SELECT u.merchant_id, u.order_line_id, u.ordinal, u.claim_id, coalesce(c.state, ''),
		       coalesce(c.order_line_id = u.order_line_id
		                AND c.units::jsonb @> jsonb_build_array(jsonb_build_object('ordinal', u.ordinal)), false)
		FROM claimed_units u
		LEFT JOIN claims c ON c.merchant_id = u.merchant_id AND c.claim_id = u.claim_id
		WHERE u.merchant_id = $1 AND (u.order_line_id, u.ordinal) > ($2, $3)
		ORDER BY u.order_line_id, u.ordinal
		LIMIT $4`,
		func(rows *sql.Rows) (u AuditedUnit, err error) {
			return u, rows.Scan(&u.MerchantID, &u.OrderLineID, &u.Ordinal, &u.ClaimID, (*string)(&u.State), &u.Holds)
		}, merchantID, afterLine, afterOrdinal, limit)
}
