package book_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// beijing reads a time of 2026, such as "02-13 15:00".
func beijing(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", "2026-"+text, policy.Beijing)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// inWorkingDays publishes a promise with periods in working days.
func (f *fixture) inWorkingDays() {
	f.t.Helper()
	v := policy.Seeds()[0]
	v.Number = 2
	v.Windows.Result, v.Windows.NoticeDelivery = policy.WorkingDays(15), policy.WorkingDays(2)
	v.Windows.Review, v.Windows.Notice = policy.WorkingDays(3), policy.WorkingDays(7)
	f.publish(v)
}

// Would catch a deadline that is counted by the clock where the policy counts
// working days, or that forgets the festival in between.
func TestDeadlinesInWorkingDays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inWorkingDays()
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	f.Move(beijing(t, "04-23 09:00").Sub(start)) // A Thursday, a week before Labour Day.
	want := func(c *claim.Claim, fires claim.Deadline, at string) {
		t.Helper()
		if c.Fires != fires || !c.Deadline.Equal(beijing(t, at)) {
			t.Errorf("%s fires at %s, want %s at %s", c.Fires, c.Deadline.In(policy.Beijing), fires, at)
		}
	}
	c := f.file(filing(line("m1", "l1", 2, 20_000), 1, 2))
	want(c, claim.DeadlineResult, "05-19 00:00") // Of May, the 9th makes up for the festival.
	c = f.record(c, result(c, claim.Counterfeit, "R-1"))
	want(c, claim.DeadlineNoticeDelivery, "04-28 00:00")
	c = f.confirmNotice(c)
	want(c, claim.DeadlineNotice, "05-08 00:00")
	unclear := f.file(filing(line("m1", "l2", 2, 20_000), 1, 2))
	unclear = f.record(unclear, result(unclear, claim.Inconclusive, "R-2"))
	want(unclear, claim.DeadlineReview, "04-29 00:00")
	f.audited()
}
