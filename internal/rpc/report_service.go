package rpc

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	reporting "github.com/tenfold-claims/tenfold/internal/report"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// reportService implements ReportService.
type reportService struct {
	tenfoldv1.UnimplementedReportServiceServer
	backend
}

// reportParts are the parts of the cursor of a report: a time, a merchant, a number or an id.
const reportParts = 4

// reportAsked is a report that was asked for.
type reportAsked struct {
	report   reporting.Report
	by       reporting.Grouping
	merchant string
	now      time.Time
}

func (s *reportService) ListReportSums(ctx context.Context, r *tenfoldv1.ListReportSumsRequest) (*tenfoldv1.ListReportSumsResponse, error) {
	merchant, _ := nameOf(r.GetParent())
	a := reportAsked{reportNames.domain(r.GetReport()), reporting.ByDay, anchor(merchant), s.engine.Now()}
	if r.GetGrouping() != tenfoldv1.ReportGrouping_REPORT_GROUPING_UNSPECIFIED {
		a.by = reportGroupings.domain(r.GetGrouping())
	}
	q, err := s.reportTime(r, &a)
	if err != nil {
		return nil, err
	}
	p, err := s.pageOf(ctx, r, reportParts)
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ListReportSumsResponse{}
	err = s.db.Snapshot(ctx, func(read postgres.Reader) (err error) {
		if err := checkBook(ctx, read, a.merchant); err != nil {
			return err
		}
		var sums []postgres.ReportSum
		switch {
		case a.report.OfTime():
			sums, out.NextPageToken, err = ofTransfers(ctx, read, &a, q, &p)
		case a.report == reporting.Advances:
			sums, out.NextPageToken, err = ofAdvances(ctx, read, &a, &p)
		default:
			sums, out.NextPageToken, err = ofPayouts(ctx, read, &a, &p)
		}
		slices.SortFunc(sums, func(x, y postgres.ReportSum) int {
			return cmp.Or(cmp.Compare(x.Key, y.Key), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.FromDays, y.FromDays), cmp.Compare(x.Currency, y.Currency))
		})
		out.Sums = each(sums, func(x *postgres.ReportSum) *tenfoldv1.ReportSum {
			return &tenfoldv1.ReportSum{
				Key: x.Key, Kind: transferKinds.proto(x.Kind), FromDays: x.FromDays, Amount: signed(x.Amount, x.Currency), Count: x.Count,
			}
		})
		return err
	})
	return answer(out, err)
}

// reportTime reads the time of a report.
func (s *reportService) reportTime(r *tenfoldv1.ListReportSumsRequest, a *reportAsked) (postgres.ReportQuery, error) {
	q := postgres.ReportQuery{MerchantID: a.merchant, Kinds: a.report.Kinds(), By: a.by}
	if !a.report.OfTime() {
		field := ""
		switch {
		case r.GetFrom() != nil:
			field = "from"
		case r.GetUntil() != nil:
			field = "until"
		default:
			return q, nil
		}
		return q, fault.New(fault.RequestInvalid, "%s must be left out: the report is of what is open now", field).At(field)
	}
	if r.GetFrom() == nil {
		return q, fault.New(fault.RequestInvalid, "from is missing: the report is of a time").At("from")
	}
	if r.GetUntil() == nil {
		return q, fault.New(fault.RequestInvalid, "until is missing: the report is of a time").At("until")
	}
	until, err := s.past(r.GetUntil(), "until")
	if err != nil {
		return q, err
	}
	if q.From = moment(r.GetFrom()); !q.From.Before(until) {
		return q, fault.New(fault.RequestInvalid, "until must be after from").At("until")
	}
	q.To = until.Add(-time.Microsecond)
	return q, nil
}

// ofTransfers sums the transfers of a page.
func ofTransfers(ctx context.Context, read postgres.Reader, a *reportAsked, q postgres.ReportQuery, p *page) ([]postgres.ReportSum, string, error) {
	at, err := p.number(0)
	if err != nil {
		return nil, "", err
	}
	from := postgres.ReportCursor{MerchantID: p.cursor[1]}
	if from.Number, err = p.number(2); err != nil {
		return nil, "", err
	}
	if from.MerchantID != "" || a.merchant != "" {
		from.At = time.UnixMicro(at).UTC()
	}
	sums, next, more, err := read.SumReport(ctx, q, from, p.size)
	for i := range sums {
		sums[i].Amount *= a.report.Sign(sums[i].Kind)
	}
	if err != nil || !more {
		return sums, "", err
	}
	return sums, p.token(microseconds(next.At), next.MerchantID, decimal(next.Number), ""), nil
}

// ofAdvances sums the advances of a page.
func ofAdvances(ctx context.Context, read postgres.Reader, a *reportAsked, p *page) ([]postgres.ReportSum, string, error) {
	since, err := p.number(0)
	if err != nil {
		return nil, "", err
	}
	from := postgres.DebtCursor{}
	if p.cursor[1] != "" {
		from = postgres.DebtCursor{Kind: debt.Advance, Since: time.UnixMicro(since).UTC(), MerchantID: p.cursor[1], ID: p.cursor[3]}
	}
	list, err := read.Debts(ctx, postgres.DebtQuery{MerchantID: a.merchant, Kind: debt.Advance}, from, p.size)
	if err != nil {
		return nil, "", err
	}
	currencies, err := read.Currencies(ctx, each(list.Rows, func(d *debt.Debt) string { return d.MerchantID }))
	if err != nil {
		return nil, "", err
	}
	items := each(list.Rows, func(d *debt.Debt) postgres.OpenItem {
		return postgres.OpenItem{MerchantID: d.MerchantID, ClaimID: d.ID, Since: d.Since, Amount: d.Open, Currency: currencies[d.MerchantID]}
	})
	sums, err := a.ofOpen(ctx, read, items)
	if err != nil || !list.More {
		return sums, "", err
	}
	return sums, p.token(microseconds(list.Next.Since), list.Next.MerchantID, "", list.Next.ID), nil
}

// ofPayouts sums the payouts of a page.
func ofPayouts(ctx context.Context, read postgres.Reader, a *reportAsked, p *page) ([]postgres.ReportSum, string, error) {
	list, err := read.OpenPayouts(ctx, a.merchant, [2]string{p.cursor[1], p.cursor[3]}, p.size)
	if err != nil {
		return nil, "", err
	}
	sums, err := a.ofOpen(ctx, read, list.Rows)
	if err != nil || !list.More {
		return sums, "", err
	}
	return sums, p.token("", list.Next[0], "", list.Next[1]), nil
}

// ofOpen sums what is open, by key and age.
func (a *reportAsked) ofOpen(ctx context.Context, read postgres.Reader, items []postgres.OpenItem) ([]postgres.ReportSum, error) {
	var keys []string
	switch a.by {
	case reporting.ByDay:
		keys = each(items, func(x *postgres.OpenItem) string { return reporting.DayOf(x.Since) })
	case reporting.ByMerchant:
		keys = each(items, func(x *postgres.OpenItem) string { return x.MerchantID })
	case reporting.ByCategory, reporting.ByProduct:
		var err error
		if keys, err = read.GoodsOf(ctx, items, a.by); err != nil {
			return nil, err
		}
	}
	type place struct {
		key, currency string
		age           int32
	}
	sums := make(map[place]*postgres.ReportSum)
	for i := range items {
		x := &items[i]
		at := place{keys[i], x.Currency, reporting.AgeOf(x.Since, a.now)}
		if sums[at] == nil {
			sums[at] = &postgres.ReportSum{Key: at.key, FromDays: at.age, Currency: at.currency}
		}
		sums[at].Amount, sums[at].Count = sums[at].Amount+x.Amount, sums[at].Count+1
	}
	var out []postgres.ReportSum
	for _, sum := range sums {
		out = append(out, *sum)
	}
	return out, nil
}
