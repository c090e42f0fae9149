package worker_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

const day = 24 * time.Hour

// Would catch a debit before the notice period and its grace have ended, one
// that never comes, and payouts of it that wait for another run.
func TestNoticeLapsesAfterTheGrace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	c := f.confirmed("m1", "l1", "wallet-1")
	if notice := c.Deadline.Sub(c.NoticeConfirmedAt); notice != 7*day {
		t.Fatalf("the notice period is %s", notice)
	}
	lapses := c.Deadline.Add(engine.Defaults().LapseGrace)
	if done := f.run(lapses.Sub(f.clock.Now()) - time.Microsecond); done != (worker.Done{}) {
		t.Fatalf("within the grace: %+v", done)
	}
	if got := f.read(c); got.State != claim.Notified || got.Funding.Funded() != 0 {
		t.Fatalf("within the grace: %s %+v", got.State, got.Funding)
	}
	if done := f.run(time.Microsecond); done != (worker.Done{DeadlinesPassed: 1, PayoutsInstructed: 2, OutcomesRecorded: 2}) {
		t.Fatalf("after the grace: %+v", done)
	}
	f.wantState(c, claim.Paid)
}

// Would catch a merchant who keeps a claim waiting for ever by not confirming its notice,
// and one who is debited without the whole notice period.
func TestUndeliveredNoticeIsDeemedDelivered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	c := f.notified("m1", "l1", "wallet-1")
	f.run(2*day + time.Hour)
	if got := f.read(c); got.State != claim.Notified || !got.Escalated || !got.NoticeConfirmedAt.IsZero() {
		t.Fatalf("when the delivery is overdue: %s, escalated %v, delivered %s", got.State, got.Escalated, got.NoticeConfirmedAt)
	}
	f.run(13 * day)
	got := f.read(c)
	if got.State != claim.Notified || got.Escalated || got.NoticeConfirmedAt.IsZero() || got.Deadline.Sub(got.NoticeConfirmedAt) != 7*day {
		t.Fatalf("after fifteen days: %s, delivered %s, until %s", got.State, got.NoticeConfirmedAt, got.Deadline)
	}
	f.run(7*day - time.Hour)
	f.wantState(c, claim.Notified)
	f.run(2 * time.Hour)
	f.wantState(c, claim.Paid)
}

// Would catch a claim that waits for ever for a result or for a reviewer.
func TestResultLapsesIntoReview(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	c := f.file("m1", "l1", "wallet-1")
	if done := f.run(15*day + time.Hour); done != (worker.Done{DeadlinesPassed: 1}) {
		t.Fatalf("after the wait for a result: %+v", done)
	}
	f.wantState(c, claim.InReview)
	if done := f.run(4 * day); done != (worker.Done{DeadlinesPassed: 1}) {
		t.Fatalf("after the review's time: %+v", done)
	}
	if got := f.read(c); got.State != claim.InReview || !got.Escalated {
		t.Fatalf("the claim is %s, escalated %v", got.State, got.Escalated)
	}
	if done := f.run(30 * day); done != (worker.Done{}) {
		t.Fatalf("later: %+v", done)
	}
}

// Would catch a deadline that fails and keeps those behind it from firing.
func TestFailingDeadlineBlocksNoOther(t *testing.T) {
	t.Parallel()
	config := worker.Defaults()
	config.BatchMax = 2
	f := newFixtureOf(t, config, callMax)
	f.open("m1")
	var claims []*claim.Claim
	for i := range 7 {
		claims = append(claims, f.file("m1", fmt.Sprintf("l%d", i), "wallet-1"))
	}
	// The first three are told of deadlines that are not theirs.
	f.shift(claims[:3], "-1 hour")
	if done := f.run(15*day + time.Minute); done != (worker.Done{DeadlinesPassed: 4}) {
		t.Fatalf("done: %+v", done)
	}
	for i, c := range claims {
		if got := f.read(c).State == claim.InReview; got != (i >= 3) {
			t.Errorf("claim %d in review: %v", i, got)
		}
	}
	f.shift(claims[:3], "1 hour")
}

// shift moves the deadlines that the timers see, but not those of the claims.
func (f *fixture) shift(claims []*claim.Claim, by string) {
	f.t.Helper()
	for _, c := range claims {
		f.admin(`UPDATE waits SET deadline_at = deadline_at + $2::interval WHERE claim_id = $1`, c.ID, by)
	}
}

// admin changes rows behind the engine's back.
func (f *fixture) admin(statement string, args ...any) {
	f.t.Helper()
	admin, err := sqlx.ConnectContext(f.t.Context(), "postgres", f.pg.AdminURL)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	if _, err := admin.ExecContext(f.t.Context(), statement, args...); err != nil {
		f.t.Fatal(err)
	}
}

// Would catch a report that can be recorded once more in another spelling, because the sweep
// does not find its number as it was sent under the reference that holds it.
func TestSweepKeepsReportsInEverySpelling(t *testing.T) {
	t.Parallel()
	config := worker.Defaults()
	config.SweepSpan = day
	f := newFixtureOf(t, config, callMax)
	f.open("m1")
	c, other := f.file("m1", "l1", payouttest.Succeed), f.file("m1", "l2", payouttest.Succeed)
	record := func(of *claim.Claim, report string) error {
		h := f.request("m1", "AuthenticationService/RecordResult")
		_, err := f.engine.Do(t.Context(), h, &book.RecordResult{Result: claim.Result{
			ClaimID: of.ID, AuthenticatorID: "lab-1", ReportNumber: report, Sample: claim.SealedPlatformSample, CustodyIntact: true,
			Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Counterfeit}}, IssuedAt: start,
		}})
		return err
	}
	if err := record(c, "Ｒ－１"); err != nil {
		t.Fatal(err)
	}
	f.clock.Move(worker.Defaults().SweepAge + time.Second)
	if err := f.worker.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, spelled := range []string{"R-1", "Ｒ－１", "R\u200b-1"} {
		if err := record(other, spelled); !errors.Is(err, fault.ResultAlreadyRecorded) {
			t.Errorf("after the sweep the report spelled %q: %v", spelled, err)
		}
	}
}

// Would catch a reference that a crash blocks for ever, and one that is freed
// although its command completed or may still be under way.
func TestSweepFreesOrphansOnly(t *testing.T) {
	t.Parallel()
	config := worker.Defaults()
	config.SweepSpan = day
	f := newFixtureOf(t, config, callMax)
	f.open("m1") // Its top-up holds pay-m1.
	reserve := func(reference string) {
		t.Helper()
		_, ours, err := f.engine.Reserve(t.Context(), postgres.Reservation{
			Kind: book.PaymentReference, Reference: reference, MerchantID: "m1", Holder: "test/TopUpDeposit/" + reference,
		})
		if err != nil || !ours {
			t.Fatalf("reserve %s: %v, %v", reference, ours, err)
		}
	}
	sweep := func() {
		t.Helper()
		if err := f.worker.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := func(reference string, want bool) {
		t.Helper()
		if _, got, err := f.db.Reserved(t.Context(), book.PaymentReference, reference); err != nil || got != want {
			t.Errorf("%s is reserved: %v, %v; want %v", reference, got, err, want)
		}
	}
	reserve("orphan")
	sweep()
	f.clock.Move(worker.Defaults().SweepAge - time.Second)
	reserve("under-way")
	sweep()
	want("orphan", true)
	f.clock.Move(2 * time.Second)
	sweep()
	want("orphan", false)
	want("under-way", true)
	want("pay-m1", true)
	// What was freed can be used.
	_, err := f.engine.Do(t.Context(), f.request("m1", "TopUpDeposit"), &book.MoneyMove{
		Kind: ledger.DepositToppedUp, Amount: 1, Currency: "CNY", Reference: "orphan",
	})
	if err != nil {
		t.Error(err)
	}
	f.clock.Move(worker.Defaults().SweepAge)
	sweep()
	want("under-way", false)
	want("orphan", true)
}
