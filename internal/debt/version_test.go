package debt_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/debt"
)

// Would catch a time in the tree at which an instant within it does not look, or one that is not
// in the time at all: debts would be missing from what was owed then.
func TestForksOfAnInstantHoldEveryTimeAroundIt(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(20261127, 7))
	base := time.Date(2026, 2, 27, 9, 0, 0, 0, time.UTC)
	for range 20_000 {
		from := base.Add(time.Duration(random.Int64N(int64(400 * 24 * time.Hour)))).Truncate(time.Microsecond)
		lasts := time.Duration(1+random.Int64N(int64(1)<<random.IntN(40))) * time.Microsecond
		until := from.Add(lasts)
		fork := debt.Fork(from, until)
		if fork < from.Unix() || fork > until.Add(-time.Microsecond).Unix() {
			t.Fatalf("the fork of %s until %s is %d, outside", from, until, fork)
		}
		for _, at := range []time.Time{from, until.Add(-time.Microsecond), from.Add(time.Duration(random.Int64N(int64(lasts))).Truncate(time.Microsecond))} {
			upTo, after := debt.Forks(at)
			side := upTo
			if fork > at.Unix() {
				side = after
			}
			if !slices.Contains(side, fork) {
				t.Fatalf("%s lies from %s until %s, and does not look at %d", at, from, until, fork)
			}
			if len(upTo)+len(after) > 80 {
				t.Fatalf("%s looks at %d seconds", at, len(upTo)+len(after))
			}
		}
	}
}
