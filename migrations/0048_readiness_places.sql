-- +goose Up
-- A server is ready if it can commit as its lanes do. It changes one of these rows and
-- commits. Each server takes a row that no other holds, so that a server that went silent
-- in the middle keeps nobody else from asking. There is no index and most of a page stays
-- free, so the new version of a row lies beside the old one, whose place is used again:
-- the table stays one page long.

ALTER TABLE readiness_probes
    -- How often somebody asked here.
    ADD COLUMN asked bigint NOT NULL DEFAULT 0;
ALTER TABLE readiness_probes SET (fillfactor = 10);

-- Old servers add a row and take it back, which leaves its page to be vacuumed.
DELETE FROM readiness_probes;
INSERT INTO readiness_probes (filler)
SELECT '' FROM generate_series(1, 16);

GRANT SELECT, UPDATE (asked) ON readiness_probes TO tenfold_app;

-- +goose Down
DELETE FROM readiness_probes;
ALTER TABLE readiness_probes RESET (fillfactor);
ALTER TABLE readiness_probes DROP COLUMN asked;
REVOKE SELECT ON readiness_probes FROM tenfold_app;
