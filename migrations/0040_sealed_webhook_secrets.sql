-- +goose Up
-- Secrets of webhooks are sealed under a key that is not in the database. A secret without
-- the id of a key is not sealed yet.

ALTER TABLE webhooks
    -- The id of the key under which secret is sealed; NULL for one that is not sealed.
    ADD COLUMN secret_key text COLLATE "C",
    -- The same of previous_secret.
    ADD COLUMN previous_secret_key text COLLATE "C";

ALTER TABLE webhooks
    ADD CONSTRAINT webhooks_previous_key_has_secret CHECK (previous_secret_key IS NULL OR previous_secret IS NOT NULL);

GRANT UPDATE (secret_key, previous_secret_key) ON webhooks TO tenfold_app;
