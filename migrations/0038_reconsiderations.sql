-- +goose Up
-- A claimant may ask to have a decision reconsidered, each decision once.

ALTER TABLE claims
    -- How often the claimant asked.
    ADD COLUMN reconsiderations integer NOT NULL DEFAULT 0;

ALTER TABLE claims
    ADD CONSTRAINT claims_reconsiderations_not_negative CHECK (reconsiderations >= 0),
    ALTER reconsiderations SET STATISTICS 0;

GRANT UPDATE (reconsiderations) ON claims TO tenfold_app;

-- +goose Down
ALTER TABLE claims DROP COLUMN reconsiderations;
