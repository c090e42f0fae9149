package money

import (
	"strconv"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// exponents lists the currencies whose minor unit is not a hundredth, of those
// the marketplace trades in.
var exponents = map[string]int{"JPY": 0, "KRW": 0}

// CheckCurrency refuses, with REQUEST_INVALID, a code that does not have the form
// of ISO 4217: three capital letters. Each book decides which currency it accepts.
func CheckCurrency(code string) error {
	ok := len(code) == 3
	for i := 0; ok && i < len(code); i++ {
		ok = code[i] >= 'A' && code[i] <= 'Z'
	}
	if !ok {
		return fault.New(fault.RequestInvalid, "a currency must be an ISO 4217 code of three capital letters")
	}
	return nil
}

// Exponent is the number of decimals of the currency's major unit: 2 for CNY,
// USD, EUR and HKD, 0 for JPY and KRW, 2 for any other. It serves display only;
// no sum depends on it.
func Exponent(currency string) int {
	if e, ok := exponents[currency]; ok {
		return e
	}
	return 2
}

// Format writes the amount in the currency's major unit with grouped thousands and
// without the code: "1,234.56" for 123456 CNY, "-1,234" for −1234 JPY.
func Format(a Amount, currency string) string {
	size := uint64(a)
	if a < 0 {
		size = -size
	}
	digits := strconv.FormatUint(size, 10)
	decimals := Exponent(currency)
	if pad := decimals + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	whole, part := digits[:len(digits)-decimals], digits[len(digits)-decimals:]

	var b strings.Builder
	if a < 0 {
		b.WriteByte('-')
	}
	for i := range len(whole) {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(whole[i])
	}
	if decimals > 0 {
		b.WriteByte('.')
		b.WriteString(part)
	}
	return b.String()
}
