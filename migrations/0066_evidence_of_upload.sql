-- +goose NO TRANSACTION
-- +goose Up
-- Before an upload is dropped, it is looked for among the evidence. The index is built while
-- servers write; what a broken attempt has left is built anew.
DROP INDEX CONCURRENTLY IF EXISTS evidence_of_upload;

CREATE INDEX CONCURRENTLY evidence_of_upload ON evidence (merchant_id, upload_id) WHERE upload_id <> '';

-- +goose Down
DROP INDEX CONCURRENTLY evidence_of_upload;
