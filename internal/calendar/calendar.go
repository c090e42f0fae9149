// Package calendar says when a period of a policy ends: it knows the working days
// in China and counts spans of working days by them. It is pure; the days that
// differ from the ordinary week are read and set elsewhere.
package calendar

import (
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Kind says how a day differs from the ordinary week.
type Kind string

// The kinds of day.
const (
	// Holiday is a day off, whatever day of the week it is.
	Holiday Kind = "HOLIDAY"
	// Working is a working day, such as a weekend that makes up for a holiday.
	Working Kind = "WORKING"
)

// Kinds lists all kinds of day.
func Kinds() []Kind { return []Kind{Holiday, Working} }

// Day is a day with its kind.
type Day struct {
	Date Date
	Kind Kind
	// Name is the day's common name, such as that of its holiday.
	Name string
	// Since is when the day was first set to its kind; zero for days that came with the
	// service.
	Since time.Time
}

// Calendar knows which days are working days. Without days that were set it knows
// only the ordinary week, Monday to Friday. It never changes.
type Calendar struct {
	days   []Day
	byDate map[Date]Day
	// years are those that are set as a whole, and since when.
	years map[int]time.Time
}

// New makes a calendar from the days that differ from the ordinary week, each given
// once.
func New(days []Day) *Calendar {
	c := &Calendar{days: slices.Clone(days), byDate: make(map[Date]Day, len(days))}
	slices.SortFunc(c.days, func(a, b Day) int { return a.Date.Compare(b.Date) })
	for _, d := range days {
		c.byDate[d.Date] = d
	}
	c.setYears()
	return c
}

// With is the calendar with days that are set anew.
func (c *Calendar) With(days []Day) *Calendar {
	set := make(map[Date]bool, len(days))
	for _, d := range days {
		set[d.Date] = true
	}
	others := slices.DeleteFunc(slices.Clone(c.days), func(d Day) bool { return set[d.Date] })
	return New(append(others, days...))
}

// Days lists the days of a year that were set, in order.
func (c *Calendar) Days(year int) []Day {
	var list []Day
	for _, d := range c.days {
		if d.Date.Year == year {
			list = append(list, d)
		}
	}
	return list
}

// IsWorking says whether a day is a working day.
func (c *Calendar) IsWorking(d Date) bool {
	if day, set := c.byDate[d]; set {
		return day.Kind == Working
	}
	return !d.weekend()
}

// Check refuses days that cannot be set together, with REQUEST_INVALID at the
// contract's field: a day that occurs twice, or has an unknown kind.
func Check(days []Day) error {
	seen := make(map[Date]bool, len(days))
	for _, d := range days {
		if seen[d.Date] {
			return fault.New(fault.RequestInvalid, "day %s is set twice", d.Date).At("calendar_days")
		}
		if !slices.Contains(Kinds(), d.Kind) {
			return fault.New(fault.RequestInvalid, "day %s must be one of %v, not %q", d.Date, Kinds(), d.Kind).At("calendar_days")
		}
		seen[d.Date] = true
	}
	return nil
}

// After is when a span that begins at t ends. A duration is simply added. The first
// working day is the one after t, and the span ends at 24:00 of the last working
// day (Civil Code Art. 201 and 203).
func (c *Calendar) After(t time.Time, s policy.Span) time.Time {
	if s.WorkingDays <= 0 {
		return t.Add(s.Duration)
	}
	d := DateOf(t)
	for range s.WorkingDays {
		d = c.nextWorking(d)
	}
	return d.End()
}

// Pause is a time during which a clock was stopped.
type Pause struct{ From, To time.Time }

// Resume moves the deadline of a span by a pause. If the end of a span of working
// days then falls on a day off, it moves to 24:00 of the next working day (Civil
// Code Art. 203). A pause that begins after the deadline has passed, or ends before
// it begins, moves nothing.
func (c *Calendar) Resume(deadline time.Time, p Pause, s policy.Span) time.Time {
	if !p.From.Before(deadline) || !p.To.After(p.From) {
		return deadline
	}
	moved := deadline.Add(p.To.Sub(p.From))
	if s.WorkingDays <= 0 {
		return moved
	}
	// 24:00 belongs to the day that it ends.
	if d := DateOf(moved.Add(-time.Nanosecond)); !c.IsWorking(d) {
		return c.nextWorking(d).End()
	}
	return moved
}

// nextWorking is the first working day after d. There always is one, because
// ordinary weeks follow the last day that was set.
func (c *Calendar) nextWorking(d Date) Date {
	for d = d.Next(); !c.IsWorking(d); d = d.Next() {
	}
	return d
}
