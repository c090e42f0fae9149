package book_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// args are the named arguments of a command. What a command does not ask for is a
// mistake of the story.
type args struct {
	given map[string]string
	asked map[string]bool
}

// badArgument ends a command whose arguments cannot be read.
type badArgument struct{ error }

func bad(format string, values ...any) { panic(badArgument{fmt.Errorf(format, values...)}) }

// readArgs reads "accept claim=c1 note=as_agreed". An underscore in a note stands for a
// space.
func readArgs(line string) (word string, a args, err error) {
	fields := strings.Fields(line)
	a = args{given: make(map[string]string), asked: make(map[string]bool)}
	for _, f := range fields[1:] {
		name, value, ok := strings.Cut(f, "=")
		if _, twice := a.given[name]; !ok || value == "" || twice {
			return "", a, fmt.Errorf("%q is no argument such as name=value", f)
		}
		a.given[name] = value
	}
	return fields[0], a, nil
}

func (a args) unused() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(a.given)), func(name string) bool { return a.asked[name] })
}

func (a args) has(name string) bool {
	a.asked[name] = true
	_, given := a.given[name]
	return given
}

// text gives an argument, or what stands for one that is not given.
func (a args) text(name, otherwise string) string {
	if !a.has(name) {
		return otherwise
	}
	return a.given[name]
}

// must gives an argument that has to be given.
func (a args) must(name string) string {
	if !a.has(name) {
		bad("%s is missing", name)
	}
	return a.given[name]
}

func (a args) note() string { return strings.ReplaceAll(a.text("note", ""), "_", " ") }

// amount reads "1,000.00"; zero where none is given.
func (a args) amount(name string) money.Amount {
	if !a.has(name) {
		return 0
	}
	return readAmount(a.given[name])
}

func readAmount(text string) money.Amount {
	minor, err := strconv.ParseInt(strings.NewReplacer(",", "", ".", "").Replace(text), 10, 64)
	if err != nil || yuan(money.Amount(minor)) != text {
		bad("%q is no amount such as 1,000.00", text)
	}
	return money.Amount(minor)
}

func (a args) number(name string, otherwise int32) int32 {
	if !a.has(name) {
		return otherwise
	}
	n, err := strconv.ParseInt(a.given[name], 10, 32)
	if err != nil {
		bad("%q is no number", a.given[name])
	}
	return int32(n)
}

// ratio reads "1/4".
func (a args) ratio(name string) money.Ratio {
	num, den, _ := strings.Cut(a.must(name), "/")
	n, err1 := strconv.ParseInt(num, 10, 64)
	d, err2 := strconv.ParseInt(den, 10, 64)
	if err1 != nil || err2 != nil {
		bad("%q is no ratio such as 1/4", a.given[name])
	}
	return money.Ratio{Num: n, Den: d}
}

// span reads "7d", "36h" or "3wd" for three working days.
func (a args) span(name string) policy.Span {
	text := a.must(name)
	if days, is := strings.CutSuffix(text, "wd"); is {
		n, err := strconv.ParseInt(days, 10, 32)
		if err != nil {
			bad("%q is no span", text)
		}
		return policy.WorkingDays(int32(n))
	}
	return policy.Lasting(a.duration(name))
}

// duration reads "7d" or "36h", or several of these one after the other: "7d1m".
func (a args) duration(name string) time.Duration {
	text := a.must(name)
	if days, rest, is := strings.Cut(text, "d"); is {
		n, err := strconv.ParseInt(days, 10, 32)
		if err != nil {
			bad("%q is no duration", text)
		}
		whole := time.Duration(n) * 24 * time.Hour
		if rest == "" {
			return whole
		}
		more, err := time.ParseDuration(rest)
		if err != nil {
			bad("%q is no duration", text)
		}
		return whole + more
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		bad("%q is no duration", text)
	}
	return d
}

func (a args) list(name string) []string { return strings.Split(a.must(name), ",") }

// ordinals reads the units "1,2"; all of a line where none are given.
func (a args) ordinals(quantity int32) []int32 {
	var list []int32
	if !a.has("units") {
		for o := range quantity {
			list = append(list, o+1)
		}
		return list
	}
	for _, text := range a.list("units") {
		o, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			bad("%q is no unit", text)
		}
		list = append(list, int32(o))
	}
	return list
}

// verdicts gives a verdict for each unit of a claim: verdict=GENUINE for all of them,
// or units=1:COUNTERFEIT,2:GENUINE; none where neither is given.
func (a args) verdicts(c *claim.Claim) []claim.Unit {
	var units []claim.Unit
	if a.has("verdict") {
		for _, u := range c.Units {
			units = append(units, claim.Unit{Ordinal: u.Ordinal, Verdict: claim.Verdict(a.given["verdict"])})
		}
		return units
	}
	if !a.has("units") {
		return nil
	}
	for _, text := range a.list("units") {
		ordinal, verdict, _ := strings.Cut(text, ":")
		o, err := strconv.ParseInt(ordinal, 10, 32)
		if err != nil {
			bad("%q is no verdict on a unit such as 1:GENUINE", text)
		}
		units = append(units, claim.Unit{Ordinal: int32(o), Verdict: claim.Verdict(verdict)})
	}
	return units
}
