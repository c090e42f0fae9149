package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	reporting "github.com/tenfold-claims/tenfold/internal/report"
	forms "github.com/tenfold-claims/tenfold/internal/statement"
)

// checkReports asks for every report in every form: the forms tell the same, and the report of
// deductions the money that was taken from the merchant.
func checkReports(t *testing.T, d *desk) {
	t.Helper()
	deductions := func(more ...string) []string {
		return append([]string{"report", "deductions", "--by", "merchant", "--from", "2026-03-01", "--until", "2026-03-03"}, more...)
	}
	d.says(exitOK, "DEPOSIT_CAPTURED", deductions()...)
	raw := d.says(exitOK, "Merchant,", deductions("-o", "csv")...)
	rows, err := csv.NewReader(strings.NewReader(raw)).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != "m1" {
		t.Fatalf("%v: %s", err, raw)
	}
	total := rows[1][len(rows[1])-3]
	if n, err := strconv.ParseFloat(total, 64); err != nil || n <= 0 {
		t.Errorf("%s was deducted", total)
	}
	var told reportTable
	if err := json.Unmarshal([]byte(d.says(exitOK, "totalMinor", deductions("-o", "json")...)), &told); err != nil || forms.Plain(told.Rows[0].Total, "CNY") != total {
		t.Errorf("%v, %+v", err, told)
	}
	d.says(exitOK, `{"key":"m1","currency":"CNY"`, deductions("-o", "jsonl")...)
	folder := t.TempDir()
	book := filepath.Join(folder, "a.xlsx")
	d.says(exitOK, "", deductions("-o", "xlsx", "--file", book)...)
	sheet, err := excelize.OpenFile(book)
	if err != nil {
		t.Fatal(err)
	}
	defer sheet.Close()
	if got, err := sheet.GetRows("Sheet1"); err != nil || len(got) != 2 || got[1][0] != "m1" || got[0][2] != "DEPOSIT_CAPTURED" {
		t.Errorf("%v: %q", err, got)
	}
	for form, begin := range map[string]string{"svg": "<svg", "png": "\x89PNG"} {
		file := filepath.Join(folder, "a."+form)
		d.says(exitOK, "", deductions("-o", form, "--by", "day", "--file", file)...)
		if content, err := os.ReadFile(file); err != nil || !bytes.HasPrefix(content, []byte(begin)) {
			t.Errorf("%s: %v, %.20q", form, err, content)
		}
	}
	for _, r := range reporting.Reports() {
		args := []string{"report", verbOf(string(r)), "--by", "category", "-o", "csv"}
		if r.OfTime() {
			args = append(args, "--from", "2026-03-01", "--until", "2026-03-02")
		}
		d.says(exitOK, "Category,", args...)
	}
	d.says(exitFailed, "there is nothing to draw", deductions("-o", "svg", "--until", "2026-03-02")...)
	d.says(exitUsage, "--by (TENFOLD_BY) must be", deductions("--by", "brand")...)
	d.says(exitUsage, "--from (TENFOLD_FROM) is missing", "report", "recoveries", "--until", "2026-03-02")
	d.says(exitUsage, "--top (TENFOLD_TOP) must be", deductions("--top", "0", "-o", "svg")...)
	d.says(exitUsage, "--file (TENFOLD_FILE) needs", deductions("--file", book)...)
	d.says(exitFailed, "MERCHANT_NOT_FOUND", deductions("--merchant", "nobody")...)
	if left, err := os.ReadDir(folder); err != nil || len(left) != 3 {
		t.Errorf("left are %v, %v", left, err)
	}
}
