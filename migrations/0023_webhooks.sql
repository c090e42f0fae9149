-- +goose Up
-- Webhooks: where events of a book are sent, and what is still to be sent there.

CREATE TABLE webhooks (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The webhook's id, made when it was created.
    webhook_id text COLLATE "C" NOT NULL,
    -- Where events are sent.
    url text NOT NULL,
    -- The kinds of event that are sent; empty means all.
    kinds text[] NOT NULL,
    -- The key that deliveries are signed with.
    secret bytea NOT NULL,
    -- The key before, with which they are signed too until previous_until.
    previous_secret bytea,
    -- Until when.
    previous_until timestamptz,
    -- Number of the last event that was queued for it or passed over.
    event_number bigint NOT NULL,
    -- When it was created.
    created_at timestamptz NOT NULL,
    -- When it was deleted; nothing is queued or sent any more.
    deleted_at timestamptz,
    CONSTRAINT webhooks_key PRIMARY KEY (merchant_id, webhook_id),
    CONSTRAINT webhooks_previous_is_whole CHECK ((previous_secret IS NULL) = (previous_until IS NULL))
);

CREATE TABLE webhook_deliveries (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The webhook.
    webhook_id text COLLATE "C" NOT NULL,
    -- The event to be sent.
    event_number bigint NOT NULL,
    -- When it is to be sent, next or first.
    due_at timestamptz NOT NULL,
    -- How many tries have failed.
    attempts integer NOT NULL,
    -- The HTTP status of the last try; zero where there was none.
    last_status integer NOT NULL,
    -- What the last try failed of, in a word; empty before.
    last_failure text NOT NULL,
    -- When it was given up; a dead letter from then on.
    dead_at timestamptz,
    CONSTRAINT webhook_deliveries_key PRIMARY KEY (merchant_id, webhook_id, event_number),
    CONSTRAINT webhook_deliveries_attempts_not_negative CHECK (attempts >= 0)
) WITH (fillfactor = 70);

CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (due_at) WHERE dead_at IS NULL;
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (merchant_id, webhook_id, event_number) WHERE dead_at IS NOT NULL;

CREATE TABLE webhook_requests (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The calling workload.
    workload text COLLATE "C" NOT NULL,
    -- The method called, without its service's package.
    method text COLLATE "C" NOT NULL,
    -- The caller's id of the request.
    request_id text COLLATE "C" NOT NULL,
    -- SHA-256 over a versioned list of the request's fields.
    digest bytea NOT NULL,
    -- The webhook of the outcome.
    webhook_id text COLLATE "C" NOT NULL,
    -- When it was accepted.
    recorded_at timestamptz NOT NULL,
    CONSTRAINT webhook_requests_key PRIMARY KEY (merchant_id, workload, method, request_id),
    CONSTRAINT webhook_requests_digest_length CHECK (octet_length(digest) = 32)
);

GRANT SELECT, INSERT, UPDATE ON webhooks TO tenfold_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_deliveries TO tenfold_app;
GRANT SELECT, INSERT ON webhook_requests TO tenfold_app;
