-- +goose Up
-- The calendar of working days, the same for every book. What is said of a day
-- anew is added beside what was said before, so that a deadline can still be
-- explained that was set by it.

CREATE TABLE calendar_days (
    -- The day in Beijing.
    day date NOT NULL,
    -- Counts what was said of the day from 1; the highest holds.
    revision integer NOT NULL,
    -- A day off, or one that is worked on.
    kind text COLLATE "C" NOT NULL,
    -- What people call it.
    name text NOT NULL,
    -- The workload that set it.
    workload text COLLATE "C" NOT NULL,
    -- The person who set it; empty for days that came with the schema.
    person_id text COLLATE "C" NOT NULL,
    -- When it was set.
    recorded_at timestamptz NOT NULL,
    CONSTRAINT calendar_days_key PRIMARY KEY (day, revision),
    CONSTRAINT calendar_days_revision_positive CHECK (revision > 0),
    CONSTRAINT calendar_days_kind_known CHECK (kind IN ('HOLIDAY', 'WORKING')),
    CONSTRAINT calendar_days_person_named CHECK (person_id <> '' OR revision = 1)
);

GRANT SELECT, INSERT ON calendar_days TO tenfold_app;
