-- +goose Up
-- Indexes of lists that no other statement takes and that hold every row of
-- their queue. A claim's moves leave each of them as it is.

-- Partial for the planner's sake: a statement that does not say so in words
-- cannot take it. The pipeline looks for a claimant's claims on a product, and a
-- product may have a history a thousand times longer than the claimant has.
DROP INDEX claims_of_product;
CREATE INDEX claims_of_product ON claims (product_id, claim_id) WHERE product_id <> '';

-- Claims that only a person can take further, in whatever state they are. A
-- claim enters and leaves when escalated changes.
DROP INDEX waits_overdue;
CREATE INDEX claims_escalated ON claims (claim_id) WHERE escalated;

-- Payouts that were asked after many times without an outcome, oldest first.
DROP INDEX payout_dues_stuck;
CREATE INDEX payout_dues_stuck ON payout_dues (payout_id) WHERE attempts >= 10;
