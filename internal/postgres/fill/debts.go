package fill

import (
	"context"
	"fmt"
)

// debtOf says that one debt was made for so many transfers.
const debtOf = 4

// debtInserts make the debts of the hot merchant over the year of its transfers, $1 of them: each
// stayed as it was for up to two weeks, and those that still are at the year's end are open. They
// are kept when they end, as a book keeps them.
var debtInserts = []string{
	`CREATE TEMPORARY TABLE owed AS
	SELECT (ARRAY['SHORTFALL', 'ADVANCE', 'FEE', 'HOLD'])[1 + g % 4] AS kind, 'D' || lpad(g::text, 9, '0') AS debt_id,
	       x.begun, x.begun + (1 + g * 104729 % 1260) * interval '1000 seconds' AS ended, 1 + g * 7919 % 100000 AS open_minor
	FROM generate_series(1, $1::bigint) g
	CROSS JOIN LATERAL (SELECT timestamptz '2025-01-01 00:00+00' + (g * 31536000.0 / $1::bigint) * interval '1 second' AS begun) x`,
	`INSERT INTO debt_versions (merchant_id, kind, debt_id, late_event, from_at, until_at, fork, sampling_case, since, arose_at, open_minor)
	SELECT 'm0', o.kind, o.debt_id, 0, o.begun, o.ended, (s.last >> s.shift) << s.shift, '', o.begun, o.begun, o.open_minor
	FROM owed o
	CROSS JOIN LATERAL (
		SELECT f.last, length(ltrim(((f.first - 1) # f.last)::bit(64)::text, '0')) - 1 AS shift
		FROM (
			SELECT floor(extract(epoch FROM o.begun))::bigint AS first,
			       floor(extract(epoch FROM o.ended - interval '1 microsecond'))::bigint AS last) f) s
	WHERE o.ended < timestamptz '2026-01-01 00:00+00'
	ORDER BY o.ended`,
	`INSERT INTO debts (merchant_id, kind, debt_id, sampling_case, since, open_minor, recorded_from, arose_at)
	SELECT 'm0', o.kind, o.debt_id, '', o.begun, o.open_minor, o.begun, o.begun
	FROM owed o
	WHERE o.ended >= timestamptz '2026-01-01 00:00+00'`,
	`DROP TABLE owed`,
	`VACUUM (ANALYZE) debt_versions, debts`,
}

// Debts makes the debts of the hot merchant, one for every few of its transfers, in a database
// that Transfers filled.
func Debts(ctx context.Context, ownerURL string, transfers int) error {
	db, err := connect(ownerURL)
	if err != nil {
		return fmt.Errorf("connect to fill: %w", err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	for i, insert := range debtInserts {
		var args []any
		if i == 0 {
			args = []any{transfers / debtOf}
		}
		if _, err := db.ExecContext(ctx, insert, args...); err != nil {
			return fmt.Errorf("fill debts: %w", err)
		}
	}
	return nil
}
