package engine

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// SetCalendarDays says of days what they are. It belongs to no book, so it runs
// outside the lanes. Deadlines that are running stay as they are: whoever was
// told of one can rely on it. Refuses with PERSON_REQUIRED, and what
// calendar.Check refuses.
func (e *Engine) SetCalendarDays(ctx context.Context, h request.Header, days []calendar.Day) (replayed bool, err error) {
	if h.Principal.Person == "" {
		return false, fault.New(fault.PersonRequired, "the calendar is set by a person; none was named")
	}
	if err := calendar.Check(days); err != nil {
		return false, err
	}
	return e.catalogue(ctx, h, arrangement(days), func(r request.Once) (bool, error) {
		return e.db.SetCalendarDays(ctx, r, days, h.Principal.Person)
	})
}

// arrangement is the content of a request to set days.
type arrangement []calendar.Day

func (a arrangement) Cover(d *request.Digest) {
	d.Number(int64(len(a)))
	for _, day := range a {
		d.Texts(day.Date.String(), string(day.Kind), day.Name)
	}
}
