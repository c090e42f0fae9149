-- +goose Up
-- A result that is not signed ranks lower where its body could have signed it.

ALTER TABLE results
    -- A key by which the body could have signed the result when it was recorded; empty for signed ones,
    -- where it could not, and for results from before this was kept.
    ADD COLUMN unused_key text COLLATE "C";

-- The newest version of the decision rules, with one rank less for such results.
INSERT INTO decision_rules (version, note, published_at, effective_from, content)
SELECT r.version + 1, 'A body that could sign counts one rank less where it did not.', now(), now(),
       (r.content::jsonb || '{"unsigned":{"ranks":1}}')::json
FROM decision_rules r
ORDER BY r.version DESC
LIMIT 1;
