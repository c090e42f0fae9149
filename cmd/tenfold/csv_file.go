package main

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tenfold-claims/tenfold/internal/rulefile"
)

// csvFaultsMax is how many faults of a file are told.
const csvFaultsMax = 50

// csvColumn is a column of a file, and whether each line needs a value.
type csvColumn struct {
	name, meaning string
	required      bool
}

// csvFile reads a file in CSV whose first line names the columns, in any order, and keeps
// everything that is wrong with it.
type csvFile struct {
	*rulefile.Faults
	columns []csvColumn
	// most is how many lines of things the file may have.
	most  int
	thing string
	// instead is a column whose value says all that the required ones say; empty for none.
	instead string
	// at is where each column stands in a line.
	at    map[string]int
	taken int
	// begun is how many faults there were before the present line.
	begun int
}

// rows hands each line to take. It gives *rulefile.Faults with everything that is wrong.
func (f *csvFile) rows(in io.Reader, take func(line int, value func(column string) string)) error {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var malformed *csv.ParseError
		if errors.As(err, &malformed) {
			f.Note(malformed.Line, "%s", malformed.Err)
			break // What follows cannot be told apart from the quoted text.
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		if !f.line(line, record, take) {
			break
		}
	}
	if f.taken == 0 && len(f.List) == 0 {
		f.Note(0, "the file holds no %ss", f.thing)
	}
	if len(f.List) == 0 {
		return nil
	}
	return f.Faults
}

// line takes over a line, and says whether to go on.
func (f *csvFile) line(line int, record []string, take func(line int, value func(column string) string)) bool {
	for i := range record {
		record[i] = strings.TrimSpace(record[i])
		if !utf8.ValidString(record[i]) {
			f.Note(line, "is not in UTF-8; save the file as CSV in UTF-8")
			return false
		}
	}
	switch {
	case f.at == nil:
		return f.header(line, record)
	case len(record) != len(f.at):
		f.Note(line, "must have %d values like the first line, not %d", len(f.at), len(record))
	case f.taken == f.most:
		f.Note(line, "the file has more than %d %ss; divide it", f.most, f.thing)
		return false
	default:
		f.taken++
		f.row(line, record, take)
	}
	if len(f.List) > csvFaultsMax {
		f.List = f.List[:csvFaultsMax]
		f.Note(line, "and perhaps more; the rest of the file was not read")
		return false
	}
	return true
}

func (f *csvFile) row(line int, record []string, take func(line int, value func(column string) string)) {
	value := func(column string) string {
		if at, there := f.at[column]; there {
			return record[at]
		}
		return ""
	}
	f.begun = len(f.List)
	for _, c := range f.columns {
		if c.required && value(c.name) == "" && value(f.instead) == "" {
			f.Note(line, "%s is missing", c.name)
		}
	}
	take(line, value)
}

// sound says that nothing is wrong with the present line so far.
func (f *csvFile) sound() bool { return len(f.List) == f.begun }

// header reads the line of column names.
func (f *csvFile) header(line int, record []string) bool {
	f.at = make(map[string]int, len(record))
	record[0] = strings.TrimPrefix(record[0], "\ufeff")
	for i, name := range record {
		if !slices.ContainsFunc(f.columns, func(c csvColumn) bool { return c.name == name }) {
			f.Note(line, "%s is no column; there are %s", shown(name), f.columnNames())
		} else if _, twice := f.at[name]; twice {
			f.Note(line, "the column %s stands there twice", name)
		}
		f.at[name] = i
	}
	_, excused := f.at[f.instead]
	for _, c := range f.columns {
		if _, there := f.at[c.name]; c.required && !there && !excused {
			f.Note(line, "the column %s is missing", c.name)
		}
	}
	return len(f.List) == 0
}

func (f *csvFile) columnNames() string {
	var names []string
	for _, c := range f.columns {
		names = append(names, c.name)
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
