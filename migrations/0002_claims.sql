-- +goose Up
-- Claims, the order lines they are on, what was found and what is held.

CREATE TABLE order_lines (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The order service's id of the line.
    order_line_id text COLLATE "C" NOT NULL,
    -- The order the line belongs to.
    order_id text COLLATE "C" NOT NULL,
    -- The payment that paid the line.
    payment_id text COLLATE "C" NOT NULL,
    -- The product sold.
    product_id text COLLATE "C" NOT NULL,
    -- Payment time; picks the policy version.
    paid_at timestamptz,
    -- The whole line as it was first seen, in the engine's own field names.
    content json NOT NULL,
    -- SHA-256 over a versioned list of the line's fields; another content under the same id is refused.
    digest bytea NOT NULL,
    -- When the line was first seen.
    recorded_at timestamptz NOT NULL,
    CONSTRAINT order_lines_key PRIMARY KEY (merchant_id, order_line_id),
    CONSTRAINT order_lines_book FOREIGN KEY (merchant_id) REFERENCES books (merchant_id),
    CONSTRAINT order_lines_digest_length CHECK (octet_length(digest) = 32)
);

CREATE TABLE order_line_refunds (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The refunded line.
    order_line_id text COLLATE "C" NOT NULL,
    -- The order service's id of the refund.
    refund_id text COLLATE "C" NOT NULL,
    -- What was refunded, minor units.
    amount_minor bigint NOT NULL,
    -- When it was refunded.
    refunded_at timestamptz NOT NULL,
    -- When the engine learned of it.
    recorded_at timestamptz NOT NULL,
    CONSTRAINT order_line_refunds_key PRIMARY KEY (merchant_id, order_line_id, refund_id),
    CONSTRAINT order_line_refunds_line FOREIGN KEY (merchant_id, order_line_id)
        REFERENCES order_lines (merchant_id, order_line_id),
    CONSTRAINT order_line_refunds_amount_positive CHECK (amount_minor > 0)
);

CREATE TABLE pricing_groups (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- Time-ordered id of the group.
    group_id text COLLATE "C" NOT NULL,
    -- The claimant whose claims it holds.
    claimant_id text COLLATE "C" NOT NULL,
    -- The product they are on.
    product_id text COLLATE "C" NOT NULL,
    -- Payments at most the grouping window away from this time belong to the group.
    anchor_paid_at timestamptz NOT NULL,
    -- When the group was opened.
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pricing_groups_key PRIMARY KEY (merchant_id, group_id),
    CONSTRAINT pricing_groups_book FOREIGN KEY (merchant_id) REFERENCES books (merchant_id)
);

CREATE TABLE claims (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- Speakable, time-ordered, unique across books.
    claim_id text COLLATE "C" NOT NULL,
    -- Grows with every change; the etag.
    version bigint NOT NULL,
    -- Where the claim is and who must act.
    state text COLLATE "C" NOT NULL,
    -- Since when it is there.
    state_since timestamptz NOT NULL,
    -- What was found.
    verdict text COLLATE "C" NOT NULL,
    -- How many verdicts were reached.
    revision integer NOT NULL,
    -- The order line claimed on.
    order_line_id text COLLATE "C" NOT NULL,
    -- The order, for look-ups.
    order_id text COLLATE "C" NOT NULL,
    -- The original payment, for refunds.
    payment_id text COLLATE "C" NOT NULL,
    -- The product, for pricing groups.
    product_id text COLLATE "C" NOT NULL,
    -- The order's payment time.
    paid_at timestamptz NOT NULL,
    -- The claimant's opaque id.
    claimant_id text COLLATE "C" NOT NULL,
    -- The opaque place the payment service pays to.
    destination text COLLATE "C" NOT NULL,
    -- The claimed units: ordinal and verdict of each.
    units json NOT NULL,
    -- The legal basis asked for, or BEST.
    basis_chosen text COLLATE "C" NOT NULL,
    -- The legal basis the award rests on; empty before the first verdict.
    basis text COLLATE "C" NOT NULL,
    -- The policy the award was computed under; empty before.
    policy_id text COLLATE "C" NOT NULL,
    -- Its version; zero before.
    policy_version integer NOT NULL,
    -- The pricing group.
    group_id text COLLATE "C" NOT NULL,
    -- Whether the price back is claimed.
    wants_refund boolean NOT NULL,
    -- Whether compensation is claimed.
    wants_compensation boolean NOT NULL,
    -- Why the claimant calls the goods counterfeit.
    grounds text COLLATE "C" NOT NULL,
    -- When the claimant learned of it.
    learned_at timestamptz NOT NULL,
    -- When the request arrived; windows are judged by it.
    arrived_at timestamptz NOT NULL,
    -- The book's time of filing.
    filed_at timestamptz NOT NULL,
    -- The book's currency.
    currency text COLLATE "C" NOT NULL,
    -- Refund awarded, minor units.
    award_refund_minor bigint NOT NULL,
    -- Compensation awarded, minor units.
    award_compensation_minor bigint NOT NULL,
    -- What lies in open holds, minor units.
    held_minor bigint NOT NULL,
    -- Captured from the deposit, minor units.
    from_deposit_minor bigint NOT NULL,
    -- Captured from shop funds, minor units.
    from_shop_funds_minor bigint NOT NULL,
    -- Advanced by the platform, minor units.
    advanced_minor bigint NOT NULL,
    -- Refund sent and unconfirmed, minor units.
    refund_in_flight_minor bigint NOT NULL,
    -- Refund that reached the consumer, minor units.
    refund_paid_minor bigint NOT NULL,
    -- Compensation sent and unconfirmed, minor units.
    compensation_in_flight_minor bigint NOT NULL,
    -- Compensation that reached the consumer, minor units.
    compensation_paid_minor bigint NOT NULL,
    -- When delivery of the notice was confirmed.
    notice_confirmed_at timestamptz,
    -- What fires next, empty for nothing.
    fires text COLLATE "C" NOT NULL,
    -- When it fires.
    deadline_at timestamptz,
    -- Whether a deadline passed that only a person can answer.
    escalated boolean NOT NULL,
    -- The person who took the review, empty for none.
    assignee text COLLATE "C" NOT NULL,
    CONSTRAINT claims_key PRIMARY KEY (merchant_id, claim_id),
    CONSTRAINT claims_order_line FOREIGN KEY (merchant_id, order_line_id)
        REFERENCES order_lines (merchant_id, order_line_id),
    CONSTRAINT claims_state_known CHECK (state IN (
        'AUTHENTICATING', 'IN_REVIEW', 'NOTIFIED', 'APPEALED', 'AWAITING_APPROVAL',
        'PAYING', 'PAYOUT_FAILED', 'PAID', 'REJECTED', 'WITHDRAWN', 'EXPIRED')),
    CONSTRAINT claims_verdict_known CHECK (verdict IN ('PENDING', 'COUNTERFEIT', 'GENUINE', 'INCONCLUSIVE')),
    CONSTRAINT claims_deadline_has_effect CHECK ((fires = '') = (deadline_at IS NULL)),
    CONSTRAINT claims_amounts_not_negative CHECK (
        award_refund_minor >= 0 AND award_compensation_minor >= 0 AND held_minor >= 0
        AND from_deposit_minor >= 0 AND from_shop_funds_minor >= 0 AND advanced_minor >= 0
        AND refund_in_flight_minor >= 0 AND refund_paid_minor >= 0
        AND compensation_in_flight_minor >= 0 AND compensation_paid_minor >= 0),
    CONSTRAINT claims_paid_from_funding CHECK (
        refund_in_flight_minor + refund_paid_minor + compensation_in_flight_minor + compensation_paid_minor
        <= from_deposit_minor + from_shop_funds_minor + advanced_minor)
) WITH (fillfactor = 45);

CREATE INDEX claims_by_id ON claims (claim_id);
CREATE INDEX claims_of_order ON claims (order_id, claim_id);
CREATE INDEX claims_of_claimant ON claims (claimant_id, claim_id);

-- Who owns a unit: at most one live claim. A row goes when its claim ends without a payout.
CREATE TABLE claimed_units (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The order line.
    order_line_id text COLLATE "C" NOT NULL,
    -- The unit's place within the line's quantity, from 1.
    ordinal integer NOT NULL,
    -- The claim that owns it.
    claim_id text COLLATE "C" NOT NULL,
    CONSTRAINT claimed_units_key PRIMARY KEY (merchant_id, order_line_id, ordinal),
    CONSTRAINT claimed_units_ordinal_positive CHECK (ordinal > 0)
);

CREATE TABLE claim_revisions (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The claim.
    claim_id text COLLATE "C" NOT NULL,
    -- Counts the claim's verdicts from 1.
    revision integer NOT NULL,
    -- What was found.
    verdict text COLLATE "C" NOT NULL,
    -- Verdict of each unit.
    units json NOT NULL,
    -- Refund awarded, minor units.
    refund_minor bigint NOT NULL,
    -- Compensation awarded, minor units.
    compensation_minor bigint NOT NULL,
    -- The legal basis.
    basis text COLLATE "C" NOT NULL,
    -- The policy.
    policy_id text COLLATE "C" NOT NULL,
    -- Its version.
    policy_version integer NOT NULL,
    -- What made the revision: a trigger of the state machine, or REPRICED.
    cause text COLLATE "C" NOT NULL,
    -- The decider's reason as given; empty for none.
    note text NOT NULL,
    -- The full calculation, step by step.
    calculation json NOT NULL,
    -- The event of the command that made it.
    event_number bigint NOT NULL,
    -- The book's time.
    recorded_at timestamptz NOT NULL,
    CONSTRAINT claim_revisions_key PRIMARY KEY (merchant_id, claim_id, revision),
    CONSTRAINT claim_revisions_verdict_known CHECK (verdict IN ('PENDING', 'COUNTERFEIT', 'GENUINE', 'INCONCLUSIVE')),
    CONSTRAINT claim_revisions_amounts_not_negative CHECK (refund_minor >= 0 AND compensation_minor >= 0)
-- A calculation of some kilobytes stays in its row: compressing it costs more than the space.
) WITH (toast_tuple_target = 8160);

CREATE TABLE results (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- Time-ordered id of the result.
    result_id text COLLATE "C" NOT NULL,
    -- The claim it was recorded for.
    claim_id text COLLATE "C" NOT NULL,
    -- The order line of the sample.
    order_line_id text COLLATE "C" NOT NULL,
    -- Who issued it.
    authenticator_id text COLLATE "C" NOT NULL,
    -- The kind of authenticator when it was recorded.
    authenticator_kind text COLLATE "C" NOT NULL,
    -- The issuer's number of the report.
    report_number text COLLATE "C" NOT NULL,
    -- What it was found on.
    sample_source text COLLATE "C" NOT NULL,
    -- A second body's test after a conflict.
    reinspection boolean NOT NULL,
    -- No gap in the chain of custody and every seal matched.
    custody_intact boolean NOT NULL,
    -- Verdict of each unit tested.
    units json NOT NULL,
    -- Date of the report.
    issued_at timestamptz NOT NULL,
    -- SHA-256 of the report file, hex; empty where none was given.
    report_digest text COLLATE "C" NOT NULL,
    -- The issuer's words, as given.
    statement text NOT NULL,
    -- The event of the command that recorded it.
    event_number bigint NOT NULL,
    -- The book's time.
    recorded_at timestamptz NOT NULL,
    CONSTRAINT results_key PRIMARY KEY (merchant_id, result_id),
    CONSTRAINT results_report_once UNIQUE (merchant_id, authenticator_id, report_number),
    CONSTRAINT results_sample_source_known CHECK (sample_source IN (
        'SEALED_PLATFORM_SAMPLE', 'CONSUMER_SAMPLE', 'TRACE_DATA', 'PHOTOS'))
);

CREATE INDEX results_of_claim ON results (claim_id, result_id);

CREATE TABLE holds (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The claim it is for.
    claim_id text COLLATE "C" NOT NULL,
    -- Counts the claim's holds from 1.
    hold_number integer NOT NULL,
    -- The account it was taken from.
    source text COLLATE "C" NOT NULL,
    -- Where the hold stands.
    state text COLLATE "C" NOT NULL,
    -- What was set aside, minor units.
    amount_minor bigint NOT NULL,
    -- What was captured so far, minor units.
    captured_minor bigint NOT NULL,
    -- What was given back so far, minor units.
    released_minor bigint NOT NULL,
    -- When it was placed.
    placed_at timestamptz NOT NULL,
    -- When nothing was left held.
    ended_at timestamptz,
    CONSTRAINT holds_key PRIMARY KEY (merchant_id, claim_id, hold_number),
    CONSTRAINT holds_source_known CHECK (source IN ('DEPOSIT', 'SHOP_FUNDS')),
    CONSTRAINT holds_state_known CHECK (state IN ('HELD', 'CAPTURED', 'RELEASED', 'EXPIRED')),
    CONSTRAINT holds_parts_within_amount CHECK (
        amount_minor > 0 AND captured_minor >= 0 AND released_minor >= 0
        AND captured_minor + released_minor <= amount_minor),
    CONSTRAINT holds_ended_when_empty CHECK (
        (state = 'HELD') = (captured_minor + released_minor < amount_minor)
        AND (state = 'HELD') = (ended_at IS NULL))
) WITH (fillfactor = 50);

CREATE TABLE moves (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The claim.
    claim_id text COLLATE "C" NOT NULL,
    -- The claim's version after the move.
    version bigint NOT NULL,
    -- The state before; empty for the filing.
    from_state text COLLATE "C" NOT NULL,
    -- The state after.
    to_state text COLLATE "C" NOT NULL,
    -- What moved it.
    trigger text COLLATE "C" NOT NULL,
    -- The event of the move; exactly one.
    event_number bigint NOT NULL,
    -- The mover's reason as given; empty for none.
    note text NOT NULL,
    -- The book's time.
    recorded_at timestamptz NOT NULL,
    CONSTRAINT moves_key PRIMARY KEY (merchant_id, claim_id, version),
    CONSTRAINT moves_states_differ CHECK (from_state <> to_state)
);

-- What an open claim waits for: the narrow table that timers and queues read.
CREATE TABLE waits (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The claim.
    claim_id text COLLATE "C" NOT NULL,
    -- The claim's state.
    state text COLLATE "C" NOT NULL,
    -- Since when it is there.
    since timestamptz NOT NULL,
    -- What fires at the deadline, empty for nothing.
    fires text COLLATE "C" NOT NULL,
    -- When it fires.
    deadline_at timestamptz,
    CONSTRAINT waits_key PRIMARY KEY (merchant_id, claim_id)
) WITH (fillfactor = 70);

CREATE INDEX waits_by_deadline ON waits (deadline_at) WHERE deadline_at IS NOT NULL;
CREATE INDEX waits_by_queue ON waits (state, since, claim_id)
    WHERE state IN ('IN_REVIEW', 'APPEALED', 'AWAITING_APPROVAL', 'PAYOUT_FAILED');

GRANT SELECT, INSERT ON order_lines, order_line_refunds, pricing_groups, claim_revisions, results, moves TO tenfold_app;
GRANT SELECT, INSERT, UPDATE ON claims, holds TO tenfold_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON claimed_units, waits TO tenfold_app;
