-- +goose NO TRANSACTION
-- +goose Up
-- The exposure of all books as of a time takes the rest of an hour from the events themselves. They are stored in about
-- the order of their time, so that a list of ranges finds them, which costs a command next to nothing.
DROP INDEX CONCURRENTLY IF EXISTS events_by_time;

CREATE INDEX CONCURRENTLY events_by_time ON events USING brin (recorded_at) WITH (pages_per_range = 16);

-- +goose Down
DROP INDEX CONCURRENTLY events_by_time;
