package sandbox_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/sandbox"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// Would catch a scripted product whose claim ends elsewhere than the contract
// says, or whose results are recorded more than once.
func TestProductsPickTheResult(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	rows := []struct {
		product string
		want    claim.State
		results int64
	}{
		{"sandbox-counterfeit-1", claim.Notified, 1},
		{"sandbox-genuine-1", claim.Rejected, 1},
		{"sandbox-inconclusive-1", claim.InReview, 1},
		{"sandbox-gray-market-1", claim.Rejected, 1},
		{"sandbox-tampered-1", claim.InReview, 1},
		{"sandbox-conflict-1", claim.InReview, 2},
		{"sandbox-other", claim.Authenticating, 0},
		{"product-1", claim.Authenticating, 0},
	}
	claims := make([]*claim.Claim, len(rows))
	var results int64
	for i, row := range rows {
		claims[i] = f.file(row.product, "wallet-1")
		results += row.results
	}
	if done := f.run(0); done != (sandbox.Done{ResultsRecorded: results}) {
		t.Fatalf("done: %+v", done)
	}
	for i, row := range rows {
		if got := f.read(claims[i]); got.State != row.want {
			t.Errorf("%s: %s, not %s", row.product, got.State, row.want)
		}
		recorded, err := f.db.Reader().Results(t.Context(), "m1", claims[i].ID, "", 10)
		if err != nil || int64(len(recorded)) != row.results {
			t.Errorf("%s: %d results, %v", row.product, len(recorded), err)
		}
	}
	if done := f.run(0); done != (sandbox.Done{}) {
		t.Fatalf("at once again: %+v", done)
	}
	// Those without a result lapse.
	if done := f.run(15*day + time.Hour); done.ResultsRecorded != 0 || done.DeadlinesPassed < 2 {
		t.Fatalf("after the wait for a result: %+v", done)
	}
	f.wantState(claims[4], claim.InReview)
	f.wantState(claims[5], claim.InReview)
}

// Would catch a destination whose payouts end elsewhere than the contract says.
func TestDestinationsPickThePayout(t *testing.T) {
	t.Parallel()
	const lookAgain = 16 * time.Second
	sent := worker.Done{PayoutsInstructed: 2}
	paid := worker.Done{PayoutsInstructed: 2, OutcomesRecorded: 2}
	asked := worker.Done{PayoutsQueried: 2, OutcomesRecorded: 2}
	type step struct {
		after time.Duration
		done  worker.Done
		state claim.State
	}
	for destination, steps := range map[string][]step{
		"wallet-1":           {{0, paid, claim.Paid}},
		payouttest.Succeed:   {{0, paid, claim.Paid}},
		payouttest.Process:   {{0, sent, claim.Paying}, {lookAgain, asked, claim.Paid}},
		payouttest.Fail:      {{0, paid, claim.PayoutFailed}},
		payouttest.Stall:     {{0, sent, claim.Paying}, {73 * time.Hour, asked, claim.PayoutFailed}},
		payouttest.Lose:      {{0, sent, claim.Paying}, {lookAgain, asked, claim.Paid}},
		payouttest.Miss:      {{0, sent, claim.Paying}, {lookAgain, worker.Done{PayoutsQueried: 2, PayoutsInstructed: 2, OutcomesRecorded: 2}, claim.Paid}},
		payouttest.Double:    {{0, worker.Done{PayoutsInstructed: 2, OutcomesRecorded: 4}, claim.Paid}, {time.Hour, worker.Done{}, claim.Paid}},
		payouttest.Return:    {{0, paid, claim.Paid}, {day - time.Minute, worker.Done{}, claim.Paid}, {time.Minute, worker.Done{OutcomesRecorded: 2}, claim.PayoutFailed}},
		payouttest.Part:      {{0, paid, claim.PayoutFailed}, {time.Hour, worker.Done{}, claim.PayoutFailed}},
		payouttest.Over:      {{0, paid, claim.Paid}, {time.Hour, worker.Done{}, claim.Paid}},
		"sandbox-process-17": {{0, sent, claim.Paying}, {lookAgain, asked, claim.Paid}},
	} {
		t.Run(destination, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			c := f.file("sandbox-counterfeit", destination)
			f.run(0)
			f.accept(c)
			for i, s := range steps {
				if done := f.run(s.after); done.Done != s.done {
					t.Errorf("step %d: %+v, not %+v", i, done.Done, s.done)
				}
				if got := f.read(c); got.State != s.state {
					t.Errorf("step %d: the claim is %s, not %s", i, got.State, s.state)
				}
			}
			left := f.payments.Paid()
			if got := f.read(c).Funding.Paid(); int64(got) != left.Minor {
				t.Errorf("booked as paid: %d; paid: %+v", got, left)
			}
		})
	}
}

// Would catch a path that needs more than one RunDueWork although everything
// on it is due: a notice that lapses and is paid.
func TestRunDueWorkGoesOnUntilNothingIsDue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.file("sandbox-counterfeit", payouttest.Double)
	f.run(0)
	if _, err := f.engine.Do(t.Context(), f.request("ConfirmNotice"), &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: c.ID}}); err != nil {
		t.Fatal(err)
	}
	want := sandbox.Done{Done: worker.Done{DeadlinesPassed: 1, PayoutsInstructed: 2, OutcomesRecorded: 4}}
	if done := f.run(8 * day); done != want {
		t.Fatalf("done: %+v, not %+v", done, want)
	}
	f.wantState(c, claim.Paid)
}

// Would catch results that are recorded twice, or an authenticator that cannot
// be registered, when the server starts again.
func TestRestartRecordsNothingTwice(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.file("sandbox-inconclusive", "wallet-1")
	f.run(0)
	f.wantState(c, claim.InReview)
	read := f.read(c)
	_, err := f.engine.Do(t.Context(), f.request("DecideReview"), &book.DecideReview{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: read.Etag()}, Decision: book.Retest, Note: "once more"})
	if err != nil {
		t.Fatal(err)
	}
	f.restart(sandbox.NewClock(start.Add(time.Hour)))
	if done := f.run(0); done != (sandbox.Done{}) {
		t.Fatalf("after the restart: %+v", done)
	}
	f.wantState(c, claim.Authenticating)
}

// Would catch scripted claims that stand behind a page of claims without a
// script, and callers at the same time whose counts do not add up.
func TestManyClaimsAndCallers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	file := func(product string, times int) {
		var filed sync.WaitGroup
		for range 8 {
			filed.Go(func() {
				for range times / 8 {
					f.file(product, "wallet-1")
				}
			})
		}
		filed.Wait()
	}
	const scripted = 24
	file("sandbox-other", 504)
	file("sandbox-genuine", scripted)
	var callers sync.WaitGroup
	var mu sync.Mutex
	var recorded int64
	for range 4 {
		callers.Go(func() {
			done, err := f.bench.RunDueWork(t.Context())
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			recorded += done.ResultsRecorded
		})
	}
	callers.Wait()
	if recorded != scripted {
		t.Errorf("%d results of %d", recorded, scripted)
	}
}

// Would catch a clock that goes back, or that moves otherwise than it was told.
func TestClock(t *testing.T) {
	t.Parallel()
	c := sandbox.NewClock(start)
	ctx := t.Context()
	if got, err := c.AdvanceBy(ctx, time.Hour); err != nil || !got.Equal(start.Add(time.Hour)) || !c.Now().Equal(got) {
		t.Errorf("after an hour: %v, %v", got, err)
	}
	at := start.Add(2 * time.Hour)
	for range 2 {
		if got, err := c.AdvanceTo(ctx, at.In(time.FixedZone("UTC+8", 8*60*60))); err != nil || !got.Equal(at) {
			t.Errorf("advanced to %v, %v", got, err)
		}
	}
	if got, err := c.AdvanceTo(ctx, at.Add(-time.Microsecond)); !errors.Is(err, fault.RequestInvalid) || !c.Now().Equal(at) {
		t.Errorf("advanced into the past: %v, %v", got, err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := c.AdvanceBy(ctx, time.Second); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := c.Now(); !got.Equal(at.Add(8 * time.Second)) {
		t.Errorf("after eight times a second: %v", got)
	}
}

// Would catch due work that a caller of the sandbox cannot see: a hold that ran
// out, and income that was used for what is owed.
func TestHoldsAndSweepsAreCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.file("sandbox-counterfeit-1", "wallet-1")
	f.run(0)
	c = f.read(c)
	done := f.run(c.HoldExpiresAt.Sub(f.bench.Now()))
	if done.HoldsExpired != 1 || done.BooksSwept != 0 {
		t.Fatalf("when the hold ran out: %+v", done)
	}
	_, err := f.engine.Do(t.Context(), f.request("TopUpDeposit"), &book.MoneyMove{
		Kind: ledger.DepositToppedUp, Amount: 22_000, Currency: "CNY", Reference: "pay-2",
	})
	if err != nil {
		t.Fatal(err)
	}
	if done := f.run(0); done.BooksSwept != 1 || f.read(c).Funding.Held != 22_000 {
		t.Fatalf("after the top-up: %+v", done)
	}
}

// Would catch a clock that a restart turns back, that shows two replicas different times, or
// that two of them move to less than the sum.
func TestKeptClock(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	one, two := sandbox.NewClock(start), sandbox.NewTickingClock(start.AddDate(0, 6, 0), time.Now)
	for _, c := range []*sandbox.Clock{one, two} {
		if err := c.Keep(ctx, f.db); err != nil {
			t.Fatal(err)
		}
	}
	if !two.Now().Equal(start) || two.Ticking() {
		t.Errorf("the second replica shows %v, and ticks: %v", two.Now(), two.Ticking())
	}
	var all sync.WaitGroup
	for range 20 {
		for _, c := range []*sandbox.Clock{one, two} {
			all.Go(func() {
				if _, err := c.AdvanceBy(ctx, time.Minute); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	for _, c := range []*sandbox.Clock{one, two} {
		if err := c.Look(ctx); err != nil || !c.Now().Equal(start.Add(40*time.Minute)) {
			t.Errorf("after forty minutes: %v, %v", c.Now(), err)
		}
	}
	at := start.Add(time.Hour)
	if got, err := two.AdvanceTo(ctx, at); err != nil || !got.Equal(at) {
		t.Errorf("advanced to %v, %v", got, err)
	}
	// The first does not know yet.
	if got, err := one.AdvanceTo(ctx, at.Add(-time.Minute)); !errors.Is(err, fault.RequestInvalid) || !got.Equal(at) || !one.Now().Equal(at) {
		t.Errorf("advanced into the past of another: %v, %v", got, err)
	}
	again := sandbox.NewClock(start.AddDate(-1, 0, 0))
	if err := again.Keep(ctx, f.db); err != nil || !again.Now().Equal(at) {
		t.Errorf("after a restart: %v, %v", again.Now(), err)
	}
}

// Would catch a ticking clock that stands still, jumps back when it is moved or read anew, or
// forgets to tick.
func TestTickingClock(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := t.Context()
	var past atomic.Int64
	real := func() time.Time { return time.Unix(0, past.Load()) }
	c := sandbox.NewTickingClock(start, real)
	past.Add(int64(time.Hour))
	if !c.Now().Equal(start.Add(time.Hour)) {
		t.Errorf("after an hour it shows %v", c.Now())
	}
	if got, err := c.AdvanceTo(ctx, start.Add(30*time.Minute)); !errors.Is(err, fault.RequestInvalid) || !got.Equal(start.Add(time.Hour)) {
		t.Errorf("advanced into the past: %v, %v", got, err)
	}
	if err := c.Keep(ctx, f.db); err != nil {
		t.Fatal(err)
	}
	before := c.Now()
	moved, err := c.AdvanceBy(ctx, 24*time.Hour)
	if err != nil || moved.Before(before.Add(24*time.Hour)) || moved.After(before.Add(25*time.Hour)) {
		t.Errorf("after a day: %v, %v, before it %v", moved, err, before)
	}
	past.Add(int64(time.Second))
	if got := c.Now(); !got.Equal(moved.Add(time.Second)) || !c.Ticking() {
		t.Errorf("a second later: %v", got)
	}
	if err := c.Look(ctx); err != nil || c.Now().Before(moved.Add(time.Second)) {
		t.Errorf("looked at again: %v, %v", c.Now(), err)
	}
}
