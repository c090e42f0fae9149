-- +goose Up
-- A version of the decision rules is published once two people other than its proposer approve
-- it. What was proposed, by whom, and what people decided on it is kept.

CREATE TABLE rules_proposals (
    -- Counts the proposals from 1.
    proposal_number integer NOT NULL,
    -- The number that the version is to have.
    version integer NOT NULL,
    -- The rules, as in decision_rules.
    content json NOT NULL,
    -- The note of the version: why it is published.
    note text NOT NULL,
    -- When the version is to take effect.
    effective_from timestamptz NOT NULL,
    -- Where it stands. One that is open past expires_at has expired.
    state text COLLATE "C" NOT NULL,
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
    CONSTRAINT rules_proposals_key PRIMARY KEY (proposal_number),
    CONSTRAINT rules_proposals_number_positive CHECK (proposal_number > 0),
    CONSTRAINT rules_proposals_state_known CHECK (state IN ('OPEN', 'PUBLISHED', 'REFUSED', 'WITHDRAWN', 'EXPIRED')),
    CONSTRAINT rules_proposals_ended_with_state CHECK ((state = 'OPEN') = (ended_at IS NULL)),
    CONSTRAINT rules_proposals_person_named CHECK (person_id <> '')
);

-- There is one open proposal at most.
CREATE UNIQUE INDEX rules_proposals_open_once ON rules_proposals (state) WHERE state = 'OPEN';

CREATE TABLE rules_proposal_votes (
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
    CONSTRAINT rules_proposal_votes_key PRIMARY KEY (proposal_number, vote_number),
    CONSTRAINT rules_proposal_votes_person_once UNIQUE (proposal_number, person_id),
    CONSTRAINT rules_proposal_votes_number_positive CHECK (vote_number > 0),
    CONSTRAINT rules_proposal_votes_action_known CHECK (action IN ('APPROVED', 'REFUSED', 'WITHDRAWN')),
    CONSTRAINT rules_proposal_votes_person_named CHECK (person_id <> '')
);

GRANT SELECT, INSERT ON rules_proposals, rules_proposal_votes TO tenfold_app;

GRANT UPDATE (state, ended_at) ON rules_proposals TO tenfold_app;

GRANT INSERT ON decision_rules TO tenfold_app;
