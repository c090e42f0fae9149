-- +goose Up
-- Parties of a claim are asked for evidence until a time. A request is a row that its answer,
-- its end and the passing of its time change; the events of the book tell of each. Evidence
-- names the request that it answers, and says whether it came too late.

CREATE TABLE evidence_requests (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The claim.
    claim_id text COLLATE "C" NOT NULL,
    -- Counts the claim's requests for evidence from 1.
    request_number integer NOT NULL,
    -- Who is asked.
    asked text COLLATE "C" NOT NULL,
    -- The laboratory that is asked; empty for another party.
    authenticator_id text COLLATE "C" NOT NULL,
    -- How far it has come.
    state text COLLATE "C" NOT NULL,
    -- The kind of evidence that is asked for.
    kind text COLLATE "C" NOT NULL,
    -- What is asked, as given.
    question text NOT NULL,
    -- When the evidence is due.
    due_at timestamptz NOT NULL,
    -- The role in which it was made.
    made_as text COLLATE "C" NOT NULL,
    -- The person who made it; empty where a service did on its own.
    made_by text COLLATE "C" NOT NULL,
    -- The book's time.
    made_at timestamptz NOT NULL,
    -- The event that tells of it.
    event_number bigint NOT NULL,
    -- How many pieces of evidence name it.
    answers integer NOT NULL,
    -- When it was found to be overdue.
    overdue_at timestamptz,
    -- When it was answered or cancelled.
    ended_at timestamptz,
    -- Why it was cancelled, as given.
    note text NOT NULL,
    CONSTRAINT evidence_requests_key PRIMARY KEY (merchant_id, claim_id, request_number)
);

ALTER TABLE evidence_requests
    ADD CONSTRAINT evidence_requests_state_known CHECK (state IN ('OPEN', 'ANSWERED', 'CANCELLED'));
ALTER TABLE evidence_requests
    ADD CONSTRAINT evidence_requests_asked_known CHECK (asked IN ('CONSUMER', 'MERCHANT', 'AUTHENTICATOR'));
ALTER TABLE evidence_requests
    ADD CONSTRAINT evidence_requests_number_bounded CHECK (request_number BETWEEN 1 AND 50);
ALTER TABLE evidence_requests
    ADD CONSTRAINT evidence_requests_laboratory_named CHECK ((asked = 'AUTHENTICATOR') = (authenticator_id <> ''));
ALTER TABLE evidence_requests
    ADD CONSTRAINT evidence_requests_end_fits_state CHECK ((ended_at IS NULL) = (state = 'OPEN'));
ALTER TABLE evidence_requests
    ADD CONSTRAINT evidence_requests_answers_fit_state CHECK (answers >= 0 AND (answers > 0) = (state = 'ANSWERED'));

-- A merchant looks at what is asked of it, and a laboratory over all merchants, those due first.
CREATE INDEX evidence_requests_of_merchant ON evidence_requests (merchant_id, state, due_at, claim_id, request_number)
    WHERE asked = 'MERCHANT';
CREATE INDEX evidence_requests_of_laboratory ON evidence_requests (authenticator_id, state, due_at, merchant_id, claim_id, request_number)
    WHERE authenticator_id <> '';
-- The marketplace looks at those of all merchants, and its order service at those of consumers.
CREATE INDEX evidence_requests_in_state ON evidence_requests (state, due_at, merchant_id, claim_id, request_number);
CREATE INDEX evidence_requests_of_consumers ON evidence_requests (state, due_at, merchant_id, claim_id, request_number)
    WHERE asked = 'CONSUMER';
-- A worker looks for those whose time has passed, each once.
CREATE INDEX evidence_requests_passing ON evidence_requests (due_at, merchant_id, claim_id, request_number)
    WHERE ended_at IS NULL AND overdue_at IS NULL;

GRANT SELECT, INSERT ON evidence_requests TO tenfold_app;
GRANT UPDATE (state, answers, overdue_at, ended_at, note) ON evidence_requests TO tenfold_app;

ALTER TABLE evidence
    -- The claim's request that it answers; empty where nobody had asked.
    ADD COLUMN request_number integer,
    -- Whether it was added after it was due; empty where nobody had asked.
    ADD COLUMN late boolean;
