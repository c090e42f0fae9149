package principal

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Same says whether two ids name one person. Ids that differ only in case, in the form of
// their characters, such as their width, or in spaces around them are of one person:
// whoever signs in twice by two spellings must not count as two. An empty id names nobody,
// and nobody is the same as anyone. Wherever two people must act, their ids are compared
// by Same.
func Same(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	return a == b || plain(a) == plain(b)
}

// plain is what all spellings of an id have in common. Folding the case of a compatible
// form can leave a form that is not plain yet, so that both steps are made twice, as
// Unicode's compatible matching without case does.
func plain(id string) string {
	for range 2 {
		id = strings.Map(visible, cases.Fold().String(norm.NFKC.String(id)))
	}
	return strings.TrimSpace(norm.NFKC.String(id))
}

// visible drops characters that are not shown: those that control, format, join or break
// text, that pick a variant of another character, or fill a place. White space stays.
func visible(r rune) rune {
	if !unicode.IsSpace(r) && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return -1
	}
	return r
}
