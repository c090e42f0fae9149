-- +goose Up
-- Requests that changed a catalogue: they belong to no book.

CREATE TABLE catalog_requests (
    -- The calling workload.
    workload text COLLATE "C" NOT NULL,
    -- The method called, without its service's package.
    method text COLLATE "C" NOT NULL,
    -- The caller's id of the request.
    request_id text COLLATE "C" NOT NULL,
    -- SHA-256 over a versioned list of the request's fields.
    digest bytea NOT NULL,
    -- When it was accepted.
    recorded_at timestamptz NOT NULL,
    CONSTRAINT catalog_requests_key PRIMARY KEY (workload, method, request_id),
    CONSTRAINT catalog_requests_digest_length CHECK (octet_length(digest) = 32)
);

GRANT SELECT, INSERT ON catalog_requests TO tenfold_app;
