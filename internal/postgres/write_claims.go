package postgres

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

func (tx *Tx) writeClaimsFiled(c *Changes) error {
	rows := c.ClaimsFiled
	if len(rows) == 0 {
		return nil
	}
	type row = claim.Claim
	return tx.exec("file claims", len(rows), `
		INSERT INTO claims (
			merchant_id, claim_id, version, state, state_since, verdict, revision,
			order_line_id, order_id, payment_id, product_id, paid_at, claimant_id,
			destination, units, basis_chosen, basis, policy_id, policy_version,
			group_id, wants_refund, wants_compensation, grounds, learned_at,
			arrived_at, filed_at, currency, award_refund_minor, award_compensation_minor,
			held_minor, from_deposit_minor, from_shop_funds_minor, advanced_minor,
			refund_in_flight_minor, refund_paid_minor, compensation_in_flight_minor,
			compensation_paid_minor, notice_confirmed_at, fires, deadline_at, escalated, assignee)
		SELECT
			k.merchant_id, k.claim_id, k.version, k.state, k.state_since, k.verdict, 0,
			k.order_line_id, k.order_id, k.payment_id, k.product_id, k.paid_at, k.claimant_id,
			k.destination, k.units::json, k.basis_chosen, '', '', 0,
			k.group_id, k.wants_refund, k.wants_compensation, k.grounds, k.learned_at,
			k.arrived_at, k.filed_at, k.currency, 0, 0,
			0, 0, 0, 0,
			0, 0, 0,
			0, NULL, k.fires, k.deadline_at, false, ''
		FROM unnest(
			$1::text[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[],
			$7::text[], $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::text[],
			$13::text[], $14::text[], $15::text[],
			$16::text[], $17::boolean[], $18::boolean[], $19::text[], $20::timestamptz[],
			$21::timestamptz[], $22::timestamptz[], $23::text[], $24::text[], $25::timestamptz[])
		AS k (merchant_id, claim_id, version, state, state_since, verdict,
			order_line_id, order_id, payment_id, product_id, paid_at, claimant_id,
			destination, units, basis_chosen,
			group_id, wants_refund, wants_compensation, grounds, learned_at,
			arrived_at, filed_at, currency, fires, deadline_at)`,
		texts(rows, func(c *row) string { return c.MerchantID }),
		texts(rows, func(c *row) string { return c.ID }),
		bigints(rows, func(c *row) int64 { return c.Version }),
		texts(rows, func(c *row) string { return string(c.State) }),
		times(rows, func(c *row) time.Time { return c.StateSince }),
		texts(rows, func(c *row) string { return string(c.Verdict) }),
		texts(rows, func(c *row) string { return c.OrderLineID }),
		texts(rows, func(c *row) string { return c.OrderID }),
		texts(rows, func(c *row) string { return c.PaymentID }),
		texts(rows, func(c *row) string { return c.ProductID }),
		times(rows, func(c *row) time.Time { return c.PaidAt }),
		texts(rows, func(c *row) string { return c.ClaimantID }),
		texts(rows, func(c *row) string { return c.Destination }),
		texts(rows, func(c *row) string { return encodeUnits(c.Units) }),
		texts(rows, func(c *row) string { return string(c.BasisChosen) }),
		texts(rows, func(c *row) string { return c.GroupID }),
		booleans(rows, func(c *row) bool { return c.Remedies.Refund }),
		booleans(rows, func(c *row) bool { return c.Remedies.Compensation }),
		texts(rows, func(c *row) string { return string(c.Grounds) }),
		times(rows, func(c *row) time.Time { return c.LearnedAt }),
		times(rows, func(c *row) time.Time { return c.ArrivedAt }),
		times(rows, func(c *row) time.Time { return c.FiledAt }),
		texts(rows, func(c *row) string { return c.Currency }),
		texts(rows, func(c *row) string { return string(c.Fires) }),
		times(rows, func(c *row) time.Time { return c.Deadline }))
}

func (tx *Tx) writeClaimsChanged(c *Changes) error {
	rows := c.ClaimsChanged
	if len(rows) == 0 {
		return nil
	}
	type row = ClaimChanged
	return tx.exec("change claims", len(rows), `
		UPDATE claims c
		SET version = k.version, state = k.state, state_since = k.state_since, verdict = k.verdict,
		    revision = k.revision, units = k.units::json, basis = k.basis, policy_id = k.policy_id,
		    policy_version = k.policy_version, award_refund_minor = k.award_refund,
		    award_compensation_minor = k.award_compensation, held_minor = k.held,
		    from_deposit_minor = k.from_deposit, from_shop_funds_minor = k.from_shop_funds,
		    advanced_minor = k.advanced, refund_in_flight_minor = k.refund_in_flight,
		    refund_paid_minor = k.refund_paid, compensation_in_flight_minor = k.compensation_in_flight,
		    compensation_paid_minor = k.compensation_paid, notice_confirmed_at = k.notice_confirmed_at,
		    fires = k.fires, deadline_at = k.deadline_at, escalated = k.escalated, assignee = k.assignee,
		    destination = k.destination
		FROM unnest(
			$1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::timestamptz[], $7::text[],
			$8::integer[], $9::text[], $10::text[], $11::text[], $12::integer[], $13::bigint[], $14::bigint[],
			$15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[],
			$21::bigint[], $22::bigint[], $23::timestamptz[], $24::text[], $25::timestamptz[], $26::boolean[],
			$27::text[], $28::text[])
		AS k (merchant_id, claim_id, loaded_version, version, state, state_since, verdict,
			revision, units, basis, policy_id, policy_version, award_refund, award_compensation,
			held, from_deposit, from_shop_funds, advanced, refund_in_flight, refund_paid,
			compensation_in_flight, compensation_paid, notice_confirmed_at, fires, deadline_at, escalated,
			assignee, destination)
		WHERE c.merchant_id = k.merchant_id AND c.claim_id = k.claim_id AND c.version = k.loaded_version`,
		texts(rows, func(r *row) string { return r.Claim.MerchantID }),
		texts(rows, func(r *row) string { return r.Claim.ID }),
		bigints(rows, func(r *row) int64 { return r.From }),
		bigints(rows, func(r *row) int64 { return r.Claim.Version }),
		texts(rows, func(r *row) string { return string(r.Claim.State) }),
		times(rows, func(r *row) time.Time { return r.Claim.StateSince }),
		texts(rows, func(r *row) string { return string(r.Claim.Verdict) }),
		integers(rows, func(r *row) int32 { return r.Claim.Revision }),
		texts(rows, func(r *row) string { return encodeUnits(r.Claim.Units) }),
		texts(rows, func(r *row) string { return string(r.Claim.Basis) }),
		texts(rows, func(r *row) string { return r.Claim.PolicyID }),
		integers(rows, func(r *row) int32 { return r.Claim.PolicyVersion }),
		bigints(rows, func(r *row) int64 { return int64(r.Claim.Award.Refund) }),
		bigints(rows, func(r *row) int64 { return int64(r.Claim.Award.Compensation) }),
		bigints(rows, func(r *row) int64 { return int64(r.Claim.Funding.Held) }),
		bigints(rows, func(r *row) int64 { return int64(r.Claim.Funding.FromDeposit) }),
		bigints(rows, func(r *row) int64 { return int64(r.Claim.Funding.FromShopFunds) }),
		bigints(rows, func(r *row) int64 { return int64(r.Claim.Funding.Advanced) }),
		bigints(rows, func(r *row) int64 { return int64(r.Claim.Funding.RefundInFlight) }),
		bigints(rows, func(r *row) int64 { return int64(r.Claim.Funding.RefundPaid) }),
		bigints(rows, func(r *row) int64 { return int64(r.Claim.Funding.CompensationInFlight) }),
		bigints(rows, func(r *row) int64 { return int64(r.Claim.Funding.CompensationPaid) }),
		times(rows, func(r *row) time.Time { return r.Claim.NoticeConfirmedAt }),
		texts(rows, func(r *row) string { return string(r.Claim.Fires) }),
		times(rows, func(r *row) time.Time { return r.Claim.Deadline }),
		booleans(rows, func(r *row) bool { return r.Claim.Escalated }),
		texts(rows, func(r *row) string { return r.Claim.Assignee }),
		texts(rows, func(r *row) string { return r.Claim.Destination }))
}

func unitArrays(rows []UnitOwner) []any {
	return []any{
		texts(rows, func(u *UnitOwner) string { return u.MerchantID }),
		texts(rows, func(u *UnitOwner) string { return u.OrderLineID }),
		integers(rows, func(u *UnitOwner) int32 { return u.Ordinal }),
		texts(rows, func(u *UnitOwner) string { return u.ClaimID }),
	}
}

func (tx *Tx) writeUnitsTaken(c *Changes) error {
	if len(c.UnitsTaken) == 0 {
		return nil
	}
	return tx.exec("take units", len(c.UnitsTaken), `
		INSERT INTO claimed_units (merchant_id, order_line_id, ordinal, claim_id)
		SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[])`,
		unitArrays(c.UnitsTaken)...)
}

func (tx *Tx) writeUnitsFreed(c *Changes) error {
	if len(c.UnitsFreed) == 0 {
		return nil
	}
	return tx.exec("free units", len(c.UnitsFreed), `
		DELETE FROM claimed_units u
		USING unnest($1::text[], $2::text[], $3::integer[], $4::text[])
		      AS k (merchant_id, order_line_id, ordinal, claim_id)
		WHERE u.merchant_id = k.merchant_id AND u.order_line_id = k.order_line_id
		  AND u.ordinal = k.ordinal AND u.claim_id = k.claim_id`,
		unitArrays(c.UnitsFreed)...)
}

func (tx *Tx) writeRevisions(c *Changes) error {
	rows := c.Revisions
	if len(rows) == 0 {
		return nil
	}
	type row = claim.Revision
	calculations := make([]string, len(rows))
	for i := range rows {
		b, err := json.Marshal(&rows[i].Calculation)
		if err != nil {
			return fmt.Errorf("encode calculation: %w", err)
		}
		calculations[i] = string(b)
	}
	return tx.exec("write revisions", len(rows), `
		INSERT INTO claim_revisions (merchant_id, claim_id, revision, verdict, units, refund_minor,
		                             compensation_minor, basis, policy_id, policy_version, cause, note,
		                             calculation, event_number, recorded_at)
		SELECT k.merchant_id, k.claim_id, k.revision, k.verdict, k.units::json, k.refund,
		       k.compensation, k.basis, k.policy_id, k.policy_version, k.cause, k.note,
		       k.calculation::json, k.event_number, k.recorded_at
		FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[], $6::bigint[],
		            $7::bigint[], $8::text[], $9::text[], $10::integer[], $11::text[], $12::text[],
		            $13::text[], $14::bigint[], $15::timestamptz[])
		     AS k (merchant_id, claim_id, revision, verdict, units, refund,
		           compensation, basis, policy_id, policy_version, cause, note,
		           calculation, event_number, recorded_at)`,
		texts(rows, func(r *row) string { return r.MerchantID }),
		texts(rows, func(r *row) string { return r.ClaimID }),
		integers(rows, func(r *row) int32 { return r.Number }),
		texts(rows, func(r *row) string { return string(r.Verdict) }),
		texts(rows, func(r *row) string { return encodeUnits(r.Units) }),
		bigints(rows, func(r *row) int64 { return int64(r.Award.Refund) }),
		bigints(rows, func(r *row) int64 { return int64(r.Award.Compensation) }),
		texts(rows, func(r *row) string { return string(r.Basis) }),
		texts(rows, func(r *row) string { return r.PolicyID }),
		integers(rows, func(r *row) int32 { return r.Version }),
		texts(rows, func(r *row) string { return r.Cause }),
		texts(rows, func(r *row) string { return r.Note }),
		texts(calculations, func(s *string) string { return *s }),
		bigints(rows, func(r *row) int64 { return r.EventNumber }),
		times(rows, func(r *row) time.Time { return r.RecordedAt }))
}

func (tx *Tx) writeResults(c *Changes) error {
	rows := c.Results
	if len(rows) == 0 {
		return nil
	}
	type row = claim.Result
	return tx.exec("write results", len(rows), `
		INSERT INTO results (merchant_id, result_id, claim_id, order_line_id, authenticator_id,
		                     authenticator_kind, report_number, sample_source, reinspection,
		                     custody_intact, units, issued_at, report_digest, statement,
		                     event_number, recorded_at)
		SELECT k.merchant_id, k.result_id, k.claim_id, k.order_line_id, k.authenticator_id,
		       k.authenticator_kind, k.report_number, k.sample_source, k.reinspection,
		       k.custody_intact, k.units::json, k.issued_at, k.report_digest, k.statement,
		       k.event_number, k.recorded_at
		FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[],
		            $6::text[], $7::text[], $8::text[], $9::boolean[],
		            $10::boolean[], $11::text[], $12::timestamptz[], $13::text[], $14::text[],
		            $15::bigint[], $16::timestamptz[])
		     AS k (merchant_id, result_id, claim_id, order_line_id, authenticator_id,
		           authenticator_kind, report_number, sample_source, reinspection,
		           custody_intact, units, issued_at, report_digest, statement,
		           event_number, recorded_at)`,
		texts(rows, func(r *row) string { return r.MerchantID }),
		texts(rows, func(r *row) string { return r.ID }),
		texts(rows, func(r *row) string { return r.ClaimID }),
		texts(rows, func(r *row) string { return r.OrderLineID }),
		texts(rows, func(r *row) string { return r.AuthenticatorID }),
		texts(rows, func(r *row) string { return string(r.Kind) }),
		texts(rows, func(r *row) string { return r.ReportNumber }),
		texts(rows, func(r *row) string { return string(r.Sample) }),
		booleans(rows, func(r *row) bool { return r.Reinspection }),
		booleans(rows, func(r *row) bool { return r.CustodyIntact }),
		texts(rows, func(r *row) string { return encodeUnits(r.Units) }),
		times(rows, func(r *row) time.Time { return r.IssuedAt }),
		texts(rows, func(r *row) string { return r.ReportDigest }),
		texts(rows, func(r *row) string { return r.Statement }),
		bigints(rows, func(r *row) int64 { return r.EventNumber }),
		times(rows, func(r *row) time.Time { return r.RecordedAt }))
}

func (tx *Tx) writeMoves(c *Changes) error {
	rows := c.Moves
	if len(rows) == 0 {
		return nil
	}
	return tx.exec("write moves", len(rows), `
		INSERT INTO moves (merchant_id, claim_id, version, from_state, to_state, trigger,
		                   event_number, note, recorded_at)
		SELECT r.merchant_id, r.claim_id, r.version, r.from_state, r.to_state, r.trigger,
		       r.event_number, r.note, r.recorded_at
		FROM unnest($1::moves[]) r`,
		rowsOf(tx.s.types["moves"], rows, 9, func(r *records, m *Move) {
			r.texts(m.MerchantID, m.ClaimID)
			r.bigints(m.Version)
			r.texts(string(m.From), string(m.To), string(m.Trigger))
			r.bigints(m.EventNumber)
			r.texts(m.Note)
			r.times(m.RecordedAt)
		}))
}

func waitArrays(rows []Wait) []any {
	return []any{
		texts(rows, func(w *Wait) string { return w.MerchantID }),
		texts(rows, func(w *Wait) string { return w.ClaimID }),
		texts(rows, func(w *Wait) string { return string(w.State) }),
		times(rows, func(w *Wait) time.Time { return w.Since }),
		texts(rows, func(w *Wait) string { return string(w.Fires) }),
		times(rows, func(w *Wait) time.Time { return w.Deadline }),
	}
}

func (tx *Tx) writeWaits(c *Changes) error {
	if rows := c.WaitsBegun; len(rows) > 0 {
		err := tx.exec("begin waits", len(rows), `
			INSERT INTO waits (merchant_id, claim_id, state, since, fires, deadline_at)
			SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::timestamptz[])`,
			waitArrays(rows)...)
		if err != nil {
			return err
		}
	}
	if rows := c.WaitsChanged; len(rows) > 0 {
		err := tx.exec("change waits", len(rows), `
			UPDATE waits w
			SET state = k.state, since = k.since, fires = k.fires, deadline_at = k.deadline_at
			FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::timestamptz[])
			     AS k (merchant_id, claim_id, state, since, fires, deadline_at)
			WHERE w.merchant_id = k.merchant_id AND w.claim_id = k.claim_id`,
			waitArrays(rows)...)
		if err != nil {
			return err
		}
	}
	rows := c.WaitsEnded
	if len(rows) == 0 {
		return nil
	}
	return tx.exec("end waits", len(rows), `
		DELETE FROM waits w
		USING unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		WHERE w.merchant_id = k.merchant_id AND w.claim_id = k.id`,
		keyArrays(rows)...)
}
