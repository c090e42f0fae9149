package formats

import "strings"

// joinedMax bounds the lines over which a value in quotes may run.
const joinedMax = 16

// table reads comma-separated values: a value in quotes may hold the separator, quotes that
// are doubled, and line ends. A quote inside a value without quotes is a character like others.
type table struct {
	lines     *textLines
	separator byte
	// line is the one at which the record read last begins.
	line int
}

func newTable(lines *textLines, separator byte) *table {
	return &table{lines: lines, separator: separator}
}

// next gives the values of a record, or the text of a line that is none.
func (t *table) next(isText func(string) bool) (values []string, text string, ok bool) {
	text, ok = t.lines.next()
	if !ok {
		return nil, "", false
	}
	t.line = t.lines.n
	if isText(text) {
		return nil, text, true
	}
	for range joinedMax {
		values, whole, wrong := splitValues(text, t.separator)
		switch {
		case wrong:
			t.lines.of.problem(Malformed, t.line, "", "has text behind the quote that ends a value")
			return []string{}, "", true
		case whole:
			return values, "", true
		}
		more, ok := t.lines.next()
		if !ok {
			t.lines.of.stop(Truncated, t.line, "", "the file ends inside a value in quotes, which begins here")
			return nil, "", false
		}
		if text += "\n" + more; len(text) > lineMax {
			break
		}
	}
	t.lines.of.stop(Malformed, t.line, "", "has a quote that is not closed within %d lines", joinedMax)
	return nil, "", false
}

// splitValues divides a record; it is not whole if a quote is open at its end.
func splitValues(text string, separator byte) (values []string, whole, wrong bool) {
	for {
		if !strings.HasPrefix(text, `"`) {
			at := strings.IndexByte(text, separator)
			if at < 0 {
				return append(values, text), true, false
			}
			values, text = append(values, text[:at]), text[at+1:]
			continue
		}
		var b strings.Builder
		text = text[1:]
		for {
			at := strings.IndexByte(text, '"')
			if at < 0 {
				return nil, false, false
			}
			b.WriteString(text[:at])
			text = text[at+1:]
			if !strings.HasPrefix(text, `"`) {
				break
			}
			b.WriteByte('"')
			text = text[1:]
		}
		values = append(values, b.String())
		// Channels put tabs and spaces behind a value.
		text = strings.TrimLeft(text, "\t ")
		switch {
		case text == "":
			return values, true, false
		case text[0] != separator:
			return nil, true, true
		}
		text = text[1:]
	}
}

// noText is for tables in which every line is a record.
func noText(string) bool { return false }
