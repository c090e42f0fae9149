package rpc

import (
	"cmp"
	"context"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

// policyService implements PolicyService.
type policyService struct {
	tenfoldv1.UnimplementedPolicyServiceServer
	backend
}

func (s *policyService) PublishPolicyVersion(ctx context.Context, r *tenfoldv1.PublishPolicyVersionRequest) (*tenfoldv1.PublishPolicyVersionResponse, error) {
	v, err := policyVersion(r.GetPolicyVersion())
	if err != nil {
		return nil, err
	}
	replayed, err := s.engine.PublishPolicyVersion(ctx, s.header(ctx, "", r), v)
	if stored, ok := s.engine.Catalog().Policy(v.PolicyID, v.Number); ok && err == nil {
		v = *stored // It has the time of its publication.
	}
	return answer(&tenfoldv1.PublishPolicyVersionResponse{PolicyVersion: policyVersionOf(&v), Replayed: replayed}, err)
}

func (s *policyService) GetPolicyVersion(ctx context.Context, r *tenfoldv1.GetPolicyVersionRequest) (*tenfoldv1.GetPolicyVersionResponse, error) {
	catalog, err := s.engine.RecentCatalog(ctx)
	if err != nil {
		return nil, err
	}
	v, err := publishedVersion(catalog, r.GetName())
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.GetPolicyVersionResponse{PolicyVersion: policyVersionOf(v)}, nil
}

// publishedVersion gives the version that a request names. POLICY_NOT_FOUND.
func publishedVersion(catalog *book.Catalog, name string) (*policy.Version, error) {
	id, _ := nameOf(name)
	v, ok := catalog.Policy(id, int32(numberOf(name)))
	if !ok {
		return nil, fault.New(fault.PolicyNotFound, "%s has not been published", name).With("policyId", id).At("name")
	}
	return v, nil
}

func (s *policyService) ListPolicyVersions(ctx context.Context, r *tenfoldv1.ListPolicyVersionsRequest) (*tenfoldv1.ListPolicyVersionsResponse, error) {
	const cursorParts = 2
	p, err := s.pageOf(ctx, r, cursorParts)
	if err != nil {
		return nil, err
	}
	number, err := p.number(1)
	if err != nil {
		return nil, err
	}
	catalog, err := s.engine.RecentCatalog(ctx)
	if err != nil {
		return nil, err
	}
	id, _ := nameOf(r.GetParent())
	if id == anyMerchant {
		id = ""
	}
	rows := catalog.Policies.Listed(id, p.cursor[0], int32(number))
	list, next := listed(&p, rows, policyVersionOf, func(v *policy.Version) []string { return []string{v.PolicyID, decimal(int64(v.Number))} })
	return &tenfoldv1.ListPolicyVersionsResponse{PolicyVersions: list, NextPageToken: next}, nil
}

func (s *policyService) ResolvePolicy(ctx context.Context, r *tenfoldv1.ResolvePolicyRequest) (*tenfoldv1.ResolvePolicyResponse, error) {
	catalog, err := s.engine.RecentCatalog(ctx)
	if err != nil {
		return nil, err
	}
	out := &tenfoldv1.ResolvePolicyResponse{}
	for _, v := range catalog.Policies.InForce(policy.NewQuery(r.GetCategory(), r.GetCurrencyCode(), moment(r.GetPaidAt()))) {
		out.PolicyVersions = append(out.PolicyVersions, policyVersionOf(v))
	}
	if len(out.PolicyVersions) == 0 {
		return nil, fault.New(fault.PolicyNotFound, "no policy in %s applied to category %q at that time", r.GetCurrencyCode(), r.GetCategory())
	}
	slices.SortFunc(out.PolicyVersions, func(a, b *tenfoldv1.PolicyVersion) int { return cmp.Compare(a.GetLegalBasis(), b.GetLegalBasis()) })
	return out, nil
}

func (s *policyService) SetCalendarDays(ctx context.Context, r *tenfoldv1.SetCalendarDaysRequest) (*tenfoldv1.SetCalendarDaysResponse, error) {
	days, err := calendarDays(r.GetCalendarDays())
	if err != nil {
		return nil, err
	}
	replayed, err := s.engine.SetCalendarDays(ctx, s.header(ctx, "", r), days)
	known := s.engine.Catalog().Calendar
	if r.GetValidateOnly() {
		known = known.With(days)
	}
	return answer(&tenfoldv1.SetCalendarDaysResponse{
		CalendarDays: calendarDaysOf(days), Replayed: replayed, CalendarYears: calendarYearsOf(known, days),
	}, err)
}

func (s *policyService) ListCalendarDays(ctx context.Context, r *tenfoldv1.ListCalendarDaysRequest) (*tenfoldv1.ListCalendarDaysResponse, error) {
	p, err := s.pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	catalog, err := s.engine.RecentCatalog(ctx)
	if err != nil {
		return nil, err
	}
	var rows []calendar.Day
	for _, d := range catalog.Calendar.Days(int(r.GetYear())) {
		if d.Date.String() > p.cursor[0] {
			rows = append(rows, d)
		}
	}
	list, next := listed(&p, rows, calendarDayOf, func(d *calendar.Day) []string { return []string{d.Date.String()} })
	return &tenfoldv1.ListCalendarDaysResponse{
		CalendarDays: list, NextPageToken: next, CalendarYear: calendarYearOf(catalog.Calendar, int(r.GetYear())),
	}, nil
}
