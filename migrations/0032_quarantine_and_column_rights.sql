-- +goose Up
-- An event that cannot be read must not hold up the events after it. It stays where it
-- is, for history is never changed, and an entry here takes it away from readers until
-- another entry gives it back. Entries are only added.

CREATE TABLE event_quarantines (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The number of the event.
    event_number bigint NOT NULL,
    -- The number of the entry for this event, from 1. The last entry says how it stands.
    entry_number integer NOT NULL,
    -- Whether readers get no more of the event than that it exists, or get it again.
    quarantined boolean NOT NULL,
    -- Why, in words: the error of the reader, or the operator's reason.
    cause text COLLATE "C" NOT NULL,
    -- The person who made the entry, or the reader: relay, watch or webhook.
    author text COLLATE "C" NOT NULL,
    -- When the entry was made.
    recorded_at timestamptz NOT NULL,
    CONSTRAINT event_quarantines_key PRIMARY KEY (merchant_id, event_number, entry_number)
);

ALTER TABLE event_quarantines
    ADD CONSTRAINT event_quarantines_entry_positive CHECK (entry_number > 0);
ALTER TABLE event_quarantines
    ADD CONSTRAINT event_quarantines_told CHECK (cause <> '' AND author <> '');
ALTER TABLE event_quarantines
    ADD CONSTRAINT event_quarantines_event FOREIGN KEY (merchant_id, event_number) REFERENCES events (merchant_id, event_number);

GRANT SELECT, INSERT ON event_quarantines TO tenfold_app;

-- The application's role may update a column only where a statement of the write path
-- sets it. All other columns of a row stay as they were inserted, whatever the program
-- does. A statement that sets another column needs a grant of its own.

REVOKE UPDATE ON
    books, claims, claimed_units, waits, holds, payouts, payout_dues,
    debts, reservations, webhooks, webhook_deliveries
FROM tenfold_app;

GRANT UPDATE (
    authentication_fees_credits_minor, authentication_fees_debits_minor,
    claim_payable_credits_minor, claim_payable_debits_minor, consumer_receivable_credits_minor,
    consumer_receivable_debits_minor, coupon_liability_credits_minor, coupon_liability_debits_minor,
    demand_deadline_at, demand_lapsed_at, demanded_minor, deposit_credits_minor,
    deposit_debits_minor, deposit_held_credits_minor, deposit_held_debits_minor, event_hash,
    event_number, exit_begun_at, exited_at, exposure_minor, payout_clearing_credits_minor,
    payout_clearing_debits_minor, penalty_credits_minor, penalty_debits_minor,
    platform_cash_credits_minor, platform_cash_debits_minor, receivable_credits_minor,
    receivable_debits_minor, recorded_at, reversal_loss_credits_minor, reversal_loss_debits_minor,
    settlement_clearing_credits_minor, settlement_clearing_debits_minor, shop_funds_credits_minor,
    shop_funds_debits_minor, shop_funds_held_credits_minor, shop_funds_held_debits_minor,
    suspense_credits_minor, suspense_debits_minor, sweep_after_id, sweep_after_kind,
    sweep_after_since, sweep_deposit_minor, sweep_shop_funds_minor, sweep_since, transfer_number,
    version, write_off_credits_minor, write_off_debits_minor
) ON books TO tenfold_app;
GRANT UPDATE (
    advanced_minor, appealed_revision, assignee, award_compensation_minor, award_refund_minor,
    basis, by_results, clawed_back_minor, clock_stopped_at, compensation_failed_minor,
    compensation_in_flight_minor, compensation_paid_minor, confirmed_at, deadline_at, decided_by,
    deciders, destination, escalated, fee_claimant_minor, fee_consumer_minor, fee_fronted_minor,
    fee_merchant_minor, fee_owed_minor, fee_written_off_minor, fires, fraud, from_deposit_minor,
    from_shop_funds_minor, group_id, held_minor, highest_compensation_minor, highest_refund_minor,
    hold_expires_at, lost_minor, notice_confirmed_at, payout_form, policy_id, policy_version,
    refund_failed_minor, refund_in_flight_minor, refund_paid_minor, repaid_minor, revision, state,
    state_since, units, verdict, version, written_off_minor
) ON claims TO tenfold_app;
GRANT UPDATE (claim_id) ON claimed_units TO tenfold_app;
GRANT UPDATE (deadline_at, fires, hold_expires_at, since, state) ON waits TO tenfold_app;
GRANT UPDATE (captured_minor, ended_at, released_minor, state) ON holds TO tenfold_app;
GRANT UPDATE (
    answered_at, coupon_expires_at, coupon_redeemed_minor, coupon_state, destination, failure_code,
    gateway_reference, not_after, state, superseded
) ON payouts TO tenfold_app;
GRANT UPDATE (attempts, due_at) ON payout_dues TO tenfold_app;
GRANT UPDATE (open_minor, since) ON debts TO tenfold_app;
GRANT UPDATE (attempts, reserved_at) ON reservations TO tenfold_app;
GRANT UPDATE (deleted_at, event_number, previous_secret, previous_until, secret) ON webhooks TO tenfold_app;
GRANT UPDATE (attempts, dead_at, due_at, last_failure, last_status) ON webhook_deliveries TO tenfold_app;
