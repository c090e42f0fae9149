-- +goose Up
ALTER TABLE jobs VALIDATE CONSTRAINT jobs_kind_known;
