package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"
)

// Would catch a statement in a file that lacks a line, whose digest is not that of its bytes, in
// which a spreadsheet finds a formula, or of which half is left behind after an error.
func TestBookStatement(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const formula = "=HYPERLINK(1)"
	d.says(exitOK, "300.00", "book", "top-up", "m1", "--amount", "300.00CNY", "--payment-reference", formula, "--yes")
	d.says(exitOK, "80.00", "book", "hand-over", "m1", "--amount", "80CNY", "--settlement-reference", "s-1", "--effective-at", "2026-03-01T00:00:00Z", "--yes")
	d.says(exitOK, "", "sandbox", "advance", "24h")
	folder := t.TempDir()
	statement := func(more ...string) []string {
		return append([]string{"book", "statement", "m1", "--from", "2026-03-02", "--until", "2026-03-03"}, more...)
	}
	raw, said := filepath.Join(folder, "raw.csv"), ""
	if code, _, errOut := try(t, append(statement("-o", "csv", "--file", raw), "--server", d.address)...); code == exitOK {
		said = errOut
	} else {
		t.Fatal(errOut)
	}
	content, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(content)
	if !strings.Contains(said, "2 lines, 380.00 CNY in all, SHA-256 of the raw CSV "+hex.EncodeToString(digest[:])) ||
		!strings.Contains(said, "The statement is provisional") {
		t.Errorf("of %s it says %s", content, said)
	}
	rows, err := csv.NewReader(strings.NewReader(string(content))).ReadAll()
	if err != nil || len(rows) != 3 || !strings.Contains(string(content), ","+formula+",") || strings.Contains(string(content), "'"+formula) {
		t.Fatalf("%v: %s", err, content)
	}
	guarded := d.says(exitOK, ",'"+formula+",", statement("-o", "csv", "--excel")...)
	if !strings.HasPrefix(guarded, byteOrderMark+"line,merchant,") {
		t.Errorf("for Excel: %q", guarded)
	}
	lines := strings.Split(strings.TrimSpace(d.says(exitOK, "", statement("-o", "jsonl")...)), "\n")
	if len(lines) != 2 || !json.Valid([]byte(lines[1])) {
		t.Errorf("lines %q", lines)
	}
	book := filepath.Join(folder, "book.xlsx")
	d.says(exitOK, "2 lines", statement("-o", "xlsx", "--file", book)...)
	sheet, err := excelize.OpenFile(book)
	if err != nil {
		t.Fatal(err)
	}
	defer sheet.Close()
	got, err := sheet.GetRows("Sheet1")
	if err != nil || len(got) != 3 || got[1][8] != "300" || got[1][18] != formula {
		t.Errorf("%v: %q", err, got)
	}
	if f, err := sheet.GetCellFormula("Sheet1", "S2"); f != "" || err != nil {
		t.Errorf("the reference is the formula %q (%v)", f, err)
	}
	checkStatementFiles(t, d, folder, digest[:], statement)
	table := d.says(exitOK, "and there are more; -o csv has all", statement("--limit", "1")...)
	if !strings.Contains(table, "Transfers by kind") || !strings.Contains(table, "Closing") {
		t.Errorf("table %s", table)
	}
	d.says(exitOK, `"closing"`, statement("-o", "json")...)
	d.says(exitOK, "0 lines", statement("-o", "jsonl", "--from", "2026-03-01", "--until", "2026-03-02")...)
	d.says(exitOK, "1 line,", append(statement("-o", "csv", "--by-effect"), "--from", "2026-03-01", "--until", "2026-03-02")...)
	for _, wrong := range [][]string{
		{"--until (TENFOLD_UNTIL) is missing", "book", "statement", "m1", "--from", "2026-03-02"},
		{"--from (TENFOLD_FROM) must be a time", "book", "statement", "m1", "--from", "yesterday", "--until", "2026-03-03"},
		append([]string{"--excel (TENFOLD_EXCEL) is a form of -o csv"}, statement("--excel")...),
		append([]string{"--file (TENFOLD_FILE) needs -o csv"}, statement("--file", raw)...),
		append([]string{"--output (TENFOLD_OUTPUT) must be"}, statement("-o", "docx")...),
		append([]string{"--file (TENFOLD_FILE)"}, statement("-o", "csv", "--file", filepath.Join(folder, "none", "a.csv"))...),
	} {
		d.says(exitUsage, wrong[0], wrong[1:]...)
	}
	d.says(exitFailed, "MERCHANT_NOT_FOUND", "book", "statement", "nobody", "--from", "2026-03-02", "--until", "2026-03-03", "-o", "csv", "--file", filepath.Join(folder, "nobody.csv"))
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 5 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// checkStatementFiles writes a statement as columns and on paper: both have the digest of the raw
// CSV, and the paper has the CSV itself.
func checkStatementFiles(t *testing.T, d *desk, folder string, digest []byte, statement func(...string) []string) {
	t.Helper()
	columns := filepath.Join(folder, "book.parquet")
	d.says(exitOK, "2 lines", statement("-o", "parquet", "--file", columns)...)
	content, err := os.ReadFile(columns)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	if told, _ := file.Lookup("tenfold.csv_sha256"); file.NumRows() != 2 || told != hex.EncodeToString(digest) {
		t.Errorf("%d rows with the digest %s", file.NumRows(), told)
	}
	for _, language := range []string{"en", "zh"} {
		paper := filepath.Join(folder, language+".pdf")
		d.says(exitOK, "2 lines", statement("-o", "pdf", "--language", language, "--file", paper)...)
		content, err := os.ReadFile(paper)
		if err != nil || !bytes.HasPrefix(content, []byte("%PDF-")) || !bytes.Contains(content, []byte("(statement.csv)")) ||
			!bytes.Contains(content, []byte("/Lang ("+language+")")) {
			t.Errorf("%s: %v, %d bytes", paper, err, len(content))
		}
	}
	d.says(exitOK, "0 lines", statement("-o", "jsonl", "--order", "nothing")...)
	d.says(exitFailed, "order_id", statement("-o", "pdf", "--order", strings.Repeat("x", 65))...)
}
