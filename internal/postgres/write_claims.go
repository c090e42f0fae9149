package postgres

import (
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/postgres/pgwire"
)

func (tx *Tx) writeClaimsFiled(c *book.Changes) {
	rows := c.ClaimsFiled
	if len(rows) == 0 {
		return
	}
	tx.gather("file claims", len(rows), `
		INSERT INTO claims (
			merchant_id, claim_id, version, state, state_since, verdict, revision, order_line_id,
			order_id, payment_id, product_id, paid_at, claimant_id, destination, units,
			basis_chosen, basis, policy_id, policy_version, group_id, wants_refund,
			wants_compensation, grounds, learned_at, arrived_at, filed_at, currency,
			award_refund_minor, award_compensation_minor, held_minor, from_deposit_minor,
			from_shop_funds_minor, advanced_minor, refund_in_flight_minor, refund_paid_minor,
			compensation_in_flight_minor, compensation_paid_minor, notice_confirmed_at, fires,
			deadline_at, escalated, assignee, written_off_minor, lost_minor, clawed_back_minor,
			refund_failed_minor, compensation_failed_minor, repaid_minor, filed_by, decided_by,
			appealed_revision, confirmed_at, clock_stopped_at, hold_expires_at, potential_minor,
			sampling_case, payout_form, fee_claimant_minor, fee_fronted_minor, fee_merchant_minor,
			fee_consumer_minor, fee_owed_minor, fee_written_off_minor, deciders, by_results,
			highest_refund_minor, highest_compensation_minor, fraud, fee_from_shop_funds_minor,
			reconsiderations, changed_at, labels, external_reference, escalated_at, retest_at,
			retest_held)
		SELECT
			r.merchant_id, r.claim_id, r.version, r.state, r.state_since, r.verdict, r.revision,
			r.order_line_id, r.order_id, r.payment_id, r.product_id, r.paid_at, r.claimant_id,
			r.destination, r.units, r.basis_chosen, r.basis, r.policy_id, r.policy_version,
			r.group_id, r.wants_refund, r.wants_compensation, r.grounds, r.learned_at, r.arrived_at,
			r.filed_at, r.currency, r.award_refund_minor, r.award_compensation_minor, r.held_minor,
			r.from_deposit_minor, r.from_shop_funds_minor, r.advanced_minor,
			r.refund_in_flight_minor, r.refund_paid_minor, r.compensation_in_flight_minor,
			r.compensation_paid_minor, r.notice_confirmed_at, r.fires, r.deadline_at, r.escalated,
			r.assignee, r.written_off_minor, r.lost_minor, r.clawed_back_minor, r.refund_failed_minor,
			r.compensation_failed_minor, r.repaid_minor, r.filed_by, r.decided_by, r.appealed_revision,
			r.confirmed_at, r.clock_stopped_at, r.hold_expires_at, r.potential_minor, r.sampling_case,
			r.payout_form, r.fee_claimant_minor, r.fee_fronted_minor, r.fee_merchant_minor,
			r.fee_consumer_minor, r.fee_owed_minor, r.fee_written_off_minor, r.deciders, r.by_results,
			r.highest_refund_minor, r.highest_compensation_minor, r.fraud, r.fee_from_shop_funds_minor,
			r.reconsiderations, r.changed_at, r.labels, r.external_reference, r.escalated_at, r.retest_at,
			r.retest_held
		FROM unnest($1::claims[]) r`,
		pgwire.RowsOf(tx.s.types["claims"], rows, putClaim))
}

func putClaim(r *pgwire.Records, c *claim.Claim) {
	a, f := &c.Award, &c.Funding
	r.Texts(c.MerchantID, c.ID)
	r.Bigints(c.Version)
	r.Texts(string(c.State))
	r.Times(c.StateSince)
	r.Texts(string(c.Verdict))
	r.Integer(c.Revision)
	r.Texts(c.OrderLineID, c.OrderID, c.PaymentID, c.ProductID)
	r.Times(c.PaidAt)
	r.Texts(c.ClaimantID, c.Destination)
	r.JSON(encodeUnits(c.Units))
	r.Texts(string(c.BasisChosen), string(c.Basis), c.PolicyID)
	r.Integer(c.PolicyVersion)
	r.Texts(c.GroupID)
	r.Booleans(c.Remedies.Refund, c.Remedies.Compensation)
	r.Texts(string(c.Grounds))
	r.Times(c.LearnedAt, c.ArrivedAt, c.FiledAt)
	r.Texts(c.Currency)
	r.Bigints(int64(a.Refund), int64(a.Compensation), int64(f.Held), int64(f.FromDeposit), int64(f.FromShopFunds),
		int64(f.Advanced), int64(f.RefundInFlight), int64(f.RefundPaid), int64(f.CompensationInFlight), int64(f.CompensationPaid))
	r.Times(c.NoticeConfirmedAt)
	r.Texts(string(c.Fires))
	r.Times(c.Deadline)
	r.Booleans(c.Escalated)
	r.Texts(c.Assignee)
	r.Bigints(int64(f.WrittenOff), int64(f.Lost), int64(f.ClawedBack), int64(f.RefundFailed), int64(f.CompensationFailed), int64(f.Repaid))
	r.Texts(c.FiledBy, c.DecidedBy)
	r.Integer(c.AppealedRevision)
	r.Times(c.ConfirmedAt, c.ClockStoppedAt, c.HoldExpiresAt)
	r.Bigints(int64(c.Potential))
	r.Texts(c.SamplingCase, string(c.PayoutForm))
	r.Bigints(int64(c.Fees.Claimant), int64(c.Fees.Fronted), int64(c.Fees.Merchant), int64(c.Fees.Consumer), int64(c.Fees.Owed),
		int64(c.Fees.WrittenOff))
	r.TextArray(c.Deciders)
	r.Booleans(c.ByResults)
	r.Bigints(int64(c.Highest.Refund), int64(c.Highest.Compensation))
	r.Booleans(c.Fraud)
	r.Bigints(int64(c.Fees.FromShopFunds))
	r.Integer(c.Reconsiderations)
	r.Times(c.ChangedAt)
	r.Texts(string(c.Labels), c.ExternalReference)
	r.Times(c.EscalatedAt, c.RetestAt)
	r.Texts(string(c.RetestHeld))
}

func (tx *Tx) writeClaimsChanged(c *book.Changes) {
	rows := c.ClaimsChanged
	if len(rows) == 0 {
		return
	}
	tx.gather("change claims", len(rows), `
		UPDATE claims c
		SET version = k.version, state = k.state, state_since = k.state_since, verdict = k.verdict,
		    revision = k.revision, units = k.units, basis = k.basis, policy_id = k.policy_id,
		    policy_version = k.policy_version, award_refund_minor = k.award_refund_minor,
		    award_compensation_minor = k.award_compensation_minor, held_minor = k.held_minor,
		    from_deposit_minor = k.from_deposit_minor, from_shop_funds_minor = k.from_shop_funds_minor,
		    advanced_minor = k.advanced_minor, refund_in_flight_minor = k.refund_in_flight_minor,
		    refund_paid_minor = k.refund_paid_minor,
		    compensation_in_flight_minor = k.compensation_in_flight_minor,
		    compensation_paid_minor = k.compensation_paid_minor, notice_confirmed_at = k.notice_confirmed_at,
		    fires = k.fires, deadline_at = k.deadline_at, escalated = k.escalated, assignee = k.assignee,
		    destination = k.destination, written_off_minor = k.written_off_minor, lost_minor = k.lost_minor,
		    clawed_back_minor = k.clawed_back_minor, refund_failed_minor = k.refund_failed_minor,
		    compensation_failed_minor = k.compensation_failed_minor, repaid_minor = k.repaid_minor,
		    decided_by = k.decided_by, appealed_revision = k.appealed_revision, confirmed_at = k.confirmed_at,
		    clock_stopped_at = k.clock_stopped_at, hold_expires_at = k.hold_expires_at,
		    payout_form = k.payout_form, fee_claimant_minor = k.fee_claimant_minor,
		    fee_fronted_minor = k.fee_fronted_minor, fee_merchant_minor = k.fee_merchant_minor,
		    fee_consumer_minor = k.fee_consumer_minor, fee_owed_minor = k.fee_owed_minor,
		    fee_written_off_minor = k.fee_written_off_minor, deciders = k.deciders, by_results = k.by_results,
		    highest_refund_minor = k.highest_refund_minor,
		    highest_compensation_minor = k.highest_compensation_minor, fraud = k.fraud, group_id = k.group_id,
		    fee_from_shop_funds_minor = k.fee_from_shop_funds_minor, reconsiderations = k.reconsiderations,
		    changed_at = k.changed_at, labels = k.labels, external_reference = k.external_reference,
		    escalated_at = k.escalated_at, retest_at = k.retest_at, retest_held = k.retest_held
		FROM ROWS FROM (unnest($1::claims[]), unnest($2::bigint[])) k
		WHERE c.merchant_id = k.merchant_id AND c.claim_id = k.claim_id AND c.version = k.unnest`,
		pgwire.RowsOf(tx.s.types["claims"], rows, func(r *pgwire.Records, c *book.ClaimChanged) { putClaim(r, &c.Claim) }),
		pgwire.Bigints(rows, func(r *book.ClaimChanged) int64 { return r.From }))
}

func unitArrays(rows []book.UnitOwner) []any {
	return []any{
		pgwire.Texts(rows, func(u *book.UnitOwner) string { return u.MerchantID }),
		pgwire.Texts(rows, func(u *book.UnitOwner) string { return u.OrderLineID }),
		pgwire.Integers(rows, func(u *book.UnitOwner) int32 { return u.Ordinal }),
		pgwire.Texts(rows, func(u *book.UnitOwner) string { return u.ClaimID }),
	}
}

func (tx *Tx) writeUnits(c *book.Changes) {
	if rows := c.UnitsTaken; len(rows) > 0 {
		tx.gather("take units", len(rows), `
			INSERT INTO claimed_units (merchant_id, order_line_id, ordinal, claim_id)
			SELECT k.merchant_id, k.order_line_id, k.ordinal, k.claim_id
			FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[])
			     AS k (merchant_id, order_line_id, ordinal, claim_id)`,
			unitArrays(rows)...)
	}
	if rows := c.UnitsFreed; len(rows) > 0 {
		tx.gather("free units", len(rows), `
			DELETE FROM claimed_units u
			USING unnest($1::text[], $2::text[], $3::integer[], $4::text[])
			      AS k (merchant_id, order_line_id, ordinal, claim_id)
			WHERE u.merchant_id = k.merchant_id AND u.order_line_id = k.order_line_id
			  AND u.ordinal = k.ordinal AND u.claim_id = k.claim_id`,
			unitArrays(rows)...)
	}
	rows := c.UnitsPassed
	if len(rows) == 0 {
		return
	}
	owners := make([]book.UnitOwner, len(rows))
	for i := range rows {
		owners[i] = rows[i].UnitOwner
	}
	tx.gather("pass units on", len(rows), `
		UPDATE claimed_units u
		SET claim_id = k.claim_id
		FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[])
		     AS k (merchant_id, order_line_id, ordinal, claim_id, from_claim_id)
		WHERE u.merchant_id = k.merchant_id AND u.order_line_id = k.order_line_id
		  AND u.ordinal = k.ordinal AND u.claim_id = k.from_claim_id`,
		append(unitArrays(owners), pgwire.Texts(rows, func(u *book.UnitPassed) string { return u.From }))...)
}

func (tx *Tx) writeRevisions(c *book.Changes) {
	rows := c.Revisions
	if len(rows) == 0 {
		return
	}
	param := pgwire.RowsOf(tx.s.types["claim_revisions"], rows, func(r *pgwire.Records, v *claim.Revision) {
		r.Texts(v.MerchantID, v.ClaimID)
		r.Integer(v.Number)
		r.Texts(string(v.Verdict))
		r.JSON(encodeUnits(v.Units))
		r.Bigints(int64(v.Award.Refund), int64(v.Award.Compensation))
		r.Texts(string(v.Basis), v.PolicyID)
		r.Integer(v.Version)
		r.Texts(v.Cause, v.Note)
		r.JSON(explained(v))
		r.Bigints(v.EventNumber)
		r.Times(v.RecordedAt)
		r.Texts(v.Author)
	})
	tx.gather("write revisions", len(rows), `
		INSERT INTO claim_revisions (
			merchant_id, claim_id, revision, verdict, units, refund_minor, compensation_minor,
			basis, policy_id, policy_version, cause, note, calculation, event_number, recorded_at, author)
		SELECT
			r.merchant_id, r.claim_id, r.revision, r.verdict, r.units, r.refund_minor,
			r.compensation_minor, r.basis, r.policy_id, r.policy_version, r.cause, r.note,
			r.calculation, r.event_number, r.recorded_at, r.author
		FROM unnest($1::claim_revisions[]) r`, param)
}

// explained is the calculation of a revision as it is stored.
func explained(v *claim.Revision) string {
	if v.Explained != "" {
		return v.Explained
	}
	return v.Calculation.Stored()
}

func (tx *Tx) writeResults(c *book.Changes) {
	rows := c.Results
	if len(rows) == 0 {
		return
	}
	tx.gather("write results", len(rows), `
		INSERT INTO results (
			merchant_id, result_id, claim_id, order_line_id, authenticator_id, authenticator_kind,
			report_number, sample_source, reinspection, custody_intact, units, issued_at,
			report_digest, statement, event_number, recorded_at, fee_minor, fee_currency, fee_paid_by,
			commission_number, sample_id, rules_version, signing_key, signed_statement, unused_key)
		SELECT
			r.merchant_id, r.result_id, r.claim_id, r.order_line_id, r.authenticator_id,
			r.authenticator_kind, r.report_number, r.sample_source, r.reinspection,
			r.custody_intact, r.units, r.issued_at, r.report_digest, r.statement, r.event_number,
			r.recorded_at, r.fee_minor, r.fee_currency, r.fee_paid_by, r.commission_number,
			r.sample_id, r.rules_version, r.signing_key, r.signed_statement, r.unused_key
		FROM unnest($1::results[]) r`,
		pgwire.RowsOf(tx.s.types["results"], rows, func(r *pgwire.Records, x *claim.Result) {
			r.Texts(x.MerchantID, x.ID, x.ClaimID, x.OrderLineID, x.AuthenticatorID)
			r.Texts(string(x.Kind), x.ReportNumber, string(x.Sample))
			r.Booleans(x.Reinspection, x.CustodyIntact)
			r.JSON(encodeUnits(x.Units))
			r.Times(x.IssuedAt)
			r.Texts(x.ReportDigest, x.Statement)
			r.Bigints(x.EventNumber)
			r.Times(x.RecordedAt)
			r.Bigints(int64(x.Fee))
			r.Texts(x.FeeCurrency, string(x.FeePaidBy))
			r.IntegerOrNull(x.Commission)
			r.TextsOrNull(x.SigningKey, x.Signed)
			r.TextsOrNull(x.SampleID)
			r.IntegerOrNull(x.Rules)
			r.TextsOrNull(x.UnusedKey)
		}))
}

func putWait(r *pgwire.Records, w *book.Wait) {
	r.Texts(w.MerchantID, w.ClaimID, string(w.State))
	r.Times(w.Since)
	r.Texts(string(w.Fires))
	r.Times(w.Deadline, w.HoldExpires)
	r.Texts(w.Assignee)
}

func (tx *Tx) writeWaits(c *book.Changes) {
	if rows := c.WaitsBegun; len(rows) > 0 {
		tx.gather("begin waits", len(rows), `
			INSERT INTO waits (merchant_id, claim_id, state, since, fires, deadline_at, hold_expires_at, assignee)
			SELECT r.merchant_id, r.claim_id, r.state, r.since, r.fires, r.deadline_at, r.hold_expires_at, r.assignee
			FROM unnest($1::waits[]) r`,
			pgwire.RowsOf(tx.s.types["waits"], rows, putWait))
	}
	if rows := c.WaitsChanged; len(rows) > 0 {
		tx.gather("change waits", len(rows), `
			UPDATE waits w
			SET state = k.state, since = k.since, fires = k.fires, deadline_at = k.deadline_at,
			    hold_expires_at = k.hold_expires_at, assignee = k.assignee
			FROM unnest($1::waits[]) k
			WHERE w.merchant_id = k.merchant_id AND w.claim_id = k.claim_id`,
			pgwire.RowsOf(tx.s.types["waits"], rows, putWait))
	}
	rows := c.WaitsEnded
	if len(rows) == 0 {
		return
	}
	tx.gather("end waits", len(rows), `
		DELETE FROM waits w
		USING unnest($1::text[], $2::text[]) AS k (merchant_id, id)
		WHERE w.merchant_id = k.merchant_id AND w.claim_id = k.id`,
		keyArrays(rows)...)
}
