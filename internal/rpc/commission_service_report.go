package rpc

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// reportedMax is how many commissions, and how many results, one report counts: more than a
// laboratory examines in a quarter.
const reportedMax = 10_000

// reportSpan is the longest time that one report is about: a quarter.
const reportSpan = 92 * 24 * time.Hour

func (s *commissionService) GetBodyReport(ctx context.Context, r *tenfoldv1.GetBodyReportRequest) (*tenfoldv1.GetBodyReportResponse, error) {
	body, _ := nameOf(r.GetName())
	if err := s.ownBody(ctx, body, "name"); err != nil {
		return nil, err
	}
	from, until := moment(r.GetFrom()), moment(r.GetUntil())
	switch {
	case r.GetUntil() == nil:
		until = from.Add(reportSpan)
	case !until.After(from):
		return nil, fault.New(fault.RequestInvalid, "until must be later than from").At("until")
	case until.Sub(from) > reportSpan:
		return nil, fault.New(fault.RequestInvalid, "until must be at most 92 days after from").At("until")
	}
	var given []commission.Commission
	var found []postgres.Finding
	err := s.db.Snapshot(ctx, func(reader postgres.Reader) (err error) {
		if given, err = reader.CommissionsGiven(ctx, body, from, until, reportedMax+1); err == nil {
			found, err = reader.Findings(ctx, body, from, until, reportedMax+1)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.GetBodyReportResponse{}
	// Several rows may be of the moment of the first that is too many; none of them counts.
	end := until
	if len(given) > reportedMax {
		end = given[reportedMax].MadeAt
	}
	if len(found) > reportedMax && found[reportedMax].RecordedAt.Before(end) {
		end = found[reportedMax].RecordedAt
	}
	if end.Before(until) {
		out.CountedUntil = stamp(end)
		given = slices.DeleteFunc(given, func(x commission.Commission) bool { return !x.MadeAt.Before(end) })
		found = slices.DeleteFunc(found, func(x postgres.Finding) bool { return !x.RecordedAt.Before(end) })
	}
	out.Report = reportOf(given, found)
	return out, nil
}

// reportOf counts commissions and results.
func reportOf(given []commission.Commission, found []postgres.Finding) *tenfoldv1.BodyReport {
	p := &tenfoldv1.BodyReport{Commissions: int64(len(given)), Results: int64(len(found))}
	var took, longest time.Duration
	for i := range given {
		x := &given[i]
		if !x.AcceptedAt.IsZero() {
			p.Accepted++
		}
		switch x.State {
		case commission.Declined:
			p.Declined++
		case commission.Cancelled:
			p.Cancelled++
		case commission.Reported:
			p.Reported++
			if x.EndedAt.After(x.DueAt) {
				p.ReportedLate++
			}
			took, longest = took+x.EndedAt.Sub(x.MadeAt), max(longest, x.EndedAt.Sub(x.MadeAt))
		case commission.Offered, commission.Accepted, commission.Shipped, commission.Received:
			p.Open++
			if !x.OverdueAt.IsZero() {
				p.Overdue++
			}
		}
	}
	if p.GetReported() > 0 {
		p.MeanTurnaround, p.LongestTurnaround = durationpb.New(took/time.Duration(p.GetReported())), durationpb.New(longest)
	}
	for i := range found {
		x := &found[i]
		if x.Commission == 0 {
			p.Uncommissioned++
		}
		switch {
		case x.Retracted:
			p.Retracted++
		case reversed(x):
			p.Reversed++
		}
	}
	p.Verdicts = verdictCounts(found)
	return p
}

// verdictCounts counts what results found that were not taken back.
func verdictCounts(found []postgres.Finding) []*tenfoldv1.VerdictCount {
	var list []*tenfoldv1.VerdictCount
	for _, verdict := range claim.Findings() {
		n := &tenfoldv1.VerdictCount{Verdict: verdicts.proto(verdict)}
		for i := range found {
			for _, u := range found[i].Units {
				if found[i].Retracted || u.Verdict != verdict {
					continue
				}
				n.Units++
				if unitReversed(&found[i], u) {
					n.ReversedUnits++
				}
			}
		}
		if n.GetUnits() > 0 {
			list = append(list, n)
		}
	}
	return list
}

// reversed says whether the claim finds the opposite of a result on one of its units.
func reversed(x *postgres.Finding) bool {
	return slices.ContainsFunc(x.Units, func(u claim.Unit) bool { return unitReversed(x, u) })
}

// unitReversed says whether the claim finds the opposite of a result on a unit.
func unitReversed(x *postgres.Finding, u claim.Unit) bool {
	return slices.ContainsFunc(x.Now, func(now claim.Unit) bool {
		return now.Ordinal == u.Ordinal && u.Verdict.Opposite(now.Verdict)
	})
}
