-- +goose NO TRANSACTION
-- +goose Up
-- A body lists its own results by time, over all merchants.

DROP INDEX CONCURRENTLY IF EXISTS results_of_body_by_time;

CREATE INDEX CONCURRENTLY results_of_body_by_time ON results (authenticator_id, recorded_at, merchant_id, result_id);

-- +goose Down
DROP INDEX CONCURRENTLY results_of_body_by_time;
