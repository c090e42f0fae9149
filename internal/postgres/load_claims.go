package postgres

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

// claimColumns are the columns of a claim, in the order of scanClaim.
const claimColumns = `
	c.merchant_id, c.claim_id, c.version, c.state, c.state_since, c.verdict, c.revision,
	c.order_line_id, c.order_id, c.payment_id, c.product_id, c.paid_at, c.claimant_id,
	c.destination, c.units, c.basis_chosen, c.basis, c.policy_id, c.policy_version,
	c.group_id, c.wants_refund, c.wants_compensation, c.grounds, c.learned_at,
	c.arrived_at, c.filed_at, c.currency, c.award_refund_minor, c.award_compensation_minor,
	c.held_minor, c.from_deposit_minor, c.from_shop_funds_minor, c.advanced_minor,
	c.refund_in_flight_minor, c.refund_paid_minor, c.compensation_in_flight_minor,
	c.compensation_paid_minor, c.notice_confirmed_at, c.fires, c.deadline_at,
	c.escalated, c.assignee, c.written_off_minor, c.lost_minor, c.clawed_back_minor, c.refund_failed_minor,
	c.compensation_failed_minor, c.repaid_minor, c.filed_by, c.decided_by, c.appealed_revision, c.confirmed_at,
	c.clock_stopped_at, c.hold_expires_at, c.potential_minor, c.sampling_case, c.payout_form,
	c.fee_claimant_minor, c.fee_fronted_minor, c.fee_merchant_minor, c.fee_consumer_minor,
	c.fee_owed_minor, c.fee_written_off_minor, c.deciders, c.by_results,
	c.highest_refund_minor, c.highest_compensation_minor, c.fraud, c.fee_from_shop_funds_minor,
	c.reconsiderations, c.changed_at, c.labels, c.external_reference, c.escalated_at, c.retest_at,
	c.retest_held`

func scanClaim(rows *sql.Rows) (*claim.Claim, error) {
	c := new(claim.Claim)
	return c, fillClaim(rows, c)
}

func fillClaim(row scanner, c *claim.Claim) error {
	var units []byte
	var notice, deadline, confirmed, stopped, expires, changed, escalated, retest sql.NullTime
	a, f := &c.Award, &c.Funding
	err := row.Scan(&c.MerchantID, &c.ID, &c.Version, (*string)(&c.State), &c.StateSince,
		(*string)(&c.Verdict), &c.Revision, &c.OrderLineID, &c.OrderID, &c.PaymentID,
		&c.ProductID, &c.PaidAt, &c.ClaimantID, &c.Destination, &units,
		(*string)(&c.BasisChosen), (*string)(&c.Basis), &c.PolicyID, &c.PolicyVersion,
		&c.GroupID, &c.Remedies.Refund, &c.Remedies.Compensation, (*string)(&c.Grounds),
		&c.LearnedAt, &c.ArrivedAt, &c.FiledAt, &c.Currency,
		(*int64)(&a.Refund), (*int64)(&a.Compensation), (*int64)(&f.Held),
		(*int64)(&f.FromDeposit), (*int64)(&f.FromShopFunds), (*int64)(&f.Advanced),
		(*int64)(&f.RefundInFlight), (*int64)(&f.RefundPaid),
		(*int64)(&f.CompensationInFlight), (*int64)(&f.CompensationPaid),
		&notice, (*string)(&c.Fires), &deadline, &c.Escalated, &c.Assignee,
		(*int64)(&f.WrittenOff), (*int64)(&f.Lost), (*int64)(&f.ClawedBack), (*int64)(&f.RefundFailed),
		(*int64)(&f.CompensationFailed), (*int64)(&f.Repaid), &c.FiledBy, &c.DecidedBy, &c.AppealedRevision, &confirmed,
		&stopped, &expires, (*int64)(&c.Potential), &c.SamplingCase, (*string)(&c.PayoutForm),
		(*int64)(&c.Fees.Claimant), (*int64)(&c.Fees.Fronted), (*int64)(&c.Fees.Merchant), (*int64)(&c.Fees.Consumer),
		(*int64)(&c.Fees.Owed), (*int64)(&c.Fees.WrittenOff), pq.Array(&c.Deciders), &c.ByResults,
		(*int64)(&c.Highest.Refund), (*int64)(&c.Highest.Compensation), &c.Fraud,
		(*int64)(&c.Fees.FromShopFunds), &c.Reconsiderations, &changed, (*string)(&c.Labels), &c.ExternalReference, &escalated,
		&retest, (*string)(&c.RetestHeld))
	if err != nil {
		return err
	}
	if len(c.Deciders) == 0 {
		c.Deciders = nil
	}
	c.NoticeConfirmedAt, c.Deadline = notice.Time, deadline.Time
	c.ConfirmedAt, c.ClockStoppedAt, c.HoldExpiresAt = confirmed.Time, stopped.Time, expires.Time
	c.ChangedAt, c.EscalatedAt, c.RetestAt = changed.Time, escalated.Time, retest.Time
	if c.Units, err = decodeUnits(units); err != nil {
		return fmt.Errorf("read units of claim %s: %w", c.ID, err)
	}
	inUTC(&c.StateSince, &c.PaidAt, &c.LearnedAt, &c.ArrivedAt, &c.FiledAt, &c.NoticeConfirmedAt, &c.Deadline,
		&c.ConfirmedAt, &c.ClockStoppedAt, &c.HoldExpiresAt, &c.ChangedAt, &c.EscalatedAt, &c.RetestAt)
	return nil
}

// unitRow is a unit as the json columns hold it.
type unitRow struct {
	Ordinal int32         `json:"ordinal"`
	Verdict claim.Verdict `json:"verdict"`
	// Consequence is left out where the verdict has none but its own.
	Consequence policy.Consequence `json:"consequence,omitempty"`
}

func decodeUnits(b []byte) ([]claim.Unit, error) {
	var rows []unitRow
	if err := json.Unmarshal(b, &rows); err != nil {
		return nil, err
	}
	units := make([]claim.Unit, len(rows))
	for i, r := range rows {
		if r.Ordinal == 0 || r.Verdict == "" {
			return nil, fmt.Errorf("entry %d is no unit with its verdict", i+1)
		}
		units[i] = claim.Unit(r)
	}
	return units, nil
}

func encodeUnits(units []claim.Unit) string {
	buf := make([]byte, 0, 16+40*len(units))
	buf = append(buf, '[')
	for i, u := range units {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = fmt.Appendf(buf, `{"ordinal":%d,"verdict":%q`, u.Ordinal, u.Verdict)
		if u.Consequence != policy.NoConsequence {
			buf = fmt.Appendf(buf, `,"consequence":%q`, u.Consequence)
		}
		buf = append(buf, '}')
	}
	return string(append(buf, ']'))
}

// Claims reads the claims among keys, and tells damaged of each that cannot be read. The
// columns before the one that cannot are filled.
func (tx *Tx) Claims(keys []book.Key, damaged func(*claim.Claim, error)) ([]*claim.Claim, error) {
	var out []*claim.Claim
	err := tx.query("read claims", `
		SELECT`+claimColumns+`
		FROM unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		JOIN claims c ON c.merchant_id = k.merchant_id AND c.claim_id = k.id`,
		keyArrays(keys),
		func(rows *sql.Rows) error {
			c, err := scanClaim(rows)
			if err != nil && c.ID != "" {
				damaged(c, fmt.Errorf("read claim %s: %w", c.ID, err))
				return nil
			}
			out = append(out, c)
			return err
		})
	return out, err
}

// Siblings reads, for each key, the claims of the claimant on the product, in
// filing order, at most limit of them, and tells damaged of each that cannot be read.
func (tx *Tx) Siblings(keys []book.SiblingKey, limit int, damaged func(*claim.Claim, error)) ([]*claim.Claim, error) {
	var out []*claim.Claim
	err := tx.query("read siblings", `
		SELECT`+claimColumns+`
		FROM unnest($1::text[], $2::text[], $3::text[]) AS k (merchant_id, claimant_id, product_id)
		CROSS JOIN LATERAL (
			SELECT`+claimColumns+`
			FROM claims c
			WHERE c.claimant_id = k.claimant_id AND c.merchant_id = k.merchant_id AND c.product_id = k.product_id
			ORDER BY c.claim_id
			LIMIT $4) c`,
		[]any{
			pgwire.Texts(keys, func(k *book.SiblingKey) string { return k.MerchantID }),
			pgwire.Texts(keys, func(k *book.SiblingKey) string { return k.ClaimantID }),
			pgwire.Texts(keys, func(k *book.SiblingKey) string { return k.ProductID }),
			limit,
		},
		func(rows *sql.Rows) error {
			c, err := scanClaim(rows)
			if err != nil && c.ClaimantID != "" { // Which comes after the product.
				damaged(c, fmt.Errorf("read claim %s: %w", c.ID, err))
				return nil
			}
			out = append(out, c)
			return err
		})
	return out, err
}
