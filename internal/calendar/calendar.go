// Package calendar says when a period of a policy ends: it knows which days are
// worked on in China and counts spans of working days by them. It is pure; the
// days that differ from the ordinary week are read and set elsewhere.
package calendar

import (
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Kind says what a day is that differs from the ordinary week.
type Kind string

// The kinds of day.
const (
	// Holiday is a day off, whatever day of the week it is.
	Holiday Kind = "HOLIDAY"
	// Working is a day that is worked on, such as a weekend that makes up for a
	// holiday.
	Working Kind = "WORKING"
)

// Kinds lists all kinds of day.
func Kinds() []Kind { return []Kind{Holiday, Working} }

// Day is what one day is.
type Day struct {
	Date Date
	Kind Kind
	// Name is what people call it, such as the holiday that it belongs to.
	Name string
}

// Calendar is which days are worked on. Without days of its own it knows the
// ordinary week only: Monday to Friday. It never changes.
type Calendar struct {
	days  []Day
	kinds map[Date]Kind
}

// New makes a calendar of the days that differ from the ordinary week, each once.
func New(days []Day) *Calendar {
	c := &Calendar{days: slices.Clone(days), kinds: make(map[Date]Kind, len(days))}
	slices.SortFunc(c.days, func(a, b Day) int { return a.Date.Compare(b.Date) })
	for _, d := range days {
		c.kinds[d.Date] = d.Kind
	}
	return c
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

// IsWorking says whether a day is worked on.
func (c *Calendar) IsWorking(d Date) bool {
	if kind, set := c.kinds[d]; set {
		return kind == Working
	}
	return !d.weekend()
}

// Check refuses days that cannot be set together, with REQUEST_INVALID at the
// field of the contract: a day twice, or of no known kind.
func Check(days []Day) error {
	seen := make(map[Date]bool, len(days))
	for _, d := range days {
		if seen[d.Date] {
			return fault.New(fault.RequestInvalid, "%s is set twice", d.Date).At("calendar_days")
		}
		if !slices.Contains(Kinds(), d.Kind) {
			return fault.New(fault.RequestInvalid, "%s is one of %v, not %q", d.Date, Kinds(), d.Kind).At("calendar_days")
		}
		seen[d.Date] = true
	}
	return nil
}

// After is when a span that begins at t ends. A duration is added as it is. Of
// working days the first is the one after t, and the span ends at 24:00 of the
// last (Civil Code Art. 201 and 203).
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

// Pause is a time during which a clock stood still.
type Pause struct{ From, To time.Time }

// Resume moves the deadline of a span by a pause. Where that puts the end of a
// span of working days onto a day off, it ends at 24:00 of the next working day
// (Civil Code Art. 203). A pause that begins when the deadline has passed, or
// ends before it begins, moves nothing.
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

// nextWorking is the first working day after d. There always is one: the days
// that were set come to an end, and after them there are ordinary weeks.
func (c *Calendar) nextWorking(d Date) Date {
	for d = d.Next(); !c.IsWorking(d); d = d.Next() {
	}
	return d
}
