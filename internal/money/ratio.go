package money

import (
	"math/bits"
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Ratio is a positive rational, such as a multiplier of 10/1. It need not be in
// lowest terms: it is kept as it was published.
type Ratio struct {
	Num int64 `json:"num"`
	Den int64 `json:"den"`
}

// RatioTermMax bounds numerator and denominator. No promise or statute comes near
// it, while an amount in minor units that is put into a multiplier by mistake is
// likely to exceed it.
const RatioTermMax = 1_000_000

// Check refuses a ratio whose terms are not both in 1..RatioTermMax, with
// REQUEST_INVALID. The zero Ratio is refused: there is no default multiplier.
func (r Ratio) Check() error {
	if r.Num < 1 || r.Den < 1 || r.Num > RatioTermMax || r.Den > RatioTermMax {
		return fault.New(fault.RequestInvalid, "ratio %d/%d must have both terms between 1 and %d",
			r.Num, r.Den, RatioTermMax).With("termMax", RatioTermMax)
	}
	return nil
}

// IsZero says whether the ratio was left out.
func (r Ratio) IsZero() bool { return r == Ratio{} }

// Of returns r × a, rounded half up to the minor unit. The product is exact in 128
// bits before the single division. A negative amount gives the exact negative of
// its positive counterpart, so that a reversal cancels what it reverses. Refuses an
// invalid ratio, and, with AMOUNT_OUT_OF_RANGE, a result beyond MaxAmount.
func (r Ratio) Of(a Amount) (Amount, error) {
	if err := r.Check(); err != nil {
		return 0, err
	}
	size := uint64(a)
	if a < 0 {
		size = -size
	}
	den := uint64(r.Den)
	hi, lo := bits.Mul64(size, uint64(r.Num))
	if hi >= den { // The quotient would not fit 64 bits, and Div64 would panic.
		return 0, outOfRange("%s times %d", r, int64(a))
	}
	quo, rem := bits.Div64(hi, lo, den)
	if quo > uint64(MaxAmount) {
		return 0, outOfRange("%s times %d", r, int64(a))
	}
	if rem >= den-rem {
		quo++
	}
	if quo > uint64(MaxAmount) {
		return 0, outOfRange("%s times %d", r, int64(a))
	}
	if a < 0 {
		return -Amount(quo), nil
	}
	return Amount(quo), nil
}

// Compare returns −1, 0 or +1 if r is less than, equal to or greater than s,
// exactly: 20/2 equals 10/1. Both must be positive.
func (r Ratio) Compare(s Ratio) int {
	leftHi, leftLo := bits.Mul64(uint64(r.Num), uint64(s.Den))
	rightHi, rightLo := bits.Mul64(uint64(s.Num), uint64(r.Den))
	switch {
	case leftHi != rightHi:
		return sign(leftHi < rightHi)
	case leftLo != rightLo:
		return sign(leftLo < rightLo)
	default:
		return 0
	}
}

func sign(less bool) int {
	if less {
		return -1
	}
	return 1
}

// String gives "10" for 10/1 and "3/2" for 3/2.
func (r Ratio) String() string {
	if r.Den == 1 {
		return strconv.FormatInt(r.Num, 10)
	}
	return strconv.FormatInt(r.Num, 10) + "/" + strconv.FormatInt(r.Den, 10)
}
