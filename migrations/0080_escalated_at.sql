-- +goose Up
-- A claim that waits for a person says since when, and the queue of those is in that order.

ALTER TABLE claims
    -- When the claim was brought before a person; NULL if it was not, or before this column.
    ADD COLUMN escalated_at timestamptz,
    ADD CONSTRAINT claims_escalated_at_of_escalated CHECK (escalated OR escalated_at IS NULL) NOT VALID;

ALTER TABLE claims VALIDATE CONSTRAINT claims_escalated_at_of_escalated;

ALTER TABLE claims ALTER escalated_at SET STATISTICS 0;

GRANT UPDATE (escalated_at) ON claims TO tenfold_app;

-- Claims that were escalated before the column come first: they wait longest.
CREATE INDEX claims_escalated_since ON claims ((coalesce(escalated_at, '0001-01-01 00:00:00+00'::timestamptz)), claim_id) WHERE escalated;

-- +goose Down
ALTER TABLE claims DROP COLUMN escalated_at;
