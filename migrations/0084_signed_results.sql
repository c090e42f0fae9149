-- +goose Up
-- A result that its body signed keeps the statement as it was received, and names the key.

ALTER TABLE results
    -- The thumbprint of the key that signed it; NULL for a result that is not signed.
    ADD COLUMN signing_key text COLLATE "C",
    -- The signed statement, byte for byte as it was received; NULL for a result that is not signed.
    ADD COLUMN signed_statement text,
    ADD CONSTRAINT results_signed_with_key CHECK ((signing_key IS NULL) = (signed_statement IS NULL)) NOT VALID;

ALTER TABLE results VALIDATE CONSTRAINT results_signed_with_key;
