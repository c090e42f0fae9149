-- +goose Up
-- Payouts to consumers and the worker's list of payouts to look after.

CREATE TABLE payouts (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- Time-ordered id of the payout.
    payout_id text COLLATE "C" NOT NULL,
    -- The claim it pays.
    claim_id text COLLATE "C" NOT NULL,
    -- REFUND gives the price back, COMPENSATION is what comes on top.
    part text COLLATE "C" NOT NULL,
    -- Where the payout stands.
    state text COLLATE "C" NOT NULL,
    -- What is paid, minor units.
    amount_minor bigint NOT NULL,
    -- The book's currency.
    currency text COLLATE "C" NOT NULL,
    -- The number the payout gateway knows it by; the same on every retry.
    out_number text COLLATE "C" NOT NULL,
    -- The original payment, which a refund may ride back on.
    payment_id text COLLATE "C" NOT NULL,
    -- The opaque place to pay to.
    destination text COLLATE "C" NOT NULL,
    -- The gateway must not pay after this time.
    not_after timestamptz NOT NULL,
    -- The gateway's own number, once known.
    gateway_reference text COLLATE "C" NOT NULL,
    -- The gateway's reason of a failure; empty for none.
    failure_code text COLLATE "C" NOT NULL,
    -- When it was instructed.
    created_at timestamptz NOT NULL,
    -- When the last answer was recorded.
    answered_at timestamptz,
    CONSTRAINT payouts_key PRIMARY KEY (merchant_id, payout_id),
    CONSTRAINT payouts_part_known CHECK (part IN ('REFUND', 'COMPENSATION')),
    CONSTRAINT payouts_state_known CHECK (state IN ('INSTRUCTED', 'SUCCEEDED', 'FAILED', 'RETURNED')),
    CONSTRAINT payouts_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT payouts_out_number_length CHECK (length(out_number) BETWEEN 1 AND 32),
    CONSTRAINT payouts_answered CHECK ((state = 'INSTRUCTED') OR (answered_at IS NOT NULL))
) WITH (fillfactor = 50);

CREATE INDEX payouts_of_claim ON payouts (claim_id, payout_id);

-- Payouts whose outcome is not known yet, and when to look at them again.
CREATE TABLE payout_dues (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The payout.
    payout_id text COLLATE "C" NOT NULL,
    -- When a worker should query or instruct it.
    due_at timestamptz NOT NULL,
    -- How often a worker has taken it.
    attempts integer NOT NULL,
    CONSTRAINT payout_dues_key PRIMARY KEY (merchant_id, payout_id)
) WITH (fillfactor = 70);

CREATE INDEX payout_dues_by_time ON payout_dues (due_at);

GRANT SELECT, INSERT, UPDATE ON payouts TO tenfold_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON payout_dues TO tenfold_app;
