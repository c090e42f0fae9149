-- +goose Up
-- A claim says when it changed last, and has what the marketplace writes on it for itself.

ALTER TABLE claims
    -- The book's time when the claim had its version; NULL if that was before this column.
    ADD COLUMN changed_at timestamptz,
    -- A line key=value for each label, by key; empty for none.
    ADD COLUMN labels text COLLATE "C" NOT NULL DEFAULT '',
    -- The number of the claim in another system; empty for none.
    ADD COLUMN external_reference text COLLATE "C" NOT NULL DEFAULT '';

ALTER TABLE claims
    ALTER changed_at SET STATISTICS 0,
    ALTER labels SET STATISTICS 0,
    ALTER external_reference SET STATISTICS 30;

GRANT UPDATE (changed_at, labels, external_reference) ON claims TO tenfold_app;

-- Only claims with a reference have entries.
CREATE INDEX claims_of_external_reference ON claims (external_reference, claim_id) WHERE external_reference <> '';

-- +goose Down
ALTER TABLE claims DROP COLUMN changed_at, DROP COLUMN labels, DROP COLUMN external_reference;
