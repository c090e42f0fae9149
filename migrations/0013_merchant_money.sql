-- +goose Up
-- Merchant money in full: who bore what of a claim, appeals and approvals, debts
-- that later income pays, and what a merchant may take out.

ALTER TABLE books
    -- What open claims may yet cost the merchant, minor units: the sum over claims.
    ADD COLUMN exposure_minor bigint NOT NULL DEFAULT 0,
    -- Since when income waits to be used for what is owed; NULL for none.
    ADD COLUMN sweep_since timestamptz,
    -- What of the deposit that came in a sweep may use, minor units.
    ADD COLUMN sweep_deposit_minor bigint NOT NULL DEFAULT 0,
    -- What of the shop funds that came in a sweep may use, minor units.
    ADD COLUMN sweep_shop_funds_minor bigint NOT NULL DEFAULT 0,
    -- What is demanded of the merchant to bring the deposit to its minimum, minor units.
    ADD COLUMN demanded_minor bigint NOT NULL DEFAULT 0,
    -- Until when the merchant has to meet the demand; NULL for none.
    ADD COLUMN demand_deadline_at timestamptz,
    -- When the merchant gave notice to leave; NULL before.
    ADD COLUMN exit_begun_at timestamptz,
    -- When the merchant had left and what was left had been paid out; NULL before.
    ADD COLUMN exited_at timestamptz,
    ADD CONSTRAINT books_exposure_not_negative CHECK (exposure_minor >= 0),
    ADD CONSTRAINT books_sweep_has_time CHECK (
        sweep_since IS NOT NULL OR (sweep_deposit_minor = 0 AND sweep_shop_funds_minor = 0));

CREATE INDEX books_to_sweep ON books (sweep_since, merchant_id) WHERE sweep_since IS NOT NULL;
CREATE INDEX books_by_demand ON books (demand_deadline_at, merchant_id) WHERE demand_deadline_at IS NOT NULL;

ALTER TABLE claims
    -- Given up of what the merchant owes for it, minor units.
    ADD COLUMN written_off_minor bigint NOT NULL DEFAULT 0,
    -- Borne by the platform since a verdict fell after payment, minor units.
    ADD COLUMN lost_minor bigint NOT NULL DEFAULT 0,
    -- Owed back by the consumer, minor units.
    ADD COLUMN clawed_back_minor bigint NOT NULL DEFAULT 0,
    -- Refund that failed or came back and waits for an operator, minor units.
    ADD COLUMN refund_failed_minor bigint NOT NULL DEFAULT 0,
    -- Compensation that failed or came back and waits for an operator, minor units.
    ADD COLUMN compensation_failed_minor bigint NOT NULL DEFAULT 0,
    -- Given back by the consumer, minor units; what was paid is already less by it.
    ADD COLUMN repaid_minor bigint NOT NULL DEFAULT 0,
    -- The person who filed it; empty where a service did on its own.
    ADD COLUMN filed_by text COLLATE "C" NOT NULL DEFAULT '',
    -- The person behind the present verdict; empty where results alone decided.
    ADD COLUMN decided_by text COLLATE "C" NOT NULL DEFAULT '',
    -- The newest revision that was appealed against; zero for none.
    ADD COLUMN appealed_revision integer NOT NULL DEFAULT 0,
    -- When the debit was first confirmed; NULL before.
    ADD COLUMN confirmed_at timestamptz,
    -- Since when a test keeps the deadline from running; NULL while it runs.
    ADD COLUMN clock_stopped_at timestamptz,
    -- When what is held goes back to the merchant; NULL for never or nothing.
    ADD COLUMN hold_expires_at timestamptz,
    -- The most it could be awarded, as estimated at filing, minor units.
    ADD COLUMN potential_minor bigint NOT NULL DEFAULT 0,
    -- The product-level case it belongs to; empty for none.
    ADD COLUMN sampling_case text COLLATE "C" NOT NULL DEFAULT '',
    -- What the compensation is paid in.
    ADD COLUMN payout_form text COLLATE "C" NOT NULL DEFAULT 'CASH',
    -- Paid for results by the claimant, minor units.
    ADD COLUMN fee_claimant_minor bigint NOT NULL DEFAULT 0,
    -- Paid for results by the platform, minor units.
    ADD COLUMN fee_fronted_minor bigint NOT NULL DEFAULT 0,
    -- Charged to the merchant of what was fronted, minor units.
    ADD COLUMN fee_merchant_minor bigint NOT NULL DEFAULT 0,
    -- Charged to the consumer of what was fronted, minor units.
    ADD COLUMN fee_consumer_minor bigint NOT NULL DEFAULT 0,
    -- What of the merchant's charge is not paid yet, minor units.
    ADD COLUMN fee_owed_minor bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT claims_amounts_not_negative,
    DROP CONSTRAINT claims_paid_from_funding,
    ADD CONSTRAINT claims_amounts_not_negative CHECK (
        LEAST(award_refund_minor, award_compensation_minor, held_minor, from_deposit_minor, from_shop_funds_minor,
              advanced_minor, written_off_minor, lost_minor, clawed_back_minor, refund_in_flight_minor,
              refund_paid_minor, refund_failed_minor, compensation_in_flight_minor, compensation_paid_minor,
              compensation_failed_minor, repaid_minor, potential_minor, fee_claimant_minor, fee_fronted_minor,
              fee_merchant_minor, fee_consumer_minor, fee_owed_minor) >= 0),
    ADD CONSTRAINT claims_paid_from_funding CHECK (
        refund_in_flight_minor + refund_paid_minor + refund_failed_minor + compensation_in_flight_minor
        + compensation_paid_minor + compensation_failed_minor
        <= from_deposit_minor + from_shop_funds_minor + advanced_minor + written_off_minor + lost_minor
        + clawed_back_minor),
    ADD CONSTRAINT claims_payout_form_known CHECK (payout_form IN ('CASH', 'WALLET', 'COUPON'));

ALTER TABLE claim_revisions
    -- The person behind the revision; empty where none is.
    ADD COLUMN author text COLLATE "C" NOT NULL DEFAULT '';

ALTER TABLE waits
    -- When what is held for the claim goes back to the merchant; NULL for never or nothing.
    ADD COLUMN hold_expires_at timestamptz;

CREATE INDEX waits_by_hold_expiry ON waits (hold_expires_at, claim_id) WHERE hold_expires_at IS NOT NULL;

ALTER TABLE payouts
    -- What it is paid in.
    ADD COLUMN form text COLLATE "C" NOT NULL DEFAULT 'CASH',
    -- Whether it may ride the original payment back: only a refund, and only for a year.
    ADD COLUMN rides_payment boolean NOT NULL DEFAULT false,
    -- Whether its money went out under another number since it failed or came back.
    ADD COLUMN superseded boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT payouts_form_known CHECK (form IN ('CASH', 'WALLET', 'COUPON'));

ALTER TABLE transfers DROP CONSTRAINT transfers_kind_known;
ALTER TABLE transfers ADD CONSTRAINT transfers_kind_known CHECK (kind IN (
    'DEPOSIT_TOPPED_UP', 'DEPOSIT_WITHDRAWN', 'DEPOSIT_TOP_UP_REVERSED', 'DEPOSIT_TOP_UP_REVERSED_OWED',
    'SHOP_FUNDS_HANDED_OVER', 'SHOP_FUNDS_TAKEN_BACK', 'DEPOSIT_HELD', 'SHOP_FUNDS_HELD', 'DEPOSIT_RELEASED',
    'SHOP_FUNDS_RELEASED', 'DEPOSIT_CAPTURED', 'SHOP_FUNDS_CAPTURED', 'SHORTFALL_ADVANCED',
    'PAYOUT_INSTRUCTED', 'PAYOUT_CONFIRMED', 'PAYOUT_FAILED', 'PAYOUT_RETURNED', 'SUSPENSE_RECEIVED',
    'DEPOSIT_RESTORED', 'SHOP_FUNDS_RESTORED', 'ADVANCE_CANCELLED', 'WRITE_OFF_CANCELLED',
    'REVERSAL_LOSS_BORNE', 'REVERSAL_LOSS_REVERSED', 'CLAW_BACK_CLAIMED', 'CLAW_BACK_CANCELLED',
    'CLAW_BACK_REPAID', 'RECOVERED_FROM_DEPOSIT', 'RECOVERED_FROM_SHOP_FUNDS', 'RECEIVABLE_WRITTEN_OFF',
    'WRITE_OFF_RECOVERED', 'COUPON_ISSUED', 'COUPON_REDEEMED', 'COUPON_LAPSED', 'COUPON_RETURNED',
    'DEPOSIT_FORFEITED', 'PENALTY_TAKEN', 'DEPOSIT_FORFEITURE_REVERSED', 'PENALTY_REVERSED', 'FEE_FRONTED',
    'FEE_OWED', 'FEE_FORGIVEN', 'FEE_REFUNDED', 'FEE_OWED_BY_CONSUMER', 'FEE_FORGIVEN_CONSUMER'));

-- What a merchant owes, or what is yet to be set aside, oldest first: what later
-- income goes to. A row exists while something is open.
CREATE TABLE debts (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- SHORTFALL is owed to a consumer, ADVANCE and FEE to the platform for a claim, TOP_UP for a top-up that
    -- bounced, HOLD is yet to be set aside.
    kind text COLLATE "C" NOT NULL,
    -- The claim, or the payment reference of the top-up.
    debt_id text COLLATE "C" NOT NULL,
    -- The product-level case of the claim; empty for none.
    sampling_case text COLLATE "C" NOT NULL,
    -- Since when it is open; the oldest is paid first.
    since timestamptz NOT NULL,
    -- What is open, minor units.
    open_minor bigint NOT NULL,
    CONSTRAINT debts_key PRIMARY KEY (merchant_id, kind, debt_id),
    CONSTRAINT debts_kind_known CHECK (kind IN ('SHORTFALL', 'ADVANCE', 'FEE', 'TOP_UP', 'HOLD')),
    CONSTRAINT debts_open_positive CHECK (open_minor > 0)
) WITH (fillfactor = 70);

CREATE INDEX debts_by_age ON debts (merchant_id, kind, since, debt_id);

CREATE TABLE appeals (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The claim.
    claim_id text COLLATE "C" NOT NULL,
    -- The revision appealed against; there is one appeal for each.
    revision integer NOT NULL,
    -- The merchant's reasons, as given.
    note text NOT NULL,
    -- References of evidence that the merchant rests on.
    evidence text[] NOT NULL,
    -- The event of the command.
    event_number bigint NOT NULL,
    -- The book's time.
    appealed_at timestamptz NOT NULL,
    CONSTRAINT appeals_key PRIMARY KEY (merchant_id, claim_id, revision)
);

CREATE TABLE approvals (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The claim.
    claim_id text COLLATE "C" NOT NULL,
    -- The revision approved.
    revision integer NOT NULL,
    -- The person who approved it.
    person_id text COLLATE "C" NOT NULL,
    -- The award approved, minor units.
    amount_minor bigint NOT NULL,
    -- The approver's note, as given; empty for none.
    note text NOT NULL,
    -- The event of the command.
    event_number bigint NOT NULL,
    -- The book's time.
    approved_at timestamptz NOT NULL,
    CONSTRAINT approvals_key PRIMARY KEY (merchant_id, claim_id, revision, person_id),
    CONSTRAINT approvals_amount_positive CHECK (amount_minor > 0)
);

CREATE TABLE result_retractions (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The result that does not count any more.
    result_id text COLLATE "C" NOT NULL,
    -- The claim it was recorded for.
    claim_id text COLLATE "C" NOT NULL,
    -- The authenticator's reason, as given.
    note text NOT NULL,
    -- The event of the command.
    event_number bigint NOT NULL,
    -- The book's time.
    retracted_at timestamptz NOT NULL,
    CONSTRAINT result_retractions_key PRIMARY KEY (merchant_id, result_id)
);

CREATE INDEX result_retractions_of_claim ON result_retractions (claim_id, result_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON debts TO tenfold_app;
GRANT SELECT, INSERT ON appeals, approvals, result_retractions TO tenfold_app;
