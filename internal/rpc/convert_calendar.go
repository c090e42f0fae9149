package rpc

import (
	"fmt"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/fault"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func calendarDayOf(d *calendar.Day) *tenfoldv1.CalendarDay {
	return &tenfoldv1.CalendarDay{Date: d.Date.String(), Kind: dayKinds.proto(d.Kind), Name: d.Name}
}

// calendarDays reads days in order of date. Refuses with REQUEST_INVALID a text
// that has the form of a date but is none.
func calendarDays(list []*tenfoldv1.CalendarDay) ([]calendar.Day, error) {
	days := make([]calendar.Day, len(list))
	for i, p := range list {
		date, err := calendar.ParseDate(p.GetDate())
		if err != nil {
			if refusal, ok := fault.As(err); ok {
				refusal.At(fmt.Sprintf("calendar_days[%d].date", i))
			}
			return nil, err
		}
		days[i] = calendar.Day{Date: date, Kind: dayKinds.domain(p.GetKind()), Name: p.GetName()}
	}
	slices.SortFunc(days, func(a, b calendar.Day) int { return a.Date.Compare(b.Date) })
	return days, nil
}

func calendarDaysOf(days []calendar.Day) []*tenfoldv1.CalendarDay { return each(days, calendarDayOf) }

// CalendarDayMessages are days as the contract holds them, for programs that read them
// from a file.
func CalendarDayMessages(days []calendar.Day) []*tenfoldv1.CalendarDay { return calendarDaysOf(days) }

func calendarYearOf(c *calendar.Calendar, year int) *tenfoldv1.CalendarYear {
	return &tenfoldv1.CalendarYear{Year: int32(year), Set: c.IsSet(year), Lacking: c.Lacking(year)}
}

// calendarYearsOf are the years of some days.
func calendarYearsOf(c *calendar.Calendar, days []calendar.Day) []*tenfoldv1.CalendarYear {
	var years []*tenfoldv1.CalendarYear
	for _, d := range days { // They are in order.
		if n := len(years); n == 0 || int(years[n-1].GetYear()) != d.Date.Year {
			years = append(years, calendarYearOf(c, d.Date.Year))
		}
	}
	return years
}
