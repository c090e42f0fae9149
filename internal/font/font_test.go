package font_test

import (
	"testing"

	"golang.org/x/image/font/sfnt"

	"github.com/tenfold-claims/tenfold/internal/font"
)

// Would catch a character that is printed as an empty box, because the program takes it for one
// of the font.
func TestFontHasWhatItSays(t *testing.T) {
	t.Parallel()
	face, err := sfnt.Parse(font.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	var buffer sfnt.Buffer
	has := 0
	for r := rune(0); r <= 0xFFFF; r++ {
		glyph, err := face.GlyphIndex(&buffer, r)
		if err != nil {
			t.Fatal(err)
		}
		if font.Has(r) {
			has++
			if glyph == 0 {
				t.Errorf("the font lacks %U", r)
			}
		}
	}
	const gb2312 = 6763
	if has < gb2312 {
		t.Errorf("the font has %d characters", has)
	}
}

// Would catch a text that loses a character, or whose controls reach the paper.
func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "order-17": "order-17", "订单 ¥5": "订单 ¥5", "a龘😀": `a\u{9F98}\u{1F600}`, "x\ny": `x\u{A}y`, "\x00": `\u{0}`,
	} {
		if got := font.Printable(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
