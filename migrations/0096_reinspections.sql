-- +goose Up
-- By the third version of the decision rules, a re-inspection is another body's, and the first one
-- of a unit is final.

INSERT INTO decision_rules (version, note, published_at, effective_from, content) VALUES
    (3, 'A re-inspection is another body''s, and the first one is final.', now(), now(),
     '{"ladder":[{"rank":1,"kinds":["COURT"]},{"rank":8,"samples":["PHOTOS"]},{"rank":7,"samples":["TRACE_DATA"]},{"rank":7,"kinds":["TRACE"]},{"rank":2,"kinds":["ACCREDITED_LAB"],"reinspection":true},{"rank":3,"kinds":["ACCREDITED_LAB"],"samples":["SEALED_PLATFORM_SAMPLE"]},{"rank":4,"kinds":["BRAND"],"samples":["SEALED_PLATFORM_SAMPLE"]},{"rank":5,"kinds":["BRAND","ACCREDITED_LAB"]},{"rank":6}],"decidesAlone":5,"reinspection":{"independent":true,"final":true},"custody":{"unrecorded":"GAP","platform":["RECEIVED","SEALED","SHIPPED","ARRIVED","TESTED"],"consumer":["ARRIVED","TESTED"],"weightMilligrams":5000,"weightPerMille":20}}');
