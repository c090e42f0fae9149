-- +goose Up
-- What was owed, and what open claims could cost, as of a past time. A debt has one row for each time in which it
-- stayed as it was: the present one in debts, the earlier ones in debt_versions. An event has what its claim could
-- cost before and after it.

ALTER TABLE debts
    -- The record time from which on it is as it is; of a debt from before this column, the book's last record time then.
    ADD COLUMN recorded_from timestamptz,
    -- When it took effect: since, or earlier if it was told of late.
    ADD COLUMN arose_at timestamptz;

UPDATE debts d SET recorded_from = b.recorded_at, arose_at = d.since
FROM books b
WHERE b.merchant_id = d.merchant_id;

ALTER TABLE debts ALTER recorded_from SET NOT NULL, ALTER arose_at SET NOT NULL;

-- Debts as they were from one record time until before another.
CREATE TABLE debt_versions (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The kind of debt, as in debts.
    kind text COLLATE "C" NOT NULL,
    -- The claim, or the payment reference of the top-up.
    debt_id text COLLATE "C" NOT NULL,
    -- Zero for a debt as it was by record time. Otherwise an amount that was owed by the time of effect alone, from
    -- when it took effect until it was recorded: the number of the event that told of it.
    late_event bigint NOT NULL,
    -- When it began to be so.
    from_at timestamptz NOT NULL,
    -- When it ceased to be so.
    until_at timestamptz NOT NULL,
    -- Where the time lies in the tree of times: the second in it, since 1970, that the highest power of two divides.
    fork bigint NOT NULL,
    -- The product-level case of the claim; empty for none.
    sampling_case text COLLATE "C" NOT NULL,
    -- Since when it was open.
    since timestamptz NOT NULL,
    -- When it took effect: since, or earlier if it was told of late.
    arose_at timestamptz NOT NULL,
    -- What was open, minor units.
    open_minor bigint NOT NULL,
    CONSTRAINT debt_versions_key PRIMARY KEY (merchant_id, kind, debt_id, late_event, from_at),
    CONSTRAINT debt_versions_kind_known CHECK (kind IN ('SHORTFALL', 'ADVANCE', 'FEE', 'TOP_UP', 'HOLD')),
    CONSTRAINT debt_versions_time_passed CHECK (from_at < until_at),
    CONSTRAINT debt_versions_open_positive CHECK (open_minor > 0)
);

CREATE INDEX debt_versions_ended ON debt_versions (merchant_id, fork, until_at);
CREATE INDEX debt_versions_begun ON debt_versions (merchant_id, fork, from_at);
CREATE INDEX debt_versions_ended_of_all ON debt_versions (fork, until_at);
CREATE INDEX debt_versions_begun_of_all ON debt_versions (fork, from_at);

ALTER TABLE events
    -- What the claim could still cost the merchant before the command, minor units; none where the command left it as it was.
    ADD COLUMN exposure_before_minor bigint,
    -- The part of it that was set aside.
    ADD COLUMN exposure_before_held_minor bigint,
    -- The claim's deadline then, where one ran.
    ADD COLUMN exposure_before_due_at timestamptz,
    -- What the claim can still cost after the command, minor units.
    ADD COLUMN exposure_minor bigint,
    -- The part of it that is set aside.
    ADD COLUMN exposure_held_minor bigint,
    -- The claim's deadline, where one runs.
    ADD COLUMN exposure_due_at timestamptz;

ALTER TABLE events
    ALTER exposure_before_minor SET STATISTICS 0, ALTER exposure_before_held_minor SET STATISTICS 0,
    ALTER exposure_before_due_at SET STATISTICS 0, ALTER exposure_minor SET STATISTICS 0,
    ALTER exposure_held_minor SET STATISTICS 0, ALTER exposure_due_at SET STATISTICS 0;

-- What the books that there were could cost when the columns above came. Debts and exposure are known since then.
CREATE TABLE exposure_openings (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- Its last event then.
    event_number bigint NOT NULL,
    -- Its last record time then.
    at timestamptz NOT NULL,
    -- The weeks of deadlines: the second since 1970 at which one begins in Beijing, zero where no deadline runs.
    weeks bigint[] NOT NULL,
    -- What the claims of each week could cost, minor units.
    exposures bigint[] NOT NULL,
    -- The part of it that was set aside.
    held bigint[] NOT NULL,
    -- How many claims they are.
    claims bigint[] NOT NULL,
    CONSTRAINT exposure_openings_key PRIMARY KEY (merchant_id),
    CONSTRAINT exposure_openings_lists_alike CHECK (cardinality(weeks) = cardinality(exposures)
        AND cardinality(weeks) = cardinality(held) AND cardinality(weeks) = cardinality(claims))
);

CREATE INDEX exposure_openings_by_time ON exposure_openings (at);

INSERT INTO exposure_openings (merchant_id, event_number, at, weeks, exposures, held, claims)
SELECT b.merchant_id, b.event_number, b.recorded_at, coalesce(x.weeks, '{}'), coalesce(x.exposures, '{}'), coalesce(x.held, '{}'),
       coalesce(x.claims, '{}')
FROM books b
LEFT JOIN (
    SELECT w.merchant_id, array_agg(w.week ORDER BY w.week) AS weeks, array_agg(w.exposure_minor ORDER BY w.week) AS exposures,
           array_agg(w.held_minor ORDER BY w.week) AS held, array_agg(w.claims ORDER BY w.week) AS claims
    FROM (
        SELECT x.merchant_id, x.week, sum(x.exposure_minor)::bigint AS exposure_minor,
               sum(least(x.held_minor, x.exposure_minor))::bigint AS held_minor, count(*) AS claims
        FROM (
            SELECT w.merchant_id, c.held_minor,
                   coalesce(extract(epoch FROM date_trunc('week', w.deadline_at, 'Asia/Shanghai'))::bigint, 0) AS week,
                   greatest(0, CASE WHEN c.state IN ('PAYING', 'PAYOUT_FAILED') OR c.verdict = 'COUNTERFEIT' OR c.units::text LIKE '%"TENFOLD"%'
                       THEN c.award_refund_minor + c.award_compensation_minor ELSE c.potential_minor END
                   - c.from_deposit_minor - c.from_shop_funds_minor - c.advanced_minor - c.written_off_minor) AS exposure_minor
            FROM waits w
            JOIN claims c ON c.merchant_id = w.merchant_id AND c.claim_id = w.claim_id) x
        WHERE x.exposure_minor > 0
        GROUP BY x.merchant_id, x.week) w
    GROUP BY w.merchant_id) x ON x.merchant_id = b.merchant_id;

-- Sums of a book's exposure up to an event, made of events by a worker.
CREATE TABLE exposure_snapshots (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The time of the last event that is summed.
    at timestamptz NOT NULL,
    -- Its number.
    event_number bigint NOT NULL,
    -- The weeks of deadlines, as in exposure_openings.
    weeks bigint[] NOT NULL,
    -- What the claims of each week could cost, minor units.
    exposures bigint[] NOT NULL,
    -- The part of it that was set aside.
    held bigint[] NOT NULL,
    -- How many claims they are.
    claims bigint[] NOT NULL,
    CONSTRAINT exposure_snapshots_key PRIMARY KEY (merchant_id, at, event_number),
    CONSTRAINT exposure_snapshots_lists_alike CHECK (cardinality(weeks) = cardinality(exposures)
        AND cardinality(weeks) = cardinality(held) AND cardinality(weeks) = cardinality(claims))
);

-- By how much the exposure of all books changed, by the time of recording: the events of period_progress, and no others.
CREATE TABLE exposure_totals (
    -- ISO 4217 code of the amounts.
    currency text COLLATE "C" NOT NULL,
    -- HOUR, DAY or MONTH, in UTC.
    period text COLLATE "C" NOT NULL,
    -- When it begins.
    starts_at timestamptz NOT NULL,
    -- The week of deadlines, as in exposure_openings.
    week bigint NOT NULL,
    -- The change, minor units.
    exposure_minor numeric NOT NULL,
    -- The change of the part that was set aside.
    held_minor numeric NOT NULL,
    -- The change of the number of claims.
    claims bigint NOT NULL,
    CONSTRAINT exposure_totals_key PRIMARY KEY (currency, period, starts_at, week),
    CONSTRAINT exposure_totals_period_known CHECK (period IN ('HOUR', 'DAY', 'MONTH'))
);

GRANT SELECT, INSERT ON debt_versions, exposure_snapshots, exposure_totals TO tenfold_app;
GRANT SELECT ON exposure_openings TO tenfold_app;
GRANT UPDATE (recorded_from, arose_at) ON debts TO tenfold_app;
GRANT DELETE ON exposure_snapshots TO tenfold_app;
GRANT UPDATE (exposure_minor, held_minor, claims), DELETE ON exposure_totals TO tenfold_app;

-- +goose Down
DROP TABLE exposure_totals;
DROP TABLE exposure_snapshots;
DROP TABLE exposure_openings;
ALTER TABLE events
    DROP COLUMN exposure_before_minor, DROP COLUMN exposure_before_held_minor, DROP COLUMN exposure_before_due_at,
    DROP COLUMN exposure_minor, DROP COLUMN exposure_held_minor, DROP COLUMN exposure_due_at;
DROP TABLE debt_versions;
ALTER TABLE debts DROP COLUMN recorded_from, DROP COLUMN arose_at;
