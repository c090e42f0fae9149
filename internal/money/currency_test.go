package money_test

import (
	"errors"
	"math"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// Catches amounts shown a hundredfold off, without their thousands, or with
// the sign inside the digits.
func TestFormat(t *testing.T) {
	for _, c := range []struct {
		a        money.Amount
		currency string
		want     string
	}{
		{123456, "CNY", "1,234.56"},
		{0, "CNY", "0.00"},
		{7, "CNY", "0.07"},
		{70, "USD", "0.70"},
		{100, "EUR", "1.00"},
		{99999, "HKD", "999.99"},
		{100000, "CNY", "1,000.00"},
		{-123456789, "CNY", "-1,234,567.89"},
		{1234, "JPY", "1,234"},
		{-1234567, "KRW", "-1,234,567"},
		{0, "JPY", "0"},
		{5, "XXX", "0.05"},
		{money.MaxAmount, "CNY", "10,000,000,000,000.00"},
		{math.MinInt64, "CNY", "-92,233,720,368,547,758.08"},
	} {
		if got := money.Format(c.a, c.currency); got != c.want {
			t.Errorf("%d %s is %q, want %q", c.a, c.currency, got, c.want)
		}
	}
}

// Catches a currency that a database column of three letters would cut off or
// that two spellings would make two of.
func TestCheckCurrency(t *testing.T) {
	for _, code := range []string{"CNY", "USD", "JPY", "XXX"} {
		if err := money.CheckCurrency(code); err != nil {
			t.Errorf("%s is refused: %v", code, err)
		}
	}
	for _, code := range []string{"", "cny", "CN", "CNYY", "C1Y", "元", "CN ", "Ｃ"} {
		if err := money.CheckCurrency(code); !errors.Is(err, fault.RequestInvalid) {
			t.Errorf("%q is accepted: %v", code, err)
		}
	}
}
