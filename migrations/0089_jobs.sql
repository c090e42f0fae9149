-- +goose Up
-- Long work that servers do by themselves, step by step, and the claims that a job is about.
-- They belong to no book.

CREATE TABLE jobs (
    -- Time-ordered id of the job.
    job_id text COLLATE "C" NOT NULL,
    -- What it does.
    kind text COLLATE "C" NOT NULL,
    -- How far it has come.
    state text COLLATE "C" NOT NULL,
    -- What it is about; never changes.
    arguments json NOT NULL,
    -- What it was going to be about when it was asked for.
    preview json NOT NULL,
    -- Up to where its steps came.
    cursor json NOT NULL,
    -- How many items were looked at.
    done bigint NOT NULL,
    -- How many items are known.
    total bigint NOT NULL,
    -- How many items could not be done.
    refused bigint NOT NULL,
    -- How many of the others had which outcome.
    outcomes json NOT NULL,
    -- How many steps in a row failed.
    attempts integer NOT NULL,
    -- When the next try begins; NULL for at once.
    retry_at timestamptz,
    -- What went wrong at the last step that failed; empty for nothing.
    failure text NOT NULL,
    -- Counts how often a server took it: steps of an earlier one are not kept.
    lease bigint NOT NULL,
    -- The server that took it last; empty before the first.
    lease_holder text COLLATE "C" NOT NULL,
    -- Until when no other server takes it; NULL if none works on it.
    lease_until timestamptz,
    -- The workload that asked for it.
    workload text COLLATE "C" NOT NULL,
    -- The role in which it was asked for.
    role text COLLATE "C" NOT NULL,
    -- The person who asked for it.
    person_id text COLLATE "C" NOT NULL,
    -- When it was asked for.
    created_at timestamptz NOT NULL,
    -- The workload by which it was approved; empty before, and where that is not needed.
    approved_workload text COLLATE "C" NOT NULL,
    -- The role in which it was approved.
    approved_role text COLLATE "C" NOT NULL,
    -- The person who approved it.
    approved_person_id text COLLATE "C" NOT NULL,
    -- When it was approved; NULL before.
    approved_at timestamptz,
    -- The workload by which it was paused, resumed or cancelled last; empty before.
    changed_workload text COLLATE "C" NOT NULL,
    -- The role in which that was done.
    changed_role text COLLATE "C" NOT NULL,
    -- The person who did it.
    changed_person_id text COLLATE "C" NOT NULL,
    -- When that was done; NULL before.
    changed_at timestamptz,
    -- When a server took it first; NULL before.
    started_at timestamptz,
    -- When it ended; NULL before.
    ended_at timestamptz,
    -- Counts its changes.
    version bigint NOT NULL,
    CONSTRAINT jobs_key PRIMARY KEY (job_id),
    CONSTRAINT jobs_kind_known CHECK (kind IN ('RETRACTION')),
    CONSTRAINT jobs_state_known CHECK (state IN ('PROPOSED', 'QUEUED', 'RUNNING', 'PAUSED', 'DONE', 'CANCELLED', 'FAILED')),
    CONSTRAINT jobs_counts_add_up CHECK (refused BETWEEN 0 AND done AND done <= total),
    CONSTRAINT jobs_ended_with_state CHECK ((state IN ('DONE', 'CANCELLED', 'FAILED')) = (ended_at IS NOT NULL))
);

-- Servers look for work, the oldest first.
CREATE INDEX jobs_due ON jobs (job_id) WHERE state IN ('QUEUED', 'RUNNING');

CREATE TABLE job_items (
    -- The job.
    job_id text COLLATE "C" NOT NULL,
    -- The book of the claim.
    merchant text COLLATE "C" NOT NULL,
    -- The claim.
    claim_id text COLLATE "C" NOT NULL,
    -- What became of it.
    state text COLLATE "C" NOT NULL,
    -- Counts how often it was listed anew after it had been finished.
    round integer NOT NULL,
    -- What became of the claim; empty before, and where it was refused.
    outcome text COLLATE "C" NOT NULL,
    -- Why it was refused; empty if it was not.
    reason text COLLATE "C" NOT NULL,
    -- The same in words.
    detail text NOT NULL,
    -- When it was looked at; NULL before.
    done_at timestamptz,
    CONSTRAINT job_items_key PRIMARY KEY (job_id, merchant, claim_id),
    CONSTRAINT job_items_state_known CHECK (state IN ('WAITING', 'FINISHED', 'REFUSED')),
    CONSTRAINT job_items_outcome_known CHECK (outcome IN ('', 'REOPENED', 'STANDS', 'DECIDED_BY_PERSON', 'WITHOUT_VERDICT', 'ALREADY_RETRACTED')),
    CONSTRAINT job_items_reason_with_state CHECK ((state = 'REFUSED') = (reason <> '')),
    CONSTRAINT job_items_done_with_state CHECK ((state = 'WAITING') = (done_at IS NULL))
);

-- What a job has still to do.
CREATE INDEX job_items_waiting ON job_items (job_id, merchant, claim_id) WHERE state = 'WAITING';

-- What a job could not do.
CREATE INDEX job_items_refused ON job_items (job_id, merchant, claim_id) WHERE state = 'REFUSED';

ALTER TABLE result_retractions
    -- Why the result does not count; NULL for retractions of before this column.
    ADD COLUMN cause text COLLATE "C",
    -- The job that made the retraction; NULL for none.
    ADD COLUMN job_id text COLLATE "C",
    -- What became of the claim; NULL for retractions of before this column.
    ADD COLUMN reweighed text COLLATE "C",
    ADD CONSTRAINT result_retractions_cause_known CHECK (cause IN ('RETRACTED', 'SUSPENDED', 'SUPERSEDED')),
    ADD CONSTRAINT result_retractions_reweighed_known CHECK (reweighed IN ('REOPENED', 'STANDS', 'DECIDED_BY_PERSON', 'WITHOUT_VERDICT', 'ALREADY_RETRACTED'));

GRANT SELECT, INSERT ON jobs, job_items TO tenfold_app;
GRANT UPDATE (state, cursor, done, total, refused, outcomes, attempts, retry_at, failure, lease, lease_holder, lease_until,
    approved_workload, approved_role, approved_person_id, approved_at, changed_workload, changed_role, changed_person_id, changed_at,
    started_at, ended_at, version) ON jobs TO tenfold_app;
GRANT UPDATE (state, round, outcome, reason, detail, done_at) ON job_items TO tenfold_app;

-- +goose Down
ALTER TABLE result_retractions DROP COLUMN cause, DROP COLUMN job_id, DROP COLUMN reweighed;
DROP TABLE job_items;
DROP TABLE jobs;
