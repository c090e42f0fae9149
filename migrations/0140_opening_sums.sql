-- +goose Up
-- A close keeps the opening sums, too: before the first closed month no close says them, and
-- facts of the time before still come in. A close of an earlier version has none.

ALTER TABLE period_sums DROP CONSTRAINT period_sums_section_known;

ALTER TABLE period_sums
    ADD CONSTRAINT period_sums_section_known CHECK (section IN ('OPENING', 'CLOSING', 'LATE'));

-- +goose Down
ALTER TABLE period_sums DROP CONSTRAINT period_sums_section_known;
