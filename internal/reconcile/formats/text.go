package formats

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
)

// The encodings of text files.
const (
	utf8Name    = "UTF-8"
	gb18030Name = "GB18030"
)

// textLines reads a text file line by line, each decoded alone: in both encodings no byte of a
// longer character is a line feed.
type textLines struct {
	of *reading
	r  *bufio.Reader
	// n is the number of the line read last.
	n int
	// chinese decodes GB18030; nil for UTF-8.
	chinese *encoding.Decoder
	// open says that the line read last has no line feed behind it.
	open bool
}

// inUTF8 reads a file that the channel sends in UTF-8.
func (r *reading) inUTF8(body io.Reader) *textLines {
	t := &textLines{of: r, r: bufio.NewReaderSize(body, lineMax)}
	r.report.Encoding = utf8Name
	head, _ := t.r.Peek(headMax) // What is wrong with reading shows again at the first line.
	switch {
	case isWide(head):
		r.stop(Encoding, 1, "", "the file is in UTF-16, and the channel sends UTF-8; somebody has saved it again: download the file again")
	case !isUTF8Head(head) && isGB18030Head(head):
		r.stop(Encoding, 1, "", "the file is in GB18030, and the channel sends UTF-8; somebody has converted it: download the file again")
	}
	t.skipMark()
	return t
}

// inGB18030 reads a file in GB18030, of which GBK is a part; or in UTF-8 if it says so by a byte
// order mark, or is UTF-8 at its beginning.
func (r *reading) inGB18030(body io.Reader) *textLines {
	t := &textLines{of: r, r: bufio.NewReaderSize(body, lineMax)}
	r.report.Encoding = utf8Name
	head, _ := t.r.Peek(headMax) // What is wrong with reading shows again at the first line.
	switch {
	case isWide(head):
		r.stop(Encoding, 1, "", "the file is in UTF-16, and the channel sends GB18030 or UTF-8; download the file again")
	case !isUTF8Head(head):
		r.report.Encoding = gb18030Name
		t.chinese = newGB18030()
	}
	t.skipMark()
	return t
}

func (t *textLines) skipMark() {
	if mark, _ := t.r.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		_, _ = t.r.Discard(3) // They have just been seen.
	}
}

// next gives a line without its end, and false behind the last.
func (t *textLines) next() (string, bool) {
	for !t.of.stopped {
		raw, err := t.r.ReadSlice('\n')
		if len(raw) > 0 {
			t.n++
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			t.of.stop(TooLarge, t.n, "", "has more than %d bytes", lineMax)
			return "", false
		}
		// What ended the reading has been noted.
		if len(raw) == 0 || t.of.stopped {
			return "", false
		}
		t.open = err != nil
		text, ok := t.text(bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r")))
		if !ok {
			continue
		}
		return text, true
	}
	return "", false
}

// text decodes a line.
func (t *textLines) text(raw []byte) (string, bool) {
	if bytes.IndexByte(raw, 0) >= 0 {
		t.of.stop(Encoding, t.n, "", "holds a byte of zero, which no text has")
		return "", false
	}
	if t.chinese == nil {
		if utf8.Valid(raw) {
			return string(raw), true
		}
		if t.open && endsInside(raw) {
			t.of.stop(Truncated, t.n, "", "the file ends inside a character; download it again")
			return "", false
		}
		t.of.stop(Encoding, t.n, "", "is not in UTF-8, as the lines before it are")
		return "", false
	}
	if got, ok := fromGB18030(t.chinese, raw); ok {
		return got, true
	}
	if t.open {
		t.of.stop(Truncated, t.n, "", "the file ends inside a character; download it again")
		return "", false
	}
	t.of.stop(Encoding, t.n, "", "is not in GB18030, as the lines before it are")
	return "", false
}

// endsInside says that only the last character of a text is cut.
func endsInside(raw []byte) bool {
	for cut := 1; cut < utf8.UTFMax && cut <= len(raw); cut++ {
		end := raw[len(raw)-cut:]
		if utf8.RuneStart(end[0]) {
			return !utf8.FullRune(end) && utf8.Valid(raw[:len(raw)-cut])
		}
	}
	return false
}

// isUTF8Head says that a beginning is UTF-8, but for a last character that may be cut.
func isUTF8Head(head []byte) bool { return utf8.Valid(head) || endsInside(head) }

// isGB18030Head says that the first line decodes from GB18030 without a fault.
func isGB18030Head(head []byte) bool {
	first, _, _ := bytes.Cut(head, []byte("\n"))
	_, ok := fromGB18030(newGB18030(), first)
	return ok
}

// isWide says that a beginning is UTF-16.
func isWide(head []byte) bool {
	if len(head) < 2 {
		return false
	}
	return head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff
}

// header is where each column of a table stands.
type header struct {
	at    map[string]int
	count int
}

// columnSpec is a column that a format reads, or knows and does not read.
type columnSpec struct {
	name string
	// was are names by which older files call it.
	was      []string
	required bool
}

// plain is a column's name in one spelling: with ASCII brackets and without spaces around it.
func plain(name string) string {
	return strings.TrimSpace(brackets.Replace(strings.Trim(name, "\ufeff`\t ")))
}

var brackets = strings.NewReplacer("（", "(", "）", ")")

// header reads the line of column names by the columns that the format knows.
func (r *reading) header(line int, told []string, known []columnSpec) *header {
	h := &header{at: make(map[string]int, len(told)), count: len(told)}
	if r.report.Columns == 0 {
		r.report.Columns = len(told)
	}
	for i, name := range told {
		name = plain(name)
		found := ""
		for _, c := range known {
			if name == c.name || contains(c.was, name) {
				found = c.name
			}
		}
		if found == "" {
			r.notice(ColumnUnknown, line, name, "is a column that nobody reads; the channel may have changed its file")
			continue
		}
		if _, twice := h.at[found]; twice {
			r.stop(ColumnTwice, line, name, "stands in the header twice")
			continue
		}
		h.at[found] = i
	}
	for _, c := range known {
		if _, there := h.at[c.name]; c.required && !there {
			r.problem(ColumnMissing, line, c.name, "is not in the header of %d columns", len(told))
		}
	}
	if len(r.report.Problems) > 0 {
		r.stopped = true
	}
	return h
}

// has says whether the file has a column.
func (h *header) has(column string) bool {
	_, there := h.at[column]
	return there
}

func contains(all []string, one string) bool {
	for _, a := range all {
		if a == one {
			return true
		}
	}
	return false
}

// row is one line of a table, by column.
type row struct {
	r      *reading
	line   int
	header *header
	values []string
	// bad says that a value was refused.
	bad bool
}

// text is a value of the row; empty where the file has no such column.
func (w *row) text(column string) string {
	at, there := w.header.at[column]
	if !there || at >= len(w.values) {
		return ""
	}
	return strings.TrimSpace(w.values[at])
}

// problem notes what is wrong with a value.
func (w *row) problem(code Code, column, format string, args ...any) {
	w.bad = true
	w.r.problem(code, w.line, column, format, args...)
}
