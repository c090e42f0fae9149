-- +goose Up
-- Who decided a claim, and whether results alone did, are two questions. Everybody who
-- made or confirmed the verdict in force is kept from approving its amount and from
-- deciding an appeal against it. A verdict by results alone is decided anew when one of
-- them is taken back, whoever recorded it.

ALTER TABLE claims
    -- The people who made or confirmed the verdict in force.
    ADD COLUMN deciders text[] COLLATE "C" NOT NULL DEFAULT '{}',
    -- Whether the verdict in force rests on results alone.
    ADD COLUMN by_results boolean NOT NULL DEFAULT false;

-- Revisions tell who decided. Those that only gave another price, and that of a
-- withdrawal, decided nothing. The last revisions with the verdicts of the newest one
-- made and confirmed the verdict in force. A panel that dismissed an appeal made no
-- revision: its move out of APPEALED came later than the newest one. Such a panel is told
-- by decided_by, which otherwise named whoever recorded the result.
WITH decisions AS NOT MATERIALIZED (
    SELECT r.merchant_id, r.claim_id, r.revision, r.event_number, r.author, r.units::text AS units,
           r.cause IN ('RESULT_COUNTERFEIT', 'RESULT_GENUINE') AS by_results
    FROM claim_revisions r
    WHERE r.cause NOT IN ('REPRICED', 'FEE_ADDED', 'ORDER_REFUNDED', 'WITHDRAWN')
), newest AS (
    SELECT DISTINCT ON (merchant_id, claim_id)
           merchant_id, claim_id, revision, event_number, units, by_results
    FROM decisions
    ORDER BY merchant_id, claim_id, revision DESC
), told AS (
    SELECT c.merchant_id, c.claim_id, c.decided_by, n.by_results,
           n.revision IS NULL OR EXISTS (
               SELECT FROM events e
               WHERE e.merchant_id = n.merchant_id AND e.claim_id = n.claim_id AND e.event_number > n.event_number
                 AND e.from_state = 'APPEALED' AND e.to_state IN ('PAYING', 'AWAITING_APPROVAL')
                 AND e.trigger IN ('APPEAL_DISMISSED', 'APPROVAL_REQUIRED')) AS by_last,
           ARRAY(
               SELECT d.author
               FROM decisions d
               WHERE d.merchant_id = n.merchant_id AND d.claim_id = n.claim_id AND NOT d.by_results AND d.author <> ''
                 AND d.revision > (
                     SELECT coalesce(max(o.revision), 0)
                     FROM decisions o
                     WHERE o.merchant_id = n.merchant_id AND o.claim_id = n.claim_id AND o.units <> n.units)
               GROUP BY d.author
               ORDER BY min(d.revision)) AS authors
    FROM claims c
    LEFT JOIN newest n ON n.merchant_id = c.merchant_id AND n.claim_id = c.claim_id
)
UPDATE claims c
SET by_results = coalesce(t.by_results, false) AND NOT t.by_last,
    decided_by = CASE WHEN t.by_results AND NOT t.by_last THEN '' ELSE t.decided_by END,
    deciders = CASE
        WHEN t.by_last AND t.decided_by <> '' AND t.decided_by <> ALL (t.authors) THEN t.authors || t.decided_by
        ELSE t.authors END
FROM told t
WHERE t.merchant_id = c.merchant_id AND t.claim_id = c.claim_id
  AND (t.by_results OR t.decided_by <> '' OR t.authors <> '{}');

ALTER TABLE claims ALTER deciders SET STATISTICS 0, ALTER by_results SET STATISTICS 0;
