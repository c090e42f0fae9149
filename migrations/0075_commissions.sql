-- +goose Up
-- Bodies are commissioned with the examination of units of a claim. A commission is a row
-- that its steps change; the events of the book tell of each step. A result names the
-- commission that it answers.

CREATE TABLE commissions (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The claim.
    claim_id text COLLATE "C" NOT NULL,
    -- Counts the claim's commissions from 1.
    commission_number integer NOT NULL,
    -- The body that examines.
    authenticator_id text COLLATE "C" NOT NULL,
    -- How far it has come.
    state text COLLATE "C" NOT NULL,
    -- The units to examine, each with the body's verdict on it so far.
    units json NOT NULL,
    -- What is to be found out, as given.
    questions text NOT NULL,
    -- Digests of evidence of the claim that the body is shown.
    photo_digests text[] COLLATE "C" NOT NULL,
    -- When the report is due.
    due_at timestamptz NOT NULL,
    -- The agreed cost, minor units of the book's currency; 0 where none was agreed.
    fee_minor bigint NOT NULL,
    -- The commission whose place it takes; 0 for none.
    replaces_number integer NOT NULL,
    -- The seed of the draw; empty where the body was named.
    draw_seed bytea NOT NULL,
    -- The candidates of the draw in their order, with load, cost and tickets.
    draw_candidates text[] COLLATE "C" NOT NULL,
    -- The role in which it was given.
    made_as text COLLATE "C" NOT NULL,
    -- The person who gave it; empty where a service did on its own.
    made_by text COLLATE "C" NOT NULL,
    -- The book's time.
    made_at timestamptz NOT NULL,
    -- The event that tells of it.
    event_number bigint NOT NULL,
    -- When the body accepted.
    accepted_at timestamptz,
    -- When the item was shipped to the body.
    shipped_at timestamptz,
    -- What names the shipment with its carrier.
    shipment text NOT NULL,
    -- When the body received the item.
    received_at timestamptz,
    -- When it was found to be overdue.
    overdue_at timestamptz,
    -- How often the body was reminded.
    chases integer NOT NULL,
    -- When the body was last reminded.
    chased_at timestamptz,
    -- When it ended: with the last report, or without.
    ended_at timestamptz,
    -- Why it ended, as given.
    note text NOT NULL,
    CONSTRAINT commissions_key PRIMARY KEY (merchant_id, claim_id, commission_number)
);

ALTER TABLE commissions
    ADD CONSTRAINT commissions_state_known CHECK (state IN (
        'OFFERED', 'ACCEPTED', 'SHIPPED', 'RECEIVED', 'REPORTED', 'DECLINED', 'CANCELLED'));
ALTER TABLE commissions
    ADD CONSTRAINT commissions_number_bounded CHECK (commission_number BETWEEN 1 AND 50);
ALTER TABLE commissions
    ADD CONSTRAINT commissions_counts_not_negative CHECK (fee_minor >= 0 AND replaces_number >= 0 AND chases >= 0);
ALTER TABLE commissions
    ADD CONSTRAINT commissions_end_fits_state CHECK ((ended_at IS NULL) = (state IN ('OFFERED', 'ACCEPTED', 'SHIPPED', 'RECEIVED')));
ALTER TABLE commissions
    ADD CONSTRAINT commissions_draw_has_seed CHECK ((octet_length(draw_seed) = 32) = (cardinality(draw_candidates) > 0));

-- A body looks at its open commissions, those due first.
CREATE INDEX commissions_open_of_body ON commissions (authenticator_id, due_at, merchant_id, claim_id, commission_number)
    WHERE ended_at IS NULL;
-- It looks at those in one state, and its service is measured over those given in a time.
CREATE INDEX commissions_of_body_in_state ON commissions (authenticator_id, state, due_at, merchant_id, claim_id, commission_number);
CREATE INDEX commissions_of_body_made ON commissions (authenticator_id, made_at);
-- The marketplace looks at the open commissions of all bodies, those due first.
CREATE INDEX commissions_open ON commissions (due_at, merchant_id, claim_id, commission_number) WHERE ended_at IS NULL;
-- A worker looks for those whose time has passed, each once.
CREATE INDEX commissions_passing ON commissions (due_at, merchant_id, claim_id, commission_number)
    WHERE ended_at IS NULL AND overdue_at IS NULL;

GRANT SELECT, INSERT ON commissions TO tenfold_app;
GRANT UPDATE (state, units, accepted_at, shipped_at, shipment, received_at, overdue_at, chases, chased_at, ended_at, note)
    ON commissions TO tenfold_app;

ALTER TABLE results
    -- The claim's commission that it answers; empty for a body that was not commissioned.
    ADD COLUMN commission_number integer;
