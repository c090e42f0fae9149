-- +goose Up
-- A repeated request is answered with the explanation that it told.

ALTER TABLE suspense_explanations
    -- The request that told it; empty for one of an earlier version.
    ADD COLUMN request_id text COLLATE "C" NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE suspense_explanations DROP COLUMN request_id;
