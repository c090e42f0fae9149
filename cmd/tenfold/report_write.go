package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/xuri/excelize/v2"

	"github.com/tenfold-claims/tenfold/internal/report/chart"
	forms "github.com/tenfold-claims/tenfold/internal/statement"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// write writes the report in the form that was asked for.
func (s *reportFlags) write(o *output, sums []*tenfoldv1.ReportSum) error {
	r, err := s.table(sums)
	if err != nil {
		return err
	}
	into, finish, err := fileTarget(o, s.file)
	if err != nil {
		return err
	}
	to := *o
	to.w = into
	switch o.format {
	case formatTable, formatCSV:
		err = s.print(&to, r)
	case formatJSON:
		err = to.json(r)
	case formatLines:
		err = s.lines(&to, r)
	case formatSheet:
		err = r.sheet(into, s.by)
	default:
		err = s.draw(into, r, chart.Format(o.format))
	}
	return finish(err)
}

// lines writes every row as a line of JSON.
func (s *reportFlags) lines(o *output, r *reportTable) error {
	for i := range r.Rows {
		raw, err := json.Marshal(&r.Rows[i])
		if err == nil {
			err = o.line(raw)
		}
		if err != nil {
			return fmt.Errorf("write the report: %w", err)
		}
	}
	return nil
}

// sheet writes the report as a sheet of Excel, whose amounts are numbers.
func (r *reportTable) sheet(w io.Writer, by string) error {
	file := excelize.NewFile()
	defer func() { _ = file.Close() }()
	stream, err := file.NewStreamWriter("Sheet1")
	if err != nil {
		return fmt.Errorf("begin the sheet: %w", err)
	}
	head := []any{by, "currency"}
	for _, name := range r.Columns {
		head = append(head, name)
	}
	rows := [][]any{append(head, "total", "number")}
	for i := range r.Rows {
		x := &r.Rows[i]
		row := []any{x.Key, x.Currency}
		for _, part := range append(slices.Clone(x.Parts), x.Total) {
			row = append(row, sheetAmount(part, x.Currency))
		}
		rows = append(rows, append(row, x.Count))
	}
	for i, row := range rows {
		if err := stream.SetRow("A"+strconv.Itoa(i+1), row); err != nil {
			return fmt.Errorf("write the sheet: %w", err)
		}
	}
	if err := stream.Flush(); err != nil {
		return fmt.Errorf("end the sheet: %w", err)
	}
	if err := file.Write(w); err != nil {
		return fmt.Errorf("write the sheet: %w", err)
	}
	return nil
}

// sheetAmount is an amount as a number, or as a text where a spreadsheet would round it.
func sheetAmount(minor int64, currency string) any {
	text := forms.Plain(minor, currency)
	if n, err := strconv.ParseFloat(text, 64); err == nil && len(text) <= digitsMax {
		return n
	}
	return text
}

// draw draws the report: the days in their order, or the largest of the others.
func (s *reportFlags) draw(w io.Writer, r *reportTable, format chart.Format) error {
	rows := slices.DeleteFunc(slices.Clone(r.Rows), func(x reportRow) bool { return s.only != "" && x.Currency != s.only })
	if len(rows) == 0 {
		return errors.New("there is nothing to draw: the report has no sums")
	}
	if slices.ContainsFunc(rows, func(x reportRow) bool { return x.Currency != rows[0].Currency }) {
		return usageError{fmt.Errorf("--currency (TENFOLD_CURRENCY) is missing: the report has sums in %s and in others", rows[0].Currency)}
	}
	most := s.top
	if s.byDay() {
		most = chart.BarsMax
	}
	if len(rows) > most && s.byDay() {
		return fmt.Errorf("a chart has at most %d days, not %d; take a shorter time", most, len(rows))
	}
	rows = rows[:min(len(rows), most)]
	c := &chart.Chart{Title: reportTexts[s.report] + ", " + rows[0].Currency, Across: !s.byDay(), Format: format}
	parts := []string{"Total"}
	if !s.report.OfTime() {
		parts = r.Columns
	}
	for p, name := range parts {
		series := chart.Series{Name: name}
		for _, x := range rows {
			minor := x.Total
			if !s.report.OfTime() {
				minor = x.Parts[p]
			}
			// A length in a drawing may be rounded.
			height, _ := strconv.ParseFloat(forms.Plain(minor, x.Currency), 64)
			series.Values = append(series.Values, height)
		}
		c.Series = append(c.Series, series)
	}
	for _, x := range rows {
		if x.Key == "" {
			x.Key = "–"
		}
		c.Bars = append(c.Bars, x.Key)
	}
	return chart.Draw(w, c)
}
