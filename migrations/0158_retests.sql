-- +goose Up
-- Where results of one rank disagree, the server draws another body, whose result is final. A claim
-- says when that is tried next, and why nobody could be drawn.

ALTER TABLE claims
    -- When a body is drawn for a re-test, or the draw is tried again; NULL where none is to be drawn.
    ADD COLUMN retest_at timestamptz,
    -- Why nobody could be drawn; empty if that was not so.
    ADD COLUMN retest_held text COLLATE "C" NOT NULL DEFAULT '';

ALTER TABLE claims
    ADD CONSTRAINT claims_retest_held_known CHECK (retest_held IN ('', 'NO_BODY', 'GOODS_GONE', 'COMMISSION_LIMIT')) NOT VALID;
ALTER TABLE claims
    ADD CONSTRAINT claims_retest_of_review CHECK (state = 'IN_REVIEW' OR (retest_at IS NULL AND retest_held = '')) NOT VALID;

ALTER TABLE claims VALIDATE CONSTRAINT claims_retest_held_known;
ALTER TABLE claims VALIDATE CONSTRAINT claims_retest_of_review;

ALTER TABLE claims
    ALTER retest_at SET STATISTICS 0,
    ALTER retest_held SET STATISTICS 0;

GRANT UPDATE (retest_at, retest_held) ON claims TO tenfold_app;

-- A worker looks for those that are due; persons for those for which nobody can be drawn.
CREATE INDEX claims_retests_due ON claims (retest_at, merchant_id, claim_id) WHERE retest_at IS NOT NULL;
CREATE INDEX claims_retests_held ON claims (claim_id) WHERE retest_held <> '';

-- The newest version of the decision rules, with three weeks for the report of a body that is drawn
-- for a re-test, where it asks of re-inspections what that needs.
INSERT INTO decision_rules (version, note, published_at, effective_from, content)
SELECT r.version + 1, 'Another body is drawn by the server where results of one rank disagree.', now(),
       greatest(now(), r.effective_from + interval '1 microsecond'),
       jsonb_set(r.content::jsonb, '{reinspection,retestDays}', '21')::json
FROM (SELECT version, effective_from, content FROM decision_rules ORDER BY version DESC LIMIT 1) r
WHERE r.content::jsonb -> 'reinspection' @> '{"independent": true, "final": true}'
  AND (r.content::jsonb ->> 'decidesAlone')::integer > 1
  -- What two persons have published, they change themselves.
  AND NOT EXISTS (SELECT FROM rules_proposals p WHERE p.state = 'PUBLISHED');
