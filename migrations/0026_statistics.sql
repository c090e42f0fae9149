-- +goose Up
-- ANALYZE looks at thirty thousand rows of each column that has statistics, and
-- autovacuum asks for it whenever a tenth of a table is new: of a growing table of
-- claims nearly a second of work each time. Columns that no statement searches or
-- orders by go without, and so do the awards, of which only the sum is asked for.

ALTER TABLE claims
    ALTER version SET STATISTICS 0, ALTER state_since SET STATISTICS 0, ALTER revision SET STATISTICS 0,
    ALTER payment_id SET STATISTICS 0, ALTER paid_at SET STATISTICS 0, ALTER destination SET STATISTICS 0,
    ALTER basis_chosen SET STATISTICS 0, ALTER basis SET STATISTICS 0, ALTER policy_id SET STATISTICS 0,
    ALTER policy_version SET STATISTICS 0, ALTER wants_refund SET STATISTICS 0,
    ALTER wants_compensation SET STATISTICS 0, ALTER grounds SET STATISTICS 0, ALTER learned_at SET STATISTICS 0,
    ALTER arrived_at SET STATISTICS 0, ALTER currency SET STATISTICS 0,
    ALTER award_refund_minor SET STATISTICS 0, ALTER award_compensation_minor SET STATISTICS 0,
    ALTER held_minor SET STATISTICS 0, ALTER from_deposit_minor SET STATISTICS 0,
    ALTER from_shop_funds_minor SET STATISTICS 0, ALTER advanced_minor SET STATISTICS 0,
    ALTER refund_in_flight_minor SET STATISTICS 0, ALTER refund_paid_minor SET STATISTICS 0,
    ALTER compensation_in_flight_minor SET STATISTICS 0, ALTER compensation_paid_minor SET STATISTICS 0,
    ALTER notice_confirmed_at SET STATISTICS 0, ALTER fires SET STATISTICS 0, ALTER assignee SET STATISTICS 0,
    ALTER written_off_minor SET STATISTICS 0, ALTER lost_minor SET STATISTICS 0, ALTER clawed_back_minor SET STATISTICS 0,
    ALTER refund_failed_minor SET STATISTICS 0, ALTER compensation_failed_minor SET STATISTICS 0,
    ALTER repaid_minor SET STATISTICS 0, ALTER filed_by SET STATISTICS 0, ALTER decided_by SET STATISTICS 0,
    ALTER appealed_revision SET STATISTICS 0, ALTER confirmed_at SET STATISTICS 0,
    ALTER clock_stopped_at SET STATISTICS 0, ALTER hold_expires_at SET STATISTICS 0,
    ALTER potential_minor SET STATISTICS 0, ALTER sampling_case SET STATISTICS 0, ALTER payout_form SET STATISTICS 0,
    ALTER fee_claimant_minor SET STATISTICS 0, ALTER fee_fronted_minor SET STATISTICS 0,
    ALTER fee_merchant_minor SET STATISTICS 0, ALTER fee_consumer_minor SET STATISTICS 0,
    ALTER fee_owed_minor SET STATISTICS 0, ALTER fee_written_off_minor SET STATISTICS 0;

ALTER TABLE transfers
    ALTER debit_purpose SET STATISTICS 0, ALTER credit_purpose SET STATISTICS 0, ALTER amount_minor SET STATISTICS 0,
    ALTER currency SET STATISTICS 0, ALTER order_line_id SET STATISTICS 0, ALTER effective_at SET STATISTICS 0;

ALTER TABLE payouts
    ALTER part SET STATISTICS 0, ALTER amount_minor SET STATISTICS 0, ALTER currency SET STATISTICS 0,
    ALTER out_number SET STATISTICS 0, ALTER payment_id SET STATISTICS 0, ALTER destination SET STATISTICS 0,
    ALTER not_after SET STATISTICS 0, ALTER gateway_reference SET STATISTICS 0, ALTER failure_code SET STATISTICS 0,
    ALTER created_at SET STATISTICS 0, ALTER answered_at SET STATISTICS 0, ALTER form SET STATISTICS 0,
    ALTER rides_payment SET STATISTICS 0, ALTER superseded SET STATISTICS 0, ALTER coupon_state SET STATISTICS 0,
    ALTER coupon_redeemed_minor SET STATISTICS 0, ALTER coupon_expires_at SET STATISTICS 0;

ALTER TABLE holds
    ALTER source SET STATISTICS 0, ALTER amount_minor SET STATISTICS 0, ALTER captured_minor SET STATISTICS 0,
    ALTER released_minor SET STATISTICS 0, ALTER placed_at SET STATISTICS 0, ALTER ended_at SET STATISTICS 0;

ALTER TABLE claim_revisions
    ALTER verdict SET STATISTICS 0, ALTER refund_minor SET STATISTICS 0, ALTER compensation_minor SET STATISTICS 0,
    ALTER basis SET STATISTICS 0, ALTER policy_id SET STATISTICS 0, ALTER policy_version SET STATISTICS 0,
    ALTER cause SET STATISTICS 0, ALTER note SET STATISTICS 0, ALTER recorded_at SET STATISTICS 0,
    ALTER author SET STATISTICS 0;

ALTER TABLE results
    ALTER authenticator_kind SET STATISTICS 0, ALTER sample_source SET STATISTICS 0, ALTER reinspection SET STATISTICS 0,
    ALTER custody_intact SET STATISTICS 0, ALTER issued_at SET STATISTICS 0, ALTER report_digest SET STATISTICS 0,
    ALTER statement SET STATISTICS 0, ALTER recorded_at SET STATISTICS 0, ALTER fee_minor SET STATISTICS 0,
    ALTER fee_currency SET STATISTICS 0, ALTER fee_paid_by SET STATISTICS 0;

ALTER TABLE order_lines
    ALTER order_id SET STATISTICS 0, ALTER payment_id SET STATISTICS 0, ALTER product_id SET STATISTICS 0,
    ALTER paid_at SET STATISTICS 0, ALTER recorded_at SET STATISTICS 0;

ALTER TABLE requests ALTER claim_id SET STATISTICS 0, ALTER recorded_at SET STATISTICS 0;

-- How many rows are looked at goes by the column that asks for the most: nine
-- thousand are enough to tell a merchant with many claims from one with few.
ALTER TABLE claims
    ALTER merchant_id SET STATISTICS 30, ALTER claim_id SET STATISTICS 30, ALTER state SET STATISTICS 30,
    ALTER verdict SET STATISTICS 30, ALTER order_line_id SET STATISTICS 30, ALTER order_id SET STATISTICS 30,
    ALTER product_id SET STATISTICS 30, ALTER claimant_id SET STATISTICS 30, ALTER group_id SET STATISTICS 30,
    ALTER filed_at SET STATISTICS 30, ALTER deadline_at SET STATISTICS 30, ALTER escalated SET STATISTICS 30;
ALTER TABLE events
    ALTER merchant_id SET STATISTICS 30, ALTER event_number SET STATISTICS 30, ALTER claim_id SET STATISTICS 30;
ALTER TABLE transfers
    ALTER merchant_id SET STATISTICS 30, ALTER transfer_number SET STATISTICS 30, ALTER event_number SET STATISTICS 30,
    ALTER kind SET STATISTICS 30, ALTER claim_id SET STATISTICS 30, ALTER payout_id SET STATISTICS 30,
    ALTER external_reference SET STATISTICS 30, ALTER reverses_number SET STATISTICS 30, ALTER recorded_at SET STATISTICS 30;
ALTER TABLE payouts
    ALTER merchant_id SET STATISTICS 30, ALTER payout_id SET STATISTICS 30, ALTER claim_id SET STATISTICS 30,
    ALTER state SET STATISTICS 30;
