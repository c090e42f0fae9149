-- +goose Up
-- A payout that failed is asked after once more when it may not be paid any more:
-- only then may its money go elsewhere. Those that failed before are put on the
-- list of those to ask after.
INSERT INTO payout_dues (merchant_id, payout_id, due_at, attempts)
SELECT p.merchant_id, p.payout_id, p.not_after + interval '30 seconds', 0
FROM payouts p
WHERE p.state = 'FAILED' AND p.answered_at <= p.not_after + interval '30 seconds';
