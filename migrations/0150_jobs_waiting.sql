-- +goose Up

-- Jobs that wait for a person are counted again and again, however many have ended.
CREATE INDEX jobs_waiting ON jobs (state, job_id) WHERE state IN ('PROPOSED', 'FAILED');

-- +goose Down
DROP INDEX jobs_waiting;
