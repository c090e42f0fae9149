-- +goose Up
-- Two persons close a month of the business calendar, and reopen it. A close keeps the sums of
-- all books and the head of each, and nothing of them changes afterwards.

CREATE TABLE period_changes (
    -- Counts the changes from 1.
    change_number bigint NOT NULL,
    -- The month, such as 2026-03.
    period_id text COLLATE "C" NOT NULL,
    -- What the change does to the month.
    action text COLLATE "C" NOT NULL,
    -- Where the change stands.
    state text COLLATE "C" NOT NULL,
    -- The proposer's reason.
    note text NOT NULL,
    -- The workload that proposed it.
    workload text COLLATE "C" NOT NULL,
    -- The role in which it was proposed.
    role text COLLATE "C" NOT NULL,
    -- The person who proposed it.
    person_id text COLLATE "C" NOT NULL,
    -- When it was proposed.
    proposed_at timestamptz NOT NULL,
    -- The reason of whoever decided it; empty before.
    decided_note text NOT NULL,
    -- The workload that decided it; empty before.
    decided_workload text COLLATE "C" NOT NULL,
    -- The role in which it was decided; empty before.
    decided_role text COLLATE "C" NOT NULL,
    -- The person who decided it; empty before.
    decider_id text COLLATE "C" NOT NULL,
    -- When it was decided; NULL before.
    decided_at timestamptz,
    -- Counts the changes that were made, from 1; NULL for others.
    link_number bigint,
    -- The hash of the link before; NULL for others.
    previous_hash bytea,
    -- The hash of the link; NULL for others.
    hash bytea,
    -- How many books a close found.
    books bigint NOT NULL,
    -- The digest over their heads; NULL where there are none.
    heads_digest bytea,
    -- The digest over the sums; NULL where there are none.
    sums_digest bytea,
    CONSTRAINT period_changes_key PRIMARY KEY (change_number),
    CONSTRAINT period_changes_action_known CHECK (action IN ('CLOSE', 'REOPEN')),
    CONSTRAINT period_changes_state_known CHECK (state IN ('PROPOSED', 'DONE', 'REFUSED')),
    CONSTRAINT period_changes_month CHECK (period_id ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    CONSTRAINT period_changes_person_named CHECK (person_id <> '' AND (decider_id = '') = (state = 'PROPOSED')),
    CONSTRAINT period_changes_decided_with_state CHECK ((decided_at IS NULL) = (state = 'PROPOSED')),
    CONSTRAINT period_changes_linked_with_state CHECK (
        (state = 'DONE') = (link_number IS NOT NULL) AND (link_number IS NULL) = (hash IS NULL) AND (hash IS NULL) = (previous_hash IS NULL)),
    CONSTRAINT period_changes_sums_of_close CHECK (
        (state = 'DONE' AND action = 'CLOSE') = (heads_digest IS NOT NULL) AND (heads_digest IS NULL) = (sums_digest IS NULL))
);

-- One change at a time waits for a second person.
CREATE UNIQUE INDEX period_changes_open_once ON period_changes (state) WHERE state = 'PROPOSED';
CREATE UNIQUE INDEX period_changes_linked_once ON period_changes (link_number) WHERE link_number IS NOT NULL;

CREATE TABLE period_heads (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The close that found it.
    change_number bigint NOT NULL,
    -- Its last transfer; later ones are not in the month, whenever they took effect.
    transfer_number bigint NOT NULL,
    -- Its last event.
    event_number bigint NOT NULL,
    -- The hash of that event.
    event_hash bytea NOT NULL,
    CONSTRAINT period_heads_key PRIMARY KEY (merchant_id, change_number),
    CONSTRAINT period_heads_hash_length CHECK (length(event_hash) = 32)
);

CREATE INDEX period_heads_of_change ON period_heads (change_number, merchant_id);

CREATE TABLE period_sums (
    -- The close.
    change_number bigint NOT NULL,
    -- CLOSING: all transfers up to the end of the month. LATE: those of them that took effect before the month and came in
    -- after the close of the month before.
    section text COLLATE "C" NOT NULL,
    -- ISO 4217 code of the amounts.
    currency text COLLATE "C" NOT NULL,
    -- The kind of the transfers.
    kind text COLLATE "C" NOT NULL,
    -- Their sum, minor units; of all books together it may exceed the range of a book.
    amount_minor numeric NOT NULL,
    -- How many they are.
    transfers bigint NOT NULL,
    CONSTRAINT period_sums_key PRIMARY KEY (change_number, section, currency, kind),
    CONSTRAINT period_sums_section_known CHECK (section IN ('CLOSING', 'LATE'))
);

CREATE TABLE suspense_explanations (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- Counts the explanations of the book from 1.
    explanation_number bigint NOT NULL,
    -- What lay in suspense, minor units; an explanation holds while this is so.
    balance_minor bigint NOT NULL,
    -- What it is, and what becomes of it.
    note text NOT NULL,
    -- The workload that explained it.
    workload text COLLATE "C" NOT NULL,
    -- The role in which it was explained.
    role text COLLATE "C" NOT NULL,
    -- The person who explained it.
    person_id text COLLATE "C" NOT NULL,
    -- When it was explained.
    explained_at timestamptz NOT NULL,
    CONSTRAINT suspense_explanations_key PRIMARY KEY (merchant_id, explanation_number),
    CONSTRAINT suspense_explanations_balance_positive CHECK (balance_minor > 0)
);

CREATE TABLE audit_runs (
    -- When an audit of all books began, by the clock of the books.
    audited_at timestamptz NOT NULL,
    -- How many books it looked at.
    books bigint NOT NULL,
    -- How many discrepancies it found.
    discrepancies bigint NOT NULL,
    CONSTRAINT audit_runs_key PRIMARY KEY (audited_at)
);

GRANT SELECT, INSERT ON period_changes, period_heads, period_sums, suspense_explanations, audit_runs TO tenfold_app;
GRANT UPDATE (state, decided_note, decided_workload, decided_role, decider_id, decided_at, link_number, previous_hash, hash, books,
    heads_digest, sums_digest) ON period_changes TO tenfold_app;

-- +goose Down
DROP TABLE audit_runs;
DROP TABLE suspense_explanations;
DROP TABLE period_sums;
DROP TABLE period_heads;
DROP TABLE period_changes;
