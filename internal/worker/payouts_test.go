package worker_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/payout/payouttest"
	"github.com/tenfold-claims/tenfold/internal/worker"
)

var errAway = status.Error(codes.Unavailable, "the payment service is away")

// lost lets one method of the payment service fail.
func lost(method string) payouttest.Fault {
	return func(_ context.Context, called, _ string) error {
		if called == method {
			return errAway
		}
		return nil
	}
}

// Would catch a payout that is sent without being told of, sent twice, or whose
// answer is not recorded.
func TestPayoutsAreSentAndRecorded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	c := f.paying("m1", "l1", "wallet-1")
	if done := f.run(0); done != (worker.Done{PayoutsInstructed: 2, OutcomesRecorded: 2}) {
		t.Fatalf("done: %+v", done)
	}
	f.wantState(c, claim.Paid)
	if done := f.run(time.Hour); done != (worker.Done{}) {
		t.Fatalf("an hour later: %+v", done)
	}
}

// Would catch a payout sent again, or given up, although only its answer was
// lost, and one that never left and is never sent again.
func TestUnknownOutcomesAreAskedAfter(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		destination string
		fault       payouttest.Fault
		// second is what the worker does when the list of dues brings it up.
		second worker.Done
	}{
		"answer lost":         {payouttest.Lose, nil, worker.Done{PayoutsQueried: 2, OutcomesRecorded: 2}},
		"instruction lost":    {payouttest.Miss, nil, worker.Done{PayoutsQueried: 2, PayoutsInstructed: 2, OutcomesRecorded: 2}},
		"service away":        {"wallet-1", lost("Instruct"), worker.Done{PayoutsQueried: 2, PayoutsInstructed: 2, OutcomesRecorded: 2}},
		"answered by a query": {payouttest.Process, nil, worker.Done{PayoutsQueried: 2, OutcomesRecorded: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.open("m1")
			c := f.paying("m1", "l1", row.destination)
			f.payments.Break(row.fault)
			if done := f.run(0); done != (worker.Done{PayoutsInstructed: 2}) {
				t.Fatalf("first: %+v", done)
			}
			f.wantState(c, claim.Paying)
			f.payments.Break(nil)
			if done := f.run(lookAgain); done != row.second {
				t.Fatalf("second: %+v, not %+v", done, row.second)
			}
			f.wantState(c, claim.Paid)
		})
	}
}

// Would catch a call that waits for ever, or a timeout that is taken for a
// failure.
func TestSilenceIsNoAnswer(t *testing.T) {
	t.Parallel()
	f := newFixtureOf(t, worker.Defaults(), 50*time.Millisecond)
	f.open("m1")
	c := f.paying("m1", "l1", "wallet-1")
	f.payments.Break(func(ctx context.Context, _, _ string) error {
		<-ctx.Done()
		return ctx.Err()
	})
	f.run(0)
	f.run(lookAgain)
	f.wantState(c, claim.Paying)
	f.payments.Break(nil)
	// The first look was in vain, so the next is due half a minute later.
	f.run(time.Minute + time.Second)
	f.wantState(c, claim.Paid)
}

// Would catch a worker that gives payouts up while the payment service is away,
// hammers it, or does not notice that it is back.
func TestServiceAwayForAWhile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	c := f.paying("m1", "l1", "wallet-1")
	f.payments.Break(func(context.Context, string, string) error { return errAway })
	f.run(0)
	var asked int64
	for range 60 {
		asked += f.run(time.Minute).PayoutsQueried
	}
	f.wantState(c, claim.Paying)
	// At 1, 2, 4, 8 and 16 minutes, then every ten, for each of two payouts.
	if asked < 2*8 || asked > 2*10 {
		t.Errorf("asked %d times within an hour", asked)
	}
	f.payments.Break(nil)
	f.run(worker.Defaults().LookAgainMax)
	f.wantState(c, claim.Paid)
}

// Would catch a payout that is instructed after the time at which the payment
// service may still pay it, or that stays open for ever after it.
func TestNeverTakenOnFailsAfterNotAfter(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	c := f.paying("m1", "l1", "wallet-1")
	// The process dies with the payouts unsent and is down until after not_after.
	f.stop()
	f.process = f.begin(f.gateway, worker.Defaults())
	// Neither sent nor given up: an instruction of another may be under way still.
	if done := f.run(engine.Defaults().PayoutLife + time.Second); done != (worker.Done{PayoutsQueried: 2}) {
		t.Fatalf("just after not_after: %+v", done)
	}
	f.wantState(c, claim.Paying)
	if done := f.run(time.Minute); done != (worker.Done{PayoutsQueried: 2, OutcomesRecorded: 2}) {
		t.Fatalf("after the grace: %+v", done)
	}
	f.wantState(c, claim.PayoutFailed)
	for _, p := range f.payouts() {
		if p.State != payout.Failed || p.Code != "NOT_AFTER_PASSED" {
			t.Errorf("payout: %+v", p)
		}
	}
	if paid := f.payments.Paid(); paid != (payouttest.Paid{}) {
		t.Errorf("paid: %+v", paid)
	}
}

// Would catch a stalled payout that is failed before not_after has passed.
func TestProcessingIsWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	c := f.paying("m1", "l1", payouttest.Stall)
	f.run(0)
	for range 7 {
		f.run(10 * time.Hour)
	}
	f.wantState(c, claim.Paying)
	f.run(3 * time.Hour)
	f.wantState(c, claim.PayoutFailed)
	if p := f.payouts()[0]; p.Code != "SANDBOX_STALLED" {
		t.Errorf("payout: %+v", p)
	}
}

// resend has an operator send what a claim's payouts lack to another destination.
func (f *fixture) resend(c *claim.Claim, destination string) {
	f.t.Helper()
	c = f.read(c)
	p, _, err := f.engine.Reserve(f.t.Context(), reservation(f.payouts()[0].OutNumber))
	if err != nil {
		f.t.Fatal(err)
	}
	_, err = f.engine.Do(f.t.Context(), f.request(c.MerchantID, "RetryPayout"), &book.RetryPayout{OnClaim: book.OnClaim{Etag: c.Etag()}, PayoutID: p.Holder, Destination: destination})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) retry(c *claim.Claim, destination string) {
	f.t.Helper()
	c = f.read(c)
	id := ""
	for _, p := range f.payouts() {
		if p.State == payout.Failed {
			held, _, err := f.engine.Reserve(f.t.Context(), reservation(p.OutNumber))
			if err != nil {
				f.t.Fatal(err)
			}
			id = held.Holder
		}
	}
	_, err := f.engine.Do(f.t.Context(), f.request(c.MerchantID, "RetryPayout"), &book.RetryPayout{OnClaim: book.OnClaim{Etag: c.Etag()}, PayoutID: id, Destination: destination})
	if err != nil {
		f.t.Fatal(err)
	}
}

// Would catch an operator's retry that is not sent, or that ends with the
// failure of the try before although it never arrived.
func TestRetryIsSentUnderItsNumber(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	c := f.paying("m1", "l1", payouttest.Fail)
	f.run(0)
	f.wantState(c, claim.PayoutFailed)
	f.clock.Move(time.Hour)
	f.retry(c, "")
	f.wantState(c, claim.Paying)
	f.payments.Break(lost("Instruct"))
	f.run(0)
	f.wantState(c, claim.Paying)
	f.payments.Break(nil)
	if done := f.run(lookAgain); done != (worker.Done{PayoutsQueried: 2, PayoutsInstructed: 2, OutcomesRecorded: 2}) {
		t.Fatalf("after the lost retry: %+v", done)
	}
	f.wantState(c, claim.PayoutFailed)
	if done := f.run(engine.Defaults().PayoutLife + time.Hour); done != (worker.Done{PayoutsQueried: 2, OutcomesRecorded: 2}) {
		t.Fatalf("when it may not be paid any more: %+v", done)
	}
	if done := f.run(30 * day); done != (worker.Done{}) {
		t.Fatalf("after the failure was confirmed: %+v", done)
	}
	f.retry(c, payouttest.Succeed)
	f.run(0)
	f.wantState(c, claim.Paid)
}

// Would catch a retry that is given up for the failure of the try before, because the
// clock of the payment service is ahead and dates that failure after the retry.
func TestO2RetryIsSentWhateverTheGatewaysClockSays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	c := f.paying("m1", "l1", payouttest.Fail)
	f.ahead.Store(int64(5 * time.Hour))
	f.run(0)
	f.wantState(c, claim.PayoutFailed)
	f.clock.Move(time.Hour)
	f.retry(c, "")
	f.payments.Break(lost("Instruct"))
	f.run(0)
	f.payments.Break(nil)
	if done := f.run(lookAgain); done != (worker.Done{PayoutsQueried: 2, PayoutsInstructed: 2, OutcomesRecorded: 2}) {
		t.Fatalf("after the lost retry: %+v", done)
	}
	f.wantState(c, claim.PayoutFailed)
}

// Would catch a payout that was made in part or for too much and is booked as asked, a
// rest that never leaves, and one that leaves under the number that was paid.
func TestO5PayoutsAreBookedAsTheyWereMade(t *testing.T) {
	t.Parallel()
	t.Run("in part", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.open("m1")
		c := f.paying("m1", "l1", payouttest.Part)
		f.run(0)
		f.wantState(c, claim.PayoutFailed)
		if got := f.read(c); got.Funding.Paid() != 5_500 || got.Funding.Failed() != 5_500 || !got.Escalated {
			t.Fatalf("%+v, escalated %v", got.Funding, got.Escalated)
		}
		f.resend(c, payouttest.Succeed)
		if done := f.run(0); done != (worker.Done{PayoutsInstructed: 2, OutcomesRecorded: 2}) {
			t.Fatalf("the rests: %+v", done)
		}
		f.wantState(c, claim.Paid)
		if n := len(f.payouts()); n != 4 {
			t.Errorf("%d payouts were made", n)
		}
	})
	t.Run("twice", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.overpaid = true
		f.open("m1")
		c := f.paying("m1", "l1", payouttest.Over)
		f.run(0)
		f.wantState(c, claim.Paid)
		if got := f.read(c); got.Funding.Paid() != 22_000 || got.Funding.ClawedBack != 11_000 || !got.Escalated {
			t.Fatalf("%+v, escalated %v", got.Funding, got.Escalated)
		}
	})
}

// Would catch an answer about other money that is booked, or that ends the work of a
// worker: it is no answer, and the gateway is asked again.
func TestAnswerAboutOtherMoneyIsNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	c := f.paying("m1", "l1", "wallet-1")
	f.payments.Speak("USD")
	f.run(0)
	f.wantState(c, claim.Paying)
	f.payments.Speak("")
	if done := f.run(lookAgain); done != (worker.Done{PayoutsQueried: 2, OutcomesRecorded: 2}) {
		t.Fatalf("asked again: %+v", done)
	}
	f.wantState(c, claim.Paid)
}

// Would catch money that moves, or a claim that looks in order, after the
// payment service has taken its word back.
func TestContradictionIsLeftToAPerson(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1")
	c := f.paying("m1", "l1", "wallet-1")
	f.run(0)
	f.wantState(c, claim.Paid)
	for range 2 {
		for _, p := range f.payouts() {
			_, err := f.engine.Do(t.Context(), f.request("", "ReportPayoutOutcome"), &book.AnswerPayout{OutNumber: p.OutNumber, Answer: payout.Answer{Outcome: payout.OutcomeFailed, FailureCode: "LATE"}})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := f.read(c); got.State != claim.Paid || !got.Escalated || got.Funding.Paid() != 11_000 {
		t.Fatalf("claim is %s, escalated %v, %+v", got.State, got.Escalated, got.Funding)
	}
	if done := f.run(time.Hour); done != (worker.Done{}) {
		t.Fatalf("an hour later: %+v", done)
	}
}

// Would catch payouts that are lost when more are made than may wait.
func TestOverflowIsFoundAgain(t *testing.T) {
	t.Parallel()
	config := worker.Defaults()
	config.HintsMax, config.Senders, config.BatchMax = 1, 2, 2
	f := newFixtureOf(t, config, callMax)
	f.open("m1")
	var claims []*claim.Claim
	for i := range 3 {
		claims = append(claims, f.paying("m1", fmt.Sprintf("l%d", i), "wallet-1"))
	}
	if done := f.run(0); done.PayoutsInstructed != 1 {
		t.Fatalf("told of: %+v", done)
	}
	if done := f.run(lookAgain); done != (worker.Done{PayoutsQueried: 5, PayoutsInstructed: 5, OutcomesRecorded: 5}) {
		t.Fatalf("found again: %+v", done)
	}
	for _, c := range claims {
		f.wantState(c, claim.Paid)
	}
}

// Would catch two replicas that both take the same dues, or pay twice.
func TestTwoWorkersOnOneDatabase(t *testing.T) {
	t.Parallel()
	config := worker.Defaults()
	config.BatchMax = 4
	f := newFixtureOf(t, config, callMax)
	other := f.begin(f.gateway, config)
	var claims []*claim.Claim
	for _, m := range []string{"m1", "m2", "m3"} {
		f.open(m)
		for i := range 4 {
			claims = append(claims, f.paying(m, fmt.Sprintf("l%d", i), payouttest.Miss))
		}
	}
	f.run(0)
	f.clock.Move(lookAgain)
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
	if asked := done[0].PayoutsQueried + done[1].PayoutsQueried; asked != 24 {
		t.Errorf("24 payouts were asked after %d times", asked)
	}
	for _, c := range claims {
		f.wantState(c, claim.Paid)
	}
	if paid := f.payments.Paid(); paid != (payouttest.Paid{Payouts: 24, Minor: 12 * 11_000}) {
		t.Errorf("paid: %+v", paid)
	}
}
