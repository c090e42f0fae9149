-- +goose Up
-- The claims that an authenticator has spoken on, over all merchants, in their order.
CREATE INDEX results_of_authenticator ON results (authenticator_id, claim_id, result_id);
