package worker_test

import (
	"sync"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

// openWith opens a book with a deposit of its own, none for zero.
func (f *fixture) openWith(merchant string, deposit money.Amount) {
	f.t.Helper()
	_, err := f.engine.Do(f.t.Context(), f.request(merchant, "OpenBook"), &book.OpenBook{Currency: "CNY"})
	if err != nil {
		f.t.Fatal(err)
	}
	if deposit > 0 {
		f.topUp(merchant, deposit, "pay-"+merchant)
	}
}

func (f *fixture) topUp(merchant string, amount money.Amount, reference string) {
	f.t.Helper()
	_, err := f.engine.Do(f.t.Context(), f.request(merchant, "TopUpDeposit"), &book.MoneyMove{
		Kind: ledger.DepositToppedUp, Amount: amount, Currency: "CNY", Reference: reference,
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// unadvanced publishes a promise under which the platform advances nothing.
func (f *fixture) unadvanced() {
	f.t.Helper()
	v := policy.WithoutLimits()[0]
	v.Number, v.AdvanceLimit = 2, 0
	v.PublishedAt, v.EffectiveFrom = start.AddDate(-1, 0, -30), start.AddDate(-1, 0, 0)
	if _, err := f.engine.PublishPolicyVersion(f.t.Context(), f.request("", "PublishPolicyVersion"), v); err != nil {
		f.t.Fatal(err)
	}
}

// short brings a claim of 11,000 to where 4,000 of it are paid, and the rest has
// been funded by nobody.
func (f *fixture) short(merchant, lineID string) *claim.Claim {
	f.t.Helper()
	f.openWith(merchant, 4_000)
	c := f.confirmed(merchant, lineID, "wallet-1")
	_, err := f.engine.Do(f.t.Context(), f.request(merchant, "AcceptClaim"), &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}})
	if err != nil {
		f.t.Fatal(err)
	}
	f.run(0)
	c = f.read(c)
	if c.State != claim.Paying || c.Funding.Paid() != 4_000 || c.Shortfall() != 7_000 {
		f.t.Fatalf("a claim that is short is %s with %+v", c.State, c.Funding)
	}
	return c
}

// Would catch a claim that stays short although money came in, income that is
// used twice, and a rest that is not a payout of its own.
func TestIncomePaysTheRest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.unadvanced()
	c := f.short("m1", "l1")
	f.topUp("m1", 5_000, "second")
	if done := f.run(0); done != (worker.Done{BooksSwept: 1, PayoutsInstructed: 1, OutcomesRecorded: 1}) {
		t.Fatalf("after a part of the rest: %+v", done)
	}
	if c = f.read(c); c.State != claim.Paying || c.Funding.Paid() != 9_000 || c.Shortfall() != 2_000 {
		t.Fatalf("after a part of the rest: %s %+v", c.State, c.Funding)
	}
	f.topUp("m1", 3_000, "third")
	f.run(0)
	if c = f.read(c); c.State != claim.Paid || c.Funding.FromDeposit != 11_000 {
		t.Fatalf("after all of it: %s %+v", c.State, c.Funding)
	}
	if paid := f.payments.Paid(); paid != (payouttest.Paid{Payouts: 4, Minor: 11_000}) {
		t.Errorf("paid: %+v", paid)
	}
	if done := f.run(time.Hour); done != (worker.Done{}) {
		t.Fatalf("an hour later: %+v", done)
	}
}

// Would catch two replicas that use the same income twice.
func TestTwoWorkersSweepOneBook(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.unadvanced()
	other := f.begin(f.gateway, worker.Defaults())
	var claims []*claim.Claim
	for _, m := range []string{"m1", "m2", "m3"} {
		claims = append(claims, f.short(m, "l1"))
		f.topUp(m, 7_000, "more-"+m)
	}
	var both sync.WaitGroup
	for _, w := range []*worker.Worker{f.worker, other.worker} {
		both.Go(func() {
			if _, err := w.RunDue(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	f.run(lookAgain)
	for _, c := range claims {
		f.wantState(c, claim.Paid)
	}
	if paid := f.payments.Paid(); paid.Minor != 3*11_000 {
		t.Errorf("paid: %+v", paid)
	}
}

// Would catch books that cannot be swept, and keep all those behind them waiting
// for ever.
func TestBooksThatFailLetTheOthersBeSwept(t *testing.T) {
	t.Parallel()
	config := worker.Defaults()
	config.BatchMax = 2
	f := newFixtureOf(t, config, callMax)
	f.unadvanced()
	last := f.short("m4", "l1")
	for _, m := range []string{"m1", "m2", "m3"} {
		f.short(m, "l1")
		f.topUp(m, 7_000, "more-"+m)
	}
	// What is in memory would hide what happens to claims; a fresh process reads.
	f.process.stop()
	f.process = f.begin(f.gateway, config)
	f.topUp("m4", 7_000, "more-m4")
	f.admin(`CREATE TABLE gone AS SELECT * FROM claims WHERE merchant_id <> 'm4'`)
	f.admin(`DELETE FROM claims WHERE merchant_id <> 'm4'`)
	if _, err := f.worker.RunDue(t.Context()); err == nil {
		t.Error("books that cannot be swept are not told of")
	}
	f.admin(`INSERT INTO claims SELECT * FROM gone`)
	f.process.stop()
	f.process = f.begin(f.gateway, config)
	f.run(lookAgain)
	f.wantState(last, claim.Paid)
}

// Would catch income that is forgotten, or used twice, when the process dies
// between the top-up, the sweep and the payout that the sweep makes.
func TestCrashBetweenSweepAndPayout(t *testing.T) {
	t.Parallel()
	for name, swept := range map[string]bool{"before the sweep": false, "after the sweep": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.unadvanced()
			c := f.short("m1", "l1")
			f.topUp("m1", 7_000, "second")
			if swept {
				if _, err := f.engine.Do(t.Context(), request.System("m1", "SweepBook"), &book.SweepBook{}); err != nil {
					t.Fatal(err)
				}
			}
			f.process.stop()
			f.process = f.begin(f.gateway, worker.Defaults())
			f.run(lookAgain)
			f.wantState(c, claim.Paid)
			if paid := f.payments.Paid(); paid.Minor != 11_000 {
				t.Errorf("paid: %+v", paid)
			}
		})
	}
}

// Would catch money that is held for ever, a hold that expires early or twice, and
// an expiry that nobody is told of.
func TestHoldExpires(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other := f.begin(f.gateway, worker.Defaults())
	f.openWith("m1", 20_000)
	c := f.notified("m1", "l1", "wallet-1")
	if c.HoldExpiresAt.IsZero() || c.Funding.Held != 11_000 {
		t.Fatalf("held %d until %s", c.Funding.Held, c.HoldExpiresAt)
	}
	if done := f.run(c.HoldExpiresAt.Sub(f.clock.Now()) - time.Second); done.HoldsExpired != 0 {
		t.Fatalf("too early: %+v", done)
	}
	f.clock.Move(time.Second)
	var both sync.WaitGroup
	var done [2]worker.Done
	for i, w := range []*worker.Worker{f.worker, other.worker} {
		both.Go(func() {
			var err error
			if done[i], err = w.RunDue(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if expired := done[0].HoldsExpired + done[1].HoldsExpired; expired != 1 {
		t.Errorf("the hold expired %d times", expired)
	}
	if c = f.read(c); c.State != claim.Notified || !c.Escalated || c.Funding.Held != 0 || !c.HoldExpiresAt.IsZero() {
		t.Fatalf("the claim is %s, escalated %v, held %d until %s", c.State, c.Escalated, c.Funding.Held, c.HoldExpiresAt)
	}
	if done := f.run(day); done.HoldsExpired != 0 {
		t.Fatalf("a day later: %+v", done)
	}
}

// Would catch a hold that expires although an operator extended it.
func TestExtendedHoldLasts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.openWith("m1", 20_000)
	c := f.notified("m1", "l1", "wallet-1")
	until := c.HoldExpiresAt.Add(30 * day)
	_, err := f.engine.Do(t.Context(), f.request("m1", "ExtendHold"), &book.ExtendHold{OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Until: until, Note: "a test takes longer"})
	if err != nil {
		t.Fatal(err)
	}
	if done := f.run(c.HoldExpiresAt.Add(day).Sub(f.clock.Now())); done.HoldsExpired != 0 {
		t.Fatalf("before its new end: %+v", done)
	}
	if done := f.run(30 * day); done.HoldsExpired != 1 {
		t.Fatalf("after its new end: %+v", done)
	}
}
