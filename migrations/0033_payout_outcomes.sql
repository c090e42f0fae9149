-- +goose Up
-- The gateway says what was paid and about which try it speaks. A payout may be made in
-- part, or for more than was asked, and what came back of it may be a part.

ALTER TABLE payouts
    -- How often it was sent by a decision of ours, from 1 on. Payouts that were retried
    -- before tries were counted have 1.
    ADD COLUMN try_number integer NOT NULL DEFAULT 1,
    -- What reached the consumer, minor units, once something has; zero where that is the payout's amount.
    ADD COLUMN arrived_minor bigint NOT NULL DEFAULT 0,
    -- What of that came back while the rest stayed, minor units.
    ADD COLUMN came_back_minor bigint NOT NULL DEFAULT 0;

ALTER TABLE payouts
    ADD CONSTRAINT payouts_try_positive CHECK (try_number > 0);

ALTER TABLE payouts
    ADD CONSTRAINT payouts_arrived_not_negative CHECK (arrived_minor >= 0);

ALTER TABLE payouts
    ADD CONSTRAINT payouts_came_back_within CHECK (
        came_back_minor >= 0
        AND (state <> 'SUCCEEDED' OR came_back_minor < COALESCE(NULLIF(arrived_minor, 0), amount_minor)));

ALTER TABLE payouts DROP CONSTRAINT payouts_coupon_within_face;

-- The face of a coupon is what arrived.
ALTER TABLE payouts
    ADD CONSTRAINT payouts_coupon_within_face CHECK (
        coupon_redeemed_minor BETWEEN 0 AND COALESCE(NULLIF(arrived_minor, 0), amount_minor)
        AND (coupon_state = 'REDEEMED') = (coupon_redeemed_minor = COALESCE(NULLIF(arrived_minor, 0), amount_minor)));

GRANT UPDATE (try_number, arrived_minor, came_back_minor) ON payouts TO tenfold_app;
