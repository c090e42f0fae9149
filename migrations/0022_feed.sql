-- +goose Up
-- Readers of all books together need an order that no commit can slip behind.
-- The number of an event orders its own book only, and transactions become
-- visible in another order than they begin in. So an event carries its
-- transaction, and a reader remembers which transactions it has seen.

ALTER TABLE events
    -- The transaction that wrote it. Events from before this column carry the migration's.
    ADD COLUMN transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id();

-- Grows at its end only. Nothing plans by the distribution of its keys: every
-- statement that reads it asks for the first rows after one.
CREATE INDEX events_by_transaction ON events (transaction_id);
ALTER TABLE events ALTER transaction_id SET STATISTICS 0;
