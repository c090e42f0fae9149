package formats

import (
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/money"
)

// alipayLayout is one of the lists of Alipay: lines that begin with "#" say whose it is, of
// when, where the rows begin and end, and what their totals are.
type alipayLayout struct {
	title, begins string
	known         []columnSpec
	// totals are the lines of totals: what begins them, and the sums after it.
	totals []alipayTotal
	row    func(*alipayFile, *row) *Line
}

// alipayTotal is a line of totals, "#交易合计：2笔，商家实收共100.01元，…".
type alipayTotal struct {
	begins string
	// sums are the words that lead to a sum, and the column that it adds up.
	sums []alipaySum
}

type alipaySum struct{ word, column string }

var (
	alipayAccountLine = regexp.MustCompile(`^#账号：\[([^\]]*)\]`)
	alipayPeriodLine  = regexp.MustCompile(`^#起始日期：\[([^\]]*)\]\s*终止日期：\[([^\]]*)\]`)
	alipayCount       = regexp.MustCompile(`^：([0-9]+)笔`)
)

// alipayTime is the form of times in the lines that begin with "#".
const alipayTime = "2006年01月02日 15:04:05"

// alipayFile is one list of Alipay that is being read.
type alipayFile struct {
	*reading
	layout *alipayLayout
	table  *table
	header *header
	// ended says that the line behind the rows was read.
	ended bool
	// counts and sums are those of the rows, by the word that begins their total and by
	// that word with the column.
	counts map[string]int
	sums   map[string]money.Amount
	told   map[string]bool
}

// alipay reads a list of Alipay.
func (r *reading) alipay(body io.Reader, layout *alipayLayout) {
	a := &alipayFile{
		reading: r, layout: layout, table: newTable(r.inGB18030(body), ','),
		counts: make(map[string]int), sums: make(map[string]money.Amount), told: make(map[string]bool),
	}
	first, ok := a.table.lines.next()
	switch {
	case !ok:
		return
	case !strings.HasPrefix(first, layout.title):
		r.stop(UnknownFormat, 1, "", "the file does not begin with %s, as a list of %s does; %s", layout.title, string(r.o.Format), r.other(first))
		return
	}
	for a.next() {
	}
	if r.stopped {
		return
	}
	switch {
	case a.header == nil:
		r.stop(Truncated, a.table.lines.n, "", "the file ends before its header; download it again")
	case !a.ended:
		r.stop(Truncated, a.table.lines.n, "", "the file ends before the line that ends its rows; download it again")
	case len(a.told) == len(layout.totals):
		r.provedBy("the totals behind the rows")
	}
}

// next reads one line, and says whether there is more.
func (a *alipayFile) next() bool {
	values, text, ok := a.table.next(func(text string) bool { return strings.HasPrefix(text, "#") })
	line := a.table.line
	switch {
	case !ok:
		return false
	case values == nil:
		a.comment(line, text)
	case strings.TrimSpace(strings.Join(values, "")) == "":
	case a.header == nil:
		a.names(line, values)
	case a.ended:
		a.stop(AfterEnd, line, "", "is a row behind the end of the rows; two files were joined")
	case plain(values[0]) == a.layout.begins:
		a.stop(HeaderTwice, line, "", "is the header once more; two files were joined")
	default:
		a.values(line, values)
	}
	return true
}

// names reads the header.
func (a *alipayFile) names(line int, values []string) {
	if plain(values[0]) != a.layout.begins {
		a.stop(ColumnMissing, line, a.layout.begins, "does not begin the header, as it does in a list of %s", string(a.o.Format))
		return
	}
	a.header = a.reading.header(line, values, a.layout.known)
}

// values reads one row.
func (a *alipayFile) values(line int, values []string) {
	if len(values) != a.header.count {
		if a.table.lines.open && len(values) < a.header.count {
			a.stop(Truncated, line, "", "the file ends inside the line, after %d of %d values; download it again", len(values), a.header.count)
			return
		}
		a.problem(ColumnCount, line, "", "has %d values, and the header %d", len(values), a.header.count)
		return
	}
	w := &row{r: a.reading, line: line, header: a.header, values: values}
	w.ignored("商品名称", "备注")
	if l := a.layout.row(a, w); l != nil && !w.bad {
		a.line(l)
	}
}

// add adds a row to one of the totals.
func (a *alipayFile) add(begins string, w *row) {
	a.counts[begins]++
	for _, t := range a.layout.totals {
		for _, s := range t.sums {
			if t.begins == begins && a.header.has(s.column) && w.text(s.column) != "" {
				a.sums[begins+s.column] = plus(a.sums[begins+s.column], w.yuan(s.column, "CNY"))
			}
		}
	}
}

// comment reads a line that begins with "#".
func (a *alipayFile) comment(line int, text string) {
	if m := alipayAccountLine.FindStringSubmatch(text); m != nil {
		// The number of the account is followed by 0156, which stands for yuan.
		a.named(line, "账号", strings.TrimSuffix(strings.TrimSpace(m[1]), "0156"))
		return
	}
	if m := alipayPeriodLine.FindStringSubmatch(text); m != nil {
		a.period(line, m[1], m[2])
		return
	}
	if strings.HasPrefix(text, "#--") && strings.Contains(text, "结束") {
		if a.header == nil || a.ended {
			a.stop(Malformed, line, "", "ends the rows before they have begun, or once more")
		}
		a.ended = true
		return
	}
	if strings.HasPrefix(text, a.layout.title) && line > 1 {
		a.stop(HeaderTwice, line, "", "begins the file once more; two files were joined")
		return
	}
	for _, t := range a.layout.totals {
		if rest, is := strings.CutPrefix(text, t.begins); is {
			a.total(line, &t, rest)
		}
	}
}

// period compares the time that the file is about with the day that was said.
func (a *alipayFile) period(line int, from, to string) {
	begin, err := time.ParseInLocation(alipayTime, from, china)
	end, err2 := time.ParseInLocation(alipayTime, to, china)
	switch {
	case err != nil || err2 != nil || end.Before(begin):
		a.problem(TimeInvalid, line, "起始日期", "%s to %s is no period", from, to)
	case a.o.Day.IsZero():
	case !a.o.Day.Before(end) || !a.o.Day.AddDate(0, 0, 1).After(begin):
		a.stop(WrongDay, line, "起始日期", "the file is of %s to %s, not of %s", from, to, a.o.Day.Format(time.DateOnly))
	}
}

// total compares one line of totals with the rows.
func (a *alipayFile) total(line int, t *alipayTotal, rest string) {
	m := alipayCount.FindStringSubmatch(rest)
	switch {
	case !a.ended:
		a.stop(Malformed, line, "", "tells totals before the rows have ended")
		return
	case m == nil:
		a.problem(SummaryDiffers, line, strings.TrimPrefix(t.begins, "#"), "tells no number of rows")
		return
	}
	if !strings.HasSuffix(strings.TrimSpace(rest), "元") || !strings.Contains(rest, "，"+t.sums[0].word) {
		a.stop(Truncated, line, strings.TrimPrefix(t.begins, "#"), "the file ends inside its totals; download it again")
		return
	}
	a.told[t.begins] = true
	if n, ok := count(m[1]); !ok || n != a.counts[t.begins] {
		a.problem(SummaryDiffers, line, strings.TrimPrefix(t.begins, "#"), "the file says %s, and there are %d", m[1], a.counts[t.begins])
	}
	for _, s := range t.sums {
		_, after, there := strings.Cut(rest, "，"+s.word)
		if !there || !a.header.has(s.column) {
			continue
		}
		text, _, closed := strings.Cut(after, "元")
		told, wrong := decimal(text, 2, true)
		have := a.sums[t.begins+s.column]
		if !closed || wrong != "" || money.Amount(told) != have {
			a.problem(SummaryDiffers, line, s.column, "the file says %s, and the rows give %s", text, plainDecimal(int64(have), 2))
		}
	}
}
