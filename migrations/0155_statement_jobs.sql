-- +goose Up
-- Servers write statements by themselves, as jobs. What they have written of one is kept in
-- parts until it expires.

ALTER TABLE jobs DROP CONSTRAINT jobs_kind_known;

-- Every row that is there fits the shorter list; the next migration looks, without a lock
-- that stops work.
ALTER TABLE jobs ADD CONSTRAINT jobs_kind_known CHECK (kind IN ('RETRACTION', 'STATEMENT')) NOT VALID;

ALTER TABLE jobs
    -- The book that a statement is of, empty for all books; NULL for other kinds.
    ADD COLUMN merchant text COLLATE "C",
    -- Until when the parts of a statement are kept that no server works on; NULL if it has
    -- none, or is worked on.
    ADD COLUMN parts_until timestamptz;

-- The statements of a book are listed, the newest first.
CREATE INDEX jobs_statements ON jobs (merchant, job_id) WHERE kind = 'STATEMENT';

-- A merchant gets those that it asked for itself.
CREATE INDEX jobs_statements_own ON jobs (merchant, job_id) WHERE kind = 'STATEMENT' AND role = 'merchant';

-- The statements that a caller has are counted before it gets another one.
CREATE INDEX jobs_statements_held ON jobs (workload, role, merchant)
    WHERE kind = 'STATEMENT' AND (state IN ('QUEUED', 'RUNNING', 'PAUSED') OR parts_until IS NOT NULL);

-- Parts whose time has passed are dropped.
CREATE INDEX jobs_parts_until ON jobs (parts_until, job_id) WHERE parts_until IS NOT NULL;

CREATE TABLE statement_parts (
    -- The job.
    job_id text COLLATE "C" NOT NULL,
    -- Where in the raw CSV the part begins, in bytes.
    start_byte bigint NOT NULL,
    -- How many bytes of the CSV it is.
    size_bytes integer NOT NULL,
    -- These bytes, compressed by DEFLATE.
    content bytea NOT NULL,
    CONSTRAINT statement_parts_key PRIMARY KEY (job_id, start_byte),
    CONSTRAINT statement_parts_size_positive CHECK (start_byte >= 0 AND size_bytes > 0)
);

-- They are compressed already.
ALTER TABLE statement_parts ALTER COLUMN content SET STORAGE EXTERNAL;

GRANT SELECT, INSERT, DELETE ON statement_parts TO tenfold_app;
GRANT UPDATE (parts_until) ON jobs TO tenfold_app;
