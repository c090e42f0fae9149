package fault

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Texts of refusals repeat values of callers, so that a caller finds its fault. A value may
// have megabytes, and anything in it; of a text that is answered there is never more than
// this, in bytes.
const (
	// valueMax is for one value in a sentence: the longest names fit in.
	valueMax = 160
	// detailMax is for a sentence, factMax for a fact. Lists of ten names fit in.
	detailMax = 1024
	factMax   = 1024
)

// Excerpt is a value as a refusal may repeat it: its beginning if it is long, with its size,
// and a question mark in place of each character that cannot be printed.
func Excerpt(value string) string { return cut(value, valueMax) }

// cut is a text of at most some bytes.
func cut(text string, most int) string {
	if len(text) <= most && printable(text) {
		return text
	}
	end := ""
	if len(text) > most {
		end = fmt.Sprintf("… (%d bytes)", len(text))
		text = text[:most-len(end)]
		// The last character may be cut in two.
		for range utf8.UTFMax - 1 {
			if r, size := utf8.DecodeLastRuneInString(text); r == utf8.RuneError && size == 1 {
				text = text[:len(text)-1]
			}
		}
	}
	var b strings.Builder
	for _, r := range text {
		if !shows(r) {
			r = '?'
		}
		b.WriteRune(r)
	}
	return b.String() + end
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !shows(r) })
}

// shows says whether a character can be printed; what is no character cannot.
func shows(r rune) bool { return r != utf8.RuneError && unicode.IsPrint(r) }

// excerpts are the arguments of a sentence, their texts as excerpts.
func excerpts(args []any) []any {
	args = slices.Clone(args)
	for i, arg := range args {
		switch v := arg.(type) {
		case error:
			args[i] = cut(v.Error(), detailMax/2)
		case fmt.Stringer:
			// What writes itself is the engine's own.
		default:
			if text := reflect.ValueOf(arg); text.Kind() == reflect.String {
				args[i] = Excerpt(text.String())
			}
		}
	}
	return args
}
