-- +goose Up
-- Files of evidence: uploads on their way, with the pieces of those that are not complete, and
-- what a piece of evidence says of its file.

CREATE TABLE uploads (
    -- The merchant whose claim the file is for. A book need not be open.
    merchant_id text COLLATE "C" NOT NULL,
    -- The upload, a random text.
    upload_id text COLLATE "C" NOT NULL,
    -- The workload, role and scope that created it. Nobody else may use it.
    workload text COLLATE "C" NOT NULL,
    -- See workload.
    role text COLLATE "C" NOT NULL,
    -- See workload; empty for none.
    scope text COLLATE "C" NOT NULL,
    -- The request that created it.
    request_id text COLLATE "C" NOT NULL,
    -- Where it stands.
    state text COLLATE "C" NOT NULL,
    -- The size of the whole file.
    size_bytes bigint NOT NULL,
    -- How much of it was taken, without a gap.
    received_bytes bigint NOT NULL,
    -- SHA-256 of the file, hex; empty before it was checked.
    digest text COLLATE "C" NOT NULL,
    -- What the file is by its bytes; empty before it was checked.
    media_type text COLLATE "C" NOT NULL,
    -- What is blanked for the other party, as JSON; NULL for nothing.
    masks bytea,
    -- SHA-256 of the file with that blanked, hex; empty if it cannot be shown to the other party.
    masked_digest text COLLATE "C" NOT NULL,
    -- The time of its creation.
    created_at timestamptz NOT NULL,
    -- When it is dropped unless it is evidence; NULL once a claim is known to have it.
    expires_at timestamptz,
    -- When a request last named it as evidence; NULL if none did, or it is known what became of it.
    named_at timestamptz,
    CONSTRAINT uploads_key PRIMARY KEY (merchant_id, upload_id)
);

ALTER TABLE uploads ADD CONSTRAINT uploads_of_request UNIQUE (merchant_id, workload, request_id);
ALTER TABLE uploads ADD CONSTRAINT uploads_state_known CHECK (state IN ('RECEIVING', 'STORING', 'STORED', 'REMOVING'));
ALTER TABLE uploads ADD CONSTRAINT uploads_received_within_size CHECK (size_bytes > 0 AND received_bytes BETWEEN 0 AND size_bytes);
ALTER TABLE uploads ADD CONSTRAINT uploads_stored_whole CHECK (state NOT IN ('STORING', 'STORED') OR (digest <> '' AND received_bytes = size_bytes));

CREATE INDEX uploads_waiting ON uploads (workload, role, scope) WHERE expires_at IS NOT NULL;
CREATE INDEX uploads_expiring ON uploads (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX uploads_named ON uploads (named_at) WHERE named_at IS NOT NULL;

CREATE TABLE upload_chunks (
    -- The merchant of the upload.
    merchant_id text COLLATE "C" NOT NULL,
    -- The upload.
    upload_id text COLLATE "C" NOT NULL,
    -- Where in the file the piece begins.
    start_byte bigint NOT NULL,
    -- The piece.
    content bytea NOT NULL,
    CONSTRAINT upload_chunks_key PRIMARY KEY (merchant_id, upload_id, start_byte)
);

ALTER TABLE upload_chunks ADD CONSTRAINT upload_chunks_content_bounded CHECK (octet_length(content) BETWEEN 1 AND 1048576);

-- Photographs are compressed already.
ALTER TABLE upload_chunks ALTER content SET STORAGE EXTERNAL;

GRANT SELECT, INSERT, DELETE ON uploads, upload_chunks TO tenfold_app;
GRANT UPDATE (state, received_bytes, digest, media_type, masks, masked_digest, expires_at, named_at) ON uploads TO tenfold_app;

ALTER TABLE evidence
    -- The upload of the file; empty for a reference.
    ADD COLUMN upload_id text COLLATE "C" NOT NULL DEFAULT '',
    -- What the file is by its bytes; empty for a reference.
    ADD COLUMN media_type text COLLATE "C" NOT NULL DEFAULT '',
    -- The size of the file; NULL for a reference.
    ADD COLUMN size_bytes bigint,
    -- The parties that may read the file beside the one that added it, with spaces between them.
    ADD COLUMN disclosed_to text COLLATE "C" NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE evidence DROP COLUMN upload_id, DROP COLUMN media_type, DROP COLUMN size_bytes, DROP COLUMN disclosed_to;
DROP TABLE upload_chunks;
DROP TABLE uploads;
