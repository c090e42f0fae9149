-- +goose Up
-- What support has in hand when somebody calls: a payment, a number of the payment
-- channel, the number of a report, a state, a due time, a colleague. Each is one index.
-- Those on claims, payouts and results never change with a claim's life, except that a
-- payout enters its index once, when the channel tells its reference.

-- Partial for the planner's sake, like claims_of_product.
CREATE INDEX claims_of_payment ON claims (payment_id, claim_id) WHERE payment_id <> '';
ALTER TABLE claims ALTER payment_id SET STATISTICS 30;

CREATE INDEX payouts_of_gateway_reference ON payouts (gateway_reference, claim_id, payout_id) WHERE gateway_reference <> '';
ALTER TABLE payouts ALTER gateway_reference SET STATISTICS 30;

-- A report number as people read it: without width, without what nobody sees, without
-- spaces, and without the case of Latin letters. The statement that looks it up says the
-- same expression.
CREATE INDEX results_of_report ON results ((
    lower(regexp_replace(normalize(translate(report_number,
        U&'\00AD\034F\061C\180E\200B\200C\200D\200E\200F\2028\2029\202A\202B\202C\202D\202E\2060\FEFF', ''), NFKC), '\s', '', 'g'))
), claim_id, result_id);

ALTER TABLE waits
    -- The person who works on the claim, empty for nobody; as in claims.
    ADD COLUMN assignee text COLLATE "C" NOT NULL DEFAULT '';

GRANT UPDATE (assignee) ON waits TO tenfold_app;

UPDATE waits w
SET assignee = c.assignee
FROM claims c
WHERE c.merchant_id = w.merchant_id AND c.claim_id = w.claim_id AND c.assignee <> '';

-- Over all merchants by state, in the order of filing.
CREATE INDEX waits_by_state ON waits (state, claim_id);

-- By due time, with the claim, so that a list can go on where it stopped: over all
-- merchants, for which the timer takes it too, and of one merchant.
DROP INDEX waits_by_deadline;
CREATE INDEX waits_by_deadline ON waits (deadline_at, claim_id) WHERE deadline_at IS NOT NULL;
CREATE INDEX waits_of_merchant_by_deadline ON waits (merchant_id, deadline_at, claim_id) WHERE deadline_at IS NOT NULL;

-- What a person works on, and what nobody does. Only claims that were assigned, and only
-- those in review or appeal, have entries.
CREATE INDEX waits_by_assignee ON waits (assignee, claim_id) WHERE assignee <> '';
CREATE INDEX waits_by_assignee_and_deadline ON waits (assignee, deadline_at, claim_id)
    WHERE assignee <> '' AND deadline_at IS NOT NULL;

-- No person's id sorts before the empty one. An equation would let the planner take
-- waits_by_queue, and look at all that others work on.
CREATE INDEX waits_unassigned ON waits (assignee, state, since, claim_id)
    WHERE assignee <= '' AND state IN ('IN_REVIEW', 'APPEALED');
