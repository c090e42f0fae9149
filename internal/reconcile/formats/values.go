package formats

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// china is the zone of the times in files of WeChat Pay, Alipay and the marketplace.
var china = time.FixedZone("UTC+8", 8*60*60)

const (
	// numberMax bounds the numbers of channels: the longest has 64 characters.
	numberMax = 64
	// digitsMax bounds the digits of an amount; the largest amount has fewer.
	digitsMax = 24
)

// rounded is a number that a spreadsheet has written with an exponent.
var rounded = regexp.MustCompile(`^[0-9](\.[0-9]+)?[eE]\+?[0-9]+$`)

// isFormula says that a spreadsheet would compute a text.
func isFormula(text string) bool {
	if text == "" {
		return false
	}
	switch text[0] {
	case '=', '+', '@', '\t', '\r':
		return true
	case '-':
		return len(text) > 1 && (text[1] < '0' || text[1] > '9' || strings.ContainsAny(text[1:], "+*/(|!"))
	}
	return false
}

// number is a value that identifies something; none stands for words that mean no number.
func (w *row) number(column string, required bool, none ...string) string {
	text := w.text(column)
	switch {
	case text == "" || slices.Contains(none, text):
		if required {
			w.problem(ValueMissing, column, "has no value")
		}
		return ""
	case isFormula(text):
		w.problem(Formula, column, "%s begins as a formula of a spreadsheet does", text)
	case rounded.MatchString(text):
		w.problem(NumberInvalid, column, "%s is a number that a spreadsheet has rounded; its digits are lost: download the file again", text)
	case len(text) > numberMax:
		w.problem(NumberInvalid, column, "%s has more than %d characters", text, numberMax)
	case !printableASCII(text):
		w.problem(NumberInvalid, column, "%s holds a character that numbers of the channel do not have", text)
	default:
		return text
	}
	return ""
}

func printableASCII(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' || text[i] == '"' {
			return false
		}
	}
	return true
}

// yuan reads an amount with exactly the decimals of the currency: one without them may be in
// minor units.
func (w *row) yuan(column, currency string) money.Amount {
	a, fault := decimal(w.text(column), money.Exponent(currency), true)
	if fault != "" {
		w.amountFault(column, fault)
		return 0
	}
	return money.Amount(a)
}

// amountFault notes why a value is no amount.
func (w *row) amountFault(column, why string) {
	text := w.text(column)
	switch {
	case text == "":
		w.problem(ValueMissing, column, "has no amount")
	case isFormula(text):
		w.problem(Formula, column, "%s begins as a formula of a spreadsheet does", text)
	default:
		w.problem(AmountInvalid, column, "%s is no amount: %s", text, why)
	}
}

// decimal reads a decimal number as so many units of its last place; exact wants all places.
// It says what is wrong in words, and nothing if the number is fine.
func decimal(text string, places int, exact bool) (int64, string) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, part, pointed := strings.Cut(digits, ".")
	switch {
	case len(text) > digitsMax:
		return 0, "it is too long"
	case whole == "" || pointed && part == "":
		return 0, "a digit is missing"
	case strings.Trim(whole+part, "0123456789") != "":
		return 0, "it holds more than digits, one point and a leading minus"
	case len(part) > places:
		return 0, "it has more decimals than the currency"
	case exact && len(part) != places:
		return 0, "it lacks the decimals that the column has; it may be in minor units"
	}
	all := strings.TrimLeft(whole, "0") + part + strings.Repeat("0", places-len(part))
	if len(all) > 18 {
		return 0, "it is beyond the largest amount"
	}
	var n int64
	for _, c := range []byte(all) {
		n = n*10 + int64(c-'0')
	}
	// More decimals make the numbers larger, not the amounts.
	if money.Amount(n) > money.MaxAmount {
		return 0, "it is beyond the largest amount"
	}
	if negative {
		n = -n
	}
	return n, ""
}

// count reads a number of lines; old files write it with a decimal of zero.
func count(text string) (int, bool) {
	n, wrong := decimal(strings.TrimSuffix(text, ".0"), 0, false)
	return int(n), wrong == "" && n >= 0
}

// when reads a time in a zone.
func (w *row) when(column, layout string, zone *time.Location) time.Time {
	text := w.text(column)
	if text == "" {
		w.problem(ValueMissing, column, "has no time")
		return time.Time{}
	}
	at, err := time.ParseInLocation(layout, text, zone)
	if err != nil {
		w.problem(TimeInvalid, column, "%s is no time of the form %s", text, layout)
		return time.Time{}
	}
	if !plausible(at) {
		w.problem(TimeInvalid, column, "%s is not between the years 2000 and 2100", text)
		return time.Time{}
	}
	return at
}

func plausible(at time.Time) bool { return at.Year() >= 2000 && at.Year() < 2100 }

// currency reads a code of a currency.
func (w *row) currency(column string) string {
	text := w.text(column)
	if money.CheckCurrency(text) != nil {
		w.problem(WordUnknown, column, "%s is no currency", text)
		return ""
	}
	return text
}

// textsRead notes formulas in texts that nobody reads.
func (w *row) ignored(columns ...string) {
	for _, column := range columns {
		if isFormula(w.text(column)) {
			w.r.notice(FormulaInText, w.line, column, "begins as a formula of a spreadsheet does; it is not read")
		}
	}
}
