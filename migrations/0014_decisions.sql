-- +goose Up
-- What two people decide about a merchant's money, coupons, who paid for tests, and
-- evidence that is added to claims.

ALTER TABLE books
    -- When a demand for deposit lapsed that is not met yet; NULL for none.
    ADD COLUMN demand_lapsed_at timestamptz;

ALTER TABLE claims
    -- Given up of what the merchant was charged for results, minor units.
    ADD COLUMN fee_written_off_minor bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT claims_fee_written_off_not_negative CHECK (fee_written_off_minor >= 0);

ALTER TABLE results
    -- What the result cost, minor units; zero where nobody told.
    ADD COLUMN fee_minor bigint NOT NULL DEFAULT 0,
    -- The currency of that; empty where nobody told.
    ADD COLUMN fee_currency text COLLATE "C" NOT NULL DEFAULT '',
    -- Who paid for it first; empty where nobody told.
    ADD COLUMN fee_paid_by text COLLATE "C" NOT NULL DEFAULT '',
    ADD CONSTRAINT results_fee_paid_by_known CHECK (fee_paid_by IN ('', 'CLAIMANT', 'PLATFORM')),
    ADD CONSTRAINT results_fee_has_payer CHECK (fee_minor >= 0 AND (fee_minor > 0) = (fee_paid_by <> ''));

ALTER TABLE payouts
    -- Where the coupon of a payout in that form stands; empty before it is issued.
    ADD COLUMN coupon_state text COLLATE "C" NOT NULL DEFAULT '',
    -- What of the coupon was spent, minor units; its face is the payout's amount.
    ADD COLUMN coupon_redeemed_minor bigint NOT NULL DEFAULT 0,
    -- Until when the coupon can be spent; NULL where the gateway did not say.
    ADD COLUMN coupon_expires_at timestamptz,
    ADD CONSTRAINT payouts_coupon_state_known CHECK (coupon_state IN ('', 'ISSUED', 'REDEEMED', 'LAPSED', 'RETURNED')),
    ADD CONSTRAINT payouts_coupon_has_form CHECK (coupon_state = '' OR form = 'COUPON'),
    ADD CONSTRAINT payouts_coupon_within_face CHECK (
        coupon_redeemed_minor BETWEEN 0 AND amount_minor
        AND (coupon_state = 'REDEEMED') = (coupon_redeemed_minor = amount_minor));

CREATE TABLE proposals (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The event that made it.
    proposal_number bigint NOT NULL,
    -- What is to be decided.
    kind text COLLATE "C" NOT NULL,
    -- Where it stands.
    state text COLLATE "C" NOT NULL,
    -- The amount, minor units.
    amount_minor bigint NOT NULL,
    -- The kind of the debt to give up; empty where it is about none.
    debt_kind text COLLATE "C" NOT NULL,
    -- The claim of the debt, or the payment reference of the top-up; empty where it is about none.
    debt_id text COLLATE "C" NOT NULL,
    -- The proposal that it undoes; NULL for none.
    undoes_number bigint,
    -- The proposer's reason, as given.
    note text NOT NULL,
    -- The person who proposed it.
    proposed_by text COLLATE "C" NOT NULL,
    -- The book's time.
    proposed_at timestamptz NOT NULL,
    -- When it was carried out, refused or void; NULL while it is open.
    ended_at timestamptz,
    -- The transfer that carried it out; NULL before.
    transfer_number bigint,
    -- What of it later proposals have undone, minor units.
    undone_minor bigint NOT NULL,
    CONSTRAINT proposals_key PRIMARY KEY (merchant_id, proposal_number),
    CONSTRAINT proposals_kind_known CHECK (kind IN (
        'WRITE_OFF', 'WRITE_OFF_RECOVERY', 'DEPOSIT_FORFEITURE', 'PENALTY', 'PENALTY_REVERSAL')),
    CONSTRAINT proposals_state_known CHECK (state IN ('OPEN', 'CARRIED_OUT', 'REFUSED', 'VOID')),
    CONSTRAINT proposals_debt_kind_known CHECK (debt_kind IN ('', 'ADVANCE', 'FEE', 'TOP_UP')),
    CONSTRAINT proposals_debt_named CHECK ((kind = 'WRITE_OFF') = (debt_kind <> '') AND (debt_kind = '') = (debt_id = '')),
    CONSTRAINT proposals_undoes_named CHECK ((kind IN ('WRITE_OFF_RECOVERY', 'PENALTY_REVERSAL')) = (undoes_number IS NOT NULL)),
    CONSTRAINT proposals_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT proposals_undone_within_amount CHECK (undone_minor BETWEEN 0 AND amount_minor),
    CONSTRAINT proposals_ended_with_state CHECK (
        (state = 'OPEN') = (ended_at IS NULL) AND (state = 'CARRIED_OUT') = (transfer_number IS NOT NULL))
);

CREATE INDEX proposals_by_state ON proposals (merchant_id, state, proposal_number);

CREATE TABLE proposal_votes (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The proposal.
    proposal_number bigint NOT NULL,
    -- The person who voted, once.
    person_id text COLLATE "C" NOT NULL,
    -- Whether the person agreed; one refusal ends the proposal.
    approved boolean NOT NULL,
    -- The person's note, as given; empty for none.
    note text NOT NULL,
    -- The event of the command.
    event_number bigint NOT NULL,
    -- The book's time.
    voted_at timestamptz NOT NULL,
    CONSTRAINT proposal_votes_key PRIMARY KEY (merchant_id, proposal_number, person_id)
);

GRANT SELECT, INSERT ON proposals, proposal_votes TO tenfold_app;
-- What was proposed never changes, only where it stands.
GRANT UPDATE (state, ended_at, transfer_number, undone_minor) ON proposals TO tenfold_app;

CREATE TABLE evidence (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The claim.
    claim_id text COLLATE "C" NOT NULL,
    -- The event that added it.
    event_number bigint NOT NULL,
    -- What it is, in the words of whoever added it.
    kind text COLLATE "C" NOT NULL,
    -- Where it is kept.
    reference text COLLATE "C" NOT NULL,
    -- SHA-256 of what is kept there, hex; empty where none was given.
    digest text COLLATE "C" NOT NULL,
    -- A note, as given; empty for none.
    note text NOT NULL,
    -- The role in which it was added.
    added_as text COLLATE "C" NOT NULL,
    -- The person who added it; empty where a service did on its own.
    added_by text COLLATE "C" NOT NULL,
    -- The book's time.
    added_at timestamptz NOT NULL,
    CONSTRAINT evidence_key PRIMARY KEY (merchant_id, claim_id, event_number)
);

GRANT SELECT, INSERT ON evidence TO tenfold_app;
