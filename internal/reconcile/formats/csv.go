package formats

import (
	"io"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // A container may have no time zones of its own.

	"github.com/tenfold-claims/tenfold/internal/money"
)

// Mapping says how to read a table that no other format describes: which column holds what.
type Mapping struct {
	// Separator is one of "," ";" "|" and a tab; empty is ",".
	Separator string
	// Encoding is UTF-8 or GB18030; empty is UTF-8.
	Encoding string
	// Amount is the column of signed amounts; or In and Out are those of what came in and
	// what left, neither below zero.
	Amount, In, Out string
	// Minor says that amounts are in minor units, without decimals.
	Minor bool
	// Inverted says that a positive amount of the column Amount left the account.
	Inverted bool
	// Currency is the currency of all lines, or CurrencyColumn that of each.
	Currency, CurrencyColumn string
	// Time is the column of times, TimeForm their form in the notation of Go, and Zone their
	// time zone.
	Time, TimeForm, Zone string
	// OutNumber, Reference, Original, OrderID and Account are columns; at least one of the
	// first four is needed.
	OutNumber, Reference, Original, OrderID, Account string
	// Status is the column of statuses, and Statuses what its words mean; without it all
	// lines are Done.
	Status   string
	Statuses map[string]Status
	// Kind is the column of kinds, and Kinds what its words mean; without it, and for other
	// words, a line is a Transfer if money left, and Other if it came in.
	Kind  string
	Kinds map[string]Kind
}

// mappingTextMax bounds every text of a mapping, mappingWordsMax the words of a column.
const (
	mappingTextMax  = 100
	mappingWordsMax = 64
)

// columns are the columns that the mapping reads.
func (m *Mapping) columns() []string {
	all := []string{m.Amount, m.In, m.Out, m.CurrencyColumn, m.Time, m.OutNumber, m.Reference, m.Original, m.OrderID, m.Account, m.Status, m.Kind}
	return slices.DeleteFunc(all, func(name string) bool { return name == "" })
}

// Check says in words what is wrong with the mapping, and where; nothing if it can be used.
func (m *Mapping) Check() (field, wrong string) {
	for _, text := range append(m.columns(), m.TimeForm, m.Zone, m.Encoding) {
		if len(text) > mappingTextMax || strings.TrimSpace(text) != text {
			return "", "a text has more than 100 bytes, or spaces around it"
		}
	}
	named := make(map[string]bool)
	for _, name := range m.columns() {
		if named[plain(name)] {
			return name, "is read twice"
		}
		named[plain(name)] = true
	}
	switch {
	case !slices.Contains([]string{"", ",", ";", "|", "\t"}, m.Separator):
		return "separator", "must be a comma, a semicolon, a bar or a tab"
	case !slices.Contains([]string{"", utf8Name, gb18030Name}, m.Encoding):
		return "encoding", "must be UTF-8 or GB18030"
	case (m.Amount != "") == (m.In != "" || m.Out != "") || (m.In == "") != (m.Out == ""):
		return "amount", "name one column of signed amounts, or the columns in and out"
	case m.Inverted && m.Amount == "":
		return "inverted", "is for a column of signed amounts"
	case (m.Currency == "") == (m.CurrencyColumn == ""):
		return "currency", "name the currency, or its column, and not both"
	case m.Currency != "" && money.CheckCurrency(m.Currency) != nil:
		return "currency", "must be an ISO 4217 code of three capital letters"
	case m.Time == "" || m.TimeForm == "":
		return "time", "name the column of times, and their form"
	case m.OutNumber == "" && m.Reference == "" && m.Original == "" && m.OrderID == "":
		return "outNumber", "name a column by which lines are found: outNumber, reference, original or orderId"
	}
	return m.checkWords()
}

// checkWords checks the words of statuses and kinds, and the form of times.
func (m *Mapping) checkWords() (field, wrong string) {
	if (m.Status == "") != (len(m.Statuses) == 0) || (m.Kind == "") != (len(m.Kinds) == 0) {
		return "statuses", "the words of statuses and kinds belong to their column, and the column to its words"
	}
	if len(m.Statuses) > mappingWordsMax || len(m.Kinds) > mappingWordsMax {
		return "statuses", "there are more than 64 words"
	}
	for _, s := range m.Statuses {
		if !slices.Contains(Statuses(), s) {
			return "statuses", "a word means no status"
		}
	}
	for _, k := range m.Kinds {
		if !slices.Contains(Kinds(), k) {
			return "kinds", "a word means no kind"
		}
	}
	if _, err := time.LoadLocation(m.Zone); err != nil || m.Zone == "" || m.Zone == "Local" {
		return "zone", "must be the name of a time zone, such as Asia/Shanghai"
	}
	// A form that does not keep the day reads every time as the same one.
	probe := time.Date(2026, 11, 23, 14, 35, 57, 0, time.UTC)
	got, err := time.Parse(m.TimeForm, probe.Format(m.TimeForm))
	if err != nil || got.Format(time.DateOnly) != probe.Format(time.DateOnly) {
		return "timeForm", "must be a form of times in the notation of Go with year, month and day, such as 2006-01-02 15:04:05"
	}
	return "", ""
}

// csv reads a table by its mapping.
func (r *reading) csv(body io.Reader) {
	m := r.o.Mapping
	if m == nil {
		r.stop(MappingInvalid, 0, "", "a file of the format csv needs a mapping, which says what its columns hold")
		return
	}
	if field, wrong := m.Check(); wrong != "" {
		r.stop(MappingInvalid, 0, field, "%s", wrong)
		return
	}
	zone, err := time.LoadLocation(m.Zone)
	if err != nil {
		r.failed = err
		return
	}
	lines := r.inUTF8
	if m.Encoding == gb18030Name {
		lines = r.inGB18030
	}
	separator := byte(',')
	if m.Separator != "" {
		separator = m.Separator[0]
	}
	t := newTable(lines(body), separator)
	names, _, ok := t.next(noText)
	if !ok {
		return
	}
	var known []columnSpec
	for _, name := range m.columns() {
		known = append(known, columnSpec{name: plain(name), required: true})
	}
	h := r.header(t.line, names, known)
	first := plain(m.columns()[0])
	for {
		values, _, ok := t.next(noText)
		if !ok {
			r.terminated(t)
			return
		}
		if w := r.tableRow(t, h, values, first); w != nil {
			if l := w.mapped(m, zone); !w.bad {
				r.line(l)
			}
		}
	}
}

// mapped reads one line by a mapping.
func (w *row) mapped(m *Mapping, zone *time.Location) *Line {
	l := &Line{Place: w.line, Status: Done, Currency: m.Currency, At: w.when(plain(m.Time), m.TimeForm, zone)}
	if m.CurrencyColumn != "" {
		l.Currency = w.currency(plain(m.CurrencyColumn))
	}
	l.Amount = w.signed(m, l.Currency)
	l.OutNumber, l.Reference = w.mappedNumber(m.OutNumber), w.mappedNumber(m.Reference)
	l.Original, l.OrderID = w.mappedNumber(m.Original), w.mappedNumber(m.OrderID)
	if l.OutNumber == "" && l.Reference == "" && l.Original == "" && l.OrderID == "" && !w.bad {
		w.problem(ValueMissing, "", "has none of the numbers by which a line is found")
	}
	if m.Account != "" {
		w.r.named(w.line, m.Account, w.mappedNumber(m.Account))
	}
	if m.Status != "" {
		word := w.text(plain(m.Status))
		status, known := m.Statuses[word]
		if !known {
			w.problem(WordUnknown, m.Status, "%s is no status of the mapping", word)
		}
		l.Status = status
	}
	l.Kind = m.Kinds[w.text(plain(m.Kind))]
	if l.Kind == "" {
		l.Kind = Other
		if l.Amount < 0 {
			l.Kind = Transfer
		}
	}
	if m.Reference != "" && l.Reference != "" {
		l.identity = string(l.Kind) + "\x00" + l.Reference
	}
	return l
}

func (w *row) mappedNumber(column string) string {
	if column == "" {
		return ""
	}
	return w.number(plain(column), false)
}

// signed reads the amount of a line.
func (w *row) signed(m *Mapping, currency string) money.Amount {
	if m.Amount != "" {
		a := w.mappedAmount(m, plain(m.Amount), currency)
		if m.Inverted {
			a = -a
		}
		return a
	}
	var in, out money.Amount
	inColumn, outColumn := plain(m.In), plain(m.Out)
	if w.text(inColumn) != "" {
		in = w.mappedAmount(m, inColumn, currency)
	}
	if w.text(outColumn) != "" {
		out = w.mappedAmount(m, outColumn, currency)
	}
	switch {
	case w.text(inColumn) == "" && w.text(outColumn) == "":
		w.problem(ValueMissing, inColumn, "has no amount, and %s has none", outColumn)
	case in < 0 || out < 0:
		w.problem(AmountInvalid, inColumn, "an amount is below zero; the columns say its direction")
	case in != 0 && out != 0:
		w.problem(AmountInvalid, inColumn, "the line has money that came in and money that left")
	}
	return in - out
}

func (w *row) mappedAmount(m *Mapping, column, currency string) money.Amount {
	places := money.Exponent(currency)
	if m.Minor {
		places = 0
	}
	a, wrong := decimal(w.text(column), places, false)
	if wrong != "" {
		w.amountFault(column, wrong)
	}
	return money.Amount(a)
}
