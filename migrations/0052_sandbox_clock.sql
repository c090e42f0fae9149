-- +goose Up
-- A sandbox keeps its clock, so that a restart or another replica goes on at the same time.

CREATE TABLE sandbox_clock (
    -- Always true: there is one clock.
    single boolean NOT NULL,
    -- What the clock showed when it was set.
    shows timestamptz NOT NULL,
    -- When it was set, by the time of the database's server.
    set_at timestamptz NOT NULL,
    -- Whether it goes on by itself since then, or stands still.
    ticking boolean NOT NULL,
    CONSTRAINT sandbox_clock_key PRIMARY KEY (single),
    CONSTRAINT sandbox_clock_single CHECK (single)
);

GRANT SELECT, INSERT ON sandbox_clock TO tenfold_app;
GRANT UPDATE (shows, set_at) ON sandbox_clock TO tenfold_app;

-- +goose Down
DROP TABLE sandbox_clock;
