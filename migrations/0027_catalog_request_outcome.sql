-- +goose Up
-- A request that changed a catalogue can be looked up like any other, so it names
-- what it made.

ALTER TABLE catalog_requests
    -- The name of what the request made; empty for requests from before this column,
    -- and where nothing has a name of its own.
    ADD COLUMN outcome_name text COLLATE "C" NOT NULL DEFAULT '';
