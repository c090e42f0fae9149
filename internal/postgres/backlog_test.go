package postgres_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Would catch a count of the wrong rows, one that goes beyond its bound, and a
// first of its kind that is not the first.
func TestBacklogCountsWhatWaits(t *testing.T) {
	t.Parallel()
	db, rows := withDues(t, 5)
	// Nobody has asked after any payout yet, so none is known to have no outcome.
	if first, err := db.Reader().Backlog(t.Context(), duesAt, duesAt, 100); err != nil || first.PayoutsOpen != 5 || !first.OldestUnknown.IsZero() {
		t.Fatalf("before the first look: %+v, %v", first, err)
	}
	for _, statement := range []string{
		`UPDATE payout_dues SET attempts = 10 WHERE payout_id IN ('p1', 'p2')`,
		`INSERT INTO waits (merchant_id, claim_id, state, since, fires, deadline_at)
		 SELECT 'm1', 'c' || i, (ARRAY['IN_REVIEW', 'APPEALED', 'APPEALED', 'AWAITING_APPROVAL', 'PAYOUT_FAILED', 'NOTIFIED', 'NOTIFIED'])[i],
		        '2026-03-01Z', '', CASE WHEN i > 5 THEN '2026-03-02 09:00Z'::timestamptz + (i - 5) * interval '1 minute' END
		 FROM generate_series(1, 7) i`,
		`INSERT INTO webhook_deliveries (merchant_id, webhook_id, event_number, due_at, attempts, last_status, last_failure, dead_at)
		 SELECT 'm1', 'w1', i, '2026-03-02 09:00Z'::timestamptz + i * interval '1 minute', 0, 0, '',
		        CASE WHEN i <= 3 THEN '2026-03-02 09:00Z'::timestamptz END
		 FROM generate_series(1, 6) i`,
		`INSERT INTO debts (merchant_id, kind, debt_id, sampling_case, since, open_minor, recorded_from, arose_at)
		 SELECT 'm1', kind, 'd' || i, '', '2026-03-02 09:00Z'::timestamptz - i * interval '1 minute', 1, '2026-03-02 09:00Z', '2026-03-02 09:00Z'
		 FROM generate_series(1, 3) i CROSS JOIN unnest(ARRAY['SHORTFALL', 'HOLD']) kind`,
		`INSERT INTO events (merchant_id, event_number, kind, recorded_at, encoding, content, hash)
		 SELECT 'm1', i, '', '2026-03-01Z', 1, '', decode(repeat('00', 32), 'hex') FROM generate_series(1, 3) i`,
		`INSERT INTO reconciliation_breaks (break_id, file_day, side, class, subject, number, merchant, payout_id, claim_id, import_id, line_number,
			expected_minor, found_minor, currency, detail, state, assignee, opened_at, due_at, closed_at, close_reason, version)
		 SELECT 'b' || i, '2026-03-01', 'CHANNEL', 'CUT_OFF', 'n' || i, 'n' || i, '', '', '', '', 0, 1, 0, 'CNY', 'd',
		        CASE WHEN i = 1 THEN 'CLOSED' ELSE 'OPEN' END, '', '2026-03-02 09:00Z', '2026-03-02 09:00Z'::timestamptz + i * interval '1 minute',
		        CASE WHEN i = 1 THEN '2026-03-02 09:00Z'::timestamptz END, CASE WHEN i = 1 THEN 'SETTLED' ELSE '' END, 1
		 FROM generate_series(1, 7) i`,
		`INSERT INTO uploads (merchant_id, upload_id, workload, role, scope, request_id, state, size_bytes, received_bytes, digest, media_type,
			masked_digest, created_at, expires_at)
		 SELECT 'm1', 'u' || i, 'w', 'support', '', 'r' || i, 'RECEIVING', 9, 0, '', '', '', '2026-03-01Z',
		        CASE WHEN i < 4 THEN '2026-03-02 09:00Z'::timestamptz + i * interval '1 minute' END
		 FROM generate_series(1, 4) i`,
		`INSERT INTO evidence_requests (merchant_id, claim_id, request_number, asked, authenticator_id, state, kind, question, due_at,
			made_as, made_by, made_at, event_number, answers, note, ended_at)
		 SELECT 'm1', 'c1', i, 'MERCHANT', '', CASE WHEN i = 1 THEN 'CANCELLED' ELSE 'OPEN' END, 'INVOICE', '',
		        '2026-03-02 09:00Z'::timestamptz + (i - 1) * interval '1 minute', 'support', '', '2026-03-01Z', 1, 0, '',
		        CASE WHEN i = 1 THEN '2026-03-01Z'::timestamptz END
		 FROM generate_series(1, 4) i`,
		`INSERT INTO jobs (job_id, kind, state, arguments, preview, cursor, done, total, refused, outcomes, attempts, failure, lease,
			lease_holder, lease_until, workload, role, person_id, created_at, approved_workload, approved_role, approved_person_id,
			changed_workload, changed_role, changed_person_id, ended_at, version, merchant, parts_until)
		 SELECT 'j' || i, CASE WHEN i IN (2, 6) THEN 'STATEMENT' ELSE 'RETRACTION' END, (ARRAY['QUEUED', 'RUNNING', 'RUNNING', 'PROPOSED', 'FAILED', 'DONE'])[i], '{}', '{}', '{}', 0, 0, 0, '{}',
		        0, '', 0, '', CASE i WHEN 2 THEN '2026-03-02 09:02Z'::timestamptz WHEN 3 THEN '2026-03-02 09:09Z' END, 'w', 'operator', 'p',
		        '2026-03-02 09:01Z', '', '', '', '', '', '', CASE WHEN i > 4 THEN '2026-03-02 09:01Z'::timestamptz END, 1,
		        CASE WHEN i IN (2, 6) THEN '' END, CASE i WHEN 6 THEN '2026-03-02 09:01Z'::timestamptz END
		 FROM generate_series(1, 6) i`,
		`INSERT INTO claims (merchant_id, claim_id, version, state, state_since, verdict, revision, order_line_id, order_id, payment_id, product_id,
			paid_at, claimant_id, destination, units, basis_chosen, basis, policy_id, policy_version, group_id, wants_refund,
			wants_compensation, grounds, learned_at, arrived_at, filed_at, currency, award_refund_minor, award_compensation_minor,
			held_minor, from_deposit_minor, from_shop_funds_minor, advanced_minor, refund_in_flight_minor, refund_paid_minor,
			compensation_in_flight_minor, compensation_paid_minor, fires, escalated, assignee, retest_at, retest_held)
		 SELECT 'm1', 'retest-' || i, 1, 'IN_REVIEW', s, 'PENDING', 0, 'l', 'o', 'p', 'p', s, 'c', 'w', '[]', 'PROMISE', '', '', 0, 'g', true, true,
		        'COUNTERFEIT_TRADEMARK', s, s, s, 'CNY', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', false, '',
		        CASE i WHEN 1 THEN s + interval '1 minute' WHEN 2 THEN s + interval '9 minutes' END, (ARRAY['', 'NO_BODY', 'GOODS_GONE'])[i]
		 FROM generate_series(1, 3) i CROSS JOIN (VALUES ('2026-03-02 09:00Z'::timestamptz)) v (s)`,
		// The first event is quarantined, the second was, the third is again.
		`INSERT INTO event_quarantines (merchant_id, event_number, entry_number, quarantined, cause, author, recorded_at)
		 SELECT 'm1', i, n, n <> 2, 'cause', 'relay', '2026-03-01Z' FROM generate_series(1, 3) i CROSS JOIN generate_series(1, i) n`,
	} {
		if _, err := rows.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	minute := func(n int) time.Time { return duesAt.Add(time.Duration(n) * time.Minute) }
	for _, row := range []struct {
		late, now time.Time
		most      int
		want      postgres.Backlog
	}{
		{minute(0), minute(0), 100, postgres.Backlog{
			PayoutsOpen: 5, PayoutsStuck: 2, OldestUnknown: duesAt, InReview: 1, Appealed: 2, AwaitingApproval: 1, PayoutFailed: 1,
			DeadLetters: 3, Quarantined: 2, Unfunded: 3, OldestUnfunded: minute(-3), BreaksOpen: 6,
			UploadsWaiting: 3, EvidenceAsked: 3, JobsOpen: 3, JobsProposed: 1, JobsFailed: 1, RetestsHeld: 2, StatementsOpen: 1, StatementsKept: 1,
		}},
		{minute(2), minute(5), 100, postgres.Backlog{
			PayoutsOpen: 5, PayoutsStuck: 2, OldestUnknown: duesAt, InReview: 1, Appealed: 2, AwaitingApproval: 1, PayoutFailed: 1,
			DeadlinesLate: 2, OldestLate: minute(1), DeliveriesDue: 2, OldestDelivery: minute(4), DeadLetters: 3, Quarantined: 2,
			Unfunded: 3, OldestUnfunded: minute(-3), BreaksOpen: 6, BreaksOverdue: 3, OldestBreak: minute(2),
			UploadsWaiting: 3, OldestUnswept: minute(1), EvidenceAsked: 3, EvidenceOverdue: 2, OldestAsked: minute(1),
			JobsOpen: 3, JobsProposed: 1, JobsFailed: 1, OldestJob: minute(1), RetestsDue: 1, RetestsHeld: 2, StatementsOpen: 1, StatementsKept: 1, OldestExpired: minute(1),
		}},
		{minute(2), minute(5), 1, postgres.Backlog{
			PayoutsOpen: 1, PayoutsStuck: 1, OldestUnknown: duesAt, InReview: 1, Appealed: 1, AwaitingApproval: 1, PayoutFailed: 1,
			DeadlinesLate: 1, OldestLate: minute(1), DeliveriesDue: 1, OldestDelivery: minute(4), DeadLetters: 1, Quarantined: 1,
			Unfunded: 1, OldestUnfunded: minute(-3), BreaksOpen: 1, BreaksOverdue: 1, OldestBreak: minute(2),
			UploadsWaiting: 1, OldestUnswept: minute(1), EvidenceAsked: 1, EvidenceOverdue: 1, OldestAsked: minute(1),
			JobsOpen: 1, JobsProposed: 1, JobsFailed: 1, OldestJob: minute(1), RetestsDue: 1, RetestsHeld: 1, StatementsOpen: 1, StatementsKept: 1, OldestExpired: minute(1),
		}},
	} {
		got, err := db.Reader().Backlog(t.Context(), row.late, row.now, row.most)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("late before %v, due at %v, at most %d: %s", row.late, row.now, row.most, diff)
		}
	}
}

// Would catch a body that is told to lose its last key although it has a later one, is suspended or
// has none that counts, and one that is not told.
func TestKeysThatEndAreCounted(t *testing.T) {
	t.Parallel()
	db, rows := withDues(t, 1)
	day := func(n int) string { return duesAt.AddDate(0, 0, n).Format(time.RFC3339) }
	key := func(until int) string { return `{"thumbprint":"t","until":"` + day(until) + `"}` }
	revoked := func(until int) string {
		return `{"thumbprint":"t","until":"` + day(until) + `","revokedAt":"` + day(-9) + `"}`
	}
	for id, x := range map[string]struct {
		keys      string
		suspended bool
	}{
		"none": {}, "later": {keys: key(1) + "," + key(31)}, "at-the-end": {keys: key(30)}, "both-end": {keys: key(2) + "," + key(3)},
		"over": {keys: key(-1) + "," + key(0)}, "rotated": {keys: key(-1) + "," + key(400)}, "revoked": {keys: revoked(9)},
		"its-next-is-revoked": {keys: key(5) + "," + revoked(400)}, "suspended": {keys: key(1), suspended: true},
	} {
		change := 0
		if x.suspended {
			change = 1
		}
		_, err := rows.ExecContext(t.Context(), `
			INSERT INTO authenticator_states (authenticator_id, version, revision, change_count, kind, display_name, content, any_goods, any_category,
				suspension_change, suspended_at, suspension_reason, registered_at, signing_keys)
			VALUES ($1, 1, 1, 1, 'BRAND', $1, '{}', true, true, $2, CASE WHEN $2 = 1 THEN $3::timestamptz END, '', $3,
				CASE WHEN $4 = '' THEN NULL ELSE ('[' || $4 || ']')::json END)`, id, change, duesAt, x.keys)
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := db.Reader().KeysEnding(t.Context(), duesAt, 30*24*time.Hour, 100)
	if want := (postgres.KeysEnding{Expiring: 3, Expired: 1}); err != nil || got != want {
		t.Errorf("counted %+v, %v, want %+v", got, err, want)
	}
}
