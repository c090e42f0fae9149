package engine

import (
	"context"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// SetCalendarDays sets what the given days are. The calendar belongs to no book, so
// this runs outside the lanes. Running deadlines stay as they are, because people have
// been told of them. Refuses with PERSON_REQUIRED, and with whatever calendar.Check
// refuses.
func (e *Engine) SetCalendarDays(ctx context.Context, h request.Header, days []calendar.Day) (replayed bool, err error) {
	if h.Principal.Person == "" {
		return false, fault.New(fault.PersonRequired, "the calendar must be set by a person, but the call names no person")
	}
	if err := calendar.Check(days); err != nil {
		return false, err
	}
	return e.changeCatalog(ctx, h, arrangement(days), func(r request.Once) (bool, error) {
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
