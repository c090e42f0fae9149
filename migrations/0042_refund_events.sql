-- +goose NO TRANSACTION
-- +goose Up
-- The timeline of a claim shows the refunds of its order line, whose events are about
-- no claim. Their rows tell the time of the event, so this index finds it. It is built
-- while servers write; what a broken attempt has left is built anew.
DROP INDEX CONCURRENTLY IF EXISTS events_of_refunds;

CREATE INDEX CONCURRENTLY events_of_refunds ON events (merchant_id, recorded_at, event_number) WHERE kind = 'ORDER_REFUND_REPORTED';
