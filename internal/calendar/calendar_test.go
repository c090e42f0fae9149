package calendar_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tenfold-claims/tenfold/internal/calendar"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// at reads a time in Beijing, such as "2026-02-13 15:00".
func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.ParseInLocation("2006-01-02 15:04", text, policy.Beijing)
	if err != nil {
		t.Fatal(err)
	}
	return moment.UTC()
}

func day(t *testing.T, date string, kind calendar.Kind) calendar.Day {
	t.Helper()
	d, err := calendar.ParseDate(date)
	if err != nil {
		t.Fatal(err)
	}
	return calendar.Day{Date: d, Kind: kind, Name: "Spring Festival"}
}

// spring is the Spring Festival of 2026: off from Sunday the 15th to Monday the
// 23rd, made up for on the Saturdays before and after.
func spring(t *testing.T) *calendar.Calendar {
	t.Helper()
	days := []calendar.Day{day(t, "2026-02-14", calendar.Working), day(t, "2026-02-28", calendar.Working)}
	for d := days[0].Date.Next(); d.Day < 24; d = d.Next() {
		days = append(days, calendar.Day{Date: d, Kind: calendar.Holiday, Name: "Spring Festival"})
	}
	return calendar.New(days)
}

// Would catch a span that counts the day it begins on, a day off, or Greenwich
// days, that skips a weekend which is worked on, or that ends before its last
// day does.
func TestAfter(t *testing.T) {
	t.Parallel()
	ordinary, festival := calendar.New(nil), spring(t)
	for _, c := range []struct {
		name     string
		calendar *calendar.Calendar
		from     string
		span     policy.Span
		want     string
	}{
		{"a duration is added as it is", festival, "2026-02-13 15:00", policy.Lasting(36 * time.Hour), "2026-02-15 03:00"},
		{"nothing", festival, "2026-02-13 15:00", policy.Span{}, "2026-02-13 15:00"},
		{"one working day", ordinary, "2026-03-02 15:00", policy.WorkingDays(1), "2026-03-04 00:00"},
		{"over a weekend", ordinary, "2026-03-05 09:00", policy.WorkingDays(2), "2026-03-10 00:00"},
		{"from a weekend", ordinary, "2026-03-07 09:00", policy.WorkingDays(1), "2026-03-10 00:00"},
		{"a week of them", ordinary, "2026-03-02 00:00", policy.WorkingDays(7), "2026-03-12 00:00"},
		{"the first minute of a day is that day's", ordinary, "2026-03-03 00:00", policy.WorkingDays(1), "2026-03-05 00:00"},
		{"the last minute too", ordinary, "2026-03-03 23:59", policy.WorkingDays(1), "2026-03-05 00:00"},
		{"a Saturday that is worked on", festival, "2026-02-13 15:00", policy.WorkingDays(1), "2026-02-15 00:00"},
		{"over the festival", festival, "2026-02-13 15:00", policy.WorkingDays(2), "2026-02-25 00:00"},
		{"to the second Saturday", festival, "2026-02-23 15:00", policy.WorkingDays(5), "2026-03-01 00:00"},
		{"into the next year", ordinary, "2026-12-31 15:00", policy.WorkingDays(1), "2027-01-02 00:00"},
	} {
		if got := c.calendar.After(at(t, c.from), c.span); !got.Equal(at(t, c.want)) || got.Location() != time.UTC {
			t.Errorf("%s: ends at %s, want %s", c.name, got.In(policy.Beijing), c.want)
		}
	}
}

// Would catch a clock that loses the time it stood still, or a deadline that
// falls onto a day off.
func TestResume(t *testing.T) {
	t.Parallel()
	festival, working := spring(t), policy.WorkingDays(7)
	for _, c := range []struct {
		name           string
		deadline       string
		stopped, again string
		span           policy.Span
		want           string
	}{
		{"within ordinary days", "2026-03-05 00:00", "2026-03-02 10:00", "2026-03-03 13:00", working, "2026-03-06 03:00"},
		{"by whole days", "2026-03-05 00:00", "2026-03-02 10:00", "2026-03-04 10:00", working, "2026-03-07 00:00"},
		{"onto a Saturday", "2026-03-05 00:00", "2026-03-02 10:00", "2026-03-05 10:00", working, "2026-03-10 00:00"},
		{"into the festival", "2026-02-14 00:00", "2026-02-10 10:00", "2026-02-13 10:00", working, "2026-02-25 00:00"},
		{"onto a Saturday that is worked on", "2026-02-14 00:00", "2026-02-10 10:00", "2026-02-11 10:00", working, "2026-02-15 00:00"},
		{"a duration is moved as it is", "2026-03-05 00:00", "2026-03-02 10:00", "2026-03-05 10:00", policy.Lasting(time.Hour), "2026-03-08 00:00"},
		{"it never stood still", "2026-03-05 00:00", "2026-03-02 10:00", "2026-03-02 10:00", working, "2026-03-05 00:00"},
		{"it stopped too late", "2026-03-05 00:00", "2026-03-05 00:00", "2026-03-09 00:00", working, "2026-03-05 00:00"},
	} {
		got := festival.Resume(at(t, c.deadline), calendar.Pause{From: at(t, c.stopped), To: at(t, c.again)}, c.span)
		if !got.Equal(at(t, c.want)) {
			t.Errorf("%s: %s, want %s", c.name, got.In(policy.Beijing), c.want)
		}
	}
}

// Would catch a span that ends within a day or on a day off, that holds another
// number of working days, or that a pause shortens.
func TestSpansHoldTheirWorkingDays(t *testing.T) {
	t.Parallel()
	start := at(t, "2026-01-01 00:00")
	rapid.Check(t, func(t *rapid.T) {
		first := calendar.DateOf(start)
		var days []calendar.Day
		for d := first; d.Year == first.Year; d = d.Next() {
			if kind := rapid.SampledFrom([]calendar.Kind{"", "", "", calendar.Holiday, calendar.Working}).Draw(t, "kind"); kind != "" {
				days = append(days, calendar.Day{Date: d, Kind: kind})
			}
		}
		c := calendar.New(days)
		from := start.Add(time.Duration(rapid.Int64Range(0, 400*24*int64(time.Hour)).Draw(t, "from")))
		n := rapid.Int32Range(1, 40).Draw(t, "days")
		end := c.After(from, policy.WorkingDays(n))
		count := int32(0)
		last := calendar.DateOf(from)
		for last.End().Before(end) {
			if last = last.Next(); c.IsWorking(last) {
				count++
			}
		}
		if count != n || !c.IsWorking(last) || !last.End().Equal(end) {
			t.Fatalf("%d working days from %s end at %s, which is %d later", n, from, end, count)
		}
		pause := calendar.Pause{From: from, To: from.Add(time.Duration(rapid.Int64Range(0, 30*24*int64(time.Hour)).Draw(t, "pause")))}
		moved := c.Resume(end, pause, policy.WorkingDays(n))
		if moved.Before(end.Add(pause.To.Sub(pause.From))) || !c.IsWorking(calendar.DateOf(moved.Add(-time.Nanosecond))) {
			t.Fatalf("%s after a pause of %s is %s", end, pause.To.Sub(pause.From), moved)
		}
	})
}

// Would catch days that are set twice or of no kind, and a date that is none.
func TestDaysAreChecked(t *testing.T) {
	t.Parallel()
	first, second := day(t, "2026-02-17", calendar.Holiday), day(t, "2026-02-18", calendar.Holiday)
	if err := calendar.Check([]calendar.Day{first, second}); err != nil {
		t.Error(err)
	}
	unknown := second
	unknown.Kind = "HALF"
	for name, days := range map[string][]calendar.Day{"twice": {first, second, first}, "no kind": {first, unknown}} {
		if e, ok := fault.As(calendar.Check(days)); !ok || e.Reason != fault.RequestInvalid || e.Field != "calendar_days" {
			t.Errorf("%s: %v", name, e)
		}
	}
	for _, text := range []string{"", "2026-02-29", "2026-2-17", "17.02.2026", "2026-02-17T00:00:00Z"} {
		if d, err := calendar.ParseDate(text); err == nil {
			t.Errorf("%q was read as %s", text, d)
		}
	}
	if got := first.Date.String(); got != "2026-02-17" {
		t.Errorf("the day is written %s", got)
	}
	if list := calendar.New([]calendar.Day{second, first}).Days(2026); len(list) != 2 || list[0] != first {
		t.Errorf("the days of the year are %v", list)
	}
}
