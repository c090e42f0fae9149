package rpc

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func (s *policyService) SetCalendarDays(ctx context.Context, r *tenfoldv1.SetCalendarDaysRequest) (*tenfoldv1.SetCalendarDaysResponse, error) {
	days, err := calendarDays(r.GetCalendarDays())
	if err != nil {
		return nil, err
	}
	replayed, err := s.engine.SetCalendarDays(ctx, s.header(ctx, "", r), days)
	if err != nil {
		return nil, err
	}
	return &tenfoldv1.SetCalendarDaysResponse{CalendarDays: calendarDaysOf(days), Replayed: replayed}, nil
}

func (s *policyService) ListCalendarDays(ctx context.Context, r *tenfoldv1.ListCalendarDaysRequest) (*tenfoldv1.ListCalendarDaysResponse, error) {
	p, err := pageOf(ctx, r, 1)
	if err != nil {
		return nil, err
	}
	if err := s.engine.ReloadCatalog(ctx); err != nil {
		return nil, err
	}
	var rows []calendar.Day
	for _, d := range s.engine.Catalog().Calendar.Days(int(r.GetYear())) {
		if d.Date.String() > p.cursor[0] {
			rows = append(rows, d)
		}
	}
	rows, more := cut(rows, p.size)
	out := &tenfoldv1.ListCalendarDaysResponse{CalendarDays: calendarDaysOf(rows)}
	if more {
		out.NextPageToken = p.token(rows[len(rows)-1].Date.String())
	}
	return out, nil
}
