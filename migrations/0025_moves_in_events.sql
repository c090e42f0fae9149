-- +goose Up
-- A claim's move is told by exactly one event, and every transfer belongs to one
-- that is about its claim. So a move stands in the row of its event, with the
-- numbers of the event's transfers, and both are found by the claim through one
-- index of events. What was the table of moves is a view of the same name.

ALTER TABLE events
    -- The claim's version after the move, where the event tells of one.
    ADD COLUMN claim_version bigint,
    -- The state before the move; empty for the filing.
    ADD COLUMN from_state text COLLATE "C",
    -- The state after the move.
    ADD COLUMN to_state text COLLATE "C",
    -- What moved the claim.
    ADD COLUMN trigger text COLLATE "C",
    -- The mover's reason as given; empty for none.
    ADD COLUMN note text COLLATE "C",
    -- The first of the event's transfers, where it has any.
    ADD COLUMN first_transfer bigint,
    -- The last of them.
    ADD COLUMN last_transfer bigint;

UPDATE events e
SET claim_version = m.version, from_state = m.from_state, to_state = m.to_state, trigger = m.trigger, note = m.note
FROM moves m
WHERE e.merchant_id = m.merchant_id AND e.event_number = m.event_number;

UPDATE events e
SET first_transfer = t.first, last_transfer = t.last
FROM (
    SELECT merchant_id, event_number, min(transfer_number) AS first, max(transfer_number) AS last
    FROM transfers
    GROUP BY merchant_id, event_number) t
WHERE e.merchant_id = t.merchant_id AND e.event_number = t.event_number;

ALTER TABLE events ADD CONSTRAINT events_move_whole CHECK (
    to_state IS NULL
    OR claim_id IS NOT NULL AND claim_version IS NOT NULL AND trigger IS NOT NULL AND note IS NOT NULL
        AND from_state IS NOT NULL AND from_state <> to_state);

ALTER TABLE events
    ALTER claim_version SET STATISTICS 0, ALTER from_state SET STATISTICS 0, ALTER to_state SET STATISTICS 0,
    ALTER trigger SET STATISTICS 0, ALTER note SET STATISTICS 0,
    ALTER first_transfer SET STATISTICS 0, ALTER last_transfer SET STATISTICS 0;

CREATE INDEX events_of_claim ON events (merchant_id, claim_id, event_number) WHERE claim_id IS NOT NULL;
DROP INDEX transfers_of_claim;
DROP TABLE moves;

CREATE VIEW moves AS
SELECT merchant_id, claim_id, claim_version AS version, from_state, to_state, trigger, event_number, note, recorded_at
FROM events
WHERE to_state IS NOT NULL;

GRANT SELECT ON moves TO tenfold_app;
