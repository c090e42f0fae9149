package calendar

import (
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Date is a day in Beijing.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the day on which t falls in Beijing.
func DateOf(t time.Time) Date {
	y, m, d := t.In(policy.Beijing).Date()
	return Date{y, m, d}
}

// ParseDate reads 2026-02-17. Refuses with REQUEST_INVALID a text that is not a
// date.
func ParseDate(text string) (Date, error) {
	t, err := time.ParseInLocation(time.DateOnly, text, policy.Beijing)
	if err != nil {
		return Date{}, fault.New(fault.RequestInvalid, "%q is not a date; write it as 2026-02-17", text)
	}
	return DateOf(t), nil
}

// String gives 2026-02-17.
func (d Date) String() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// Start is the first moment of the day.
func (d Date) Start() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, policy.Beijing).UTC()
}

// End is 24:00 of the day, which is the next day's 0:00.
func (d Date) End() time.Time { return d.Next().Start() }

// Next is the day after.
func (d Date) Next() Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+1, 0, 0, 0, 0, policy.Beijing))
}

// Compare orders days by time.
func (d Date) Compare(other Date) int { return d.Start().Compare(other.Start()) }

func (d Date) weekend() bool {
	switch d.Start().In(policy.Beijing).Weekday() {
	case time.Saturday, time.Sunday:
		return true
	case time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday:
	}
	return false
}
