// Command font cuts Noto Sans SC down to the characters of GB 2312 and Latin-1, which
// statements and reports are printed with. scripts/font.sh calls it.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func main() {
	if err := cut(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// wanted is the SHA-256 of the font that is cut: version 0.4.3 of the package.
const wanted = "d45f67f0a7c0ca3f256950777ce6a61cc7ce5f9696d02900cbbaac25f8aa7d16"

// cut writes the font of one file, with the characters that are kept, to another.
func cut(from, to string) error {
	whole, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read the font: %w", err)
	}
	if sum := sha256.Sum256(whole); hex.EncodeToString(sum[:]) != wanted {
		return fmt.Errorf("the font has the SHA-256 %x, and %s is known", sum, wanted)
	}
	return os.WriteFile(to, fpdf.UTF8CutFont(whole, kept()), 0o644)
}

// kept are the characters of Latin-1 and GB 2312: its rows are bytes of 0xA1 to 0xF7, and its
// columns bytes of 0xA1 to 0xFE. The currency signs and dashes that it lacks are added.
func kept() string {
	var b strings.Builder
	for r := rune(' '); r <= 0xFF; r++ {
		b.WriteRune(r)
	}
	for row := 0xA1; row <= 0xF7; row++ {
		for column := 0xA1; column <= 0xFE; column++ {
			if text, err := simplifiedchinese.GBK.NewDecoder().Bytes([]byte{byte(row), byte(column)}); err == nil {
				b.Write(text)
			}
		}
	}
	b.WriteString("€–—…•")
	return b.String()
}
