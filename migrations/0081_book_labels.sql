-- +goose Up
-- The marketplace writes labels on books for itself, as on claims.

ALTER TABLE books
    -- A line key=value for each label, by key; empty for none.
    ADD COLUMN labels text COLLATE "C" NOT NULL DEFAULT '';

ALTER TABLE books ALTER labels SET STATISTICS 0;

GRANT UPDATE (labels) ON books TO tenfold_app;

-- +goose Down
ALTER TABLE books DROP COLUMN labels;
