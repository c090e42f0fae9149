package postgres_test

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// The rows of a bulk: enough for the planner to care, and a hot merchant, order,
// claimant and product with a history that takes several pages to look through.
const (
	bulkRows = 30_000
	hotRows  = 12_000
)

// bulk is a database filled past the engine, to read from at size.
type bulk struct {
	t      testing.TB
	pg     *postgres.DB
	reader postgres.Reader
	app    *sqlx.DB
	admin  *sqlx.DB
	url    string // The application's.
	last   int    // The number of the newest rows.
}

// newBulk makes a database with the rows from first to last.
func newBulk(t testing.TB, first, last int) *bulk {
	t.Helper()
	db := pgtest.New(t)
	pg, err := postgres.Open(db.AppURL, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pg.Close() })
	admin, err := sqlx.ConnectContext(t.Context(), "postgres", db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	admin.SetMaxOpenConns(1)
	b := &bulk{t: t, pg: pg, reader: pg.Reader(), app: db.Open(t), admin: admin, url: db.AppURL}
	// Rows are made without what they refer to.
	b.run(`SET session_replication_role = replica`)
	b.fill(first, last)
	b.run(`ANALYZE`)
	return b
}

func (b *bulk) run(query string, args ...any) {
	b.t.Helper()
	if _, err := b.admin.ExecContext(b.t.Context(), query, args...); err != nil {
		b.t.Fatal(err)
	}
}

// fill makes the rows with the numbers from first to last in every table that
// lists read. Hot are the first and those added later; among them a state other
// than NOTIFIED is rare.
func (b *bulk) fill(first, last int) {
	b.t.Helper()
	b.run(`CREATE TEMPORARY TABLE IF NOT EXISTS seeds AS SELECT g, false AS hot, ''::text AS state, now() AS since FROM generate_series(1, 0) g`)
	b.run(`TRUNCATE seeds`)
	// What the digest of a line covers of texts: each with its length before it.
	b.run(`
		CREATE OR REPLACE FUNCTION pg_temp.words(VARIADIC list text[]) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
			SELECT string_agg(int8send(octet_length(w)) || convert_to(w, 'UTF8'), '' ORDER BY n) FROM unnest(list) WITH ORDINALITY AS x (w, n)
		$$`)
	b.run(`
		INSERT INTO seeds
		SELECT g, g <= $3 OR g > $4,
		       CASE
		           WHEN g <= $3 OR g > $4 THEN CASE g % 3000 WHEN 0 THEN 'REJECTED' WHEN 1 THEN 'IN_REVIEW' ELSE 'NOTIFIED' END
		           WHEN g % 2 = 0 THEN 'IN_REVIEW'
		           ELSE (ARRAY['AWAITING_APPROVAL', 'PAYOUT_FAILED', 'PAYING', 'PAID', 'NOTIFIED'])[g % 10 / 2 + 1]
		       END,
		       timestamptz '2026-01-01' + g * 7919 % 100003 * interval '1 second' + CASE WHEN g > $4 THEN interval '1 year' ELSE interval '0' END
		FROM generate_series($1::integer, $2::integer) g`, first, last, hotRows, bulkRows)
	for _, insert := range bulkInserts {
		b.run(insert)
	}
	b.last = last
}

// runs says whether a deadline runs for a claim of the bulk.
const runs = `state IN ('NOTIFIED', 'IN_REVIEW') AND g % 3 > 0`

// bulkDecisions is how many decisions of people the bulk has.
const bulkDecisions = bulkRows / 10

// bulkInserts fill one table each from the seeds.
var bulkInserts = []string{
	`INSERT INTO claims (
		merchant_id, claim_id, version, state, state_since, verdict, revision, order_line_id,
		order_id, payment_id, product_id, paid_at, claimant_id, destination, units,
		basis_chosen, basis, policy_id, policy_version, group_id, wants_refund,
		wants_compensation, grounds, learned_at, arrived_at, filed_at, currency,
		award_refund_minor, award_compensation_minor, held_minor, from_deposit_minor,
		from_shop_funds_minor, advanced_minor, refund_in_flight_minor, refund_paid_minor,
		compensation_in_flight_minor, compensation_paid_minor, notice_confirmed_at, fires,
		deadline_at, escalated, escalated_at, assignee, confirmed_at, external_reference)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'C' || lpad(g::text, 9, '0'), 1, state, since, 'COUNTERFEIT', 1, 'line' || g,
	       CASE WHEN hot THEN 'hot' ELSE 'o' || g END, CASE WHEN hot THEN 'hot' ELSE 'pay' || g END,
	       CASE WHEN hot THEN 'hot' ELSE 'p' || g % 200 END,
	       since, CASE WHEN hot THEN 'hot' ELSE 'c' || g / 4 END, 'wallet', '[{"ordinal":1,"verdict":"COUNTERFEIT"}]',
	       'PROMISE', 'PROMISE', 'policy', 1, 'group', true, true, 'COUNTERFEIT_TRADEMARK', since, since, since, 'CNY',
	       10, 100, 0, 0, 0, 0, 0, 0, 0, 0, NULL, CASE WHEN ` + runs + ` THEN 'LAPSES' ELSE '' END,
	       CASE WHEN ` + runs + ` THEN since + interval '7 days' END, g % 5 = 0,
	       CASE WHEN g % 5 = 0 AND g % 3 > 0 THEN since + (g * 7919 % 40) * interval '1 hour' END,
	       CASE WHEN state = 'IN_REVIEW' AND g % 4 = 0 THEN 'hot' WHEN state = 'IN_REVIEW' AND g % 7 = 0 THEN 'p' || g % 50 ELSE '' END,
	       CASE WHEN state = 'PAYING' THEN since END, CASE WHEN hot THEN 'hot' WHEN g % 4 = 0 THEN 'ref' || g ELSE '' END
	FROM seeds`,
	`INSERT INTO debts (merchant_id, kind, debt_id, sampling_case, since, open_minor, recorded_from, arose_at)
	SELECT c.merchant_id, 'SHORTFALL', c.claim_id, '', c.confirmed_at, 110, c.confirmed_at, c.confirmed_at
	FROM seeds s JOIN claims c ON c.claim_id = 'C' || lpad(s.g::text, 9, '0')
	WHERE c.state = 'PAYING'`,
	`INSERT INTO waits (merchant_id, claim_id, state, since, fires, deadline_at, assignee)
	SELECT c.merchant_id, c.claim_id, c.state, c.state_since, c.fires, c.deadline_at, c.assignee
	FROM seeds s JOIN claims c ON c.claim_id = 'C' || lpad(s.g::text, 9, '0')
	WHERE c.state NOT IN ('PAID', 'REJECTED')`,
	`INSERT INTO payouts (
		merchant_id, payout_id, claim_id, part, state, amount_minor, currency, out_number, payment_id, destination,
		not_after, gateway_reference, failure_code, created_at, answered_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'P' || lpad(g::text, 9, '0'), 'C' || lpad(g::text, 9, '0'), 'REFUND',
	       CASE WHEN g % 3000 = 0 THEN 'FAILED' ELSE 'SUCCEEDED' END, 10, 'CNY', 'out' || g, 'pay' || g, 'wallet',
	       since, CASE WHEN hot THEN 'hot' WHEN g % 3 = 0 THEN '' ELSE 'gw' || g / 2 END, '', since, since
	FROM seeds`,
	`INSERT INTO reservations (kind, reference, merchant_id, holder, reserved_at, attempts)
	SELECT 'OUT_NUMBER', 'out' || g, CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'P' || lpad(g::text, 9, '0'), since, 1
	FROM seeds`,
	`INSERT INTO payout_dues (merchant_id, payout_id, due_at, attempts)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'P' || lpad(g::text, 9, '0'), since,
	       CASE WHEN NOT hot AND g % 2 = 1 THEN 10 ELSE 1 END
	FROM seeds`,
	`INSERT INTO webhook_deliveries (merchant_id, webhook_id, event_number, due_at, attempts, last_status, last_failure, dead_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'w', g, since, 0, 0, '', CASE WHEN g % 3000 = 0 THEN since END
	FROM seeds`,
	`INSERT INTO holds (
		merchant_id, claim_id, hold_number, source, state, amount_minor, captured_minor, released_minor, placed_at, ended_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'C' || lpad(g::text, 9, '0'), n, 'DEPOSIT',
	       CASE WHEN g % 3000 = 0 THEN 'HELD' ELSE 'RELEASED' END, 10, 0, CASE WHEN g % 3000 = 0 THEN 0 ELSE 10 END,
	       since, CASE WHEN g % 3000 = 0 THEN NULL ELSE since END
	FROM seeds CROSS JOIN generate_series(1, 1 + (g % 10 = 0)::integer) n`,
	`INSERT INTO transfers (
		merchant_id, transfer_number, event_number, kind, debit_purpose, credit_purpose, amount_minor, currency,
		claim_id, recorded_at, effective_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, g, g, 'DEPOSIT_HELD', 'DEPOSIT', 'DEPOSIT_HELD', 10, 'CNY',
	       'C' || lpad((g / 8)::text, 9, '0'), since, since
	FROM seeds`,
	// Eight events with moves, revisions and results a claim; those of results are hot.
	`INSERT INTO events (
		merchant_id, event_number, kind, claim_id, recorded_at, encoding, content, hash,
		claim_version, from_state, to_state, trigger, note, first_transfer, last_transfer)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, g, 'CLAIM_FILED', 'C' || lpad((g / 8)::text, 9, '0'), since, 1,
	       '{"workload":"test","role":"operator","person":"' || repeat('ab', 32) || '"}', decode(repeat('00', 32), 'hex'),
	       g, 'IN_REVIEW', 'NOTIFIED', 'REVIEW_UPHELD', '', g, g
	FROM seeds`,
	`INSERT INTO claim_notes (merchant_id, claim_id, note_number, visibility, text, event_number, added_as, added_by, added_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'C' || lpad((g / 8)::text, 9, '0'), 1 + g % 8, 'INTERNAL', 'note', g,
	       'support', 'person', since
	FROM seeds`,
	// The hot ones are open, and all of one body.
	`INSERT INTO commissions (
		merchant_id, claim_id, commission_number, authenticator_id, state, units, questions, photo_digests, due_at, fee_minor,
		replaces_number, draw_seed, draw_candidates, made_as, made_by, made_at, event_number, shipment, chases, note, ended_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'C' || lpad((g / 8)::text, 9, '0'), 1 + g % 8,
	       CASE WHEN hot THEN 'hot' ELSE 'lab-' || g % 10 END, CASE WHEN hot THEN 'ACCEPTED' ELSE 'REPORTED' END, '[]', '', '{}', since, 0,
	       0, '', '{}', 'support', 'person', since, g, '', 0, '', CASE WHEN NOT hot THEN since END
	FROM seeds`,
	`INSERT INTO custody_steps (
		merchant_id, claim_id, step_number, sample_id, kind, units, happened_at, location, actor, authenticator_id, seals, weight_milligrams,
		evidence_digests, corrects_number, note, recorded_as, recorded_by, recorded_at, event_number)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'C' || lpad((g / 8)::text, 9, '0'), 1 + g % 8, 'S1', 'RECEIVED', '1', since,
	       '', '', '', '{}', 0, '{}', 0, '', 'support', 'person', since, g
	FROM seeds`,
	`INSERT INTO evidence_disclosures (merchant_id, claim_id, evidence_number, party, note, made_as, made_by, made_at, event_number)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'C' || lpad((g / 8)::text, 9, '0'), g, 'MERCHANT', '', 'support', 'person', since, g
	FROM seeds`,
	// The hot ones are open; half of them ask the merchant, the others the consumer or the body.
	`INSERT INTO evidence_requests (
		merchant_id, claim_id, request_number, asked, authenticator_id, state, kind, question, due_at, made_as, made_by, made_at,
		event_number, answers, note, ended_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'C' || lpad((g / 8)::text, 9, '0'), 1 + g % 8,
	       CASE g % 4 WHEN 0 THEN 'CONSUMER' WHEN 1 THEN 'AUTHENTICATOR' ELSE 'MERCHANT' END, CASE g % 4 WHEN 1 THEN 'hot' ELSE '' END,
	       CASE WHEN hot THEN 'OPEN' ELSE 'CANCELLED' END, 'INVOICE', '', since, 'support', 'person', since,
	       g, 0, '', CASE WHEN NOT hot THEN since END
	FROM seeds`,
	`INSERT INTO claim_revisions (
		merchant_id, claim_id, revision, verdict, units, refund_minor, compensation_minor, basis, policy_id,
		policy_version, cause, note, calculation, event_number, recorded_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'C' || lpad((g / 8)::text, 9, '0'), g, 'COUNTERFEIT', '[]', 10, 100, 'PROMISE', 'policy',
	       1, 'REPRICED', '', '{"policy_id":""}', g, since
	FROM seeds`,
	`INSERT INTO results (
		merchant_id, result_id, claim_id, order_line_id, authenticator_id, authenticator_kind, report_number,
		sample_source, reinspection, custody_intact, units, issued_at, report_digest, statement, event_number, recorded_at)
	SELECT 'hot', 'R' || lpad(g::text, 9, '0'), 'C' || lpad(greatest(g / 8, 1)::text, 9, '0'), 'line' || g / 8,
	       'lab', 'ACCREDITED_LAB', 'report' || g, 'PHOTOS', false, true, '[]', since, '', '', g, since
	FROM seeds`,
	// One result of ten was taken back.
	`INSERT INTO result_retractions (merchant_id, result_id, claim_id, note, event_number, retracted_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'R' || lpad(g::text, 9, '0'), 'C' || lpad((g / 8)::text, 9, '0'), '', g, since
	FROM seeds
	WHERE g % 10 = 0`,
	`INSERT INTO order_line_refunds (merchant_id, order_line_id, refund_id, amount_minor, refunded_at, recorded_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'line' || g / 8, 'refund' || g, 10, since, since
	FROM seeds`,
	`INSERT INTO evidence (merchant_id, claim_id, event_number, kind, reference, digest, note, added_as, added_by, added_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'C' || lpad((g / 8)::text, 9, '0'), g, 'PHOTO', 'r', '', '', 'support', '', since
	FROM seeds`,
	// Appeals and approvals of claims that nobody asks for.
	`INSERT INTO appeals (merchant_id, claim_id, revision, note, evidence, event_number, appealed_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'X' || lpad((g / 8)::text, 9, '0'), g, '', '{}', g, since
	FROM seeds`,
	`INSERT INTO approvals (merchant_id, claim_id, revision, person_id, amount_minor, note, event_number, approved_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'X' || lpad((g / 8)::text, 9, '0'), g, 'p', 10, '', g, since
	FROM seeds`,
	// A refund in four was reported by itself.
	`INSERT INTO events (merchant_id, event_number, kind, recorded_at, encoding, content, hash)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 1000000000 + g, 'ORDER_REFUND_REPORTED', since, 1,
	       '{"details":{"order_line":"line' || g / 8 || '","refund":"refund' || g || '"}}', decode(repeat('00', 32), 'hex')
	FROM seeds
	WHERE g % 4 = 0`,
	`INSERT INTO order_lines (merchant_id, order_line_id, order_id, payment_id, product_id, paid_at, content, digest, recorded_at)
	SELECT m, l, 'o', 'p', 'p', since,
	       json_build_array(2, json_build_object(
	           'merchant_id', m, 'order_line_id', l, 'order_id', 'o', 'payment_id', 'p',
	           'paid_at', to_char(since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'product_id', 'p', 'quantity', 1,
	           'currency', 'CNY', 'unit_price_minor', 10, 'goods_paid_minor', 10, 'payer_id', 'c')),
	       sha256(
	           pg_temp.words('tenfold.order_line.v1', m, l, 'o', 'p')
	           || int8send(1) || int8send((extract(epoch FROM since) * 1000000)::bigint) || int8send(0) || int8send(0) || int8send(0)
	           || pg_temp.words('p', '', '', '') || int8send(1) || pg_temp.words('CNY')
	           || int8send(10) || int8send(10) || int8send(0) || int8send(0) || int8send(0) || int8send(0) || pg_temp.words('c', '')),
	       since
	FROM (SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END AS m, 'line' || g AS l, since FROM seeds) s`,
	// Every line was corrected once.
	`INSERT INTO order_line_corrections (merchant_id, order_line_id, revision, order_id, payment_id, product_id, paid_at, content, digest,
		recorded_at, note, corrected_as, corrected_by, event_number, corrected_at)
	SELECT merchant_id, order_line_id, 1, order_id, payment_id, product_id, paid_at, content, digest, recorded_at, '', 'operator', '', 1, recorded_at
	FROM order_lines
	ON CONFLICT DO NOTHING`,
	// Every third event that is not hot is quarantined, or was.
	`INSERT INTO event_quarantines (merchant_id, event_number, entry_number, quarantined, cause, author, recorded_at)
	SELECT 'm' || g % 10, g, n, n = 1, 'cause', 'relay', since
	FROM seeds CROSS JOIN generate_series(1, 1 + g % 2) n
	WHERE NOT hot AND g % 3 = 0`,
	// Every seed has a break, of which every third is open.
	`INSERT INTO reconciliation_breaks (break_id, file_day, side, class, subject, number, merchant, payout_id, claim_id, import_id, line_number,
		expected_minor, found_minor, currency, detail, state, assignee, opened_at, due_at, closed_at, close_reason, version)
	SELECT 'B' || lpad(g::text, 8, '0') || hot, since::date, 'GATEWAY', 'CUT_OFF', g || ' ' || hot, 'n' || g, '', '', '', '', 0, 1, 0, 'CNY', 'd',
		CASE WHEN g % 3 = 0 THEN 'OPEN' ELSE 'CLOSED' END, '', since, since + interval '3 days', CASE WHEN g % 3 > 0 THEN since END,
		CASE WHEN g % 3 > 0 THEN 'SETTLED' ELSE '' END, 1
	FROM seeds`,
	`INSERT INTO requests (merchant_id, workload, method, request_id, digest, event_number, recorded_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'test', 'FileClaim', 'r' || g, decode(repeat('00', 32), 'hex'), g, since
	FROM seeds`,
	`INSERT INTO person_commitments (merchant_id, person_id, salt, commitment)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, 'person' || g, '', sha256(g::text::bytea)
	FROM seeds`,
	// What a person decided on a claim of a merchant of its own, and before it the way there.
	`INSERT INTO events (
		merchant_id, event_number, kind, claim_id, recorded_at, encoding, content, hash, claim_version, from_state, to_state, trigger, note)
	SELECT 'd', 2 * g + n, CASE n WHEN 0 THEN 'RESULT_RECORDED' ELSE 'REVIEW_DECIDED' END, 'D' || g, since + n * interval '1 hour', 1,
	       '{"workload":"test","role":"operator","person":"' || encode(sha256(g::text::bytea), 'hex') || '"}', decode(repeat('00', 32), 'hex'),
	       n + 1, CASE n WHEN 0 THEN 'AUTHENTICATING' ELSE 'IN_REVIEW' END, CASE n WHEN 0 THEN 'IN_REVIEW' ELSE 'NOTIFIED' END,
	       CASE n WHEN 0 THEN 'RESULT_UNDECIDED' ELSE 'REVIEW_UPHELD' END, ''
	FROM seeds CROSS JOIN generate_series(0, 1) n
	WHERE g % 10 = 0`,
	`INSERT INTO books (merchant_id, currency, version, event_number, event_hash, transfer_number, recorded_at, opened_at)
	SELECT m, 'CNY', 1, 1, decode(repeat('00', 32), 'hex'), 0, since, since
	FROM seeds CROSS JOIN unnest(CASE WHEN g = 1 THEN ARRAY['hot'] ELSE ARRAY['m' || g % 10, 'b' || g] END) m
	ON CONFLICT DO NOTHING`,
	`INSERT INTO proposal_votes (merchant_id, proposal_number, person_id, approved, note, event_number, voted_at)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, g, 'q', g % 50 = 0, '', g + 1, since
	FROM seeds`,
	`INSERT INTO proposals (merchant_id, proposal_number, kind, state, amount_minor, debt_kind, debt_id, note, proposed_by, proposed_at, ended_at, undone_minor)
	SELECT CASE WHEN hot THEN 'hot' ELSE 'm' || g % 10 END, g, 'PENALTY', CASE WHEN g % 50 = 0 THEN 'OPEN' ELSE 'REFUSED' END, 1, '', '', '', 'p', since,
	       CASE WHEN g % 50 > 0 THEN since END, 0
	FROM seeds`,
	`INSERT INTO access_refusals (refused_at, attempts, method, reason, workload, role, person, scope, target)
	SELECT since, 1, 'ClaimService/GetClaim', 'CLAIM_NOT_FOUND', CASE WHEN hot THEN 'hot' ELSE 'w' || g % 10 END, 'merchant', '', '', ''
	FROM seeds`,
}

// ids reads what a plain query says a list must hold.
func (b *bulk) ids(query string) []string {
	b.t.Helper()
	var ids []string
	if err := b.admin.SelectContext(b.t.Context(), &ids, query); err != nil {
		b.t.Fatal(err)
	}
	return ids
}
