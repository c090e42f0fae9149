-- +goose Up
-- A refund of an order line may be told before any claim shows the line. It is kept under
-- the line's id, and set off once a claim is filed.

ALTER TABLE order_line_refunds DROP CONSTRAINT order_line_refunds_line;
