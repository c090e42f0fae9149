package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// ExposureWeek is what claims of one currency may still cost whose deadline lies in one week.
type ExposureWeek struct {
	// StartsAt is the week's Monday, at midnight in Beijing; zero where no deadline runs.
	StartsAt time.Time
	Currency string
	Exposure money.Amount
	// Held is the part of it that is set aside.
	Held   money.Amount
	Claims int64
}

// ExposureByWeek sums the exposure of a merchant's open claims, or of all merchants', by the
// week of their deadline. It reads every claim that waits, and none that has ended: the
// exposure of a claim is that of claim.Exposure.
func (r Reader) ExposureByWeek(ctx context.Context, merchantID string) ([]ExposureWeek, error) {
	return read(ctx, r, "sum exposure by week", `
		SELECT x.week, x.currency, sum(x.exposure_minor)::bigint, sum(least(x.held_minor, x.exposure_minor))::bigint, count(*)
		FROM (
			SELECT date_trunc('week', w.deadline_at, 'Asia/Shanghai') AS week, c.currency, c.held_minor, greatest(0,
			       CASE WHEN c.state IN ('PAYING', 'PAYOUT_FAILED') OR c.verdict = 'COUNTERFEIT' OR c.units::text LIKE '%"TENFOLD"%'
			            THEN c.award_refund_minor + c.award_compensation_minor ELSE c.potential_minor END
			       - c.from_deposit_minor - c.from_shop_funds_minor - c.advanced_minor - c.written_off_minor) AS exposure_minor
			FROM waits w
			JOIN claims c ON c.merchant_id = w.merchant_id AND c.claim_id = w.claim_id
			WHERE $1 = '' OR w.merchant_id = $1) x
		WHERE x.exposure_minor > 0
		GROUP BY x.week, x.currency
		ORDER BY x.week NULLS LAST, x.currency`, func(rows *sql.Rows) (w ExposureWeek, err error) {
		var starts sql.NullTime
		err = rows.Scan(&starts, &w.Currency, (*int64)(&w.Exposure), (*int64)(&w.Held), &w.Claims)
		w.StartsAt = starts.Time
		inUTC(&w.StartsAt)
		return w, err
	}, merchantID)
}
