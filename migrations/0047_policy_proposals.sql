-- +goose Up
-- A policy version is published once two people other than its proposer approve it.
-- What was proposed, by whom, and what people decided on it is kept.

CREATE TABLE policy_proposals (
    -- The policy.
    policy_id text COLLATE "C" NOT NULL,
    -- Counts the proposals of the policy from 1.
    proposal_number integer NOT NULL,
    -- The number that the version is to have.
    version integer NOT NULL,
    -- Every term of the version, as in policy_versions, without a time of publication.
    terms json NOT NULL,
    -- When the version is to take effect.
    effective_from timestamptz NOT NULL,
    -- Where it stands. One that is open past expires_at has expired.
    state text COLLATE "C" NOT NULL,
    -- Why it was proposed, as given.
    note text NOT NULL,
    -- The workload that proposed it.
    workload text COLLATE "C" NOT NULL,
    -- The role in which it was proposed.
    role text COLLATE "C" NOT NULL,
    -- The person who proposed it.
    person_id text COLLATE "C" NOT NULL,
    -- When it was proposed.
    proposed_at timestamptz NOT NULL,
    -- Until when it may be decided.
    expires_at timestamptz NOT NULL,
    -- When it was published, refused or withdrawn, or expired; NULL before.
    ended_at timestamptz,
    CONSTRAINT policy_proposals_key PRIMARY KEY (policy_id, proposal_number),
    CONSTRAINT policy_proposals_number_positive CHECK (proposal_number > 0),
    CONSTRAINT policy_proposals_state_known CHECK (state IN ('OPEN', 'PUBLISHED', 'REFUSED', 'WITHDRAWN', 'EXPIRED')),
    CONSTRAINT policy_proposals_ended_with_state CHECK ((state = 'OPEN') = (ended_at IS NULL)),
    CONSTRAINT policy_proposals_person_named CHECK (person_id <> '')
);

-- A policy has one open proposal at most.
CREATE UNIQUE INDEX policy_proposals_open_once ON policy_proposals (policy_id) WHERE state = 'OPEN';

CREATE TABLE policy_proposal_votes (
    -- The policy.
    policy_id text COLLATE "C" NOT NULL,
    -- The proposal.
    proposal_number integer NOT NULL,
    -- Counts what people decided on the proposal from 1.
    vote_number integer NOT NULL,
    -- What the person decided.
    action text COLLATE "C" NOT NULL,
    -- The workload that called for the person.
    workload text COLLATE "C" NOT NULL,
    -- The role in which it called.
    role text COLLATE "C" NOT NULL,
    -- The person.
    person_id text COLLATE "C" NOT NULL,
    -- The person's reason; may be empty.
    note text NOT NULL,
    -- When it was recorded.
    voted_at timestamptz NOT NULL,
    CONSTRAINT policy_proposal_votes_key PRIMARY KEY (policy_id, proposal_number, vote_number),
    CONSTRAINT policy_proposal_votes_person_once UNIQUE (policy_id, proposal_number, person_id),
    CONSTRAINT policy_proposal_votes_number_positive CHECK (vote_number > 0),
    CONSTRAINT policy_proposal_votes_action_known CHECK (action IN ('APPROVED', 'REFUSED', 'WITHDRAWN')),
    CONSTRAINT policy_proposal_votes_person_named CHECK (person_id <> '')
);

GRANT SELECT, INSERT ON policy_proposals, policy_proposal_votes TO tenfold_app;

GRANT UPDATE (state, ended_at) ON policy_proposals TO tenfold_app;
