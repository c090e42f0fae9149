package soak_test

import (
	"log/slog"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/soak"
	"github.com/tenfold-claims/tenfold/internal/testseed"
)

// Would catch money that is paid twice or lost when two replicas work on the same
// books, one of them dies with commands under way, and the gateway does what a
// gateway can do. `make soak` runs it for a million commands.
func TestShortSoak(t *testing.T) {
	t.Parallel()
	c := soak.Defaults()
	c.DatabaseURL, c.Seed, c.Log = pgtest.New(t).AppURL, testseed.New(t), slog.New(slog.DiscardHandler)
	c.Commands, c.Callers, c.Merchants, c.Restarts = 2_500, 16, 3, 3
	c.Pace = 4 * soak.Defaults().Pace
	report, err := soak.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range report.Wrong {
		t.Error(wrong)
	}
	if report.Restarts == 0 || report.PaidMinor == 0 || report.Claims["PAID"] == 0 {
		t.Errorf("nothing much happened: %+v", report)
	}
	t.Logf("%+v", report)
}
