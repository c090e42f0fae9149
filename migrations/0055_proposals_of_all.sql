-- +goose Up
-- Approvers read the proposals of all merchants, newest first: in one state, most often
-- OPEN, or all.
CREATE INDEX proposals_of_all_by_state ON proposals (state, proposed_at, merchant_id, proposal_number);
CREATE INDEX proposals_of_all ON proposals (proposed_at, merchant_id, proposal_number);

-- +goose Down
DROP INDEX proposals_of_all;
DROP INDEX proposals_of_all_by_state;
