-- +goose Up
-- The chain of custody of samples is recorded step by step, and computed from the steps. How
-- results rank is told by versions of the decision rules.

CREATE TABLE custody_steps (
    -- The book.
    merchant_id text COLLATE "C" NOT NULL,
    -- The claim.
    claim_id text COLLATE "C" NOT NULL,
    -- Counts the claim's steps from 1.
    step_number integer NOT NULL,
    -- The sample, by the name that its first step gave it.
    sample_id text COLLATE "C" NOT NULL,
    -- What was done with it.
    kind text COLLATE "C" NOT NULL,
    -- The ordinals of the units that the sample consists of, with spaces between; empty but in its first step.
    units text NOT NULL,
    -- When it was done, as told.
    happened_at timestamptz NOT NULL,
    -- Where it was done, as told.
    location text NOT NULL,
    -- Who did it, as told.
    actor text NOT NULL,
    -- The body that had the sample; empty for none.
    authenticator_id text COLLATE "C" NOT NULL,
    -- The numbers of the seals that were put on or found.
    seals text[] COLLATE "C" NOT NULL,
    -- The weight in milligrams; 0 if it was not weighed.
    weight_milligrams bigint NOT NULL,
    -- Digests of evidence of the claim that shows the step.
    evidence_digests text[] COLLATE "C" NOT NULL,
    -- The step in whose place it stands; 0 for none.
    corrects_number integer NOT NULL,
    -- A remark, as given.
    note text NOT NULL,
    -- The role in which it was recorded.
    recorded_as text COLLATE "C" NOT NULL,
    -- The person who recorded it; empty where a service did on its own.
    recorded_by text COLLATE "C" NOT NULL,
    -- The book's time.
    recorded_at timestamptz NOT NULL,
    -- The event that tells of it.
    event_number bigint NOT NULL,
    CONSTRAINT custody_steps_key PRIMARY KEY (merchant_id, claim_id, step_number)
);

ALTER TABLE custody_steps
    ADD CONSTRAINT custody_steps_kind_known CHECK (kind IN (
        'BOUGHT', 'RECEIVED', 'UNBOXED', 'SEALED', 'SHIPPED', 'ARRIVED', 'TESTED', 'RETAINED', 'RETURNED', 'DESTROYED'));
ALTER TABLE custody_steps
    ADD CONSTRAINT custody_steps_number_bounded CHECK (step_number BETWEEN 1 AND 200);
ALTER TABLE custody_steps
    ADD CONSTRAINT custody_steps_corrects_earlier CHECK (corrects_number >= 0 AND corrects_number < step_number);
ALTER TABLE custody_steps
    ADD CONSTRAINT custody_steps_weight_not_negative CHECK (weight_milligrams >= 0);

GRANT SELECT, INSERT ON custody_steps TO tenfold_app;

CREATE TABLE decision_rules (
    -- Counts the versions from 1.
    version integer NOT NULL,
    -- Why it was published.
    note text NOT NULL,
    -- When it was published.
    published_at timestamptz NOT NULL,
    -- Claims that are filed from then on are decided by it, until a later version has taken effect.
    effective_from timestamptz NOT NULL,
    -- The rules, in the engine's own field names.
    content json NOT NULL,
    CONSTRAINT decision_rules_key PRIMARY KEY (version)
);

ALTER TABLE decision_rules
    ADD CONSTRAINT decision_rules_version_positive CHECK (version > 0);

-- The first version decides as results were always decided. By the second, which is for claims
-- that are filed from now on, nobody's word stands in for the steps of custody.
INSERT INTO decision_rules (version, note, published_at, effective_from, content) VALUES
    (1, 'As results were weighed before there were versions.', '2014-03-15T00:00:00Z', '2014-03-15T00:00:00Z',
     '{"ladder":[{"rank":1,"kinds":["COURT"]},{"rank":8,"samples":["PHOTOS"]},{"rank":7,"samples":["TRACE_DATA"]},{"rank":7,"kinds":["TRACE"]},{"rank":2,"kinds":["ACCREDITED_LAB"],"reinspection":true},{"rank":3,"kinds":["ACCREDITED_LAB"],"samples":["SEALED_PLATFORM_SAMPLE"]},{"rank":4,"kinds":["BRAND"],"samples":["SEALED_PLATFORM_SAMPLE"]},{"rank":5,"kinds":["BRAND","ACCREDITED_LAB"]},{"rank":6}],"decidesAlone":5,"custody":{"unrecorded":"AS_TOLD","platform":["RECEIVED","SEALED","SHIPPED","ARRIVED","TESTED"],"consumer":["ARRIVED","TESTED"],"weightMilligrams":5000,"weightPerMille":20}}'),
    (2, 'Custody is computed from its steps alone.', now(), now(),
     '{"ladder":[{"rank":1,"kinds":["COURT"]},{"rank":8,"samples":["PHOTOS"]},{"rank":7,"samples":["TRACE_DATA"]},{"rank":7,"kinds":["TRACE"]},{"rank":2,"kinds":["ACCREDITED_LAB"],"reinspection":true},{"rank":3,"kinds":["ACCREDITED_LAB"],"samples":["SEALED_PLATFORM_SAMPLE"]},{"rank":4,"kinds":["BRAND"],"samples":["SEALED_PLATFORM_SAMPLE"]},{"rank":5,"kinds":["BRAND","ACCREDITED_LAB"]},{"rank":6}],"decidesAlone":5,"custody":{"unrecorded":"GAP","platform":["RECEIVED","SEALED","SHIPPED","ARRIVED","TESTED"],"consumer":["ARRIVED","TESTED"],"weightMilligrams":5000,"weightPerMille":20}}');

GRANT SELECT ON decision_rules TO tenfold_app;

ALTER TABLE results
    -- The sample of the claim that was examined; empty where none is named.
    ADD COLUMN sample_id text COLLATE "C",
    -- The version of the decision rules that ranks it; empty for results from before there were versions.
    ADD COLUMN rules_version integer;
