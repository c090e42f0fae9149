-- +goose Up
-- A merchant's webhook may stand for the delivery of notices.

ALTER TABLE webhooks
    -- Whether an event that it took is the delivery of the notice in it.
    ADD COLUMN confirms_notices boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE webhooks DROP COLUMN confirms_notices;
