-- +goose Up
-- A file of evidence is disclosed to a further party after it was added. A disclosure is never
-- taken back, and the row of the evidence stays as it was.

CREATE TABLE evidence_disclosures (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The claim.
    claim_id text COLLATE "C" NOT NULL,
    -- The evidence, by the event that tells of it.
    evidence_number bigint NOT NULL,
    -- The party that may read the file from now on.
    party text COLLATE "C" NOT NULL,
    -- Why, as given.
    note text NOT NULL,
    -- The role in which it was disclosed.
    made_as text COLLATE "C" NOT NULL,
    -- The person who disclosed it; empty where a service did on its own.
    made_by text COLLATE "C" NOT NULL,
    -- The book's time.
    made_at timestamptz NOT NULL,
    -- The event that tells of the disclosure.
    event_number bigint NOT NULL,
    CONSTRAINT evidence_disclosures_key PRIMARY KEY (merchant_id, claim_id, evidence_number, party)
);

ALTER TABLE evidence_disclosures
    ADD CONSTRAINT evidence_disclosures_party_known CHECK (party IN ('CONSUMER', 'MERCHANT'));

GRANT SELECT, INSERT ON evidence_disclosures TO tenfold_app;
