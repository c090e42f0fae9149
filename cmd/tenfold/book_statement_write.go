package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strconv"

	"github.com/xuri/excelize/v2"

	"github.com/tenfold-claims/tenfold/internal/rpc"
	forms "github.com/tenfold-claims/tenfold/internal/statement"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// statementWriter writes the lines of a statement as they come, and keeps none.
type statementWriter struct {
	w      io.Writer
	format string
	// guarded says that the CSV is for Excel.
	guarded bool
	// raw is the digest of the raw CSV, whatever is written.
	raw   hash.Hash
	lines int64
	sheet *statementSheet
}

func newStatementWriter(format string, guarded bool, w io.Writer) *statementWriter {
	return &statementWriter{w: w, format: format, guarded: guarded, raw: sha256.New()}
}

// begin writes what stands before the lines.
func (s *statementWriter) begin() (err error) {
	s.raw.Write(forms.CSV(forms.Titles()))
	switch s.format {
	case formatCSV:
		if s.guarded {
			if _, err = io.WriteString(s.w, byteOrderMark); err != nil {
				return fmt.Errorf("write the statement: %w", err)
			}
		}
		return s.write(forms.CSV(forms.Titles()))
	case formatSheet:
		s.sheet, err = newStatementSheet()
	}
	return err
}

func (s *statementWriter) write(raw []byte) error {
	if _, err := s.w.Write(raw); err != nil {
		return fmt.Errorf("write the statement: %w", err)
	}
	return nil
}

// add writes lines.
func (s *statementWriter) add(list []*tenfoldv1.StatementLine) error {
	if s.lines == 0 {
		if err := s.begin(); err != nil {
			return err
		}
		s.lines = 1 // The titles.
	}
	for _, p := range list {
		l := rpc.LineOf(p)
		cells := l.Cells()
		s.raw.Write(forms.CSV(cells))
		s.lines++
		if err := s.line(p, cells); err != nil {
			return err
		}
	}
	return nil
}

func (s *statementWriter) line(p *tenfoldv1.StatementLine, cells []string) error {
	switch s.format {
	case formatCSV:
		if s.guarded {
			cells = forms.Guarded(cells)
		}
		return s.write(forms.CSV(cells))
	case formatSheet:
		return s.sheet.add(s.lines, cells)
	}
	raw, err := rpc.JSON(p)
	if err != nil {
		return fmt.Errorf("write the statement: %w", err)
	}
	o := output{w: s.w}
	return o.line(raw)
}

// end writes what stands behind the lines.
func (s *statementWriter) end() error {
	if s.sheet == nil {
		return nil
	}
	return s.sheet.end(s.w)
}

// prove compares what was read with what the server says of it.
func (s *statementWriter) prove(end *tenfoldv1.StatementEnd) error {
	if n := s.lines - 1; n != end.GetLines() {
		return fmt.Errorf("%d lines were read, and the statement has %d", n, end.GetLines())
	}
	if digest := hex.EncodeToString(s.raw.Sum(nil)); digest != end.GetCsvSha256() {
		return fmt.Errorf("the lines that were read have the digest %s, and the statement has %s: this program is of another version than the server",
			digest, end.GetCsvSha256())
	}
	return nil
}

// sheetRowsMax is how many rows a sheet of Excel has.
const sheetRowsMax = excelize.TotalRows

// statementSheet is a statement as a sheet of Excel. Its rows go to a file of its own as they
// come, and texts are texts: none is a formula.
type statementSheet struct {
	file    *excelize.File
	stream  *excelize.StreamWriter
	columns []forms.Column
}

func newStatementSheet() (*statementSheet, error) {
	s := &statementSheet{file: excelize.NewFile(), columns: forms.Columns()}
	var err error
	if s.stream, err = s.file.NewStreamWriter("Sheet1"); err != nil {
		return nil, fmt.Errorf("begin the sheet: %w", err)
	}
	row := make([]any, len(s.columns))
	for i := range s.columns {
		row[i] = s.columns[i].Title
	}
	return s, s.stream.SetRow("A1", row)
}

// digitsMax is how many digits a number of a spreadsheet keeps.
const digitsMax = 15

// add adds a row.
func (s *statementSheet) add(number int64, cells []string) error {
	if number > sheetRowsMax {
		return fmt.Errorf("a sheet of Excel has at most %d rows; take a shorter time, or -o csv", int64(sheetRowsMax))
	}
	row := make([]any, len(cells))
	for i, cell := range cells {
		row[i] = cell
		if n, err := strconv.ParseFloat(cell, 64); s.columns[i].Number && err == nil && len(cell) <= digitsMax {
			row[i] = n
		}
	}
	if err := s.stream.SetRow("A"+strconv.FormatInt(number, 10), row); err != nil {
		return fmt.Errorf("write the sheet: %w", err)
	}
	return nil
}

// end writes the sheet.
func (s *statementSheet) end(w io.Writer) error {
	defer func() { _ = s.file.Close() }()
	if err := s.stream.Flush(); err != nil {
		return fmt.Errorf("end the sheet: %w", err)
	}
	if err := s.file.Write(w); err != nil {
		return fmt.Errorf("write the sheet: %w", err)
	}
	return nil
}
