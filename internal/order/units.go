package order

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// CheckUnits refuses ordinals that are not distinct units of the line, counted from
// 1, with UNITS_OUT_OF_RANGE. An empty list is accepted.
func (l *Line) CheckUnits(ordinals []int32) error {
	for _, n := range ordinals {
		if n < 1 || n > l.Quantity {
			return fault.New(fault.UnitsOutOfRange, "unit %d is not one of the %d units of the line", n, l.Quantity).
				With("unit", n).With("quantity", l.Quantity)
		}
	}
	if n, twice := repeated(ordinals); twice {
		return fault.New(fault.UnitsOutOfRange, "unit %d is named twice", n).
			With("unit", n).With("quantity", l.Quantity)
	}
	return nil
}

// repeated finds an ordinal that occurs twice. Callers nearly always send ordinals
// in ascending order, which needs no copy.
func repeated(ordinals []int32) (int32, bool) {
	sorted := ordinals
	if !slices.IsSorted(sorted) {
		sorted = slices.Clone(ordinals)
		slices.Sort(sorted)
	}
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			return sorted[i], true
		}
	}
	return 0, false
}

// UnitsShare splits an amount of the line over its units by largest remainder, and
// sums the shares of the given 1-based ordinals. Equal units tie, so the first
// units carry the odd minor units. However the units are divided between claims,
// the claims' shares sum to the line's amount.
//
// Refuses as CheckUnits does, and a total that is not a valid amount.
func (l *Line) UnitsShare(total money.Amount, ordinals []int32) (money.Amount, error) {
	if err := l.CheckUnits(ordinals); err != nil {
		return 0, err
	}
	if err := total.Check(); err != nil {
		return 0, money.InCurrency(err, l.Currency)
	}
	if len(ordinals) == 0 {
		return 0, nil
	}
	// This is money.Allocate over equal weights, without building them.
	each := total / money.Amount(l.Quantity)
	odd := total % money.Amount(l.Quantity)
	share := each * money.Amount(len(ordinals))
	for _, n := range ordinals {
		if money.Amount(n) <= odd {
			share++
		}
	}
	return share, nil
}

// AllocateDiscount splits an order's discount over its lines in proportion to
// their prices by largest remainder (rule M2): the shares sum to the discount
// and no line's share exceeds its price. Refuses a discount above the sum of
// the prices with AMOUNT_OUT_OF_RANGE.
func AllocateDiscount(total money.Amount, linePrices []money.Amount) ([]money.Amount, error) {
	sum, err := money.Sum(linePrices...)
	if err != nil {
		return nil, err
	}
	if total > sum {
		return nil, fault.New(fault.AmountOutOfRange, "a discount of %d exceeds the price of %d that it is taken from",
			int64(total), int64(sum)).With("maxMinor", int64(sum))
	}
	return money.Allocate(total, linePrices)
}
