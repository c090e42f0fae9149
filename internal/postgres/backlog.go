package postgres

import (
	"context"
	"database/sql"
	"time"
)

// Backlog is what waits to be done, over all books. Counts stop at a bound, so
// that asking costs the same however much waits.
type Backlog struct {
	// PayoutsOpen have no outcome yet; PayoutsStuck are those of them that were
	// asked after many times.
	PayoutsOpen, PayoutsStuck int64
	// InReview, Appealed, AwaitingApproval and PayoutFailed are claims that wait
	// for people.
	InReview, Appealed, AwaitingApproval, PayoutFailed int64
	// DeadlinesLate have passed and not fired; OldestLate is the first of them,
	// zero for none.
	DeadlinesLate int64
	OldestLate    time.Time
	// DeliveriesDue are deliveries of webhooks that are due; OldestDelivery is
	// since when the first of them is, zero for none.
	DeliveriesDue  int64
	OldestDelivery time.Time
	// DeadLetters are deliveries that no webhook took.
	DeadLetters int64
}

// Backlog counts what waits: deadlines that passed before late, deliveries that
// were due at now, each count up to most.
func (db *DB) Backlog(ctx context.Context, late, now time.Time, most int) (Backlog, error) {
	var b Backlog
	var oldestLate, oldestDelivery sql.NullTime
	err := db.pool.QueryRowContext(ctx, `
		SELECT
			(SELECT count(*) FROM (SELECT FROM payout_dues LIMIT $3) d),
			(SELECT count(*) FROM (SELECT FROM payout_dues WHERE attempts >= 10 LIMIT $3) d),
			(SELECT count(*) FROM (SELECT FROM waits WHERE state = 'IN_REVIEW' LIMIT $3) w),
			(SELECT count(*) FROM (SELECT FROM waits WHERE state = 'APPEALED' LIMIT $3) w),
			(SELECT count(*) FROM (SELECT FROM waits WHERE state = 'AWAITING_APPROVAL' LIMIT $3) w),
			(SELECT count(*) FROM (SELECT FROM waits WHERE state = 'PAYOUT_FAILED' LIMIT $3) w),
			(SELECT count(*) FROM (SELECT FROM waits WHERE deadline_at <= $1 LIMIT $3) w),
			(SELECT min(deadline_at) FROM waits WHERE deadline_at <= $1),
			(SELECT count(*) FROM (SELECT FROM webhook_deliveries WHERE dead_at IS NULL AND due_at <= $2 LIMIT $3) d),
			(SELECT min(due_at) FROM webhook_deliveries WHERE dead_at IS NULL AND due_at <= $2),
			(SELECT count(*) FROM (SELECT FROM webhook_deliveries WHERE dead_at IS NOT NULL LIMIT $3) d)`,
		late, now, most).Scan(
		&b.PayoutsOpen, &b.PayoutsStuck,
		&b.InReview, &b.Appealed, &b.AwaitingApproval, &b.PayoutFailed,
		&b.DeadlinesLate, &oldestLate, &b.DeliveriesDue, &oldestDelivery, &b.DeadLetters)
	if err != nil {
		return Backlog{}, failure(ctx, "count what waits", err)
	}
	b.OldestLate, b.OldestDelivery = oldestLate.Time, oldestDelivery.Time
	inUTC(&b.OldestLate, &b.OldestDelivery)
	return b, nil
}

// Connections is how many connections of the pool are in use, how many stand
// ready, and how many there may be.
type Connections struct {
	Used, Idle, Most int
}

// Connections tells how the pool stands.
func (db *DB) Connections() Connections {
	s := db.pool.Stats()
	return Connections{Used: s.InUse, Idle: s.Idle, Most: s.MaxOpenConnections}
}
