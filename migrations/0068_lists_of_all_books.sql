-- +goose NO TRANSACTION
-- +goose Up
-- Finance lists transfers, payouts and debts over all books. One entry for each event with
-- transfers is enough for them: they follow each other within it. The indexes are built while
-- servers write; what a broken attempt has left is built anew.
DROP INDEX CONCURRENTLY IF EXISTS events_with_transfers;

CREATE INDEX CONCURRENTLY events_with_transfers ON events (recorded_at, merchant_id, event_number) WHERE first_transfer IS NOT NULL;

-- What took effect before it was recorded: the other transfers of a book have the order of
-- their numbers by either time.
DROP INDEX CONCURRENTLY IF EXISTS transfers_told_late;

CREATE INDEX CONCURRENTLY transfers_told_late ON transfers (merchant_id, effective_at, transfer_number)
    WHERE effective_at <> recorded_at;

DROP INDEX CONCURRENTLY IF EXISTS transfers_told_late_by_time;

CREATE INDEX CONCURRENTLY transfers_told_late_by_time ON transfers (effective_at) WHERE effective_at <> recorded_at;

-- Ids of payouts have the order of time and are unique over all books.
DROP INDEX CONCURRENTLY IF EXISTS payouts_of_all;

CREATE INDEX CONCURRENTLY payouts_of_all ON payouts (payout_id);

DROP INDEX CONCURRENTLY IF EXISTS debts_of_all;

CREATE INDEX CONCURRENTLY debts_of_all ON debts (kind, since, merchant_id, debt_id);

-- +goose Down
DROP INDEX CONCURRENTLY debts_of_all;
DROP INDEX CONCURRENTLY payouts_of_all;
DROP INDEX CONCURRENTLY transfers_told_late_by_time;
DROP INDEX CONCURRENTLY transfers_told_late;
DROP INDEX CONCURRENTLY events_with_transfers;
