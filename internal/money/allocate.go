package money

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Allocate splits total over the weights by largest remainder. Each weight gets the
// whole minor units of its exact share. The units left over go one by one to the
// largest remainders; of equal remainders the earlier one comes first. The shares
// sum to total, each is within one minor unit of the exact share, and a weight of
// zero gets nothing.
//
// Refuses with REQUEST_INVALID a negative total or weight, and a positive total if
// all weights are zero; with AMOUNT_OUT_OF_RANGE amounts beyond MaxAmount.
func Allocate(total Amount, weights []Amount) ([]Amount, error) {
	sum, err := weightSum(total, weights)
	if err != nil {
		return nil, err
	}
	shares := make([]Amount, len(weights))
	if total == 0 {
		return shares, nil
	}
	remainders := make([]uint64, len(weights))
	order := make([]int, len(weights))
	left := total
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(total), uint64(w))
		quo, rem := bits.Div64(hi, lo, sum) // w ≤ sum, so the quotient is at most total.
		shares[i], remainders[i], order[i] = Amount(quo), rem, i
		left -= Amount(quo)
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(remainders[j], remainders[i]) })
	// The remainders sum to left × sum and each is below sum, so more than
	// left of them are positive or left is zero: nobody gets two.
	for _, i := range order[:left] {
		shares[i]++
	}
	return shares, nil
}

// weightSum checks the operands and adds up the weights.
func weightSum(total Amount, weights []Amount) (uint64, error) {
	if total < 0 {
		return 0, fault.New(fault.RequestInvalid, "a negative total of %d cannot be split", int64(total))
	}
	if total > MaxAmount {
		return 0, outOfRange("the total of %d", int64(total))
	}
	var sum uint64
	for i, w := range weights {
		if w < 0 {
			return 0, fault.New(fault.RequestInvalid, "weight %d of the split is negative", i)
		}
		if w > MaxAmount || sum > math.MaxInt64-uint64(w) {
			return 0, outOfRange("the weights of the split at %d", int64(w))
		}
		sum += uint64(w)
	}
	if sum == 0 && total > 0 {
		return 0, fault.New(fault.RequestInvalid, "a total of %d cannot be split, because all weights are zero", int64(total))
	}
	return sum, nil
}
