package authenticator

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tenfold-claims/tenfold/internal/calendar"
)

// form is what a value of a signed report may be. The published schema is written from the
// forms, so that it says what is accepted.
type form struct {
	// about says what the value is, with the clause of ISO/IEC 17025:2017 that asks for it.
	about string
	// members are those of an object; required are the names of those that must be there.
	members  map[string]form
	required []string
	// oneOf are members of which exactly one must be there.
	oneOf []string
	// items are the values of a list, of which there are one to most.
	items *form
	// most bounds a list, or a text in characters.
	most int
	// words are the only texts; pattern is what a text must match.
	words   []string
	pattern string
	// day and time are texts of those forms, lines says that a text may have line breaks.
	day, time, lines bool
	// from and to bound a whole number.
	from, to int
	// boolean says that it is true or false; always that it is true.
	boolean, always bool
}

// fits says where a value is not of a form, and why; empty if it is.
func (f *form) fits(v any, path string) (at, why string) {
	switch {
	case f.members != nil:
		return f.fitsObject(v, path)
	case f.items != nil:
		return f.fitsList(v, path)
	case f.boolean:
		b, ok := v.(bool)
		if !ok || f.always && !b {
			return path, "must be true" + map[bool]string{false: " or false"}[f.always]
		}
	case f.to > 0:
		n, ok := v.(json.Number)
		i, err := strconv.Atoi(string(n))
		if !ok || err != nil || i < f.from || i > f.to || strconv.Itoa(i) != string(n) {
			return path, fmt.Sprintf("must be a whole number from %d to %d", f.from, f.to)
		}
	default:
		if text, ok := v.(string); !ok {
			return path, "must be a text"
		} else if why := f.fitsText(text); why != "" {
			return path, why
		}
	}
	return "", ""
}

func (f *form) fitsObject(v any, path string) (at, why string) {
	object, ok := v.(map[string]any)
	if !ok {
		return path, "must be an object"
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		member, known := f.members[name]
		if !known {
			if r := []rune(name); len(r) > wordMax {
				name = string(r[:wordMax]) + "…"
			}
			return path, fmt.Sprintf("must not have the member %q", name)
		}
		if at, why := member.fits(object[name], strings.TrimPrefix(path+"."+name, ".")); why != "" {
			return at, why
		}
	}
	for _, name := range f.required {
		if _, has := object[name]; !has {
			return strings.TrimPrefix(path+"."+name, "."), "is missing"
		}
	}
	if len(f.oneOf) > 0 {
		has := slices.DeleteFunc(slices.Clone(f.oneOf), func(name string) bool { _, has := object[name]; return !has })
		if len(has) != 1 {
			return path, "must have exactly one of " + strings.Join(f.oneOf, ", ")
		}
	}
	return "", ""
}

func (f *form) fitsList(v any, path string) (at, why string) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 || len(list) > f.most {
		return path, fmt.Sprintf("must be a list of 1 to %d values", f.most)
	}
	for i, x := range list {
		if at, why := f.items.fits(x, fmt.Sprintf("%s[%d]", path, i)); why != "" {
			return at, why
		}
	}
	return "", ""
}

func (f *form) fitsText(text string) string {
	switch {
	case f.day:
		if d, err := calendar.ParseDate(text); err != nil || d.String() != text {
			return "must be a day such as 2026-02-17"
		}
	case f.time:
		if _, err := time.Parse(time.RFC3339, text); err != nil {
			return "must be a time such as 2026-02-17T09:00:00+08:00"
		}
	case len(f.words) > 0:
		if !slices.Contains(f.words, text) {
			return "must be one of " + strings.Join(f.words, ", ")
		}
	case text == "" || utf8.RuneCountInString(text) > f.most:
		return fmt.Sprintf("must have 1 to %d characters", f.most)
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !(f.lines && (r == '\n' || r == '\t')) }):
		return "must not have control characters"
	case f.pattern != "" && !regexp.MustCompile(f.pattern).MatchString(text):
		return "must match " + f.pattern
	}
	return ""
}

// schema is the form in the words of JSON Schema.
func (f *form) schema() map[string]any {
	s := map[string]any{}
	if f.about != "" {
		s["description"] = f.about
	}
	switch {
	case f.members != nil:
		s["type"], s["additionalProperties"] = "object", false
		members := map[string]any{}
		for name := range f.members {
			m := f.members[name]
			members[name] = m.schema()
		}
		s["properties"] = members
		if len(f.required) > 0 {
			s["required"] = f.required
		}
		var each []any
		for _, name := range f.oneOf {
			each = append(each, map[string]any{"required": []string{name}})
		}
		if each != nil {
			s["oneOf"] = each
		}
	case f.items != nil:
		s["type"], s["minItems"], s["maxItems"], s["items"] = "array", 1, f.most, f.items.schema()
	case f.boolean:
		s["type"] = "boolean"
		if f.always {
			s["const"] = true
		}
	case f.to > 0:
		s["type"], s["minimum"], s["maximum"] = "integer", f.from, f.to
	default:
		f.textSchema(s)
	}
	return s
}

func (f *form) textSchema(s map[string]any) {
	s["type"] = "string"
	switch {
	case f.day:
		s["format"] = "date"
	case f.time:
		s["format"] = "date-time"
	case len(f.words) > 0:
		s["enum"] = f.words
	default:
		s["minLength"], s["maxLength"] = 1, f.most
		if f.pattern != "" {
			s["pattern"] = f.pattern
		}
	}
}
