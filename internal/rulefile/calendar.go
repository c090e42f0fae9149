package rulefile

import (
	"encoding/csv"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tenfold-claims/tenfold/internal/calendar"
)

// daysMax bounds a calendar file, because one request sets its days: a year, and some
// days of the next.
const daysMax = 400

// nameMax bounds the name of a day, as in the contract.
const nameMax = 100

// dayFile reads the days of a file.
type dayFile struct {
	*Faults
	days  []calendar.Day
	lines map[calendar.Date]int
}

// ReadCalendar reads days from a file: in YAML, a list of date, kind and name, or, if the
// name of the file ends in .csv, a table with these columns. It returns *Faults with
// everything that is wrong, and then no day.
func ReadCalendar(file string, content []byte) ([]calendar.Day, error) {
	f := &dayFile{Faults: &Faults{File: file}, lines: make(map[calendar.Date]int)}
	switch {
	case len(content) > SizeMax:
		f.add(0, "the file has more than %d bytes", SizeMax)
	case strings.EqualFold(path.Ext(file), ".csv"):
		f.table(string(content))
	default:
		f.list(content)
	}
	switch n := len(f.days); {
	case n == 0 && len(f.List) == 0:
		f.add(0, "the file holds no days")
	case n > daysMax:
		f.add(0, "the file holds %d days; at most %d can be set at once", n, daysMax)
	}
	if err := f.orNone(); err != nil {
		return nil, err
	}
	slices.SortFunc(f.days, func(a, b calendar.Day) int { return a.Date.Compare(b.Date) })
	return f.days, nil
}

// day takes over one day, and notes what is wrong with it.
func (f *dayFile) day(line int, date, kind, name string) {
	d, err := calendar.ParseDate(date)
	if err != nil || d.Year < 2000 || d.Year > 2099 {
		f.add(line, "date must be a day of this century such as 2027-02-06, not %s", quoted(date))
	} else if first, twice := f.lines[d]; twice {
		f.add(line, "%s is set twice, first in line %d", d, first)
	} else {
		f.lines[d] = line
	}
	k := calendar.Kind(strings.ToUpper(kind))
	if !slices.Contains(calendar.Kinds(), k) {
		f.add(line, "kind must be %s or %s, not %s", calendar.Holiday, calendar.Working, quoted(kind))
	}
	if n := len([]rune(name)); n == 0 || n > nameMax {
		f.add(line, "name must have 1 to %d characters, not %d", nameMax, n)
	}
	f.days = append(f.days, calendar.Day{Date: d, Kind: k, Name: name})
}

// columns are those of a table, and the keys of a day in a list.
var columns = []string{"date", "kind", "name"}

// table reads comma-separated values with a line of column names.
func (f *dayFile) table(content string) {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(content, "\ufeff")))
	r.FieldsPerRecord = -1
	for first := true; ; first = false {
		record, err := r.Read()
		var malformed *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.As(err, &malformed):
			f.add(malformed.Line, "%s", malformed.Err)
			return // What follows cannot be told apart from the quoted text.
		case err != nil:
			f.add(0, "%s", err)
			return
		}
		line, _ := r.FieldPos(0)
		for i := range record {
			record[i] = strings.TrimSpace(record[i])
		}
		switch {
		case first && !slices.Equal(record, columns):
			f.add(line, "the first line must be %s", strings.Join(columns, ","))
			return
		case first:
		case len(record) != len(columns):
			f.add(line, "a line must have %d values, not %d", len(columns), len(record))
		default:
			f.day(line, record[0], record[1], record[2])
		}
	}
}

// list reads YAML.
func (f *dayFile) list(content []byte) {
	root := f.document(content, yaml.SequenceNode, "a list of days, each with date, kind and name")
	if root == nil {
		return
	}
	for _, n := range root.Content {
		if n.Kind != yaml.MappingNode {
			f.add(n.Line, "a day must hold date, kind and name")
			continue
		}
		values := make(map[string]string)
		before := len(f.List)
		f.pairs(n, func(key, value *yaml.Node) {
			switch {
			case !slices.Contains(columns, key.Value):
				f.add(key.Line, "%s is no key of a day", quoted(key.Value))
			case value.Kind != yaml.ScalarNode || value.Tag == "!!null":
				f.add(value.Line, "a single value must stand here")
			default:
				values[key.Value] = value.Value
			}
		})
		lacking := slices.DeleteFunc(slices.Clone(columns), func(column string) bool { _, ok := values[column]; return ok })
		if len(lacking) > 0 && before == len(f.List) {
			f.add(n.Line, "the day lacks %s", strings.Join(lacking, " and "))
		}
		if len(values) == len(columns) {
			f.day(n.Line, values["date"], values["kind"], values["name"])
		}
	}
}
