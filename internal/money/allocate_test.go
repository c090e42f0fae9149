package money_test

import (
	"errors"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Catches a split that creates or loses a minor unit, strays a whole unit from
// the exact share, or gives something to a weight of zero.
func TestAllocateSumsExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weight := rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(0, int64(most)))
		drawn := rapid.SliceOfN(weight, 1, 40).Draw(t, "weights")
		drawn[0] = max(drawn[0], 1)
		total := rapid.OneOf(rapid.Int64Range(0, 100), rapid.Int64Range(0, int64(most))).Draw(t, "total")
		weights := make([]money.Amount, len(drawn))
		sum := new(big.Int)
		for i, w := range drawn {
			weights[i] = money.Amount(w)
			sum.Add(sum, big.NewInt(w))
		}
		shares, err := money.Allocate(money.Amount(total), weights)
		if err != nil {
			t.Fatal(err)
		}
		var allocated money.Amount
		for i, share := range shares {
			allocated += share
			exact := new(big.Rat).SetFrac(new(big.Int).Mul(big.NewInt(total), big.NewInt(drawn[i])), sum)
			off := new(big.Rat).Sub(new(big.Rat).SetInt64(int64(share)), exact)
			if off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("share %d is %d, the exact one %s", i, share, exact.FloatString(3))
			}
			if drawn[i] == 0 && share != 0 {
				t.Fatalf("weight zero got %d", share)
			}
		}
		if int64(allocated) != total {
			t.Fatalf("the shares sum to %d, want %d", allocated, total)
		}
	})
}

// Catches an unstable tie rule, which would give two replicas two splits.
func TestAllocateTiesGoToTheEarlier(t *testing.T) {
	for _, c := range []struct {
		name    string
		total   money.Amount
		weights []money.Amount
		want    []money.Amount
	}{
		{"equal weights", 5, []money.Amount{1, 1, 1}, []money.Amount{2, 2, 1}},
		{"the larger remainder first", 10, []money.Amount{1, 2, 4}, []money.Amount{1, 3, 6}},
		{"equal remainders of unequal weights", 2, []money.Amount{1, 2, 1}, []money.Amount{1, 1, 0}},
		{"one unit between three", 1, []money.Amount{1, 1, 1}, []money.Amount{1, 0, 0}},
		{"nothing to split", 0, []money.Amount{0, 0}, []money.Amount{0, 0}},
		{"no weights and nothing to split", 0, nil, []money.Amount{}},
		{"the largest amounts", most, []money.Amount{most, most, most}, []money.Amount{
			333_333_333_333_334, 333_333_333_333_333, 333_333_333_333_333}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := money.Allocate(c.total, c.weights)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

// Catches a split that swallows money it has nobody to give to, or works on
// amounts that are none.
func TestAllocateRefuses(t *testing.T) {
	many := slices.Repeat([]money.Amount{most}, 10_000)
	for _, c := range []struct {
		name    string
		total   money.Amount
		weights []money.Amount
		want    fault.Reason
	}{
		{"a negative total", -1, []money.Amount{1}, fault.RequestInvalid},
		{"a negative weight", 1, []money.Amount{1, -1}, fault.RequestInvalid},
		{"no weight at all", 1, nil, fault.RequestInvalid},
		{"only weights of zero", 1, []money.Amount{0, 0}, fault.RequestInvalid},
		{"a total too large", most + 1, []money.Amount{1}, fault.AmountOutOfRange},
		{"a weight too large", 1, []money.Amount{most + 1}, fault.AmountOutOfRange},
		{"weights that overflow together", 1, many, fault.AmountOutOfRange},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := money.Allocate(c.total, c.weights); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
