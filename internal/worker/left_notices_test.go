package worker_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// Would catch a notice that an earlier version gave up, and that stands for ever: as rows of
// then show it, it is escalated and has no deadline.
func TestNoticesOfOldAreTakenUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	c, other := f.notified("m1", "l1", payouttest.Succeed), f.notified("m1", "l2", payouttest.Succeed)
	owner := f.owner()
	for _, statement := range []string{
		`UPDATE claims SET fires = '', deadline_at = NULL, escalated = true WHERE claim_id = $1`,
		`UPDATE waits SET fires = '', deadline_at = NULL WHERE claim_id = $1`,
		// The book is older than the history of its exposure, which the migration began.
		`INSERT INTO exposure_openings (merchant_id, event_number, at, weeks, exposures, held, claims)
		 SELECT merchant_id, event_number, recorded_at, '{}', '{}', '{}', '{}' FROM books WHERE $1 <> ''`,
		`UPDATE books SET version = version + 1 WHERE $1 <> ''`,
	} {
		owner.MustExec(statement, c.ID)
	}
	f.run(time.Minute)
	for _, of := range []*claim.Claim{c, other} {
		if got := f.read(of); got.Fires == claim.DeadlineNone || got.Deadline.IsZero() {
			t.Fatalf("claim %s waits for %q at %s", of.ID, got.Fires, got.Deadline)
		}
	}
	if got := f.read(c); got.Fires != claim.DeadlineNoticeDeemed || !got.Escalated {
		t.Errorf("the old notice has the deadline %s", got.Fires)
	}
	if again := f.run(time.Minute); again != (worker.Done{}) {
		t.Errorf("the next run does %+v", again)
	}
	f.run(16 * 24 * time.Hour)
	if got := f.read(c); got.NoticeConfirmedAt.IsZero() || got.Fires != claim.DeadlineNotice {
		t.Errorf("after its time the notice is %+v", got)
	}
}
