-- +goose Up
-- What finance reads as of a time is folded from sums that a worker keeps and from the few
-- transfers after them. The sums are made of transfers alone, so that they can be made anew.

CREATE TABLE balance_snapshots (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- RECORDED sums the transfers in the order of their recording, RECORDED_LATE those of them that took effect at
    -- another time, EFFECTIVE_LATE the same in the order of their effect.
    basis text COLLATE "C" NOT NULL,
    -- The time of the last transfer that is summed, in that order.
    at timestamptz NOT NULL,
    -- Its number.
    transfer_number bigint NOT NULL,
    -- How many transfers are summed.
    transfers bigint NOT NULL,
    -- The kinds of the transfers.
    kinds text[] COLLATE "C" NOT NULL,
    -- The sum of each kind, minor units.
    amounts bigint[] NOT NULL,
    -- How many of each kind there are.
    counts bigint[] NOT NULL,
    CONSTRAINT balance_snapshots_key PRIMARY KEY (merchant_id, basis, at, transfer_number),
    CONSTRAINT balance_snapshots_basis_known CHECK (basis IN ('RECORDED', 'RECORDED_LATE', 'EFFECTIVE_LATE')),
    CONSTRAINT balance_snapshots_lists_alike CHECK (cardinality(kinds) = cardinality(amounts) AND cardinality(kinds) = cardinality(counts))
);

CREATE TABLE snapshot_progress (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The last transfer that its snapshots know.
    transfer_number bigint NOT NULL,
    CONSTRAINT snapshot_progress_key PRIMARY KEY (merchant_id),
    CONSTRAINT snapshot_progress_number_not_negative CHECK (transfer_number >= 0)
);

-- Sums over all books, by time.
CREATE TABLE period_totals (
    -- RECORDED or EFFECTIVE: the time of a transfer that decides where it belongs.
    basis text COLLATE "C" NOT NULL,
    -- ISO 4217 code of the amounts.
    currency text COLLATE "C" NOT NULL,
    -- HOUR, DAY or MONTH, in UTC.
    period text COLLATE "C" NOT NULL,
    -- When it begins.
    starts_at timestamptz NOT NULL,
    -- The kind of the transfers.
    kind text COLLATE "C" NOT NULL,
    -- Their sum, minor units; of all books together it may exceed the range of a book.
    amount_minor numeric NOT NULL,
    -- How many they are.
    transfers bigint NOT NULL,
    CONSTRAINT period_totals_key PRIMARY KEY (basis, currency, period, starts_at, kind),
    CONSTRAINT period_totals_basis_known CHECK (basis IN ('RECORDED', 'EFFECTIVE')),
    CONSTRAINT period_totals_period_known CHECK (period IN ('HOUR', 'DAY', 'MONTH')),
    CONSTRAINT period_totals_positive CHECK (amount_minor > 0 AND transfers > 0)
);

-- One row, once a worker has begun.
CREATE TABLE period_progress (
    -- Always true.
    one boolean NOT NULL,
    -- Transfers of earlier transactions are in period_totals, and no others.
    transaction_id xid8 NOT NULL,
    CONSTRAINT period_progress_key PRIMARY KEY (one),
    CONSTRAINT period_progress_one_row CHECK (one)
);

GRANT SELECT, INSERT ON balance_snapshots, snapshot_progress, period_totals, period_progress TO tenfold_app;
GRANT UPDATE (transfers, kinds, amounts, counts), DELETE ON balance_snapshots TO tenfold_app;
GRANT UPDATE (transfer_number) ON snapshot_progress TO tenfold_app;
GRANT UPDATE (amount_minor, transfers), DELETE ON period_totals TO tenfold_app;
GRANT UPDATE (transaction_id) ON period_progress TO tenfold_app;

-- +goose Down
DROP TABLE period_progress;
DROP TABLE period_totals;
DROP TABLE snapshot_progress;
DROP TABLE balance_snapshots;
