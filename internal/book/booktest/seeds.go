package booktest

import (
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/calendar"
)

// arrangement is a run of days that differ from the ordinary week.
type arrangement struct {
	first, last calendar.Date
	kind        calendar.Kind
	name        string
}

// seeded are the arrangements of the years that the schema comes with, by the notices
// of the State Council of 12 November 2024 and 4 November 2025.
var seeded = []arrangement{
	{on(2025, 1, 1), on(2025, 1, 1), calendar.Holiday, "New Year"},
	{on(2025, 1, 28), on(2025, 2, 4), calendar.Holiday, "Spring Festival"},
	{on(2025, 1, 26), on(2025, 1, 26), calendar.Working, "made up for Spring Festival"},
	{on(2025, 2, 8), on(2025, 2, 8), calendar.Working, "made up for Spring Festival"},
	{on(2025, 4, 4), on(2025, 4, 6), calendar.Holiday, "Qingming Festival"},
	{on(2025, 5, 1), on(2025, 5, 5), calendar.Holiday, "Labour Day"},
	{on(2025, 4, 27), on(2025, 4, 27), calendar.Working, "made up for Labour Day"},
	{on(2025, 5, 31), on(2025, 6, 2), calendar.Holiday, "Dragon Boat Festival"},
	{on(2025, 10, 1), on(2025, 10, 8), calendar.Holiday, "National Day and Mid-Autumn Festival"},
	{on(2025, 9, 28), on(2025, 9, 28), calendar.Working, "made up for National Day and Mid-Autumn Festival"},
	{on(2025, 10, 11), on(2025, 10, 11), calendar.Working, "made up for National Day and Mid-Autumn Festival"},
	{on(2026, 1, 1), on(2026, 1, 3), calendar.Holiday, "New Year"},
	{on(2026, 1, 4), on(2026, 1, 4), calendar.Working, "made up for New Year"},
	{on(2026, 2, 15), on(2026, 2, 23), calendar.Holiday, "Spring Festival"},
	{on(2026, 2, 14), on(2026, 2, 14), calendar.Working, "made up for Spring Festival"},
	{on(2026, 2, 28), on(2026, 2, 28), calendar.Working, "made up for Spring Festival"},
	{on(2026, 4, 4), on(2026, 4, 6), calendar.Holiday, "Qingming Festival"},
	{on(2026, 5, 1), on(2026, 5, 5), calendar.Holiday, "Labour Day"},
	{on(2026, 5, 9), on(2026, 5, 9), calendar.Working, "made up for Labour Day"},
	{on(2026, 6, 19), on(2026, 6, 21), calendar.Holiday, "Dragon Boat Festival"},
	{on(2026, 9, 25), on(2026, 9, 27), calendar.Holiday, "Mid-Autumn Festival"},
	{on(2026, 10, 1), on(2026, 10, 7), calendar.Holiday, "National Day"},
	{on(2026, 9, 20), on(2026, 9, 20), calendar.Working, "made up for National Day"},
	{on(2026, 10, 10), on(2026, 10, 10), calendar.Working, "made up for National Day"},
}

func on(year int, month time.Month, day int) calendar.Date {
	return calendar.Date{Year: year, Month: month, Day: day}
}

// seededCalendar is the calendar of the seeded arrangements. It never changes, so that
// every shelf has the same.
var seededCalendar = sync.OnceValue(func() *calendar.Calendar {
	var days []calendar.Day
	for _, a := range seeded {
		for d := a.first; d.Compare(a.last) <= 0; d = d.Next() {
			days = append(days, calendar.Day{Date: d, Kind: a.kind, Name: a.name})
		}
	}
	return calendar.New(days)
})
