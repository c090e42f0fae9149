// Package money is integer arithmetic on minor units: there are no floats, every
// overflow is a refusal, and every division is exact or by largest remainder. An
// Amount does not know its currency; code that combines two amounts must know that
// the currencies are equal.
package money

import (
	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Amount is a number of minor units (fen for CNY) of the currency given beside it.
type Amount int64

// MaxAmount bounds the absolute value of every amount and every result: 10^15 minor
// units are ten trillion yuan, far beyond any book. Thousands of such amounts still
// add up inside an int64, so no sum here can wrap round.
const MaxAmount Amount = 1_000_000_000_000_000

// Check refuses an amount that cannot occur in an order, a policy or a claim: a
// negative one, or one above MaxAmount, with AMOUNT_OUT_OF_RANGE.
func (a Amount) Check() error {
	if a < 0 {
		return fault.New(fault.AmountOutOfRange, "amount %d is negative", int64(a)).
			With("maxMinor", int64(MaxAmount))
	}
	if a > MaxAmount {
		return outOfRange("amount %d", int64(a))
	}
	return nil
}

// Add returns a + b, or AMOUNT_OUT_OF_RANGE if an operand or the sum is beyond
// MaxAmount.
func (a Amount) Add(b Amount) (Amount, error) {
	if !a.inRange() || !b.inRange() || !(a + b).inRange() {
		return 0, outOfRange("the sum of %d and %d", int64(a), int64(b))
	}
	return a + b, nil
}

// Sub returns a − b, which may be negative, or AMOUNT_OUT_OF_RANGE if an operand or
// the difference is beyond MaxAmount.
func (a Amount) Sub(b Amount) (Amount, error) {
	if !a.inRange() || !b.inRange() || !(a - b).inRange() {
		return 0, outOfRange("the difference of %d and %d", int64(a), int64(b))
	}
	return a - b, nil
}

// Mul returns a times n, or AMOUNT_OUT_OF_RANGE if the product is beyond MaxAmount.
func (a Amount) Mul(n int64) (Amount, error) {
	if !a.inRange() {
		return 0, outOfRange("%d times %d", int64(a), n)
	}
	if a == 0 || n == 0 {
		return 0, nil
	}
	most := int64(MaxAmount) / int64(max(a, -a))
	if n > most || n < -most {
		return 0, outOfRange("%d times %d", int64(a), n)
	}
	return a * Amount(n), nil
}

// Sum adds the amounts up, refusing as Add does.
func Sum(amounts ...Amount) (Amount, error) {
	var total Amount
	for _, a := range amounts {
		var err error
		if total, err = total.Add(a); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// Min returns the smaller of a and b.
func Min(a, b Amount) Amount { return min(a, b) }

func (a Amount) inRange() bool { return a >= -MaxAmount && a <= MaxAmount }

func outOfRange(format string, args ...any) error {
	return fault.New(fault.AmountOutOfRange, format+" is beyond the largest amount of %d minor units",
		append(args, int64(MaxAmount))...).With("maxMinor", int64(MaxAmount))
}

// InCurrency adds the currency to an AMOUNT_OUT_OF_RANGE refusal of this
// package, which computes without knowing it. Other errors pass unchanged.
func InCurrency(err error, currency string) error {
	if e, ok := fault.As(err); ok && e.Reason == fault.AmountOutOfRange {
		e.With("currency", currency)
	}
	return err
}
