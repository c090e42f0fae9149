// Package font holds the font that statements and charts are printed with: the characters of
// Latin-1 and GB 2312 of Noto Sans SC, which is under the SIL Open Font License (OFL.txt).
// scripts/font.sh makes the file anew.
package font

import (
	_ "embed" // The font is a part of the program.
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/encoding/simplifiedchinese"
)

//go:embed noto-sans-sc.ttf
var face []byte

// Name is the name of the font.
const Name = "Noto Sans SC"

// Bytes is the font as a TrueType file. Nobody may change it.
func Bytes() []byte { return face }

// Has says whether the font can show a character.
func Has(r rune) bool {
	if unicode.IsControl(r) {
		return false
	}
	if r <= unicode.MaxLatin1 || strings.ContainsRune("€–—…•", r) {
		return true
	}
	raw, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(string(r)))
	return err == nil && len(raw) == 2 && within(raw[0], 0xA1, 0xF7) && within(raw[1], 0xA1, 0xFE)
}

func within(b, from, to byte) bool { return from <= b && b <= to }

// Printable is a text in which characters that the font lacks stand by their numbers: \u{1F600}.
func Printable(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return !Has(r) }) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if Has(r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, `\u{%X}`, r)
	}
	return b.String()
}
