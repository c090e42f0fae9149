package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	"github.com/tenfold-claims/tenfold/internal/principal"
	reporting "github.com/tenfold-claims/tenfold/internal/report"
	"github.com/tenfold-claims/tenfold/internal/report/chart"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// reportTexts say for each report what it sums up.
var reportTexts = map[reporting.Report]string{
	reporting.Deductions:          "Sum up what was taken from merchants for claims, less what was given back",
	reporting.Recoveries:          "Sum up what merchants paid back of what they owed",
	reporting.WriteOffs:           "Sum up what was written off, less what was recovered of it",
	reporting.AuthenticationCosts: "Sum up what tests cost the platform, less what others bear of it",
	reporting.Advances:            "Sum up the advances that merchants owe now, by age",
	reporting.PayoutsInFlight:     "Sum up the payouts whose outcome is not known now, by age",
}

func newReport() *cobra.Command {
	cmd := &cobra.Command{Use: "report", Short: "Sum up deductions, recoveries, advances and costs, as tables and charts", Args: cobra.NoArgs, RunE: help}
	for _, r := range reporting.Reports() {
		cmd.AddCommand(newReportOf(r))
	}
	return cmd
}

// reportFlags are what a person says about a report.
type reportFlags struct {
	report                                reporting.Report
	by, merchant, from, until, file, only string
	top                                   int
}

// verbOf is a word of the contract as people write it: WRITE_OFFS is write-offs.
func verbOf(word string) string { return strings.ToLower(strings.ReplaceAll(word, "_", "-")) }

func newReportOf(r reporting.Report) *cobra.Command {
	var c remote
	s := reportFlags{report: r}
	c.out.lists, c.out.more = true, []string{formatSheet, string(chart.SVG), string(chart.PNG)}
	verb := verbOf(string(r))
	example, groupings := "  tenfold report "+verb+" --by merchant", []string{}
	if r.OfTime() {
		example += " --from 2026-03-01 --until 2026-04-01"
	}
	for _, g := range reporting.Groupings() {
		groupings = append(groupings, verbOf(string(g)))
	}
	cmd := c.command(principal.RoleFinance, &cobra.Command{
		Use: verb, Short: reportTexts[r],
		Long: reportTexts[r] + ": by day in China, merchant, category or product. A chart has the sums of one\n" +
			"currency, of the days in their order, or of the largest others (--top).",
		Example: example + "\n" + strings.Replace(example, "merchant", "day", 1) + " -o svg --file " + verb + ".svg",
		Args:    cobra.NoArgs,
	}, func(cmd *cobra.Command, conn *grpc.ClientConn, _ []string) error {
		asked, err := s.request(&c.out)
		if err != nil {
			return err
		}
		sums, err := reportPages(cmd, tenfoldv1.NewReportServiceClient(conn), asked)
		if err != nil {
			return err
		}
		return s.write(&c.out, sums)
	})
	f := cmd.Flags()
	f.StringVar(&s.by, "by", groupings[0], "what the report is divided by: "+alternatives(groupings))
	completes(f, "by", groupings...)
	f.StringVar(&s.merchant, "merchant", "", "merchant; otherwise all merchants")
	f.StringVar(&s.only, "currency", "", "currency of a chart, such as CNY, where there is more than one")
	f.StringVar(&s.file, "file", "", "file to write to, once all is written; otherwise the output")
	f.IntVar(&s.top, "top", reportTop, "largest number of bars in a chart that is not by day")
	for _, name := range []string{"merchant", "currency"} {
		completes(f, name)
	}
	if r.OfTime() {
		f.StringVar(&s.from, "from", "", "beginning of the time, which belongs to it (required)")
		f.StringVar(&s.until, "until", "", "end of the time, which does not belong to it (required)")
		completes(f, "from")
		completes(f, "until")
	}
	return calling(cmd, "ReportService/ListReportSums")
}

// reportTop is how many bars a chart has that is not by day, unless more are asked for.
const reportTop = 20

// request reads the flags.
func (s *reportFlags) request(o *output) (*tenfoldv1.ListReportSumsRequest, error) {
	s.by = strings.ToLower(s.by)
	r := &tenfoldv1.ListReportSumsRequest{
		Parent: merchantNameOf("-"), Report: tenfoldv1.Report(tenfoldv1.Report_value["REPORT_"+string(s.report)]), PageSize: pageMax,
		Grouping: tenfoldv1.ReportGrouping(tenfoldv1.ReportGrouping_value["REPORT_GROUPING_"+strings.ToUpper(s.by)]),
	}
	if s.merchant != "" {
		r.Parent = merchantNameOf(s.merchant)
	}
	var err error
	if s.report.OfTime() {
		if r.From, err = momentOf("from", s.from, o.place); err != nil {
			return nil, err
		}
		if r.Until, err = momentOf("until", s.until, o.place); err != nil {
			return nil, err
		}
	}
	switch {
	case !slices.Contains(reporting.Groupings(), reporting.Grouping(strings.ToUpper(s.by))):
		return nil, usageError{fmt.Errorf("--by (TENFOLD_BY) must be day, merchant, category or product, not %q", s.by)}
	case s.top < 1 || s.top > chart.BarsMax:
		return nil, usageError{fmt.Errorf("--top (TENFOLD_TOP) must be between 1 and %d, not %d", chart.BarsMax, s.top)}
	case s.file == "" && isTerminal(o.w) && slices.Contains([]string{formatSheet, string(chart.PNG)}, o.format):
		return nil, usageError{fmt.Errorf("--file (TENFOLD_FILE) is missing: a terminal cannot show %s", o.format)}
	case s.file != "" && (o.format == formatTable || o.format == formatJSON):
		return nil, usageError{errors.New("--file (TENFOLD_FILE) needs -o csv, jsonl, xlsx, svg or png")}
	}
	return r, nil
}

// reportRow is what a report says of one key in one currency.
type reportRow struct {
	Key      string `json:"key"`
	Currency string `json:"currency"`
	// Parts are the sums of each kind of transfer or age, in the order of the columns.
	Parts []int64 `json:"partsMinor"`
	Total int64   `json:"totalMinor"`
	Count int64   `json:"count"`
}

// reportTable is a whole report.
type reportTable struct {
	// Columns are the names of the parts.
	Columns []string    `json:"columns"`
	Rows    []reportRow `json:"rows"`
}

// partOf is the column in which a sum stands.
func partOf(x *tenfoldv1.ReportSum) string {
	if x.GetKind() != tenfoldv1.TransferKind_TRANSFER_KIND_UNSPECIFIED {
		return word(x.GetKind())
	}
	ages := reporting.Ages()
	at := slices.Index(ages, x.GetFromDays())
	if at < 0 {
		return fmt.Sprintf("an age from %d days on", x.GetFromDays())
	}
	if at == len(ages)-1 {
		return fmt.Sprintf("over %d days", ages[at]-1)
	}
	return fmt.Sprintf("%d to %d days", ages[at], ages[at+1]-1)
}

// columnsOf are the names of the parts of a report.
func columnsOf(r reporting.Report) []string {
	var names []string
	for _, k := range r.Kinds() {
		names = append(names, partOf(&tenfoldv1.ReportSum{Kind: tenfoldv1.TransferKind(tenfoldv1.TransferKind_value["TRANSFER_KIND_"+string(k)])}))
	}
	if !r.OfTime() {
		for _, age := range reporting.Ages() {
			names = append(names, partOf(&tenfoldv1.ReportSum{FromDays: age}))
		}
	}
	return names
}

// reportPages adds up the sums of all pages.
func reportPages(cmd *cobra.Command, service tenfoldv1.ReportServiceClient, r *tenfoldv1.ListReportSumsRequest) ([]*tenfoldv1.ReportSum, error) {
	type place struct {
		key, currency string
		kind          tenfoldv1.TransferKind
		age           int32
	}
	sums := make(map[place]*tenfoldv1.ReportSum)
	var all []*tenfoldv1.ReportSum
	for {
		page, err := service.ListReportSums(cmd.Context(), r)
		if err != nil {
			return nil, refusal(err)
		}
		for _, x := range page.GetSums() {
			at := place{x.GetKey(), x.GetAmount().GetCurrencyCode(), x.GetKind(), x.GetFromDays()}
			if had := sums[at]; had != nil {
				had.Amount.MinorUnits += x.GetAmount().GetMinorUnits()
				had.Count += x.GetCount()
				continue
			}
			sums[at], all = x, append(all, x)
		}
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			return all, nil
		}
	}
}

// table orders the sums by day or by size.
func (s *reportFlags) table(sums []*tenfoldv1.ReportSum) (*reportTable, error) {
	t := &reportTable{Columns: columnsOf(s.report), Rows: []reportRow{}}
	places := make(map[[2]string]int)
	for _, x := range sums {
		key := [2]string{x.GetKey(), x.GetAmount().GetCurrencyCode()}
		at, there := places[key]
		if !there {
			at = len(t.Rows)
			places[key] = at
			t.Rows = append(t.Rows, reportRow{Key: key[0], Currency: key[1], Parts: make([]int64, len(t.Columns))})
		}
		row := &t.Rows[at]
		part := slices.Index(t.Columns, partOf(x))
		if part < 0 {
			return nil, fmt.Errorf("the server tells of %s, which this version does not know; take a newer one", partOf(x))
		}
		row.Parts[part] += x.GetAmount().GetMinorUnits()
		row.Total, row.Count = row.Total+x.GetAmount().GetMinorUnits(), row.Count+x.GetCount()
	}
	slices.SortFunc(t.Rows, func(a, b reportRow) int {
		if s.byDay() {
			return strings.Compare(a.Key+a.Currency, b.Key+b.Currency)
		}
		if a.Total != b.Total && a.Currency == b.Currency {
			return int(max(-1, min(1, b.Total-a.Total)))
		}
		return strings.Compare(a.Currency+" "+a.Key, b.Currency+" "+b.Key)
	})
	return t, nil
}

func (s *reportFlags) byDay() bool { return s.by == verbOf(string(reporting.ByDay)) }

// print prints the report as a table, or as CSV.
func (s *reportFlags) print(o *output, r *reportTable) error {
	columns := []column{{title: strings.ToUpper(s.by[:1]) + s.by[1:]}}
	for _, name := range r.Columns {
		columns = append(columns, column{name, true})
	}
	t := o.newTable(reportTexts[s.report], append(columns, column{"Total", true}, column{"Number", true})...)
	t.currency = true
	for i := range r.Rows {
		x := &r.Rows[i]
		in := func(minor int64) sumCell {
			return sumCell{&tenfoldv1.Money{MinorUnits: minor, CurrencyCode: x.Currency}}
		}
		cells := table.Row{x.Key}
		if x.Key == "" && o.format != formatCSV {
			cells[0] = "–"
		}
		for _, part := range x.Parts {
			cells = append(cells, in(part))
		}
		t.AppendRow(append(cells, in(x.Total), x.Count))
	}
	o.render(t)
	return o.failed
}
