-- +goose Up
-- Payouts and proposals say when they changed last.

ALTER TABLE payouts
    -- The book's time of the last change; NULL if that was before this column.
    ADD COLUMN changed_at timestamptz;

ALTER TABLE payouts ALTER changed_at SET STATISTICS 0;

ALTER TABLE proposals
    -- The book's time of the last change; NULL if that was before this column.
    ADD COLUMN changed_at timestamptz;

GRANT UPDATE (changed_at) ON payouts, proposals TO tenfold_app;

-- +goose Down
ALTER TABLE payouts DROP COLUMN changed_at;
ALTER TABLE proposals DROP COLUMN changed_at;
