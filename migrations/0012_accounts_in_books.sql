-- +goose Up
-- A book's accounts move into its row: every command on the book locks, reads and
-- writes that row anyway, so that a balance costs no row of its own. What was the
-- table is a view of the same name.

ALTER TABLE books
    -- Running total of debits of PLATFORM_CASH, minor units.
    ADD COLUMN platform_cash_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of PLATFORM_CASH, minor units.
    ADD COLUMN platform_cash_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of SETTLEMENT_CLEARING, minor units.
    ADD COLUMN settlement_clearing_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of SETTLEMENT_CLEARING, minor units.
    ADD COLUMN settlement_clearing_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of RECEIVABLE, minor units.
    ADD COLUMN receivable_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of RECEIVABLE, minor units.
    ADD COLUMN receivable_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of CONSUMER_RECEIVABLE, minor units.
    ADD COLUMN consumer_receivable_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of CONSUMER_RECEIVABLE, minor units.
    ADD COLUMN consumer_receivable_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of AUTHENTICATION_FEES, minor units.
    ADD COLUMN authentication_fees_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of AUTHENTICATION_FEES, minor units.
    ADD COLUMN authentication_fees_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of REVERSAL_LOSS, minor units.
    ADD COLUMN reversal_loss_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of REVERSAL_LOSS, minor units.
    ADD COLUMN reversal_loss_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of WRITE_OFF, minor units.
    ADD COLUMN write_off_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of WRITE_OFF, minor units.
    ADD COLUMN write_off_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of DEPOSIT, minor units.
    ADD COLUMN deposit_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of DEPOSIT, minor units.
    ADD COLUMN deposit_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of DEPOSIT_HELD, minor units.
    ADD COLUMN deposit_held_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of DEPOSIT_HELD, minor units.
    ADD COLUMN deposit_held_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of SHOP_FUNDS, minor units.
    ADD COLUMN shop_funds_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of SHOP_FUNDS, minor units.
    ADD COLUMN shop_funds_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of SHOP_FUNDS_HELD, minor units.
    ADD COLUMN shop_funds_held_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of SHOP_FUNDS_HELD, minor units.
    ADD COLUMN shop_funds_held_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of CLAIM_PAYABLE, minor units.
    ADD COLUMN claim_payable_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of CLAIM_PAYABLE, minor units.
    ADD COLUMN claim_payable_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of PAYOUT_CLEARING, minor units.
    ADD COLUMN payout_clearing_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of PAYOUT_CLEARING, minor units.
    ADD COLUMN payout_clearing_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of COUPON_LIABILITY, minor units.
    ADD COLUMN coupon_liability_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of COUPON_LIABILITY, minor units.
    ADD COLUMN coupon_liability_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of PENALTY, minor units.
    ADD COLUMN penalty_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of PENALTY, minor units.
    ADD COLUMN penalty_credits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of debits of SUSPENSE, minor units.
    ADD COLUMN suspense_debits_minor bigint NOT NULL DEFAULT 0,
    -- Running total of credits of SUSPENSE, minor units.
    ADD COLUMN suspense_credits_minor bigint NOT NULL DEFAULT 0;

UPDATE books b
SET platform_cash_debits_minor = a.platform_cash_debits_minor,
    platform_cash_credits_minor = a.platform_cash_credits_minor,
    settlement_clearing_debits_minor = a.settlement_clearing_debits_minor,
    settlement_clearing_credits_minor = a.settlement_clearing_credits_minor,
    receivable_debits_minor = a.receivable_debits_minor,
    receivable_credits_minor = a.receivable_credits_minor,
    consumer_receivable_debits_minor = a.consumer_receivable_debits_minor,
    consumer_receivable_credits_minor = a.consumer_receivable_credits_minor,
    authentication_fees_debits_minor = a.authentication_fees_debits_minor,
    authentication_fees_credits_minor = a.authentication_fees_credits_minor,
    reversal_loss_debits_minor = a.reversal_loss_debits_minor,
    reversal_loss_credits_minor = a.reversal_loss_credits_minor,
    write_off_debits_minor = a.write_off_debits_minor,
    write_off_credits_minor = a.write_off_credits_minor,
    deposit_debits_minor = a.deposit_debits_minor,
    deposit_credits_minor = a.deposit_credits_minor,
    deposit_held_debits_minor = a.deposit_held_debits_minor,
    deposit_held_credits_minor = a.deposit_held_credits_minor,
    shop_funds_debits_minor = a.shop_funds_debits_minor,
    shop_funds_credits_minor = a.shop_funds_credits_minor,
    shop_funds_held_debits_minor = a.shop_funds_held_debits_minor,
    shop_funds_held_credits_minor = a.shop_funds_held_credits_minor,
    claim_payable_debits_minor = a.claim_payable_debits_minor,
    claim_payable_credits_minor = a.claim_payable_credits_minor,
    payout_clearing_debits_minor = a.payout_clearing_debits_minor,
    payout_clearing_credits_minor = a.payout_clearing_credits_minor,
    coupon_liability_debits_minor = a.coupon_liability_debits_minor,
    coupon_liability_credits_minor = a.coupon_liability_credits_minor,
    penalty_debits_minor = a.penalty_debits_minor,
    penalty_credits_minor = a.penalty_credits_minor,
    suspense_debits_minor = a.suspense_debits_minor,
    suspense_credits_minor = a.suspense_credits_minor
FROM (
    SELECT merchant_id,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'PLATFORM_CASH'), 0) AS platform_cash_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'PLATFORM_CASH'), 0) AS platform_cash_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'SETTLEMENT_CLEARING'), 0) AS settlement_clearing_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'SETTLEMENT_CLEARING'), 0) AS settlement_clearing_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'RECEIVABLE'), 0) AS receivable_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'RECEIVABLE'), 0) AS receivable_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'CONSUMER_RECEIVABLE'), 0) AS consumer_receivable_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'CONSUMER_RECEIVABLE'), 0) AS consumer_receivable_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'AUTHENTICATION_FEES'), 0) AS authentication_fees_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'AUTHENTICATION_FEES'), 0) AS authentication_fees_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'REVERSAL_LOSS'), 0) AS reversal_loss_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'REVERSAL_LOSS'), 0) AS reversal_loss_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'WRITE_OFF'), 0) AS write_off_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'WRITE_OFF'), 0) AS write_off_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'DEPOSIT'), 0) AS deposit_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'DEPOSIT'), 0) AS deposit_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'DEPOSIT_HELD'), 0) AS deposit_held_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'DEPOSIT_HELD'), 0) AS deposit_held_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'SHOP_FUNDS'), 0) AS shop_funds_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'SHOP_FUNDS'), 0) AS shop_funds_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'SHOP_FUNDS_HELD'), 0) AS shop_funds_held_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'SHOP_FUNDS_HELD'), 0) AS shop_funds_held_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'CLAIM_PAYABLE'), 0) AS claim_payable_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'CLAIM_PAYABLE'), 0) AS claim_payable_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'PAYOUT_CLEARING'), 0) AS payout_clearing_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'PAYOUT_CLEARING'), 0) AS payout_clearing_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'COUPON_LIABILITY'), 0) AS coupon_liability_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'COUPON_LIABILITY'), 0) AS coupon_liability_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'PENALTY'), 0) AS penalty_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'PENALTY'), 0) AS penalty_credits_minor,
           coalesce(max(debits_minor) FILTER (WHERE purpose = 'SUSPENSE'), 0) AS suspense_debits_minor,
           coalesce(max(credits_minor) FILTER (WHERE purpose = 'SUSPENSE'), 0) AS suspense_credits_minor
    FROM accounts
    GROUP BY merchant_id) a
WHERE b.merchant_id = a.merchant_id;

ALTER TABLE books ADD CONSTRAINT books_totals_not_negative CHECK (
    platform_cash_debits_minor >= 0
    AND platform_cash_credits_minor >= 0
    AND settlement_clearing_debits_minor >= 0
    AND settlement_clearing_credits_minor >= 0
    AND receivable_debits_minor >= 0
    AND receivable_credits_minor >= 0
    AND consumer_receivable_debits_minor >= 0
    AND consumer_receivable_credits_minor >= 0
    AND authentication_fees_debits_minor >= 0
    AND authentication_fees_credits_minor >= 0
    AND reversal_loss_debits_minor >= 0
    AND reversal_loss_credits_minor >= 0
    AND write_off_debits_minor >= 0
    AND write_off_credits_minor >= 0
    AND deposit_debits_minor >= 0
    AND deposit_credits_minor >= 0
    AND deposit_held_debits_minor >= 0
    AND deposit_held_credits_minor >= 0
    AND shop_funds_debits_minor >= 0
    AND shop_funds_credits_minor >= 0
    AND shop_funds_held_debits_minor >= 0
    AND shop_funds_held_credits_minor >= 0
    AND claim_payable_debits_minor >= 0
    AND claim_payable_credits_minor >= 0
    AND payout_clearing_debits_minor >= 0
    AND payout_clearing_credits_minor >= 0
    AND coupon_liability_debits_minor >= 0
    AND coupon_liability_credits_minor >= 0
    AND penalty_debits_minor >= 0
    AND penalty_credits_minor >= 0
    AND suspense_debits_minor >= 0
    AND suspense_credits_minor >= 0);
ALTER TABLE books ADD CONSTRAINT books_balances_not_negative CHECK (
    receivable_debits_minor >= receivable_credits_minor
    AND consumer_receivable_debits_minor >= consumer_receivable_credits_minor
    AND authentication_fees_debits_minor >= authentication_fees_credits_minor
    AND reversal_loss_debits_minor >= reversal_loss_credits_minor
    AND write_off_debits_minor >= write_off_credits_minor
    AND deposit_credits_minor >= deposit_debits_minor
    AND deposit_held_credits_minor >= deposit_held_debits_minor
    AND shop_funds_credits_minor >= shop_funds_debits_minor
    AND shop_funds_held_credits_minor >= shop_funds_held_debits_minor
    AND claim_payable_credits_minor >= claim_payable_debits_minor
    AND payout_clearing_credits_minor >= payout_clearing_debits_minor
    AND coupon_liability_credits_minor >= coupon_liability_debits_minor
    AND penalty_credits_minor >= penalty_debits_minor
    AND suspense_credits_minor >= suspense_debits_minor);

DROP TABLE accounts;

CREATE VIEW accounts AS
SELECT b.merchant_id, a.purpose, a.debits_minor, a.credits_minor
FROM books b
CROSS JOIN LATERAL (VALUES
    ('PLATFORM_CASH', b.platform_cash_debits_minor, b.platform_cash_credits_minor),
    ('SETTLEMENT_CLEARING', b.settlement_clearing_debits_minor, b.settlement_clearing_credits_minor),
    ('RECEIVABLE', b.receivable_debits_minor, b.receivable_credits_minor),
    ('CONSUMER_RECEIVABLE', b.consumer_receivable_debits_minor, b.consumer_receivable_credits_minor),
    ('AUTHENTICATION_FEES', b.authentication_fees_debits_minor, b.authentication_fees_credits_minor),
    ('REVERSAL_LOSS', b.reversal_loss_debits_minor, b.reversal_loss_credits_minor),
    ('WRITE_OFF', b.write_off_debits_minor, b.write_off_credits_minor),
    ('DEPOSIT', b.deposit_debits_minor, b.deposit_credits_minor),
    ('DEPOSIT_HELD', b.deposit_held_debits_minor, b.deposit_held_credits_minor),
    ('SHOP_FUNDS', b.shop_funds_debits_minor, b.shop_funds_credits_minor),
    ('SHOP_FUNDS_HELD', b.shop_funds_held_debits_minor, b.shop_funds_held_credits_minor),
    ('CLAIM_PAYABLE', b.claim_payable_debits_minor, b.claim_payable_credits_minor),
    ('PAYOUT_CLEARING', b.payout_clearing_debits_minor, b.payout_clearing_credits_minor),
    ('COUPON_LIABILITY', b.coupon_liability_debits_minor, b.coupon_liability_credits_minor),
    ('PENALTY', b.penalty_debits_minor, b.penalty_credits_minor),
    ('SUSPENSE', b.suspense_debits_minor, b.suspense_credits_minor)) AS a (purpose, debits_minor, credits_minor);

GRANT SELECT ON accounts TO tenfold_app;
