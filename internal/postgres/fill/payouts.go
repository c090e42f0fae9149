package fill

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// payoutsAtOnce is how many payouts one statement makes.
const payoutsAtOnce = 5000

// Payout is a payout of compensation that has reached the consumer.
type Payout struct {
	// Number is the out-number, and the id of payout and claim.
	Number string
	// Minor is its amount in minor units.
	Minor int64
	// At is when the gateway answered.
	At time.Time
}

// Payouts writes payouts of the hot merchant with their reserved out-numbers, in the shape that
// a comparison with files reads.
type Payouts struct {
	ctx  context.Context
	db   *sqlx.DB
	rows []Payout
}

// NewPayouts fills an empty database, reached as the owner of its tables. The caller closes it.
func NewPayouts(ctx context.Context, ownerURL string) (*Payouts, error) {
	db, err := connect(ownerURL)
	if err != nil {
		return nil, fmt.Errorf("connect to fill: %w", err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, `SET synchronous_commit = off`); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("prepare to fill: %w", err)
	}
	return &Payouts{ctx: ctx, db: db}, nil
}

// Add writes a payout, together with others.
func (f *Payouts) Add(p Payout) error {
	f.rows = append(f.rows, p)
	if len(f.rows) < payoutsAtOnce {
		return nil
	}
	return f.flush()
}

func (f *Payouts) flush() error {
	numbers, minors, times := make([]string, len(f.rows)), make([]int64, len(f.rows)), make([]string, len(f.rows))
	for i, p := range f.rows {
		numbers[i], minors[i], times[i] = p.Number, p.Minor, p.At.UTC().Format(time.RFC3339Nano)
	}
	f.rows = f.rows[:0]
	for _, insert := range []string{`
		INSERT INTO payouts (
			merchant_id, payout_id, claim_id, part, state, amount_minor, currency, out_number, payment_id, destination,
			not_after, gateway_reference, failure_code, created_at, answered_at)
		SELECT $4, k.number, k.number, 'COMPENSATION', 'SUCCEEDED', k.minor, 'CNY', k.number, 'pay', 'wallet', k.at, '', '', k.at, k.at
		FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) AS k (number, minor, at)`, `
		INSERT INTO reservations (kind, reference, merchant_id, holder, attempts, reserved_at)
		SELECT 'OUT_NUMBER', k.number, $4, k.number, 1, k.at
		FROM unnest($1::text[], $2::bigint[], $3::timestamptz[]) AS k (number, minor, at)`} {
		if _, err := f.db.ExecContext(f.ctx, insert, pq.Array(numbers), pq.Array(minors), pq.Array(times), HotMerchant); err != nil {
			return fmt.Errorf("fill payouts: %w", err)
		}
	}
	return nil
}

// Finish writes the last payouts, and has the planner know of them.
func (f *Payouts) Finish() error {
	if err := f.flush(); err != nil {
		return err
	}
	if _, err := f.db.ExecContext(f.ctx, `VACUUM (ANALYZE) payouts, reservations`); err != nil {
		return fmt.Errorf("end filling: %w", err)
	}
	return nil
}

// Close ends the connection.
func (f *Payouts) Close() error { return f.db.Close() }
