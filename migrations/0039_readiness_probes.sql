-- +goose Up
-- A server is ready if it can write as its lanes do: it adds a page here and rolls back.

CREATE TABLE readiness_probes (
    -- Fills a page, so that a full disk shows.
    filler bytea NOT NULL
);

ALTER TABLE readiness_probes ALTER filler SET STORAGE PLAIN;

GRANT INSERT ON readiness_probes TO tenfold_app;

-- +goose Down
DROP TABLE readiness_probes;
