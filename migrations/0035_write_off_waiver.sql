-- +goose Up
-- What was written off is recovered before a leaving merchant is paid out, unless two
-- people waive it.

ALTER TABLE books
    -- How much of what was written off the merchant need not pay when leaving, minor units.
    ADD COLUMN write_off_waived_minor bigint NOT NULL DEFAULT 0;

ALTER TABLE books
    ADD CONSTRAINT books_write_off_waived_not_negative CHECK (write_off_waived_minor >= 0);

GRANT UPDATE (write_off_waived_minor) ON books TO tenfold_app;

ALTER TABLE proposals DROP CONSTRAINT proposals_kind_known;

ALTER TABLE proposals
    ADD CONSTRAINT proposals_kind_known CHECK (kind IN (
        'WRITE_OFF', 'WRITE_OFF_RECOVERY', 'DEPOSIT_FORFEITURE', 'PENALTY', 'PENALTY_REVERSAL', 'WRITE_OFF_WAIVER'));

ALTER TABLE proposals DROP CONSTRAINT proposals_ended_with_state;

-- A waiver moves no money.
ALTER TABLE proposals
    ADD CONSTRAINT proposals_ended_with_state CHECK (
        (state = 'OPEN') = (ended_at IS NULL)
        AND (state = 'CARRIED_OUT' AND kind <> 'WRITE_OFF_WAIVER') = (transfer_number IS NOT NULL));
