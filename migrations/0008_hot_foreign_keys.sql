-- +goose Up
-- A foreign key is checked row by row and locks the parent: on the book it made
-- every filing touch the one row that all of the merchant's batches share. The
-- engine loads the book and the line before it writes under them, in the same
-- transaction and under the book's lock; the audit looks for strays.

ALTER TABLE order_lines DROP CONSTRAINT order_lines_book;
ALTER TABLE pricing_groups DROP CONSTRAINT pricing_groups_book;
ALTER TABLE claims DROP CONSTRAINT claims_order_line;
