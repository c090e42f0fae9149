package fill

import (
	"context"
	"fmt"
)

// othersTransfers is how many transfers each of the other merchants has.
const othersTransfers = 48

// transfersOfEvent are recorded at once.
const transfersOfEvent = 4

// lateEvery says that one transfer in so many took effect before it was recorded, up to thirty
// days.
const lateEvery = 3

// transferChunk is how many transfers of the hot merchant are made by one statement.
const transferChunk = 200_000

// transferInserts make the transfers from $1 to $2 of merchants with the numbers from $3 to $4,
// which were recorded in the year 2025, evenly over its first $5 transfers.
var transferInserts = []string{
	fmt.Sprintf(`
	INSERT INTO transfers (
		merchant_id, transfer_number, event_number, kind, debit_purpose, credit_purpose, amount_minor, currency, recorded_at, effective_at)
	SELECT 'm' || m, n, (n + %[1]d - 1) / %[1]d, k.kind, k.debit, k.credit, 1 + n * 7919 %% 1000, 'CNY', at,
	       CASE WHEN n %% %[2]d = 0 THEN at - (n * 104729 + m) %% 2592000 * interval '1 second' ELSE at END
	FROM generate_series($3::integer, $4::integer) m
	CROSS JOIN generate_series($1::bigint, $2::bigint) n
	CROSS JOIN LATERAL (
		SELECT timestamptz '2025-01-01 00:00+00' + ((n + %[1]d - 1) / %[1]d * %[1]d * 31536000.0 / $5::bigint) * interval '1 second' AS at) x
	CROSS JOIN LATERAL (
		SELECT (ARRAY['DEPOSIT_TOPPED_UP', 'SHOP_FUNDS_HANDED_OVER', 'DEPOSIT_HELD', 'DEPOSIT_RELEASED'])[1 + n %% 4] AS kind,
		       (ARRAY['SETTLEMENT_CLEARING', 'SETTLEMENT_CLEARING', 'DEPOSIT', 'DEPOSIT_HELD'])[1 + n %% 4] AS debit,
		       (ARRAY['DEPOSIT', 'SHOP_FUNDS', 'DEPOSIT_HELD', 'DEPOSIT'])[1 + n %% 4] AS credit) k`, transfersOfEvent, lateEvery),
	fmt.Sprintf(`
	INSERT INTO events (
		merchant_id, event_number, kind, recorded_at, encoding, content, hash, first_transfer, last_transfer,
		exposure_before_minor, exposure_before_held_minor, exposure_before_due_at, exposure_minor, exposure_held_minor, exposure_due_at)
	SELECT 'm' || m, n / %[1]d, 'DEPOSIT_TOPPED_UP', x.at, 1, repeat('.', %[2]d), decode(repeat('00', 32), 'hex'), n - %[1]d + 1, n,
	       x.ended, x.ended, CASE WHEN x.ended > 0 THEN x.was + interval '15 days' END,
	       x.begun, x.begun, CASE WHEN x.begun > 0 THEN x.at + interval '15 days' END
	FROM generate_series($3::integer, $4::integer) m
	CROSS JOIN generate_series(($1::bigint + %[1]d - 1) / %[1]d * %[1]d, $2::bigint, %[1]d) n
	CROSS JOIN LATERAL (
		SELECT timestamptz '2025-01-01 00:00+00' + (n * 31536000.0 / $5::bigint) * interval '1 second' AS at,
		       timestamptz '2025-01-01 00:00+00' + ((n - %[3]d) * 31536000.0 / $5::bigint) * interval '1 second' AS was,
		       CASE WHEN n / %[1]d %% 2 = 1 THEN 220000 ELSE 0 END AS begun,
		       CASE WHEN n / %[1]d %% 2 = 0 AND n > %[3]d THEN 220000 ELSE 0 END AS ended) x`, transfersOfEvent, eventBytes, exposedFor),
}

// eventBytes is how long an event is, about as long as one of a claim.
const eventBytes = 1000

// exposedFor is after how many transfers a claim ends: every other event begins one, and those
// between end those that began so long before.
const exposedFor = 8_004

// Transfers makes a book of the hot merchant with n transfers, and small books of some others, in
// an empty database, reached as the owner of its tables. Its rows are those that sums and
// statements read.
func Transfers(ctx context.Context, ownerURL string, n, others int, progress func(done int)) error {
	db, err := connect(ownerURL)
	if err != nil {
		return fmt.Errorf("connect to fill: %w", err)
	}
	defer db.Close()
	// The settings of the one session hold for all of its statements.
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, `SET synchronous_commit = off`); err != nil {
		return fmt.Errorf("prepare to fill: %w", err)
	}
	n = n / transfersOfEvent * transfersOfEvent
	fill := func(first, last, merchant, lastMerchant, of int) error {
		for _, insert := range transferInserts {
			if _, err := db.ExecContext(ctx, insert, first, last, merchant, lastMerchant, of); err != nil {
				return fmt.Errorf("fill transfers %d to %d: %w", first, last, err)
			}
		}
		return nil
	}
	if err := fill(1, othersTransfers, 1, others, othersTransfers); err != nil {
		return err
	}
	for first := 1; first <= n; first += transferChunk {
		last := min(first+transferChunk-1, n)
		if err := fill(first, last, 0, 0, n); err != nil {
			return err
		}
		progress(last)
	}
	for _, statement := range []string{
		`INSERT INTO books (merchant_id, currency, version, event_number, event_hash, transfer_number, recorded_at, opened_at)
		SELECT t.merchant_id, 'CNY', max(t.event_number), max(t.event_number), decode(repeat('00', 32), 'hex'), max(t.transfer_number),
		       max(t.recorded_at), timestamptz '2024-12-31 00:00+00'
		FROM transfers t
		GROUP BY t.merchant_id`,
		`VACUUM (ANALYZE) transfers, events, books`,
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("end filling: %w", err)
		}
	}
	return nil
}
