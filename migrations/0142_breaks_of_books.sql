-- +goose Up
-- What an audit finds inside the books is a break, too: of the side BOOKS, with a class.

ALTER TABLE reconciliation_breaks DROP CONSTRAINT reconciliation_breaks_side_known;

ALTER TABLE reconciliation_breaks
    ADD CONSTRAINT reconciliation_breaks_side_known CHECK (side IN ('GATEWAY', 'CHANNEL', 'MARKETPLACE', 'BOOKS'));

ALTER TABLE reconciliation_breaks DROP CONSTRAINT reconciliation_breaks_class_known;

ALTER TABLE reconciliation_breaks
    ADD CONSTRAINT reconciliation_breaks_class_known CHECK (class IN (
        'MISSING_IN_FILE', 'CUT_OFF', 'MISSING_IN_LEDGER', 'AMOUNT_DIFFERS', 'UNIT_DIFFERS', 'SIGN_DIFFERS', 'DUPLICATE_PAYOUT',
        'STATUS_DIFFERS', 'REFUND_NOT_COMPLETED', 'RETURN_NOT_BOOKED', 'STATEMENT_DIFFERS', 'ORPHAN_DEBIT',
        'HOLDS_DIFFER', 'RECEIVABLE_DIFFERS', 'COUPONS_DIFFER', 'SOURCE_MIX_DIFFERS', 'FEE_MISCHARGED', 'BALANCE_NEGATIVE',
        'BOOKS_DIFFER'));

-- +goose Down
ALTER TABLE reconciliation_breaks DROP CONSTRAINT reconciliation_breaks_side_known;
ALTER TABLE reconciliation_breaks DROP CONSTRAINT reconciliation_breaks_class_known;
