package formats

import (
	"io"
	"strings"
)

// weChat reads a bill of WeChat Pay: a header, rows of which each value begins with a
// back-tick, and a summary of two lines. Values are not quoted, so a name may hold the
// separator: the values before the texts are counted from the left, and those behind them
// from the right.
type weChat struct {
	*reading
	lines *textLines
	known []columnSpec
	// texts are free texts beside each other, which are not read.
	texts []string
	// header and summary are the first columns of the two headers.
	begins, ends string
	// row takes over one row, summary the values of the summary by column.
	row     func(*row)
	summary func(*row)
	known2  []columnSpec
}

const tick = ",`"

func (c *weChat) read(body io.Reader) {
	c.lines = c.inUTF8(body)
	told, ok := c.lines.next()
	if !ok {
		return
	}
	if !strings.HasPrefix(plain(told), c.begins) {
		c.stop(UnknownFormat, c.lines.n, c.begins, "the file does not begin with this column, as a %s does; %s", string(c.o.Format), c.other(told))
		return
	}
	h := c.header(c.lines.n, strings.Split(told, ","), c.known)
	c.rows(h)
}

// other says what else the file may be.
func (r *reading) other(head string) string {
	if f := formatOf(strings.TrimSpace(head)); f != "" && f != r.o.Format {
		return "it reads as " + string(f)
	}
	return "it reads as no known format"
}

func (c *weChat) rows(h *header) {
	for {
		text, ok := c.lines.next()
		switch {
		case !ok:
			return
		case strings.TrimSpace(text) == "":
			continue
		case strings.HasPrefix(text, c.ends):
			c.totals(text)
			return
		case strings.HasPrefix(plain(text), c.begins):
			c.stop(HeaderTwice, c.lines.n, "", "is the header once more; two files were joined")
			return
		}
		if w := c.split(text, h, c.texts); w != nil {
			c.row(w)
		}
	}
}

// split divides a line into values.
func (c *weChat) split(text string, h *header, texts []string) *row {
	w := &row{r: c.reading, line: c.lines.n, header: h}
	if !strings.HasPrefix(text, "`") {
		c.problem(Malformed, c.lines.n, "", "does not begin with a back-tick; a spreadsheet has saved the file: download it again")
		return nil
	}
	w.values = strings.Split(text[1:], tick)
	more := len(w.values) - h.count
	first, there := h.at[firstOf(h, texts)]
	switch {
	case more == 0:
	case more < 0 && c.lines.open:
		c.stop(Truncated, c.lines.n, "", "the file ends inside the line, after %d of %d values; download it again", len(w.values), h.count)
		return nil
	case more < 0 || !there:
		c.problem(ColumnCount, c.lines.n, "", "has %d values, and the header %d", len(w.values), h.count)
		return nil
	default:
		c.notice(SeparatorInText, c.lines.n, texts[0], "a text holds the separator; the values around it are counted from both ends")
		kept := append([]string{}, w.values[:first]...)
		kept = append(kept, strings.Join(w.values[first:first+more+1], tick))
		w.values = append(kept, w.values[first+more+1:]...)
	}
	w.ignored(texts...)
	return w
}

// firstOf is the first of the texts that the file has.
func firstOf(h *header, texts []string) string {
	for _, t := range texts {
		if h.has(t) {
			return t
		}
	}
	return ""
}

// totals reads the summary, and refuses what comes behind it.
func (c *weChat) totals(text string) {
	h := c.header(c.lines.n, strings.Split(text, ","), c.known2)
	values, ok := c.lines.next()
	if !ok {
		c.stop(Truncated, c.lines.n, "", "the file ends before the values of its summary; download it again")
		return
	}
	// Numbers of columns are those of the rows.
	if w := c.split(values, h, nil); w != nil {
		before := len(c.report.Problems)
		c.summary(w)
		if len(c.report.Problems) == before {
			c.provedBy("the summary of the bill")
		} else {
			c.proved = true
		}
	}
	for {
		more, ok := c.lines.next()
		if !ok {
			return
		}
		if strings.TrimSpace(more) != "" {
			c.stop(AfterEnd, c.lines.n, "", "stands behind the summary; two files were joined")
			return
		}
	}
}

// total compares a total of the summary in yuan with that of the lines.
func (w *row) total(column string, have int64) {
	const places = 2
	if !w.header.has(column) {
		return
	}
	told, wrong := decimal(w.text(column), places, true)
	switch {
	case wrong != "":
		w.amountFault(column, wrong)
	case told != have:
		w.problem(SummaryDiffers, column, "the summary says %s, and the lines give %s", w.text(column), plainDecimal(have, places))
	}
}

// lineTotal compares the number of lines.
func (w *row) lineTotal(column string, have int) {
	if !w.header.has(column) {
		return
	}
	told, ok := count(w.text(column))
	switch {
	case !ok:
		w.problem(AmountInvalid, column, "%s is no number of lines", w.text(column))
	case told != have:
		w.problem(SummaryDiffers, column, "the summary says %d, and there are %d", told, have)
	}
}
