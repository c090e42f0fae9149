package engine_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

func offDay(month time.Month, day int, kind calendar.Kind) calendar.Day {
	return calendar.Day{Date: calendar.Date{Year: 2026, Month: month, Day: day}, Kind: kind, Name: "a day"}
}

// Would catch days that count only after the next start, that move a deadline of
// which the merchant was told, or that overwrite what was said of them before.
func TestSetCalendarDays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.engine.PublishPolicyVersion(t.Context(), f.request("", "PublishPolicyVersion"), booktest.InWorkingDays())
	f.must(err)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.confirmNotice(f.found(filing(line("m1", "l1", 2, 20_000), 1, 2)))
	told := c.Deadline // 7 working days from Monday, 2 March.
	if !told.Equal(booktest.Beijing(t, "03-12 00:00")) {
		t.Fatalf("the notice ends at %s", told)
	}
	h := f.request("", "SetCalendarDays")
	days := []calendar.Day{offDay(3, 4, calendar.Holiday), offDay(3, 7, calendar.Working), offDay(3, 9, calendar.Holiday)}
	for _, replay := range []bool{false, true} {
		if replayed, err := f.engine.SetCalendarDays(t.Context(), h, days); err != nil || replayed != replay {
			t.Fatalf("replayed %t, %v", replayed, err)
		}
	}
	if got := f.current(c).Deadline; !got.Equal(told) {
		t.Errorf("the deadline has moved to %s", got)
	}
	c = f.confirmNotice(f.found(filing(line("m1", "l2", 2, 20_000), 1, 2)))
	if !c.Deadline.Equal(booktest.Beijing(t, "03-13 00:00")) {
		t.Errorf("a notice afterwards ends at %s", c.Deadline.In(policy.Beijing))
	}

	_, err = f.engine.SetCalendarDays(t.Context(), f.request("", "SetCalendarDays"), []calendar.Day{offDay(3, 4, calendar.Working)})
	f.must(err)
	_, other := f.replica(engine.Defaults())
	if !other.Catalog().Calendar.IsWorking(days[0].Date) || other.Catalog().Calendar.IsWorking(days[2].Date) {
		t.Error("the last word on a day does not hold")
	}
	if n := f.rows(`SELECT count(*) FROM calendar_days WHERE day = '2026-03-04' AND person_id = 'reviewer-1'`); n != 2 {
		t.Errorf("of two words on one day %d are kept", n)
	}
}

// Would catch a calendar that anybody sets, that is set to nonsense, or that is
// changed by a request which only asks.
func TestSetCalendarDaysRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	day := offDay(3, 4, calendar.Holiday)
	h := f.request("", "SetCalendarDays")
	_, err := f.engine.SetCalendarDays(t.Context(), h, []calendar.Day{day, day})
	if e, ok := fault.As(err); !ok || e.Reason != fault.RequestInvalid || e.Field != "calendar_days" {
		t.Errorf("a day twice: %v", err)
	}
	nobody := h
	nobody.Principal.Person = ""
	if _, err := f.engine.SetCalendarDays(t.Context(), nobody, []calendar.Day{day}); !errors.Is(err, fault.PersonRequired) {
		t.Errorf("nobody: %v", err)
	}
	asking := h
	asking.ValidateOnly = true
	if _, err := f.engine.SetCalendarDays(t.Context(), asking, []calendar.Day{day}); err != nil {
		t.Errorf("asking: %v", err)
	}
	if !f.engine.Catalog().Calendar.IsWorking(day.Date) {
		t.Error("a refused request has set a day off")
	}
	_, err = f.engine.SetCalendarDays(t.Context(), h, []calendar.Day{day})
	f.must(err)
	if _, err := f.engine.SetCalendarDays(t.Context(), h, []calendar.Day{offDay(3, 4, calendar.Working)}); !errors.Is(err, fault.RequestIDReused) {
		t.Errorf("another day under the same request id: %v", err)
	}
}

// Would catch two people who set one day at once and are both told that theirs
// is lost, or a constraint that reaches one of them by its name.
func TestSetCalendarDaysAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const people = 8
	errs := make([]error, people)
	var all sync.WaitGroup
	for i := range errs {
		h := f.request("", "SetCalendarDays")
		all.Go(func() {
			_, errs[i] = f.engine.SetCalendarDays(t.Context(), h, []calendar.Day{offDay(3, 4, calendar.Holiday)})
		})
	}
	all.Wait()
	set := 0
	for _, err := range errs {
		switch {
		case err == nil:
			set++
		case !errors.Is(err, fault.TransactionContended):
			t.Errorf("answered %v", err)
		}
	}
	if n := f.rows(`SELECT count(*) FROM calendar_days WHERE day = '2026-03-04'`); set == 0 || n != set {
		t.Errorf("%d were accepted, %d are stored", set, n)
	}
}
