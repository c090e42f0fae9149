-- +goose Up
ALTER TABLE claims VALIDATE CONSTRAINT claims_verdict_known;

ALTER TABLE claim_revisions VALIDATE CONSTRAINT claim_revisions_verdict_known;
