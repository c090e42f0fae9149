package rpc_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/tenfold-claims/tenfold/internal/caller"
	"github.com/tenfold-claims/tenfold/internal/policy"
	tenfoldv1 "github.com/tenfold-claims/tenfold/proto/tenfold/v1"
)

func holiday(date string) *tenfoldv1.CalendarDay {
	return &tenfoldv1.CalendarDay{Date: date, Kind: tenfoldv1.CalendarDayKind_CALENDAR_DAY_KIND_HOLIDAY, Name: "a day off"}
}

// year lists the days of a year page by page.
func (f *fixture) year(year, size int32) (days []*tenfoldv1.CalendarDay, pages int) {
	f.t.Helper()
	r := &tenfoldv1.ListCalendarDaysRequest{Year: year, PageSize: size}
	for {
		p, err := f.rules.ListCalendarDays(f.as("merchant"), r)
		if err != nil {
			f.t.Fatal(err)
		}
		days, pages = append(days, p.GetCalendarDays()...), pages+1
		if r.PageToken = p.GetNextPageToken(); r.PageToken == "" {
			return days, pages
		}
	}
}

// Would catch a schema whose days are not those that the State Council has
// announced, by their number and by those that a slip would most likely move.
func TestCalendarOfTheStateCouncil(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const off, worked = tenfoldv1.CalendarDayKind_CALENDAR_DAY_KIND_HOLIDAY, tenfoldv1.CalendarDayKind_CALENDAR_DAY_KIND_WORKING
	for year, want := range map[int32]struct{ off, worked int }{2024: {}, 2025: {28, 5}, 2026: {33, 6}} {
		days, _ := f.year(year, 1000)
		count := make(map[tenfoldv1.CalendarDayKind]int)
		for _, d := range days {
			count[d.GetKind()]++
		}
		if count[off] != want.off || count[worked] != want.worked {
			t.Errorf("%d has %d days off and %d made up for, want %+v", year, count[off], count[worked], want)
		}
	}
	days, _ := f.year(2026, 1000)
	kinds := make(map[string]tenfoldv1.CalendarDayKind)
	for _, d := range days {
		kinds[d.GetDate()] = d.GetKind()
	}
	for date, want := range map[string]tenfoldv1.CalendarDayKind{
		"2026-01-04": worked, "2026-02-14": worked, "2026-02-15": off, "2026-02-23": off, "2026-02-24": 0, "2026-02-28": worked,
		"2026-04-06": off, "2026-05-05": off, "2026-05-09": worked, "2026-06-19": off, "2026-09-20": worked, "2026-09-25": off,
		"2026-10-07": off, "2026-10-08": 0, "2026-10-10": worked,
	} {
		if kinds[date] != want {
			t.Errorf("%s is %s, want %s", date, kinds[date], want)
		}
	}
}

// Would catch days that are lost or doubled between pages, come back in another
// order, or are stored by a request that only asks.
func TestSetAndListCalendarDays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := &tenfoldv1.SetCalendarDaysRequest{
		RequestId: f.id(), ValidateOnly: true,
		CalendarDays: []*tenfoldv1.CalendarDay{holiday("2027-02-07"), holiday("2027-02-06"), holiday("2027-01-01"), holiday("2028-01-01")},
	}
	if _, err := f.rules.SetCalendarDays(f.as("operator"), r); err != nil {
		t.Fatal(err)
	}
	if days, _ := f.year(2027, 0); len(days) != 0 {
		t.Fatalf("asking has set %v", days)
	}
	r.ValidateOnly = false
	for _, replay := range []bool{false, true} {
		got, err := f.rules.SetCalendarDays(f.as("operator"), r)
		if err != nil || got.GetReplayed() != replay || len(got.GetCalendarDays()) != 4 || got.GetCalendarDays()[0].GetDate() != "2027-01-01" {
			t.Fatalf("%v, %v", got, err)
		}
	}
	days, pages := f.year(2027, 2)
	if len(days) != 3 || pages != 2 || days[0].GetDate() != "2027-01-01" || days[2].GetDate() != "2027-02-07" || days[2].GetName() != "a day off" {
		t.Errorf("%d pages of %v", pages, days)
	}
	first, err := f.rules.ListCalendarDays(f.as("support"), &tenfoldv1.ListCalendarDaysRequest{Year: 2027, PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.rules.ListCalendarDays(f.as("support"), &tenfoldv1.ListCalendarDaysRequest{Year: 2028, PageToken: first.GetNextPageToken()})
	if refusal(err).reason != "PAGE_TOKEN_INVALID" {
		t.Errorf("the token of another year: %v", err)
	}
}

// Would catch a calendar that is set by nobody in particular, or to days that do
// not exist.
func TestBadCalendarDays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	set := func(days ...*tenfoldv1.CalendarDay) *tenfoldv1.SetCalendarDaysRequest {
		return &tenfoldv1.SetCalendarDaysRequest{RequestId: f.id(), CalendarDays: days}
	}
	_, err := f.rules.SetCalendarDays(caller.Identity{Workload: "test", Role: "operator"}.Attach(t.Context()), set(holiday("2027-01-01")))
	if got := refusal(err); got.reason != "PERSON_REQUIRED" || got.code != codes.PermissionDenied {
		t.Errorf("nobody: %v", err)
	}
	for field, r := range map[string]*tenfoldv1.SetCalendarDaysRequest{
		"calendar_days[1].date": set(holiday("2027-01-01"), holiday("2027-02-29")),
		"calendar_days[0].date": set(holiday("27-01-01")),
		"calendar_days":         set(holiday("2027-01-01"), holiday("2027-01-01")),
		"calendar_days[0].name": set(&tenfoldv1.CalendarDay{Date: "2027-01-01", Kind: 1}),
	} {
		_, err := f.rules.SetCalendarDays(f.as("operator"), r)
		if got := refusal(err); got.reason != "REQUEST_INVALID" || got.code != codes.InvalidArgument || got.field != field {
			t.Errorf("%s: %s at %q: %v", field, got.reason, got.field, err)
		}
	}
}

// Would catch a deadline in working days that reaches into a year without a calendar and
// does not say so, one that says so without reason, and one that moves once the year is set.
func TestDeadlineTellsOfAYearThatIsNotSet(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.publish(func(v *policy.Version) {
		v.Windows.Result = policy.Span{WorkingDays: 15}
		v.Windows.Notice = policy.Span{Duration: 400 * 24 * time.Hour}
		v.Windows.NoticeDelivery = policy.Span{WorkingDays: 2}
	})
	f.open("m1", 1_000_000)
	within := f.file("m1", "l1")
	unset := func(c *tenfoldv1.Claim) int32 {
		effect := f.explained("operator", c.GetName(), 0).GetDeadlineEffect()
		year := effect.GetUnsetCalendarYear()
		full, err := f.claims.GetClaim(f.as("operator"), &tenfoldv1.GetClaimRequest{Name: c.GetName(), View: tenfoldv1.ClaimView_CLAIM_VIEW_FULL})
		if err != nil {
			t.Fatal(err)
		}
		list, err := f.claims.ListClaims(f.as("operator"), &tenfoldv1.ListClaimsRequest{Parent: "merchants/m1"})
		if err != nil {
			t.Fatal(err)
		}
		told := []*tenfoldv1.Deadline{effect.GetDeadline(), f.claim(c.GetName()).GetDeadline(), full.GetClaim().GetDeadline()}
		for _, one := range list.GetClaims() {
			if one.GetName() == c.GetName() {
				told = append(told, one.GetDeadline())
			}
		}
		for _, d := range told {
			if len(told) != 4 || d.GetUnsetCalendarYear() != year {
				t.Errorf("of %d deadlines one tells %d, and the effect %d", len(told), d.GetUnsetCalendarYear(), year)
			}
		}
		return year
	}
	if got := unset(within); got != 0 {
		t.Errorf("a deadline at %s reaches into %d", within.GetDeadline().GetPassesAt().AsTime(), got)
	}
	f.advance(time.Date(2026, 12, 28, 0, 0, 0, 0, time.UTC).Sub(f.now()))
	across := f.file("m1", "l2")
	if got := unset(across); got != 2027 {
		t.Errorf("a deadline at %s reaches into %d, want 2027", across.GetDeadline().GetPassesAt().AsTime(), got)
	}
	queued := func() (names []string) {
		list, err := f.claims.ListClaims(f.as("operator"), &tenfoldv1.ListClaimsRequest{
			Parent: "merchants/-", Queue: tenfoldv1.ClaimQueue_CLAIM_QUEUE_UNSET_CALENDAR, WithTotal: true,
		})
		if err != nil || int(list.GetTotalSize()) != len(list.GetClaims()) {
			t.Fatalf("%v, %v", list, err)
		}
		for _, c := range list.GetClaims() {
			names = append(names, c.GetName())
		}
		return names
	}
	if got := queued(); !slices.Equal(got, []string{across.GetName()}) {
		t.Errorf("the queue has %q, want the claim whose deadline is in 2027", got)
	}
	for _, wrong := range []*tenfoldv1.ListClaimsRequest{
		{OrderBy: "filed_at"}, {Filter: `order_id = "o1"`}, {Filter: `out_number = "o1"`},
	} {
		wrong.Parent, wrong.Queue = "merchants/-", tenfoldv1.ClaimQueue_CLAIM_QUEUE_UNSET_CALENDAR
		if _, err := f.claims.ListClaims(f.as("operator"), wrong); refusal(err).reason != "FILTER_UNSUPPORTED" {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	f.advance(time.Minute)
	set := &tenfoldv1.SetCalendarDaysRequest{RequestId: f.id(), CalendarDays: []*tenfoldv1.CalendarDay{
		holiday("2027-01-01"), holiday("2027-02-06"), holiday("2027-05-01"), holiday("2027-10-01"),
	}}
	if _, err := f.rules.SetCalendarDays(f.as("operator"), set); err != nil {
		t.Fatal(err)
	}
	if got := unset(across); got != 2027 {
		t.Errorf("the deadline was counted before the year was set, and tells %d", got)
	}
	if later := f.file("m1", "l3"); unset(later) != 0 {
		t.Errorf("the year is set, and a later deadline tells %d", unset(later))
	}
	if got := queued(); len(got) != 0 {
		t.Errorf("the year is set, and the queue has %q", got)
	}
	if now := f.claim(across.GetName()); !now.GetDeadline().GetPassesAt().AsTime().Equal(across.GetDeadline().GetPassesAt().AsTime()) {
		t.Errorf("the deadline moved from %s to %s", across.GetDeadline(), now.GetDeadline())
	}
}
