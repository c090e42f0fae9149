-- +goose Up
ALTER TABLE transfers VALIDATE CONSTRAINT transfers_kind_known;
