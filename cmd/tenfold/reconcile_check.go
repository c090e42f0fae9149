package main

import (
	"fmt"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"github.com/tenfold-claims/tenfold/internal/reconcile/formats"
)

// fileReport is what a file holds, for programs.
type fileReport struct {
	File     string            `json:"file"`
	Digest   string            `json:"digest"`
	Reader   int               `json:"readerVersion"`
	Whole    bool              `json:"whole"`
	Format   string            `json:"format"`
	Packed   string            `json:"packed,omitempty"`
	Encoding string            `json:"encoding"`
	Account  string            `json:"account,omitempty"`
	Currency string            `json:"currency,omitempty"`
	Columns  int               `json:"columns,omitempty"`
	Lines    int               `json:"lines"`
	InMinor  int64             `json:"inMinor,string"`
	OutMinor int64             `json:"outMinor,string"`
	Kinds    map[string]int    `json:"kinds,omitempty"`
	First    string            `json:"first,omitempty"`
	Last     string            `json:"last,omitempty"`
	Proof    string            `json:"proof,omitempty"`
	Problems []fileReportEntry `json:"problems"`
	Notices  []fileReportEntry `json:"notices"`
}

type fileReportEntry struct {
	Code   string `json:"code"`
	Line   int    `json:"line,omitempty"`
	Column string `json:"column,omitempty"`
	Text   string `json:"text"`
	Times  int    `json:"times"`
}

func newReconcileCheck() *cobra.Command {
	var c channelFile
	var out output
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Say what a file of a channel holds, and what is wrong with it",
		Long: "Read a bill of WeChat Pay or Alipay, the marketplace's bill of compensations, a bank's statement (camt.053) or a table\n" +
			"with a mapping, and say what it holds, or exactly what is wrong with it and where. The command calls no server. A file\n" +
			"is whole if its own totals, or those told by --lines and --sum, are those of its lines (docs/reconciliation.md).\n\n" +
			"The exit code is 3 if the file has a problem; it could not be imported.",
		Example: "  tenfold reconcile check bill-2026-03-01.csv.gz\n" +
			"  tenfold reconcile check payments.csv --mapping payments.json --lines 120 --sum -35021.50CNY",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.to(cmd); err != nil {
				return err
			}
			if err := out.inZone(); err != nil {
				return err
			}
			o, err := c.options(cmd, out.place)
			if err != nil {
				return err
			}
			r, digest, err := readFile(args[0], o, nil)
			if err != nil {
				return err
			}
			if out.isJSON() {
				err = out.json(reported(args[0], digest, r))
			} else {
				out.printFile(digest, r)
			}
			if err != nil {
				return err
			}
			return notWhole(args[0], r)
		},
	}
	c.flags(cmd)
	out.flag(cmd)
	out.zoneFlag(cmd)
	return cmd
}

// reported is a report for programs.
func reported(path, digest string, r *formats.Report) *fileReport {
	f := &fileReport{
		File: path, Digest: digest, Reader: formats.Version, Whole: r.Whole(), Format: string(r.Format), Packed: r.Packed, Encoding: r.Encoding,
		Account: r.Account, Currency: r.Currency, Columns: r.Columns, Lines: r.Lines, InMinor: int64(r.In), OutMinor: int64(r.Out),
		Kinds: make(map[string]int), Proof: r.Proof, Problems: entries(r.Problems), Notices: entries(r.Notices),
	}
	for kind, n := range r.ByKind {
		f.Kinds[string(kind)] = n
	}
	if r.Lines > 0 {
		f.First, f.Last = r.First.UTC().Format(time.RFC3339), r.Last.UTC().Format(time.RFC3339)
	}
	return f
}

func entries(all []formats.Problem) []fileReportEntry {
	told := make([]fileReportEntry, 0, len(all))
	for _, p := range all {
		told = append(told, fileReportEntry{string(p.Code), p.Line, p.Column, p.Text, p.Times})
	}
	return told
}

// printFile prints a report for people.
func (o *output) printFile(digest string, r *formats.Report) {
	fmt.Fprintf(o.w, "format    %s%s, %s\n", named(string(r.Format), "not recognised"), led(", packed as ", r.Packed), named(r.Encoding, "encoding unknown"))
	fmt.Fprintf(o.w, "digest    %s\n", digest)
	if r.Account != "" {
		fmt.Fprintf(o.w, "account   %s\n", r.Account)
	}
	fmt.Fprintf(o.w, "lines     %d", r.Lines)
	for _, kind := range formats.Kinds() {
		if n := r.ByKind[kind]; n > 0 {
			fmt.Fprintf(o.w, ", %s %d", kind, n)
		}
	}
	fmt.Fprintln(o.w)
	if r.Lines > 0 {
		fmt.Fprintf(o.w, "sums      in %s, out %s %s\n", amount(int64(r.In), r.Currency), amount(int64(r.Out), r.Currency), r.Currency)
		fmt.Fprintf(o.w, "times     %s to %s\n", r.First.In(o.place).Format(time.DateTime), r.Last.In(o.place).Format(time.DateTime))
	}
	o.printFindings("Problems", r.Problems)
	o.printFindings("Notices", r.Notices)
	if r.Whole() {
		fmt.Fprintf(o.w, "whole     proved by %s\n", r.Proof)
	}
}

func (o *output) printFindings(title string, all []formats.Problem) {
	if len(all) == 0 {
		return
	}
	t := o.newTable(title, column{title: "Code"}, column{"Line", true}, column{title: "Column"}, column{title: "What"}, column{"Times", true})
	for _, p := range all {
		line := ""
		if p.Line > 0 {
			line = fmt.Sprint(p.Line)
		}
		t.AppendRow(table.Row{string(p.Code), line, p.Column, p.Text, p.Times})
	}
	o.render(t)
}

// named is a text, or words for none.
func named(text, none string) string {
	if text == "" {
		return none
	}
	return text
}
