-- +goose Up
-- What a consumer owes back of an excess, and what the platform bears of it, follows from
-- facts: from the most that any verdict gave, before refunds from outside were taken off,
-- and from whether the verdict in force rests on proof of fraud.

ALTER TABLE claims
    -- The largest refund of all verdicts, before refunds from outside were taken off.
    ADD COLUMN highest_refund_minor bigint NOT NULL DEFAULT 0,
    -- The largest compensation of all verdicts.
    ADD COLUMN highest_compensation_minor bigint NOT NULL DEFAULT 0,
    -- Whether the verdict in force rests on proof of fraud.
    ADD COLUMN fraud boolean NOT NULL DEFAULT false;

WITH told AS (
    SELECT r.merchant_id, r.claim_id,
           max(r.compensation_minor) AS compensation,
           max(r.refund_minor + coalesce((
               SELECT -sum((s ->> 'amount_minor')::bigint)
               FROM json_array_elements(
                   CASE json_typeof(r.calculation -> 'steps') WHEN 'array' THEN r.calculation -> 'steps' ELSE '[]' END) s
               WHERE s ->> 'code' = 'EARLIER_REFUND'), 0)) AS refund,
           (array_agg(r.cause ORDER BY r.revision DESC)
               FILTER (WHERE r.cause NOT IN ('REPRICED', 'FEE_ADDED', 'ORDER_REFUNDED', 'BOUGHT_KNOWINGLY', 'WITHDRAWN')))[1]
               = 'FRAUD' AS fraud
    FROM claim_revisions r
    GROUP BY r.merchant_id, r.claim_id
)
UPDATE claims c
SET highest_refund_minor = t.refund, highest_compensation_minor = t.compensation, fraud = coalesce(t.fraud, false)
FROM told t
WHERE t.merchant_id = c.merchant_id AND t.claim_id = c.claim_id;

ALTER TABLE claims
    ADD CONSTRAINT claims_highest_refund_not_negative CHECK (highest_refund_minor >= 0),
    ADD CONSTRAINT claims_highest_compensation_not_negative CHECK (highest_compensation_minor >= 0),
    ALTER highest_refund_minor SET STATISTICS 0,
    ALTER highest_compensation_minor SET STATISTICS 0,
    ALTER fraud SET STATISTICS 0;
