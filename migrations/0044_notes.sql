-- +goose Up
-- Notes of people on claims. They are only added.

CREATE TABLE claim_notes (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The claim.
    claim_id text COLLATE "C" NOT NULL,
    -- Counts the claim's notes from 1.
    note_number integer NOT NULL,
    -- Who may read it.
    visibility text COLLATE "C" NOT NULL,
    -- The note, as given.
    text text NOT NULL,
    -- The event of the command that added it.
    event_number bigint NOT NULL,
    -- The role in which it was added.
    added_as text COLLATE "C" NOT NULL,
    -- The person who added it.
    added_by text COLLATE "C" NOT NULL,
    -- The book's time.
    added_at timestamptz NOT NULL,
    CONSTRAINT claim_notes_key PRIMARY KEY (merchant_id, claim_id, note_number)
);

ALTER TABLE claim_notes
    ADD CONSTRAINT claim_notes_visibility_known CHECK (visibility IN ('INTERNAL', 'MERCHANT', 'CONSUMER'));
ALTER TABLE claim_notes
    ADD CONSTRAINT claim_notes_number_bounded CHECK (note_number BETWEEN 1 AND 200);
ALTER TABLE claim_notes
    ADD CONSTRAINT claim_notes_told CHECK (text <> '' AND added_by <> '');

GRANT SELECT, INSERT ON claim_notes TO tenfold_app;
