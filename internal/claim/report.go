package claim

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// PlainReport is a report number as numbers are compared: in one width (NFKC), without spaces
// and without characters that nobody sees. Numbers are shown as they were sent.
func PlainReport(number string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc, unicode.Zl, unicode.Zp) || r == '\u034f' {
			return -1
		}
		return r
	}, norm.NFKC.String(number))
}
