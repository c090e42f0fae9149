package money_test

import (
	"errors"
	"math"
	"math/big"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
)

const most = money.MaxAmount

// anyAmount draws amounts inside the range, its ends, and far outside it.
func anyAmount() *rapid.Generator[money.Amount] {
	return rapid.Custom(func(t *rapid.T) money.Amount {
		inside := rapid.Int64Range(-int64(most), int64(most))
		return money.Amount(rapid.OneOf(inside, rapid.Int64(), rapid.SampledFrom([]int64{
			0, 1, -1, int64(most), -int64(most), int64(most) + 1, math.MaxInt64, math.MinInt64,
		})).Draw(t, "amount"))
	})
}

func inRange(a money.Amount) bool { return a >= -most && a <= most }

// fits says whether an exact result may be answered at all.
func fits(exact *big.Int) bool {
	return exact.CmpAbs(big.NewInt(int64(most))) <= 0
}

func isOutOfRange(t interface{ Errorf(string, ...any) }, err error) {
	e, ok := fault.As(err)
	if !ok || e.Reason != fault.AmountOutOfRange || e.Fields["maxMinor"] != "1000000000000000" {
		t.Errorf("refusal is %v, want AMOUNT_OUT_OF_RANGE with maxMinor", err)
	}
}

// Catches a float, or any other inexact type, in an amount or a multiplier
// (rule M1): the fields must be 64-bit integers.
func TestM1_AmountsAndRatiosAreIntegers(t *testing.T) {
	if kind := reflect.TypeFor[money.Amount]().Kind(); kind != reflect.Int64 {
		t.Errorf("an Amount is a %s", kind)
	}
	ratio := reflect.TypeFor[money.Ratio]()
	for i := range ratio.NumField() {
		if kind := ratio.Field(i).Type.Kind(); kind != reflect.Int64 {
			t.Errorf("Ratio.%s is a %s", ratio.Field(i).Name, kind)
		}
	}
}

// Catches a multiplication that differs from exact arithmetic rounded half up
// by even one minor unit, an overflow that wraps, and a panic in the 128-bit
// division (rule M1).
func TestM1_RatioIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := money.Ratio{
			Num: rapid.Int64Range(1, money.RatioTermMax).Draw(t, "num"),
			Den: rapid.Int64Range(1, money.RatioTermMax).Draw(t, "den"),
		}
		a := anyAmount().Draw(t, "a")
		got, err := r.Of(a)

		// Half up by magnitude: floor(|a|·num/den + 1/2), with the sign put back.
		size := new(big.Int).Abs(big.NewInt(int64(a)))
		exact := new(big.Rat).SetFrac(size.Mul(size, big.NewInt(r.Num)), big.NewInt(r.Den))
		exact.Add(exact, big.NewRat(1, 2))
		want := new(big.Int).Quo(exact.Num(), exact.Denom())
		if !fits(want) {
			isOutOfRange(t, err)
			return
		}
		if a < 0 {
			want.Neg(want)
		}
		if err != nil || int64(got) != want.Int64() {
			t.Fatalf("%s × %d = %d, %v; want %s", r, a, got, err, want)
		}
	})
}

// Catches a rounding rule other than half up: to even, down, or up always.
func TestRatioRoundsHalfUp(t *testing.T) {
	for _, c := range []struct {
		ratio   money.Ratio
		a, want money.Amount
	}{
		{money.Ratio{Num: 1, Den: 2}, 1, 1},
		{money.Ratio{Num: 1, Den: 2}, 3, 2},
		{money.Ratio{Num: 1, Den: 2}, 5, 3},
		{money.Ratio{Num: 1, Den: 3}, 1, 0},
		{money.Ratio{Num: 1, Den: 3}, 2, 1},
		{money.Ratio{Num: 1, Den: 2}, -1, -1},
		{money.Ratio{Num: 10, Den: 1}, 8999, 89990},
	} {
		if got, err := c.ratio.Of(c.a); err != nil || got != c.want {
			t.Errorf("%s of %d is %d, %v; want %d", c.ratio, c.a, got, err, c.want)
		}
	}
}

// Catches a multiplier that has no meaning being applied all the same.
func TestRatioCheck(t *testing.T) {
	for _, r := range []money.Ratio{
		{}, {Num: 0, Den: 1}, {Num: 1, Den: 0}, {Num: -1, Den: 1}, {Num: 1, Den: -1}, {Num: -1, Den: -1},
		{Num: money.RatioTermMax + 1, Den: 1}, {Num: 1, Den: money.RatioTermMax + 1}, {Num: math.MinInt64, Den: 1},
	} {
		if err := r.Check(); !errors.Is(err, fault.RequestInvalid) {
			t.Errorf("%d/%d is accepted: %v", r.Num, r.Den, err)
		}
		if _, err := r.Of(100); !errors.Is(err, fault.RequestInvalid) {
			t.Errorf("%d/%d is applied: %v", r.Num, r.Den, err)
		}
	}
	if err := (money.Ratio{Num: money.RatioTermMax, Den: 1}).Check(); err != nil {
		t.Errorf("the largest term is refused: %v", err)
	}
}

// Catches a comparison by rounded quotient, or one that overflows.
func TestRatioCompare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		term := rapid.Int64Range(1, math.MaxInt64)
		r := money.Ratio{Num: term.Draw(t, "rNum"), Den: term.Draw(t, "rDen")}
		s := money.Ratio{Num: term.Draw(t, "sNum"), Den: term.Draw(t, "sDen")}
		want := big.NewRat(r.Num, r.Den).Cmp(big.NewRat(s.Num, s.Den))
		if got := r.Compare(s); got != want {
			t.Fatalf("%s against %s is %d, want %d", r, s, got, want)
		}
	})
	if (money.Ratio{Num: 20, Den: 2}).Compare(money.Ratio{Num: 10, Den: 1}) != 0 {
		t.Error("20/2 is not equal to 10/1")
	}
}

// Catches sums, differences and products that wrap round or pass the bound
// unrefused, whatever the operands.
func TestArithmeticIsExactOrRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyAmount().Draw(t, "a"), anyAmount().Draw(t, "b")
		n := rapid.OneOf(rapid.Int64Range(-1000, 1000), rapid.Int64()).Draw(t, "n")
		x, y := big.NewInt(int64(a)), big.NewInt(int64(b))
		check := func(name string, operandsFit bool, exact *big.Int, got money.Amount, err error) {
			if !operandsFit || !fits(exact) {
				isOutOfRange(t, err)
				return
			}
			if err != nil || int64(got) != exact.Int64() {
				t.Fatalf("%s is %d, %v; want %s", name, got, err, exact)
			}
		}
		both := inRange(a) && inRange(b)
		sum, err := a.Add(b)
		check("sum", both, new(big.Int).Add(x, y), sum, err)
		difference, err := a.Sub(b)
		check("difference", both, new(big.Int).Sub(x, y), difference, err)
		product, err := a.Mul(n)
		check("product", inRange(a), new(big.Int).Mul(x, big.NewInt(n)), product, err)
	})
}

// Catches a bound that is off by one, where random operands rarely fall.
func TestArithmeticAtTheBounds(t *testing.T) {
	for _, n := range []int64{int64(most), -int64(most)} {
		if got, err := money.Amount(1).Mul(n); err != nil || int64(got) != n {
			t.Errorf("1 times %d is %d, %v", n, got, err)
		}
	}
	for _, n := range []int64{int64(most) + 1, -int64(most) - 1} {
		_, err := money.Amount(1).Mul(n)
		isOutOfRange(t, err)
	}
	// The high word of this product equals the denominator, and its quotient
	// needs more than 64 bits.
	_, err := money.Ratio{Num: 3, Den: 1}.Of(math.MaxInt64)
	isOutOfRange(t, err)
	// Half up at the bound itself: 10^15 − ½ is 10^15, and 10^15 + ½ is too much.
	if got, err := (money.Ratio{Num: 1, Den: 2}).Of(2*most - 1); err != nil || got != most {
		t.Errorf("half of 2×10^15 − 1 is %d, %v", got, err)
	}
	_, err = money.Ratio{Num: 1, Den: 2}.Of(2*most + 1)
	isOutOfRange(t, err)
}

// Catches a negative or oversized amount that passes as a plain amount, and a
// refusal without its currency.
func TestAmountCheck(t *testing.T) {
	for _, a := range []money.Amount{0, 1, most} {
		if err := a.Check(); err != nil {
			t.Errorf("%d is refused: %v", a, err)
		}
	}
	for _, a := range []money.Amount{-1, most + 1, math.MinInt64, math.MaxInt64} {
		err := money.InCurrency(a.Check(), "CNY")
		isOutOfRange(t, err)
		if e, _ := fault.As(err); e == nil || e.Fields["currency"] != "CNY" {
			t.Errorf("%d: the refusal lacks the currency: %v", a, err)
		}
	}
	if err := money.InCurrency(nil, "CNY"); err != nil {
		t.Errorf("no error became %v", err)
	}
	if money.Min(1, 2) != 1 || money.Min(2, 1) != 1 {
		t.Error("Min is wrong")
	}
	if total, err := money.Sum(1, 2, 3); err != nil || total != 6 {
		t.Errorf("1+2+3 is %d, %v", total, err)
	}
	_, err := money.Sum(most, 1)
	isOutOfRange(t, err)
}
