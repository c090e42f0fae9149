package fault_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// named is a text of a type of its own.
type named string

// Would catch a refusal that repeats a large value or one that changes what a terminal or a
// log shows, in its sentence or in its facts, and an excerpt that is no text.
func TestRefusalsRepeatExcerpts(t *testing.T) {
	t.Parallel()
	for _, value := range []string{
		strings.Repeat("a", 1<<20), strings.Repeat("假", 1<<18), strings.Repeat("😀", 1<<18), "x" + strings.Repeat("假", 1<<18),
		strings.Repeat("\xff", 1<<20), strings.Repeat("\x1b[31m", 1000), "line\r\nline\x00", strings.Repeat("\u202e", 50),
	} {
		for _, arg := range []any{value, named(value), errors.New(value)} {
			for _, format := range []string{"%s", "%q", "%v", "%s beside %[1]s"} {
				e := fault.New(fault.RequestInvalid, "the value is "+format, arg).With("value", arg)
				for what, text := range map[string]string{"sentence": e.Detail, "fact": e.Fields["value"]} {
					if len(text) > 1024 || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
						t.Errorf("%s of %d bytes for %T by %s: %.200q", what, len(text), arg, format, text)
					}
				}
			}
		}
	}
	const short = "merchants/m1/claims/索赔 \"7\""
	if got := fault.Excerpt(short); got != short {
		t.Errorf("a short value becomes %q", got)
	}
	if got := fault.Excerpt(strings.Repeat("a", 1<<20)); !strings.HasPrefix(got, "aaa") || !strings.HasSuffix(got, "… (1048576 bytes)") || len(got) > 160 {
		t.Errorf("a long value becomes %q", got)
	}
}
