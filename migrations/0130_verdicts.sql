-- +goose Up
-- Bodies find more than counterfeit, genuine and inconclusive; the policy says what follows.

ALTER TABLE claims DROP CONSTRAINT claims_verdict_known;

-- Every row that is there fits the shorter list; the next migration looks, without a lock
-- that stops commands.
ALTER TABLE claims ADD CONSTRAINT claims_verdict_known CHECK (verdict IN (
    'PENDING', 'COUNTERFEIT', 'GENUINE', 'INCONCLUSIVE', 'NOT_OUR_PRODUCT', 'GRAY_MARKET', 'TAMPERED', 'ALTERED',
    'NOT_AS_DESCRIBED')) NOT VALID;

ALTER TABLE claim_revisions DROP CONSTRAINT claim_revisions_verdict_known;

ALTER TABLE claim_revisions ADD CONSTRAINT claim_revisions_verdict_known CHECK (verdict IN (
    'PENDING', 'COUNTERFEIT', 'GENUINE', 'INCONCLUSIVE', 'NOT_OUR_PRODUCT', 'GRAY_MARKET', 'TAMPERED', 'ALTERED',
    'NOT_AS_DESCRIBED')) NOT VALID;
