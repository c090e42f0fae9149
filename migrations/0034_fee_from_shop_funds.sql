-- +goose Up
-- A fee that is no longer due goes back to what paid it, so a claim keeps how much of it
-- shop funds have paid. For fees that were recovered before, that is not known: they go
-- back to the deposit, as they did.

ALTER TABLE claims
    -- The part of the merchant's fee that was recovered from shop funds, minor units.
    ADD COLUMN fee_from_shop_funds_minor bigint NOT NULL DEFAULT 0;

ALTER TABLE claims
    ADD CONSTRAINT claims_fee_from_shop_funds_not_negative CHECK (fee_from_shop_funds_minor >= 0),
    ALTER fee_from_shop_funds_minor SET STATISTICS 0;

GRANT UPDATE (fee_from_shop_funds_minor) ON claims TO tenfold_app;

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
    'FEE_OWED', 'FEE_FORGIVEN', 'FEE_REFUNDED', 'FEE_OWED_BY_CONSUMER', 'FEE_FORGIVEN_CONSUMER',
    'FEE_REFUNDED_TO_SHOP_FUNDS'));
