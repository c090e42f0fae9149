-- +goose Up
-- Files of gateways, banks, channels and the marketplace, their lines, and in what they differ
-- from the engine. They belong to no book.

CREATE TABLE channel_imports (
    -- Time-ordered id of the import.
    import_id text COLLATE "C" NOT NULL,
    -- Whose record the file is.
    side text COLLATE "C" NOT NULL,
    -- The number of the account at the channel.
    account text COLLATE "C" NOT NULL,
    -- The day that the file is of, in China.
    file_day date NOT NULL,
    -- The format of the file.
    format text COLLATE "C" NOT NULL,
    -- What the columns of a table hold; NULL for other formats.
    mapping json,
    -- Whether only payouts are paid from the account.
    exclusive boolean NOT NULL,
    -- The number of lines that the caller told; NULL if it told none.
    told_lines bigint,
    -- The sum of all lines that the caller told, minor units; NULL if it told none.
    told_sum_minor bigint,
    -- The size of the file.
    size_bytes bigint NOT NULL,
    -- SHA-256 of the file.
    digest bytea NOT NULL,
    -- How many bytes are there.
    received_bytes bigint NOT NULL,
    -- Where the import stands.
    state text COLLATE "C" NOT NULL,
    -- The version of the readers that read the file; 0 before.
    reader_version integer NOT NULL,
    -- What the file holds, and what is wrong with it; NULL before it was read.
    report json,
    -- The workload that imported it.
    workload text COLLATE "C" NOT NULL,
    -- The role in which it was imported.
    role text COLLATE "C" NOT NULL,
    -- The person who imported it; empty for a workload alone.
    person_id text COLLATE "C" NOT NULL,
    -- When the import was begun.
    created_at timestamptz NOT NULL,
    -- When the file was read; NULL before.
    completed_at timestamptz,
    CONSTRAINT channel_imports_key PRIMARY KEY (import_id),
    CONSTRAINT channel_imports_side_known CHECK (side IN ('GATEWAY', 'CHANNEL', 'MARKETPLACE')),
    CONSTRAINT channel_imports_state_known CHECK (state IN ('UPLOADING', 'READING', 'WHOLE', 'REFUSED')),
    CONSTRAINT channel_imports_size_bounded CHECK (size_bytes BETWEEN 1 AND 268435456),
    CONSTRAINT channel_imports_received_within CHECK (received_bytes BETWEEN 0 AND size_bytes),
    CONSTRAINT channel_imports_digest_length CHECK (length(digest) = 32),
    CONSTRAINT channel_imports_told_together CHECK ((told_lines IS NULL) = (told_sum_minor IS NULL)),
    CONSTRAINT channel_imports_read_with_state CHECK ((state IN ('WHOLE', 'REFUSED')) = (completed_at IS NOT NULL AND report IS NOT NULL))
);

-- A file is taken once.
CREATE UNIQUE INDEX channel_imports_once ON channel_imports (file_day, side, account, digest) WHERE state = 'WHOLE';

CREATE TABLE channel_import_chunks (
    -- The import.
    import_id text COLLATE "C" NOT NULL,
    -- Where the bytes stand in the file.
    chunk_offset bigint NOT NULL,
    -- The bytes.
    content bytea NOT NULL,
    CONSTRAINT channel_import_chunks_key PRIMARY KEY (import_id, chunk_offset),
    CONSTRAINT channel_import_chunks_size_bounded CHECK (length(content) BETWEEN 1 AND 1048576)
);

CREATE TABLE channel_lines (
    -- The import.
    import_id text COLLATE "C" NOT NULL,
    -- Counts the lines of the file from 1.
    line_number bigint NOT NULL,
    -- The line of the file, or the number of the entry.
    place bigint NOT NULL,
    -- What the line is about.
    kind text COLLATE "C" NOT NULL,
    -- How far the movement has come.
    status text COLLATE "C" NOT NULL,
    -- Above zero came into the account, below zero left it; minor units.
    amount_minor bigint NOT NULL,
    -- The currency of the line.
    currency text COLLATE "C" NOT NULL,
    -- When it happened, as the file says.
    happened_at timestamptz NOT NULL,
    -- The number that we gave the movement; empty for none.
    out_number text COLLATE "C" NOT NULL,
    -- The number of the channel; empty for none.
    reference text COLLATE "C" NOT NULL,
    -- The payment that a refund gives back, by the channel's number; empty for none.
    original_payment text COLLATE "C" NOT NULL,
    -- The same by our own number; empty for none.
    original_out_number text COLLATE "C" NOT NULL,
    -- The order; empty for none.
    order_id text COLLATE "C" NOT NULL,
    CONSTRAINT channel_lines_key PRIMARY KEY (import_id, line_number),
    CONSTRAINT channel_lines_kind_known CHECK (kind IN ('PAYMENT', 'REFUND', 'TRANSFER', 'RETURN', 'FEE', 'DEDUCTION', 'OTHER')),
    CONSTRAINT channel_lines_status_known CHECK (status IN ('DONE', 'PROCESSING', 'FAILED'))
);

CREATE TABLE channel_line_matches (
    -- The import.
    import_id text COLLATE "C" NOT NULL,
    -- The line.
    line_number bigint NOT NULL,
    -- By which rule the last comparison found it.
    rule text COLLATE "C" NOT NULL,
    -- The book of the payout.
    merchant text COLLATE "C" NOT NULL,
    -- The payout.
    payout_id text COLLATE "C" NOT NULL,
    CONSTRAINT channel_line_matches_key PRIMARY KEY (import_id, line_number),
    CONSTRAINT channel_line_matches_rule_known CHECK (rule IN ('OUT_NUMBER', 'GATEWAY_REFERENCE', 'ORIGINAL_PAYMENT', 'ORDER'))
);

CREATE TABLE reconciliation_breaks (
    -- Time-ordered id of the break.
    break_id text COLLATE "C" NOT NULL,
    -- The day that was compared.
    file_day date NOT NULL,
    -- The side that differs from the engine.
    side text COLLATE "C" NOT NULL,
    -- In what they differ.
    class text COLLATE "C" NOT NULL,
    -- The payout, or else the number, that makes it one of its day, side and class.
    subject text COLLATE "C" NOT NULL,
    -- The number by which people find it.
    number text COLLATE "C" NOT NULL,
    -- The merchant; empty for none.
    merchant text COLLATE "C" NOT NULL,
    -- The payout; empty for none.
    payout_id text COLLATE "C" NOT NULL,
    -- The claim; empty for none.
    claim_id text COLLATE "C" NOT NULL,
    -- The import; empty for none.
    import_id text COLLATE "C" NOT NULL,
    -- The line; 0 for none.
    line_number bigint NOT NULL,
    -- The amount of the engine, minor units.
    expected_minor bigint NOT NULL,
    -- The amount of the file, minor units.
    found_minor bigint NOT NULL,
    -- The currency of both.
    currency text COLLATE "C" NOT NULL,
    -- What differs, in a sentence.
    detail text NOT NULL,
    -- Where it stands.
    state text COLLATE "C" NOT NULL,
    -- The person who works on it; empty for nobody.
    assignee text COLLATE "C" NOT NULL,
    -- When it was found first.
    opened_at timestamptz NOT NULL,
    -- By when it should be closed.
    due_at timestamptz NOT NULL,
    -- When it was closed; NULL before.
    closed_at timestamptz,
    -- Why it was closed; empty before.
    close_reason text COLLATE "C" NOT NULL,
    -- Counts its changes from 1.
    version bigint NOT NULL,
    CONSTRAINT reconciliation_breaks_key PRIMARY KEY (break_id),
    CONSTRAINT reconciliation_breaks_once UNIQUE (file_day, side, class, subject),
    CONSTRAINT reconciliation_breaks_side_known CHECK (side IN ('GATEWAY', 'CHANNEL', 'MARKETPLACE')),
    CONSTRAINT reconciliation_breaks_class_known CHECK (class IN (
        'MISSING_IN_FILE', 'CUT_OFF', 'MISSING_IN_LEDGER', 'AMOUNT_DIFFERS', 'UNIT_DIFFERS', 'SIGN_DIFFERS', 'DUPLICATE_PAYOUT',
        'STATUS_DIFFERS', 'REFUND_NOT_COMPLETED', 'RETURN_NOT_BOOKED', 'STATEMENT_DIFFERS', 'ORPHAN_DEBIT')),
    CONSTRAINT reconciliation_breaks_state_known CHECK (state IN ('OPEN', 'CLOSED')),
    CONSTRAINT reconciliation_breaks_closed_with_state CHECK ((state = 'CLOSED') = (closed_at IS NOT NULL) AND (state = 'CLOSED') = (close_reason <> '')),
    CONSTRAINT reconciliation_breaks_reason_known CHECK (close_reason IN (
        '', 'SETTLED', 'TIMING', 'CHANNEL_CORRECTED', 'LEDGER_CORRECTED', 'RECOVERED', 'EXPLAINED')),
    CONSTRAINT reconciliation_breaks_version_positive CHECK (version > 0)
);

-- Open breaks are few among all that there ever were.
CREATE INDEX reconciliation_breaks_open ON reconciliation_breaks (break_id) WHERE state = 'OPEN';
CREATE INDEX reconciliation_breaks_due ON reconciliation_breaks (due_at) WHERE state = 'OPEN';

CREATE TABLE reconciliation_break_notes (
    -- The break.
    break_id text COLLATE "C" NOT NULL,
    -- Counts what happened to the break from 1.
    note_number bigint NOT NULL,
    -- What happened.
    action text COLLATE "C" NOT NULL,
    -- What the person wrote; may be empty.
    note text NOT NULL,
    -- The person to whom it was assigned; empty for none.
    assignee text COLLATE "C" NOT NULL,
    -- The workload that called.
    workload text COLLATE "C" NOT NULL,
    -- The role in which it called.
    role text COLLATE "C" NOT NULL,
    -- The person; empty for the engine.
    person_id text COLLATE "C" NOT NULL,
    -- When it was recorded.
    noted_at timestamptz NOT NULL,
    CONSTRAINT reconciliation_break_notes_key PRIMARY KEY (break_id, note_number),
    CONSTRAINT reconciliation_break_notes_action_known CHECK (action IN ('OPENED', 'SEEN_AGAIN', 'ASSIGNED', 'COMMENTED', 'CLOSED'))
);

GRANT SELECT, INSERT ON channel_imports, channel_import_chunks, channel_lines, channel_line_matches, reconciliation_breaks, reconciliation_break_notes TO tenfold_app;
GRANT UPDATE (received_bytes, state, reader_version, report, completed_at) ON channel_imports TO tenfold_app;
GRANT UPDATE (rule, merchant, payout_id) ON channel_line_matches TO tenfold_app;
GRANT UPDATE (import_id, line_number, expected_minor, found_minor, currency, detail, state, assignee, due_at, closed_at, close_reason, version)
    ON reconciliation_breaks TO tenfold_app;

-- +goose Down
DROP TABLE reconciliation_break_notes, reconciliation_breaks, channel_line_matches, channel_lines, channel_import_chunks, channel_imports;
