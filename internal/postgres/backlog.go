package postgres

import (
	"context"
	"database/sql"
	"time"
)

// Backlog counts the work that waits, over all books. Counts stop at a bound, so that
// counting costs the same however much waits.
type Backlog struct {
	// PayoutsOpen have no outcome yet; PayoutsStuck are those among them about which
	// the gateway was asked many times.
	PayoutsOpen, PayoutsStuck int64
	// OldestUnknown is when the oldest payout was made about which the gateway was asked
	// and gave no outcome, zero for none.
	OldestUnknown time.Time
	// InReview, Appealed, AwaitingApproval and PayoutFailed are claims that wait
	// for people.
	InReview, Appealed, AwaitingApproval, PayoutFailed int64
	// DeadlinesLate have passed and not fired; OldestLate is the first of them,
	// zero for none.
	DeadlinesLate int64
	// Unfunded are confirmed claims that are short of money; OldestUnfunded is since when
	// the first of them is, zero for none.
	Unfunded       int64
	OldestUnfunded time.Time
	OldestLate     time.Time
	// DeliveriesDue are deliveries of webhooks that are due; OldestDelivery is
	// since when the first of them is, zero for none.
	DeliveriesDue  int64
	OldestDelivery time.Time
	// DeadLetters are deliveries that no webhook took.
	DeadLetters int64
	// BreaksOpen are breaks between the engine and files that nobody has closed, and
	// BreaksOverdue those among them whose time has passed; OldestBreak is the time of the
	// first of them, zero for none.
	BreaksOpen, BreaksOverdue int64
	OldestBreak               time.Time
	// UploadsWaiting are uploads that no claim is known to have; OldestUnswept is when the first of
	// them should have been dropped, zero if none should.
	UploadsWaiting int64
	OldestUnswept  time.Time
	// EvidenceAsked are open requests for evidence, and EvidenceOverdue those among them whose time
	// has passed; OldestAsked is the time of the first of them, zero for none.
	EvidenceAsked, EvidenceOverdue int64
	OldestAsked                    time.Time
	// JobsOpen are jobs that servers work on or are to take, JobsProposed those that wait for a
	// second person, and JobsFailed those that could not go on; OldestJob is since when the first of
	// those that are due has been left, zero for none.
	JobsOpen, JobsProposed, JobsFailed int64
	OldestJob                          time.Time
	// RetestsDue are claims for which a body was to be drawn and was not, and RetestsHeld those for
	// which nobody could be.
	RetestsDue, RetestsHeld int64
	// StatementsOpen are the statements among the open jobs, and StatementsKept those that no
	// server works on and whose parts are kept; OldestExpired is until when those of the first
	// were to be kept that are there still, zero for none.
	StatementsOpen, StatementsKept int64
	OldestExpired                  time.Time
	// Quarantined are events of which readers get no more than that they exist.
	Quarantined int64
}

// Backlog counts what waits: deadlines that passed before late, deliveries that were
// due at now; each count stops at most. Each walks an index in order, so that it stops
// at the bound even where rows of its kind are rare.
func (r Reader) Backlog(ctx context.Context, late, now time.Time, most int) (Backlog, error) {
	b, _, err := readOne(ctx, r, "count what waits", `
		SELECT
			(SELECT count(*) FROM (SELECT FROM payout_dues ORDER BY due_at LIMIT $3) d),
			(SELECT count(*) FROM (SELECT FROM payout_dues WHERE attempts >= 10 ORDER BY payout_id LIMIT $3) d),
			(SELECT p.created_at
			 FROM (
				SELECT d.merchant_id, d.payout_id
				FROM (SELECT merchant_id, payout_id, attempts FROM payout_dues ORDER BY due_at LIMIT $3) d
				WHERE d.attempts > 0
				ORDER BY d.payout_id
				LIMIT 1) o
			 JOIN payouts p ON p.merchant_id = o.merchant_id AND p.payout_id = o.payout_id),
			(SELECT count(*) FROM (SELECT FROM waits WHERE state = 'IN_REVIEW' ORDER BY since, claim_id LIMIT $3) w),
			(SELECT count(*) FROM (SELECT FROM waits WHERE state = 'APPEALED' ORDER BY since, claim_id LIMIT $3) w),
			(SELECT count(*) FROM (SELECT FROM waits WHERE state = 'AWAITING_APPROVAL' ORDER BY since, claim_id LIMIT $3) w),
			(SELECT count(*) FROM (SELECT FROM waits WHERE state = 'PAYOUT_FAILED' ORDER BY since, claim_id LIMIT $3) w),
			(SELECT count(*) FROM (SELECT FROM waits WHERE deadline_at <= $1 ORDER BY deadline_at LIMIT $3) w),
			(SELECT deadline_at FROM waits WHERE deadline_at <= $1 ORDER BY deadline_at LIMIT 1),
			(SELECT count(*) FROM (SELECT FROM webhook_deliveries WHERE dead_at IS NULL AND due_at <= $2 ORDER BY due_at LIMIT $3) d),
			(SELECT due_at FROM webhook_deliveries WHERE dead_at IS NULL AND due_at <= $2 ORDER BY due_at LIMIT 1),
			(SELECT count(*) FROM (
				SELECT FROM webhook_deliveries WHERE dead_at IS NOT NULL ORDER BY merchant_id, webhook_id, event_number LIMIT $3) d),
			(SELECT count(*) FILTER (WHERE q.quarantined) FROM (
				SELECT DISTINCT ON (merchant_id, event_number) quarantined
				FROM event_quarantines
				ORDER BY merchant_id DESC, event_number DESC, entry_number DESC
				LIMIT $3) q),
			(SELECT count(*) FROM (SELECT FROM debts WHERE kind = 'SHORTFALL' ORDER BY since, debt_id LIMIT $3) d),
			(SELECT since FROM debts WHERE kind = 'SHORTFALL' ORDER BY since, debt_id LIMIT 1),
			(SELECT count(*) FROM (SELECT FROM reconciliation_breaks WHERE state = 'OPEN' ORDER BY due_at LIMIT $3) b),
			(SELECT count(*) FROM (SELECT FROM reconciliation_breaks WHERE state = 'OPEN' AND due_at < $2 ORDER BY due_at LIMIT $3) b),
			(SELECT due_at FROM reconciliation_breaks WHERE state = 'OPEN' AND due_at < $2 ORDER BY due_at LIMIT 1),
			(SELECT count(*) FROM (SELECT FROM uploads WHERE expires_at IS NOT NULL ORDER BY expires_at LIMIT $3) u),
			(SELECT expires_at FROM uploads WHERE expires_at <= $1 ORDER BY expires_at LIMIT 1),
			(SELECT count(*) FROM (SELECT FROM evidence_requests WHERE state = 'OPEN' ORDER BY due_at LIMIT $3) r),
			(SELECT count(*) FROM (SELECT FROM evidence_requests WHERE state = 'OPEN' AND due_at <= $1 ORDER BY due_at LIMIT $3) r),
			(SELECT due_at FROM evidence_requests WHERE state = 'OPEN' AND due_at <= $1 ORDER BY due_at LIMIT 1),
			(SELECT count(*) FROM (SELECT FROM jobs WHERE state IN ('QUEUED', 'RUNNING') ORDER BY job_id LIMIT $3) j),
			(SELECT count(*) FROM (SELECT FROM jobs WHERE state = 'PROPOSED' ORDER BY job_id LIMIT $3) j),
			(SELECT count(*) FROM (SELECT FROM jobs WHERE state = 'FAILED' ORDER BY job_id LIMIT $3) j),
			(SELECT min(j.since) FROM (
				SELECT greatest(created_at, approved_at, changed_at, retry_at, lease_until) AS since
				FROM jobs
				WHERE state IN ('QUEUED', 'RUNNING')
				ORDER BY job_id
				LIMIT $3) j
			 WHERE j.since <= $1),
			(SELECT count(*) FROM (SELECT FROM claims WHERE retest_at <= $1 ORDER BY retest_at LIMIT $3) c),
			(SELECT count(*) FROM (SELECT FROM claims WHERE retest_held <> '' ORDER BY claim_id LIMIT $3) c),
			(SELECT count(*) FROM (SELECT FROM jobs WHERE state IN ('QUEUED', 'RUNNING') AND kind = 'STATEMENT' ORDER BY job_id LIMIT $3) j),
			(SELECT count(*) FROM (SELECT FROM jobs WHERE parts_until IS NOT NULL ORDER BY parts_until LIMIT $3) j),
			(SELECT parts_until FROM jobs WHERE parts_until <= $1 ORDER BY parts_until LIMIT 1)`,
		scanBacklog, late, now, most)
	return b, err
}

func scanBacklog(rows *sql.Rows) (b Backlog, err error) {
	var unknown, late, delivery, unfunded, due, unswept, asked, job, expired sql.NullTime
	err = rows.Scan(&b.PayoutsOpen, &b.PayoutsStuck, &unknown,
		&b.InReview, &b.Appealed, &b.AwaitingApproval, &b.PayoutFailed,
		&b.DeadlinesLate, &late, &b.DeliveriesDue, &delivery, &b.DeadLetters, &b.Quarantined, &b.Unfunded, &unfunded,
		&b.BreaksOpen, &b.BreaksOverdue, &due, &b.UploadsWaiting, &unswept, &b.EvidenceAsked, &b.EvidenceOverdue, &asked,
		&b.JobsOpen, &b.JobsProposed, &b.JobsFailed, &job, &b.RetestsDue, &b.RetestsHeld,
		&b.StatementsOpen, &b.StatementsKept, &expired)
	b.OldestUnknown, b.OldestLate, b.OldestDelivery, b.OldestUnfunded = unknown.Time, late.Time, delivery.Time, unfunded.Time
	b.OldestBreak, b.OldestUnswept, b.OldestAsked, b.OldestJob = due.Time, unswept.Time, asked.Time, job.Time
	b.OldestExpired = expired.Time
	inUTC(&b.OldestUnknown, &b.OldestLate, &b.OldestDelivery, &b.OldestUnfunded, &b.OldestBreak, &b.OldestUnswept, &b.OldestAsked, &b.OldestJob, &b.OldestExpired)
	return b, err
}

// KeysEnding counts bodies that are not suspended by when the newest of their keys ends that are not
// revoked.
type KeysEnding struct {
	// Expiring end within the asked time, Expired have ended.
	Expiring, Expired int64
}

// KeysEnding looks at the first bodies by id, at most so many, for keys that have ended at a time or
// end soon after it.
func (r Reader) KeysEnding(ctx context.Context, now time.Time, soon time.Duration, most int) (KeysEnding, error) {
	k, _, err := readOne(ctx, r, "count keys that end", `
		SELECT
			count(*) FILTER (WHERE b.ends > $1 AND b.ends <= $2),
			count(*) FILTER (WHERE b.ends <= $1)
		FROM (
			SELECT (
				SELECT max((k.key ->> 'until')::timestamptz)
				FROM json_array_elements(a.signing_keys) AS k (key)
				WHERE k.key ->> 'revokedAt' IS NULL) AS ends
			FROM (
				SELECT signing_keys
				FROM authenticator_states
				WHERE suspension_change = 0 AND signing_keys IS NOT NULL
				ORDER BY authenticator_id
				LIMIT $3) a) b`,
		func(rows *sql.Rows) (k KeysEnding, err error) { return k, rows.Scan(&k.Expiring, &k.Expired) }, now, now.Add(soon), most)
	return k, err
}

// Connections says how many connections of the pool are in use, how many are idle, and
// how many there may be.
type Connections struct {
	Used, Idle, Most int
}

// Connections describes the pool.
func (db *DB) Connections() Connections {
	s := db.pool.Stats()
	return Connections{Used: s.InUse, Idle: s.Idle, Most: s.MaxOpenConnections}
}
