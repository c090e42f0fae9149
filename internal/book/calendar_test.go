package book_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch a deadline that is counted by the clock where the policy counts
// working days, or that forgets the festival in between.
func TestDeadlinesInWorkingDays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.must(f.Publish(booktest.InWorkingDays()))
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	f.Move(booktest.Beijing(t, "04-23 09:00").Sub(start)) // A Thursday, a week before Labour Day.
	want := func(c *claim.Claim, fires claim.Deadline, at string) {
		t.Helper()
		if c.Fires != fires || !c.Deadline.Equal(booktest.Beijing(t, at)) {
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
