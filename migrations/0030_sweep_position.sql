-- +goose Up
-- A sweep looks at a bounded number of debts. Those that the money at hand may not pay
-- would hide the others for ever, so a sweep that is not done says how far it came.

ALTER TABLE books
    -- The kind of the last debt that the sweep under way has looked at; empty before the first.
    ADD COLUMN sweep_after_kind text COLLATE "C" NOT NULL DEFAULT '',
    -- Since when that debt is open.
    ADD COLUMN sweep_after_since timestamptz,
    -- The id of that debt.
    ADD COLUMN sweep_after_id text COLLATE "C" NOT NULL DEFAULT '';

ALTER TABLE books
    ADD CONSTRAINT books_sweep_after_whole CHECK ((sweep_after_kind = '') = (sweep_after_since IS NULL));
