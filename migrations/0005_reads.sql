-- +goose Up
-- Indexes of the lists that the API serves.

-- The claims on a product, over all merchants.
CREATE INDEX claims_of_product ON claims (product_id, claim_id);

-- Claims whose deadline has passed and left nothing to fire: a person has to act.
CREATE INDEX waits_overdue ON waits (since, claim_id) WHERE fires = '' AND state IN ('IN_REVIEW', 'NOTIFIED');

-- Confirmed claims that wait for money or for an operator.
CREATE INDEX waits_unpaid ON waits (merchant_id, claim_id) WHERE state IN ('PAYING', 'PAYOUT_FAILED');

-- Payouts that were asked after many times without an outcome.
CREATE INDEX payout_dues_stuck ON payout_dues (merchant_id, payout_id) WHERE attempts >= 10;
