package calendar

import "time"

// A year is set once its days off are known. They are announced as a whole, in November
// of the year before, and always hold the days below (Regulation on Public Holidays for
// National Annual Festivals and Memorial Days, Art. 2). So a year that lacks one of them
// is not set, even if single days of it are.

// feast is a holiday that every year has, and the days between which it falls.
type feast struct {
	name        string
	first, last monthDay
}

type monthDay struct {
	month time.Month
	day   int
}

// feasts are the holidays by which a set year is known. The Spring Festival is the day
// of a new moon, between 21 January and 21 February.
var feasts = []feast{
	{"New Year on 1 January", monthDay{time.January, 1}, monthDay{time.January, 1}},
	{"the Spring Festival", monthDay{time.January, 21}, monthDay{time.February, 21}},
	{"Labour Day on 1 May", monthDay{time.May, 1}, monthDay{time.May, 1}},
	{"National Day on 1 October", monthDay{time.October, 1}, monthDay{time.October, 1}},
}

// Lacking names the holidays that every year has and that are not set for this one. It
// is empty for a year that is set.
func (c *Calendar) Lacking(year int) []string {
	if c.IsSet(year) {
		return nil
	}
	var lacking []string
	for _, f := range feasts {
		if _, is := c.since(year, f); !is {
			lacking = append(lacking, f.name)
		}
	}
	return lacking
}

// IsSet says whether the days off of a year are known.
func (c *Calendar) IsSet(year int) bool {
	_, is := c.years[year]
	return is
}

// since says since when a day on which a feast may fall is set as a holiday, if one is.
func (c *Calendar) since(year int, f feast) (since time.Time, is bool) {
	for d := f.first.of(year); d.Compare(f.last.of(year)) <= 0; d = d.Next() {
		if day := c.byDate[d]; day.Kind == Holiday && (!is || day.Since.Before(since)) {
			since, is = day.Since, true
		}
	}
	return since, is
}

func (m monthDay) of(year int) Date { return Date{Year: year, Month: m.month, Day: m.day} }

// setYears finds the years that are set, each since the last of its feasts was.
func (c *Calendar) setYears() {
	c.years = make(map[int]time.Time)
	for _, d := range c.days {
		if c.IsSet(d.Date.Year) || len(c.Lacking(d.Date.Year)) > 0 {
			continue
		}
		var last time.Time
		for _, f := range feasts {
			if since, _ := c.since(d.Date.Year, f); since.After(last) {
				last = since
			}
		}
		c.years[d.Date.Year] = last
	}
}

// SetUntil is when the years that are set end: the year of t and those after it, up to the
// first that is not set. If the year of t is not set, it is the beginning of that year.
func (c *Calendar) SetUntil(t time.Time) time.Time {
	year := DateOf(t).Year
	for c.IsSet(year) {
		year++
	}
	return Date{Year: year, Month: time.January, Day: 1}.Start()
}

// UnsetBetween is the first year that was not set at the time from and has days after the
// day of it, up to the day that ends at to; zero if there is none. It stays the same once the
// year is set.
func (c *Calendar) UnsetBetween(from, to time.Time) int {
	last := DateOf(to.Add(-time.Nanosecond)).Year
	for year := DateOf(from).Next().Year; year <= last; year++ {
		if since, is := c.years[year]; !is || since.After(from) {
			return year
		}
	}
	return 0
}
