-- +goose Up
-- Support looks at the claims of all merchants that wait for money, the oldest first.
CREATE INDEX debts_shortfalls ON debts (since, debt_id) WHERE kind = 'SHORTFALL';

-- +goose Down
DROP INDEX debts_shortfalls;
