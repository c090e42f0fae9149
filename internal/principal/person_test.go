package principal_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/principal"
)

// Would catch one person who counts as two by another spelling of the id, two people who
// count as one, and an empty id that is taken for somebody.
func TestSameComparesPersonsBeyondTheirSpelling(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		a, b string
		want bool
	}{
		"one spelling":             {"rita", "rita", true},
		"another case":             {"Rita", "rITA", true},
		"wide letters":             {"ｒｉｔａ", "rita", true},
		"wide capitals":            {"ＲＩＴＡ", "rita", true},
		"spaces around":            {" rita\t", "rita", true},
		"wide spaces around":       {"\u3000rita\u00a0", "rita", true},
		"composed and decomposed":  {"jos\u00e9", "jose\u0301", true},
		"a case of two letters":    {"groß", "GROSS", true},
		"both sigmas":              {"νίκος", "ΝΊΚΟΣ", true},
		"a ligature":               {"ﬁona", "FIONA", true},
		"an iota below":            {"\u1fb3", "\u0391\u0399", true},
		"a letter in a circle":     {"Ⓡita", "rita", true},
		"spaces only":              {"  ", "\u3000", true},
		"a joiner within":          {"ri\u200bta", "rita", true},
		"a mark before":            {"\ufeffrita", "rita", true},
		"turned writing":           {"\u202erita\u202c", "rita", true},
		"a soft hyphen":            {"ri\u00adta", "rita", true},
		"a variant":                {"rita\ufe0f", "rita", true},
		"a filler":                 {"rita\u3164", "rita", true},
		"a joiner of graphemes":    {"ri\u034fta", "rita", true},
		"a control":                {"rita\u0007", "rita", true},
		"a space beyond a mark":    {"rita \u200b", "rita", true},
		"two people":               {"rita", "rina", false},
		"an accent":                {"jose", "jos\u00e9", false},
		"a space within":           {"ri ta", "rita", false},
		"a number":                 {"approver-1", "approver-11", false},
		"nobody and somebody":      {"", "rita", false},
		"somebody and nobody":      {"rita", "", false},
		"nobody":                   {"", "", false},
		"nobody and spaces":        {"", " ", false},
		"another writing of Anna":  {"анна", "anna", false},
		"the same in another case": {"АННА", "анна", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := principal.Same(x.a, x.b); got != x.want {
				t.Errorf("Same(%q, %q) is %v", x.a, x.b, got)
			}
			if principal.Same(x.a, x.b) != principal.Same(x.b, x.a) {
				t.Errorf("Same(%q, %q) depends on the order", x.a, x.b)
			}
		})
	}
}
