package calendar_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/calendar"
)

// feasts are the four holidays by which a year is set.
func feasts(t *testing.T, year string) []calendar.Day {
	t.Helper()
	var days []calendar.Day
	for _, day := range []string{"-01-01", "-02-06", "-05-01", "-10-01"} {
		date, err := calendar.ParseDate(year + day)
		if err != nil {
			t.Fatal(err)
		}
		days = append(days, calendar.Day{Date: date, Kind: calendar.Holiday, Name: "holiday"})
	}
	return days
}

// Would catch a year that counts as set though a holiday of every year is missing or a
// working day, one that never counts as set, and days set anew that are not heeded.
func TestYearIsSetAsAWhole(t *testing.T) {
	t.Parallel()
	whole := feasts(t, "2027")
	lacks := []string{"New Year on 1 January", "the Spring Festival", "Labour Day on 1 May", "National Day on 1 October"}
	for i, name := range lacks {
		part := append(append([]calendar.Day{}, whole[:i]...), whole[i+1:]...)
		if diff := cmp.Diff([]string{name}, calendar.New(part).Lacking(2027)); diff != "" {
			t.Errorf("without %s (-want +got):\n%s", name, diff)
		}
		worked := whole[i]
		worked.Kind = calendar.Working
		if c := calendar.New(whole).With([]calendar.Day{worked}); c.IsSet(2027) {
			t.Errorf("the year is set though people work on %s", name)
		}
		if c := calendar.New(part).With(whole[i : i+1]); !c.IsSet(2027) || c.Lacking(2027) != nil {
			t.Errorf("the year is not set though %s was added", name)
		}
	}
	if diff := cmp.Diff(lacks, calendar.New(whole).Lacking(2028)); diff != "" {
		t.Errorf("a year without days (-want +got):\n%s", diff)
	}
}

// Would catch a calendar that is told to last beyond a year that is missing, and a
// deadline whose last or first day is taken for one of the wrong year.
func TestYearsThatAreNotSet(t *testing.T) {
	t.Parallel()
	c := calendar.New(append(feasts(t, "2026"), feasts(t, "2028")...))
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for now, want := range map[string]string{
		"2026-12-31T23:59:59+08:00": "2027-01-01T00:00:00+08:00",
		"2027-01-01T00:00:00+08:00": "2027-01-01T00:00:00+08:00",
		"2028-06-01T00:00:00+08:00": "2029-01-01T00:00:00+08:00",
	} {
		if got := c.SetUntil(at(now)); !got.Equal(at(want)) {
			t.Errorf("at %s the calendar is set until %s, not %s", now, got, want)
		}
	}
	for _, span := range []struct {
		from, to string
		year     int
	}{
		{"2026-12-20T12:00:00+08:00", "2026-12-31T00:00:00+08:00", 0},
		{"2026-12-20T12:00:00+08:00", "2027-01-01T00:00:00+08:00", 0}, // The end of 31 December.
		{"2026-12-20T12:00:00+08:00", "2027-01-02T00:00:00+08:00", 2027},
		{"2026-12-31T12:00:00+08:00", "2027-01-02T00:00:00+08:00", 2027},
		{"2027-12-31T12:00:00+08:00", "2028-01-08T00:00:00+08:00", 0},
		{"2026-12-20T12:00:00+08:00", "2029-02-01T00:00:00+08:00", 2027},
	} {
		if got := c.UnsetBetween(at(span.from), at(span.to)); got != span.year {
			t.Errorf("from %s to %s the first year that is not set is %d, not %d", span.from, span.to, got, span.year)
		}
	}
}

// Would catch a deadline that forgets that it was counted without a year once the year is
// set, and one that is said to be although the year was set when it began.
func TestYearsThatWereNotSetYet(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 12, n, 12, 0, 0, 0, time.UTC) }
	days := append(feasts(t, "2026"), feasts(t, "2027")...)
	for i, set := range []int{14, 14, 16, 15} { // The last of them makes the year known.
		days[4+i].Since = day(set)
	}
	// A day that was set again is known from its first time on, and another day of a feast
	// does not make it known later.
	another := days[5]
	another.Date, another.Since = another.Date.Next(), day(20)
	c := calendar.New(append(days, another))
	if !c.IsSet(2027) {
		t.Fatal("2027 is not set")
	}
	until := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	for from, want := range map[int]int{13: 2027, 14: 2027, 15: 2027, 16: 0, 17: 0} {
		if got := c.UnsetBetween(day(from), until); got != want {
			t.Errorf("from the %dth the first year that was not set is %d, not %d", from, got, want)
		}
	}
}
