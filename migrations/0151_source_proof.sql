-- +goose Up
-- By the newest version of the decision rules, a person finds compensation owed on results of rank 6
-- or weaker only after the merchant was asked to prove its source.

INSERT INTO decision_rules (version, note, published_at, effective_from, content)
SELECT r.version + 1, 'On weak results the merchant is asked to prove its source first.', now(), now(),
       (r.content::jsonb || '{"sourceProofFrom":6}')::json
FROM decision_rules r
ORDER BY r.version DESC
LIMIT 1;
