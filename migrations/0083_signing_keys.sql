-- +goose Up
-- Bodies have public keys, by which results that they sign are verified.

ALTER TABLE authenticator_states
    -- The keys that the body was ever given, as a list in the engine's own field names; NULL for none.
    ADD COLUMN signing_keys json;

ALTER TABLE authenticator_changes
    -- The key that the change adds or revokes, as it is once the change is applied; NULL for other changes.
    ADD COLUMN signing_key json;

GRANT UPDATE (signing_keys) ON authenticator_states TO tenfold_app;
