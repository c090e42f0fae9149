-- +goose Up
-- A merchant's book: its mutex, its accounts, its transfers.
-- Every table of a book leads its key with merchant_id; no statement of the
-- write path needs two books at once to be right.

CREATE TABLE books (
    -- The marketplace's id of the merchant; the key of the whole book.
    merchant_id text COLLATE "C" NOT NULL,
    -- ISO 4217 code; every amount of the book is in its minor units.
    currency text COLLATE "C" NOT NULL,
    -- Grows with every transaction on the book; locking the book is locking its row.
    version bigint NOT NULL,
    -- Number of the newest event.
    event_number bigint NOT NULL,
    -- Hash of the newest event: the head of the book's chain.
    event_hash bytea NOT NULL,
    -- Number of the newest transfer.
    transfer_number bigint NOT NULL,
    -- Record time of the newest event; never goes back.
    recorded_at timestamptz NOT NULL,
    -- When the book was opened.
    opened_at timestamptz NOT NULL,
    CONSTRAINT books_key PRIMARY KEY (merchant_id),
    CONSTRAINT books_merchant_id_form CHECK (merchant_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    CONSTRAINT books_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT books_numbers_not_negative CHECK (version >= 0 AND event_number >= 0 AND transfer_number >= 0),
    CONSTRAINT books_event_hash_length CHECK (octet_length(event_hash) = 32)
) WITH (fillfactor = 40);

CREATE TABLE accounts (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The account's place in the chart.
    purpose text COLLATE "C" NOT NULL,
    -- Running total of debits, minor units of the book's currency.
    debits_minor bigint NOT NULL,
    -- Running total of credits, minor units of the book's currency.
    credits_minor bigint NOT NULL,
    CONSTRAINT accounts_key PRIMARY KEY (merchant_id, purpose),
    CONSTRAINT accounts_book FOREIGN KEY (merchant_id) REFERENCES books (merchant_id),
    CONSTRAINT accounts_purpose_known CHECK (purpose IN (
        'PLATFORM_CASH', 'SETTLEMENT_CLEARING', 'RECEIVABLE', 'CONSUMER_RECEIVABLE',
        'AUTHENTICATION_FEES', 'REVERSAL_LOSS', 'WRITE_OFF',
        'DEPOSIT', 'DEPOSIT_HELD', 'SHOP_FUNDS', 'SHOP_FUNDS_HELD', 'CLAIM_PAYABLE',
        'PAYOUT_CLEARING', 'COUPON_LIABILITY', 'PENALTY', 'SUSPENSE')),
    CONSTRAINT accounts_totals_not_negative CHECK (debits_minor >= 0 AND credits_minor >= 0),
    CONSTRAINT accounts_balance_not_negative CHECK (
        CASE
            WHEN purpose IN ('PLATFORM_CASH', 'SETTLEMENT_CLEARING') THEN true
            WHEN purpose IN ('RECEIVABLE', 'CONSUMER_RECEIVABLE', 'AUTHENTICATION_FEES', 'REVERSAL_LOSS', 'WRITE_OFF')
                THEN debits_minor >= credits_minor
            ELSE credits_minor >= debits_minor
        END)
) WITH (fillfactor = 40);

CREATE TABLE transfers (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- Counts the book's transfers from 1, without gaps.
    transfer_number bigint NOT NULL,
    -- The event of the command that made it.
    event_number bigint NOT NULL,
    -- Why it exists; fixes both accounts.
    kind text COLLATE "C" NOT NULL,
    -- The account debited.
    debit_purpose text COLLATE "C" NOT NULL,
    -- The account credited.
    credit_purpose text COLLATE "C" NOT NULL,
    -- The amount moved, minor units, at least 1.
    amount_minor bigint NOT NULL,
    -- The book's currency.
    currency text COLLATE "C" NOT NULL,
    -- The claim it was for, where one is.
    claim_id text COLLATE "C",
    -- The order line it was for, where one is.
    order_line_id text COLLATE "C",
    -- The payout it was for, where one is.
    payout_id text COLLATE "C",
    -- The other side's number, such as a payment reference.
    external_reference text COLLATE "C",
    -- The transfer that this one undoes, where it undoes one.
    reverses_number bigint,
    -- The book's time.
    recorded_at timestamptz NOT NULL,
    -- When it happened outside.
    effective_at timestamptz NOT NULL,
    CONSTRAINT transfers_key PRIMARY KEY (merchant_id, transfer_number),
    CONSTRAINT transfers_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT transfers_two_accounts CHECK (debit_purpose <> credit_purpose),
    CONSTRAINT transfers_kind_known CHECK (kind IN (
        'DEPOSIT_TOPPED_UP', 'DEPOSIT_WITHDRAWN', 'DEPOSIT_TOP_UP_REVERSED',
        'DEPOSIT_TOP_UP_REVERSED_OWED', 'SHOP_FUNDS_HANDED_OVER', 'SHOP_FUNDS_TAKEN_BACK',
        'DEPOSIT_HELD', 'SHOP_FUNDS_HELD', 'DEPOSIT_RELEASED', 'SHOP_FUNDS_RELEASED',
        'DEPOSIT_CAPTURED', 'SHOP_FUNDS_CAPTURED', 'SHORTFALL_ADVANCED',
        'PAYOUT_INSTRUCTED', 'PAYOUT_CONFIRMED', 'PAYOUT_FAILED', 'PAYOUT_RETURNED',
        'SUSPENSE_RECEIVED'))
);

CREATE INDEX transfers_of_claim ON transfers (claim_id, transfer_number) WHERE claim_id IS NOT NULL;
CREATE UNIQUE INDEX transfers_reversed_once ON transfers (merchant_id, reverses_number, kind) WHERE reverses_number IS NOT NULL;
CREATE UNIQUE INDEX transfers_external_reference_once
    ON transfers (merchant_id, external_reference, kind) WHERE external_reference IS NOT NULL;

CREATE TABLE events (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- Counts the book's events from 1, without gaps.
    event_number bigint NOT NULL,
    -- What happened.
    kind text COLLATE "C" NOT NULL,
    -- The claim it is about, where one is.
    claim_id text COLLATE "C",
    -- The book's time.
    recorded_at timestamptz NOT NULL,
    -- The encoding of content; a released encoding never changes.
    encoding smallint NOT NULL,
    -- The encoded event, exactly the bytes that the hash covers.
    content text COLLATE "C" NOT NULL,
    -- SHA-256 over encoding, the hash before it, and content.
    hash bytea NOT NULL,
    CONSTRAINT events_key PRIMARY KEY (merchant_id, event_number),
    CONSTRAINT events_hash_length CHECK (octet_length(hash) = 32)
);

CREATE TABLE requests (
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
    -- The claim of the outcome, where one is.
    claim_id text COLLATE "C",
    -- The authentication result of the outcome, where one is.
    result_id text COLLATE "C",
    -- The payout of the outcome, where one is.
    payout_id text COLLATE "C",
    -- The transfer of the outcome, where one is.
    transfer_number bigint,
    -- The event that the command wrote.
    event_number bigint NOT NULL,
    -- The book's time.
    recorded_at timestamptz NOT NULL,
    CONSTRAINT requests_key PRIMARY KEY (merchant_id, workload, method, request_id),
    CONSTRAINT requests_digest_length CHECK (octet_length(digest) = 32)
);

CREATE TABLE person_commitments (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The person as the calling tool's identity provider names them.
    person_id text COLLATE "C" NOT NULL,
    -- Random, and erased to forget the person: the commitment then means nothing.
    salt bytea NOT NULL,
    -- HMAC-SHA-256 of person_id under salt; events carry it in the person's place.
    commitment bytea NOT NULL,
    CONSTRAINT person_commitments_key PRIMARY KEY (merchant_id, person_id),
    CONSTRAINT person_commitments_book FOREIGN KEY (merchant_id) REFERENCES books (merchant_id),
    CONSTRAINT person_commitments_commitment_once UNIQUE (merchant_id, commitment)
);

-- References that are unique across books are reserved here, by themselves,
-- before the command in the book that they name may complete.
CREATE TABLE reservations (
    -- What kind of reference it is.
    kind text COLLATE "C" NOT NULL,
    -- The reference itself.
    reference text COLLATE "C" NOT NULL,
    -- The book whose command reserved it.
    merchant_id text COLLATE "C" NOT NULL,
    -- The request or payout that reserved it.
    holder text COLLATE "C" NOT NULL,
    -- How many tries of the holder are under way or done.
    attempts integer NOT NULL,
    -- When it was first reserved.
    reserved_at timestamptz NOT NULL,
    CONSTRAINT reservations_key PRIMARY KEY (kind, reference),
    CONSTRAINT reservations_kind_known CHECK (kind IN ('AUTHENTICATION_REPORT', 'PAYMENT_REFERENCE', 'OUT_NUMBER')),
    CONSTRAINT reservations_attempts_not_negative CHECK (attempts >= 0)
);

CREATE INDEX reservations_by_time ON reservations USING brin (reserved_at);

GRANT SELECT, INSERT, UPDATE ON books, accounts TO tenfold_app;
GRANT SELECT, INSERT ON transfers, events, requests TO tenfold_app;
GRANT SELECT, INSERT ON person_commitments TO tenfold_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON reservations TO tenfold_app;
