-- +goose Up
-- Money without an owner, corrections of top-ups and reclassifications are decided by
-- proposals, and so are movements of a merchant's money above the limit of one caller.

ALTER TABLE transfers DROP CONSTRAINT transfers_kind_known;

-- Every row that is there fits the shorter list; the next migration looks, without a lock
-- that stops commands.
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
    'FEE_OWED', 'FEE_FORGIVEN', 'FEE_REFUNDED', 'FEE_OWED_BY_CONSUMER', 'FEE_FORGIVEN_CONSUMER',
    'FEE_REFUNDED_TO_SHOP_FUNDS',
    'SUSPENSE_TAKEN_IN', 'SUSPENSE_TAKEN_IN_CASH', 'SUSPENSE_GIVEN_BACK', 'SUSPENSE_GIVEN_BACK_CASH',
    'SUSPENSE_TO_DEPOSIT', 'SUSPENSE_TO_SHOP_FUNDS', 'DEPOSIT_TOP_UP_LOWERED', 'DEPOSIT_TOP_UP_LOWERED_OWED',
    'DEPOSIT_TOP_UP_RAISED', 'DEPOSIT_RECLASSIFIED', 'SHOP_FUNDS_RECLASSIFIED', 'CLEARING_RECLASSIFIED',
    'CASH_RECLASSIFIED')) NOT VALID;

ALTER TABLE proposals
    -- The payment reference of the top-up that it corrects or takes back, or the one under which its money moves; empty for none.
    ADD COLUMN payment_reference text COLLATE "C" NOT NULL DEFAULT '',
    -- The account that money comes from; empty where the kind says it.
    ADD COLUMN from_account text COLLATE "C" NOT NULL DEFAULT '',
    -- The account that money goes to; empty where the kind says it.
    ADD COLUMN to_account text COLLATE "C" NOT NULL DEFAULT '',
    -- The amount at which a top-up was booked when its correction was proposed, minor units; NULL for other kinds, and for nothing.
    ADD COLUMN booked_minor bigint,
    -- When the money moved outside, as the proposer told it; NULL for the second approval.
    ADD COLUMN effective_at timestamptz;

ALTER TABLE proposals DROP CONSTRAINT proposals_kind_known;

ALTER TABLE proposals
    ADD CONSTRAINT proposals_kind_known CHECK (kind IN (
        'WRITE_OFF', 'WRITE_OFF_RECOVERY', 'DEPOSIT_FORFEITURE', 'PENALTY', 'PENALTY_REVERSAL', 'WRITE_OFF_WAIVER',
        'SUSPENSE_IN', 'SUSPENSE_OUT', 'RECLASSIFY', 'CORRECT_TOP_UP', 'TOP_UP', 'TOP_UP_REVERSAL', 'WITHDRAWAL', 'HAND_OVER',
        'TAKE_BACK'));

ALTER TABLE proposals DROP CONSTRAINT proposals_amount_positive;

ALTER TABLE proposals
    ADD CONSTRAINT proposals_amount_positive CHECK (amount_minor > 0 OR amount_minor = 0 AND kind = 'CORRECT_TOP_UP');

ALTER TABLE proposals
    ADD CONSTRAINT proposals_reference_of_kind CHECK (
        (kind IN ('SUSPENSE_IN', 'CORRECT_TOP_UP', 'TOP_UP', 'TOP_UP_REVERSAL', 'WITHDRAWAL', 'HAND_OVER', 'TAKE_BACK')
         OR kind = 'SUSPENSE_OUT' AND to_account IN ('SETTLEMENT_CLEARING', 'PLATFORM_CASH')) = (payment_reference <> ''));

ALTER TABLE proposals
    ADD CONSTRAINT proposals_accounts_of_kind CHECK (
        (kind IN ('SUSPENSE_IN', 'RECLASSIFY')) = (from_account <> '') AND (kind IN ('SUSPENSE_OUT', 'RECLASSIFY')) = (to_account <> ''));

ALTER TABLE proposals
    ADD CONSTRAINT proposals_booked_of_correction CHECK (booked_minor IS NULL OR booked_minor > 0 AND kind = 'CORRECT_TOP_UP');

-- +goose Down
ALTER TABLE proposals
    DROP COLUMN payment_reference, DROP COLUMN from_account, DROP COLUMN to_account, DROP COLUMN booked_minor, DROP COLUMN effective_at;
