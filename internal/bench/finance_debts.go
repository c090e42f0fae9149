package bench

import (
	"context"
	"time"

	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/postgres/fill"
)

// debtAges reads the sums of debts by age as of a time.
func debtAges(merchant string, byEffect bool) func(context.Context, postgres.Reader, time.Time) error {
	return func(ctx context.Context, r postgres.Reader, at time.Time) error {
		_, err := r.DebtSumsAt(ctx, merchant, "", postgres.DebtTime{At: at, ByEffect: byEffect}, at.AddDate(0, 0, -8), at.AddDate(0, 0, -31), at.AddDate(0, 0, -91))
		return err
	}
}

// debtPage reads the first thousand debts as of a time.
func debtPage(ctx context.Context, r postgres.Reader, at time.Time) error {
	const page = 1000
	_, err := r.DebtsAt(ctx, postgres.DebtQuery{MerchantID: fill.HotMerchant}, postgres.DebtTime{At: at}, postgres.DebtCursor{}, page)
	return err
}

func exposure(ctx context.Context, r postgres.Reader, at time.Time) error {
	_, err := r.ExposureAt(ctx, fill.HotMerchant, "CNY", at)
	return err
}

func exposureOfAll(ctx context.Context, r postgres.Reader, at time.Time) error {
	_, err := r.ExposureOfAllAt(ctx, at)
	return err
}
