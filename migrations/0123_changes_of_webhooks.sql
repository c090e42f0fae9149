-- +goose Up
-- Webhooks say when they changed last.

ALTER TABLE webhooks
    -- When it was created, or its secret changed last; NULL if that was before this column.
    ADD COLUMN changed_at timestamptz;

GRANT UPDATE (changed_at) ON webhooks TO tenfold_app;

-- +goose Down
ALTER TABLE webhooks DROP COLUMN changed_at;
