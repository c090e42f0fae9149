-- +goose Up
-- Attempts that were refused because of who made them. They belong to no book.

CREATE TABLE access_refusals (
    -- Counts the rows.
    refusal_number bigint GENERATED ALWAYS AS IDENTITY,
    -- When the first of the attempts was refused.
    refused_at timestamptz NOT NULL,
    -- How many like attempts were refused in a row and stand in this one.
    attempts integer NOT NULL,
    -- The method called, without its service's package.
    method text COLLATE "C" NOT NULL,
    -- The reason of the refusal, as the caller was told.
    reason text COLLATE "C" NOT NULL,
    -- The workload that called; empty where none was proved.
    workload text COLLATE "C" NOT NULL,
    -- The role it called in; empty where none was proved.
    role text COLLATE "C" NOT NULL,
    -- The person it called for, as an opaque id; empty for none.
    person text COLLATE "C" NOT NULL,
    -- What the role is limited to; empty for a role that is not limited.
    scope text COLLATE "C" NOT NULL,
    -- The resource beyond that limit that was named; empty where the refusal is not about one.
    target text COLLATE "C" NOT NULL,
    CONSTRAINT access_refusals_key PRIMARY KEY (refusal_number),
    CONSTRAINT access_refusals_attempts_above_zero CHECK (attempts > 0),
    CONSTRAINT access_refusals_texts_bounded CHECK (
        length(method) <= 128 AND length(reason) <= 63 AND length(workload) <= 64 AND length(role) <= 32
        AND length(person) <= 64 AND length(scope) <= 128 AND length(target) <= 256)
);

-- What an auditor lists: everything, or what one workload tried, the newest first.
CREATE INDEX access_refusals_by_time ON access_refusals (refused_at, refusal_number);
CREATE INDEX access_refusals_of_workload ON access_refusals (workload, refused_at, refusal_number);

GRANT SELECT, INSERT ON access_refusals TO tenfold_app;
