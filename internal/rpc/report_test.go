package rpc_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	reporting "github.com/tenfold-claims/tenfold/internal/report"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// reportOf reads every page of a report, and adds the sums up: by key, kind and age.
func (f *fixture) reportOf(role string, r *tenfoldv1.ListReportSumsRequest) map[string]int64 {
	f.t.Helper()
	r = proto.CloneOf(r)
	sums := make(map[string]int64)
	for more := true; more; more = r.PageToken != "" {
		page, err := tenfoldv1.NewReportServiceClient(f.conn).ListReportSums(f.as(role), r)
		if err != nil {
			f.t.Fatalf("%v: %v", r, err)
		}
		for _, x := range page.GetSums() {
			at := fmt.Sprintf("%s %d %d %s", x.GetKey(), x.GetKind(), x.GetFromDays(), x.GetAmount().GetCurrencyCode())
			sums[at] += x.GetAmount().GetMinorUnits()
			sums[at+" number"] += x.GetCount()
		}
		r.PageToken = page.GetNextPageToken()
	}
	return sums
}

// wantReport sums the transfers of a list as a report should.
func wantReport(all []*tenfoldv1.Transfer, report, by string, from, until time.Time) map[string]int64 {
	want := make(map[string]int64)
	for _, x := range all {
		kind := ledger.Kind(x.GetKind().String()[len("TRANSFER_KIND_"):])
		at, sign := x.GetRecordedAt().AsTime(), int64(reporting.Report(report).Sign(kind))
		if sign == 0 || at.Before(from) || !at.Before(until) {
			continue
		}
		key := ""
		switch {
		case by == "DAY":
			key = at.In(time.FixedZone("", 8*3600)).Format(time.DateOnly)
		case by == "MERCHANT":
			key = merchantOf(x.GetName())
		case x.GetClaim() == "":
		case by == "CATEGORY":
			key = "beauty/mascara"
		default:
			key = "sandbox-counterfeit-1"
		}
		place := fmt.Sprintf("%s %d 0 CNY", key, x.GetKind())
		want[place] += sign * x.GetAmount().GetMinorUnits()
		want[place+" number"]++
	}
	return want
}

func merchantOf(name string) string {
	var merchant string
	_, _ = fmt.Sscanf(name, "merchants/%2s", &merchant)
	return merchant
}

// Would catch a report that counts a transfer twice or not at all between two pages, that leaves
// out one at an end of its time, that takes a kind for another, that puts something under another
// merchant, category or day, and one that tells a merchant of others.
func TestReports(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.open("m2", 100_000)
	f.open("m3", 0)
	f.advance(20 * time.Hour)
	from := f.now()
	f.paid(f.accept(f.confirm(f.notified("m1", "l1"))))
	f.accept(f.confirm(f.notified("m2", "l2")))
	f.advance(9 * 24 * time.Hour)
	owing := f.accept(f.confirm(f.notified("m1", "l3")))
	f.accept(f.confirm(f.notified("m3", "l4")))
	if _, err := f.books.TopUpDeposit(f.as("finance"), f.topUp("m2", 40_000, "later")); err != nil {
		t.Fatal(err)
	}
	until := f.now()
	f.advance(time.Hour)
	f.runDueWork()
	all := f.transfers("finance", &tenfoldv1.ListTransfersRequest{Parent: "merchants/-", PageSize: 1000})
	for _, c := range []struct {
		role, parent string
		size         int32
	}{{"finance", "merchants/-", 5}, {"merchant", "merchants/m1", 7}, {"merchant", "merchants/m1", 1000}} {
		mine := all
		if c.role == "merchant" {
			mine = f.transfers("merchant", &tenfoldv1.ListTransfersRequest{Parent: "merchants/m1", PageSize: 1000})
		}
		for number := range tenfoldv1.Report_name {
			report := tenfoldv1.Report(number)
			word := report.String()[len("REPORT_"):]
			for grouping := range tenfoldv1.ReportGrouping_name {
				by := tenfoldv1.ReportGrouping(grouping).String()[len("REPORT_GROUPING_"):]
				if number == 0 || grouping == 0 || !reporting.Report(word).OfTime() {
					continue
				}
				r := &tenfoldv1.ListReportSumsRequest{
					Parent: c.parent, Report: report, Grouping: tenfoldv1.ReportGrouping(grouping), From: timestamppb.New(from), Until: timestamppb.New(until),
					PageSize: c.size,
				}
				if got, want := f.reportOf(c.role, r), wantReport(mine, word, by, from, until); !maps.Equal(got, want) {
					t.Errorf("%s of %s by %s in pages of %d: %v, want %v", word, c.parent, by, c.size, got, want)
				}
			}
		}
	}
	if sums := wantReport(all, "DEDUCTIONS", "MERCHANT", from, until); len(sums) < 4 {
		t.Errorf("there is little to sum up: %v", sums)
	}
	f.checkOpenReports(t, owing, until)
	f.checkReportRefusals(t, from, until)
}

// checkOpenReports compares the reports of what is open with the lists of debts and payouts.
func (f *fixture) checkOpenReports(t *testing.T, owing *tenfoldv1.Claim, at time.Time) {
	t.Helper()
	want := make(map[string]int64)
	debts, err := f.books.ListDebts(f.as("finance"), &tenfoldv1.ListDebtsRequest{Parent: "merchants/-", Kind: tenfoldv1.DebtKind_DEBT_KIND_ADVANCE})
	if err != nil || len(debts.GetDebts()) < 2 {
		t.Fatalf("%v, %v", debts, err)
	}
	for _, d := range debts.GetDebts() {
		age := int32(0)
		if f.now().Sub(d.GetSince().AsTime()) >= 8*24*time.Hour {
			age = 8
		}
		at := fmt.Sprintf("%s 0 %d CNY", merchantOf(d.GetClaim()), age)
		want[at] += d.GetOpen().GetMinorUnits()
		want[at+" number"]++
	}
	for _, size := range []int32{1, 1000} {
		got := f.reportOf("finance", &tenfoldv1.ListReportSumsRequest{
			Parent: "merchants/-", Report: tenfoldv1.Report_REPORT_ADVANCES, Grouping: tenfoldv1.ReportGrouping_REPORT_GROUPING_MERCHANT, PageSize: size,
		})
		if !maps.Equal(got, want) {
			t.Errorf("advances in pages of %d: %v, want %v", size, got, want)
		}
	}
	day := at.In(time.FixedZone("", 8*3600)).Format(time.DateOnly)
	for _, size := range []int32{1, 1000} {
		flight := f.reportOf("merchant", &tenfoldv1.ListReportSumsRequest{Parent: "merchants/m1", Report: tenfoldv1.Report_REPORT_PAYOUTS_IN_FLIGHT, PageSize: size})
		product := f.reportOf("merchant", &tenfoldv1.ListReportSumsRequest{
			Parent: "merchants/m1", Report: tenfoldv1.Report_REPORT_PAYOUTS_IN_FLIGHT, Grouping: tenfoldv1.ReportGrouping_REPORT_GROUPING_CATEGORY, PageSize: size,
		})
		sum := f.claim(owing.GetName()).GetFunding().GetInFlight().GetMinorUnits()
		if flight[day+" 0 0 CNY"] != sum || product["beauty/mascara 0 0 CNY"] != sum || (sum > 0) != (len(flight) > 0) {
			t.Errorf("in flight are %v and %v, and the claim says %d of %s", flight, product, sum, day)
		}
	}
}

// checkReportRefusals asks for reports that cannot be.
func (f *fixture) checkReportRefusals(t *testing.T, from, until time.Time) {
	t.Helper()
	for name, c := range map[string]struct {
		role, reason, field string
		change              func(*tenfoldv1.ListReportSumsRequest)
	}{
		"no report":          {"finance", "REQUEST_INVALID", "report", func(r *tenfoldv1.ListReportSumsRequest) { r.Report = 0 }},
		"an unknown report":  {"finance", "REQUEST_INVALID", "report", func(r *tenfoldv1.ListReportSumsRequest) { r.Report = 99 }},
		"no beginning":       {"finance", "REQUEST_INVALID", "from", func(r *tenfoldv1.ListReportSumsRequest) { r.From = nil }},
		"no end":             {"finance", "REQUEST_INVALID", "until", func(r *tenfoldv1.ListReportSumsRequest) { r.Until = nil }},
		"no time":            {"finance", "REQUEST_INVALID", "until", func(r *tenfoldv1.ListReportSumsRequest) { r.Until = r.From }},
		"the future":         {"finance", "REQUEST_INVALID", "until", func(r *tenfoldv1.ListReportSumsRequest) { r.Until = timestamppb.New(f.now().AddDate(1, 0, 0)) }},
		"a time of what is":  {"finance", "REQUEST_INVALID", "from", func(r *tenfoldv1.ListReportSumsRequest) { r.Report, r.Until = 1, nil }},
		"nobody's":           {"finance", "MERCHANT_NOT_FOUND", "", func(r *tenfoldv1.ListReportSumsRequest) { r.Parent = "merchants/nobody" }},
		"another merchant's": {"merchant", "MERCHANT_NOT_FOUND", "", func(r *tenfoldv1.ListReportSumsRequest) { r.Parent = "merchants/m2" }},
		"everybody's":        {"merchant", "ACCESS_DENIED", "", func(r *tenfoldv1.ListReportSumsRequest) { r.Parent = "merchants/-" }},
		"a laboratory's":     {"authenticator", "ACCESS_DENIED", "", func(*tenfoldv1.ListReportSumsRequest) {}},
		"another's token":    {"finance", "PAGE_TOKEN_INVALID", "page_token", func(r *tenfoldv1.ListReportSumsRequest) { r.PageToken = "AAAA" }},
	} {
		r := &tenfoldv1.ListReportSumsRequest{
			Parent: "merchants/m1", Report: tenfoldv1.Report_REPORT_DEDUCTIONS, From: timestamppb.New(from), Until: timestamppb.New(until),
		}
		c.change(r)
		_, err := tenfoldv1.NewReportServiceClient(f.conn).ListReportSums(f.as(c.role), r)
		if got := refusal(err); got.reason != c.reason || got.field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}
