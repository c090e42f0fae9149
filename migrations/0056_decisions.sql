-- +goose NO TRANSACTION
-- +goose Up
-- Whoever leads a team asks what people decided in a time, and how long claims had waited
-- for it. Only decisions of people are in this index. It is built while servers write; what
-- a broken attempt has left is built anew.
DROP INDEX CONCURRENTLY IF EXISTS events_of_decisions;

CREATE INDEX CONCURRENTLY events_of_decisions ON events (recorded_at, merchant_id, event_number)
    WHERE kind IN ('REVIEW_DECIDED', 'APPEAL_DECIDED');

-- +goose Down
DROP INDEX CONCURRENTLY events_of_decisions;
