-- +goose Up
-- The order service may correct a line on which no claim rests. A line counts its
-- revisions, and each content before a correction is kept.

ALTER TABLE order_lines
    -- How often the line has had another content; 1 as it was first seen.
    ADD COLUMN revision integer NOT NULL DEFAULT 1;

ALTER TABLE order_lines
    ADD CONSTRAINT order_lines_revision_positive CHECK (revision > 0);

GRANT UPDATE (order_id, payment_id, product_id, paid_at, content, digest, recorded_at, revision) ON order_lines TO tenfold_app;

CREATE TABLE order_line_corrections (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The corrected line.
    order_line_id text COLLATE "C" NOT NULL,
    -- The revision that was corrected. The columns up to recorded_at are that revision's.
    revision integer NOT NULL,
    -- The order that it named.
    order_id text COLLATE "C" NOT NULL,
    -- The payment of the order that it named.
    payment_id text COLLATE "C" NOT NULL,
    -- The product that it named.
    product_id text COLLATE "C" NOT NULL,
    -- When it said that the order was paid.
    paid_at timestamptz NOT NULL,
    -- The whole content before the correction, in a form of order_lines.content.
    content json NOT NULL,
    -- SHA-256 of that content.
    digest bytea NOT NULL,
    -- When the engine learned of that content.
    recorded_at timestamptz NOT NULL,
    -- Why it was corrected, as given.
    note text NOT NULL,
    -- The role in which it was corrected.
    corrected_as text COLLATE "C" NOT NULL,
    -- The person who corrected it; empty where a service did on its own.
    corrected_by text COLLATE "C" NOT NULL,
    -- The event that tells of the correction.
    event_number bigint NOT NULL,
    -- The book's time.
    corrected_at timestamptz NOT NULL,
    CONSTRAINT order_line_corrections_key PRIMARY KEY (merchant_id, order_line_id, revision),
    CONSTRAINT order_line_corrections_revision_positive CHECK (revision > 0),
    CONSTRAINT order_line_corrections_digest_length CHECK (octet_length(digest) = 32)
);

GRANT SELECT, INSERT ON order_line_corrections TO tenfold_app;
