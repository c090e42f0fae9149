package book_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Would catch a waterfall that skips a source, takes them in another order, or
// gives back to another source than it took from.
func TestA2SourcesAreTakenInOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 150_000)
	f.must(f.move("m1", ledger.ShopFundsHandedOver, 40_000))
	f.authenticator("lab-1", claim.AccreditedLab)

	// Award 220,000: 150,000 deposit, 40,000 shop funds, nothing to hold for the rest.
	c := f.found(filing(line("m1", "l1", 2, 20_000), 1, 2))
	if c.Funding.Held != 190_000 {
		t.Fatalf("held %d", c.Funding.Held)
	}
	f.balanced("m1", balances{
		ledger.DepositHeld: 150_000, ledger.ShopFundsHeld: 40_000, ledger.SettlementClearing: 190_000,
	})
	f.withdraw(c)
	f.balanced("m1", balances{
		ledger.Deposit: 150_000, ledger.ShopFunds: 40_000, ledger.SettlementClearing: 190_000,
	})

	c = f.found(withEvidence(filing(line("m1", "l1", 2, 20_000), 1, 2), "again"))
	c = f.accept(f.confirmNotice(c))
	if want := (claim.Funding{
		FromDeposit: 150_000, FromShopFunds: 40_000, Advanced: 30_000, RefundInFlight: 20_000, CompensationInFlight: 200_000,
	}); c.Funding != want {
		t.Fatalf("funding %+v", c.Funding)
	}
	f.balanced("m1", balances{
		ledger.Receivable: 30_000, ledger.PayoutClearing: 220_000, ledger.SettlementClearing: 190_000,
	})
	for _, p := range f.Made() {
		c = f.answer(p, payout.OutcomeSucceeded)
	}
	if c.State != claim.Paid || c.Shortfall() != 0 {
		t.Fatalf("claim is %s", c.State)
	}
	f.balanced("m1", balances{
		ledger.Receivable: 30_000, ledger.PlatformCash: -220_000, ledger.SettlementClearing: 190_000,
	})
}

// Would catch money that came in between notice and acceptance and is not used,
// so that the platform advances what the merchant has.
func TestHoldGrowsToTheAwardOnAcceptance(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.confirmNotice(f.found(filing(line("m1", "l1", 2, 20_000), 1, 2)))
	f.topUp("m1", 500_000)
	if c = f.accept(c); c.Funding.FromDeposit != 220_000 || c.Funding.Advanced != 0 {
		t.Fatalf("funding %+v", c.Funding)
	}
	f.balanced("m1", balances{ledger.Deposit: 280_000, ledger.PayoutClearing: 220_000, ledger.SettlementClearing: 500_000})
}

// limited publishes a promise that advances at most limit and is in force when
// the fixtures' lines are paid.
func (f *fixture) limited(limit money.Amount, order ...policy.Source) {
	f.t.Helper()
	v := policy.WithoutLimits()[0]
	v.Number, v.AdvanceLimit = 2, limit
	if len(order) > 0 {
		v.SourceOrder = order
	}
	f.publish(v)
}

// Would catch an advance beyond its limit, and a claim that is called PAID while
// part of its award is unfunded.
func TestF1ShortfallBeyondTheAdvanceStaysOpen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.limited(25_000)
	f.open("m1", 100_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 2, 20_000), 1, 2))))
	if c.PolicyVersion != 2 || c.Funding.Advanced != 25_000 || c.Shortfall() != 95_000 {
		t.Fatalf("version %d, advanced %d, shortfall %d", c.PolicyVersion, c.Funding.Advanced, c.Shortfall())
	}
	// The refund is funded first.
	if c.Funding.RefundInFlight != 20_000 || c.Funding.CompensationInFlight != 105_000 {
		t.Fatalf("in flight %+v", c.Funding)
	}
	for _, p := range f.Made() {
		c = f.answer(p, payout.OutcomeSucceeded)
	}
	if c.State != claim.Paying || c.Shortfall() != 95_000 {
		t.Fatalf("claim is %s with a shortfall of %d", c.State, c.Shortfall())
	}
	f.balanced("m1", balances{
		ledger.Receivable: 25_000, ledger.PlatformCash: -125_000, ledger.SettlementClearing: 100_000,
	})
}

// Would catch a consumer who waits for money although a hold that another claim
// does not need any more went back to the merchant, who could take it out.
func TestMoneyGivenBackPaysWhatIsOpen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.limited(0, policy.SourceDeposit)
	f.open("m1", 220_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	held := f.found(filing(line("m1", "l1", 2, 20_000), 1, 2))
	short := f.accept(f.confirmNotice(f.found(filing(line("m1", "l2", 2, 20_000), 1, 2))))
	if held.Funding.Held != 220_000 || short.Shortfall() != 220_000 {
		t.Fatalf("held %d, short of %d", held.Funding.Held, short.Shortfall())
	}
	f.withdraw(held)
	if err := f.move("m1", ledger.DepositWithdrawn, 1); !errors.Is(err, fault.SweepDue) {
		t.Errorf("money that a consumer waits for is taken out: %v", err)
	}
	f.sweep("m1")
	if short = f.current(short); short.Shortfall() != 0 || short.Funding.FromDeposit != 220_000 {
		t.Fatalf("after the hold of the other claim went back: %+v", short.Funding)
	}
	f.balanced("m1", balances{ledger.PayoutClearing: 220_000, ledger.SettlementClearing: 220_000})
}

// Would catch a policy's own order of sources that is ignored.
func TestPolicyNamesTheOrderOfSources(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.limited(0, policy.SourceShopFunds, policy.SourceDeposit)
	f.open("m1", 150_000)
	f.must(f.move("m1", ledger.ShopFundsHandedOver, 200_000))
	f.authenticator("lab-1", claim.AccreditedLab)
	f.found(filing(line("m1", "l1", 2, 20_000), 1, 2))
	f.balanced("m1", balances{
		ledger.Deposit: 130_000, ledger.DepositHeld: 20_000, ledger.ShopFundsHeld: 200_000, ledger.SettlementClearing: 350_000,
	})
}

// Would catch a withdrawal that takes what is held for a claim, and a refusal
// that does not say how much is there.
func TestA8HeldMoneyCannotBeTakenBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 200_000)
	f.must(f.move("m1", ledger.ShopFundsHandedOver, 50_000))
	f.authenticator("lab-1", claim.AccreditedLab)
	f.found(filing(line("m1", "l1", 2, 20_000), 1, 2))

	err := f.move("m1", ledger.ShopFundsTakenBack, 30_001)
	refusal, ok := fault.As(err)
	if !ok || refusal.Reason != fault.ShopFundsInsufficient || refusal.Fields["availableMinor"] != "30000" {
		t.Errorf("more than is free: %v", err)
	}
	if err := f.move("m1", ledger.DepositWithdrawn, 1); !errors.Is(err, fault.DepositInsufficient) {
		t.Errorf("of a deposit that is held: %v", err)
	}
	f.must(f.move("m1", ledger.ShopFundsTakenBack, 30_000))
	f.balanced("m1", balances{ledger.DepositHeld: 200_000, ledger.ShopFundsHeld: 20_000, ledger.SettlementClearing: 220_000})
}

func (f *fixture) bounce(merchant, reference string) (book.Outcome, error) {
	f.t.Helper()
	return f.Do(f.request(merchant, "ReverseTopUp"), &book.ReverseTopUp{Reference: reference})
}

// Would catch a bounced top-up that is refused because its money is held, that
// breaks a hold, or that leaves no receivable.
func TestBouncedTopUpLeavesAReceivable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	h := f.request("m1", "TopUpDeposit")
	topUp := book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 230_000, Currency: "CNY", Reference: "bank-1"}
	_, err := f.Do(h, &topUp)
	f.must(err)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.found(filing(line("m1", "l1", 2, 20_000), 1, 2))

	o, err := f.bounce("m1", "bank-1")
	f.must(err)
	if len(o.Transfers) != 2 || o.Transfers[0].Amount != 10_000 || o.Transfers[1].Kind != ledger.DepositTopUpReversedOwed ||
		o.Transfers[1].Amount != 220_000 || o.Transfers[1].Reverses != 1 {
		t.Fatalf("reversed by %+v", o.Transfers)
	}
	f.balanced("m1", balances{ledger.DepositHeld: 220_000, ledger.Receivable: 220_000})
	if c = f.accept(f.confirmNotice(c)); c.Funding.FromDeposit != 220_000 {
		t.Fatalf("the hold did not last: %+v", c.Funding)
	}
	if _, err := f.bounce("m1", "bank-1"); !errors.Is(err, fault.TransferAlreadyReversed) {
		t.Errorf("bounced twice: %v", err)
	}
	if _, err := f.bounce("m1", "bank-2"); !errors.Is(err, fault.TransferNotFound) {
		t.Errorf("bounced without a top-up: %v", err)
	}
	// The reference stays used: the bank's number cannot come again.
	if _, err := f.Do(f.request("m1", "TopUpDeposit"), &topUp); !errors.Is(err, fault.ReferenceAlreadyUsed) {
		t.Errorf("topped up again under the reference: %v", err)
	}
	f.balanced("m1", balances{ledger.PayoutClearing: 220_000, ledger.Receivable: 220_000})
}

// Would catch a record time that goes back when the clock does, in the next
// batch or after a restart, and an event before its cause.
func TestRecordTimeNeverGoesBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.found(filing(line("m1", "l1", 1, 10_000), 1))
	f.Move(-48 * time.Hour)
	c = f.accept(f.confirmNotice(c))
	if c.StateSince.Before(start) {
		t.Errorf("accepted at %s, found at %s", c.StateSince, start)
	}
	f.Forget("m1")
	p := f.Made()[0]
	_, err := f.Do(request.System("m1", "AnswerPayout"), &book.AnswerPayout{PayoutID: p.ID, Answer: payout.Answer{Outcome: payout.OutcomeSucceeded}})
	f.must(err)
	f.audited()
}

// Would catch a notice that lapses before its time, during the grace in which a
// timely answer may still be in a queue, or for a worker with an old view; and a
// notice that was never delivered and turns into a debit.
func TestA3NoDebitBeforeTheNoticeHasLapsed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.found(filing(line("m1", "l1", 1, 10_000), 1))

	undelivered := c
	f.Move(c.Deadline.Sub(start) + time.Minute)
	if o, err := f.pass(c); err != nil || !o.Escalated || o.State != claim.Notified || o.Fires != claim.DeadlineNoticeDeemed {
		t.Fatalf("undelivered notice: %v %+v", err, o)
	}
	if _, err := f.pass(undelivered); !errors.Is(err, fault.ClaimChanged) {
		t.Errorf("the same deadline twice: %v", err)
	}
	if now := f.current(c); !now.EscalatedAt.Equal(f.Now()) {
		t.Errorf("escalated at %s, told as %s", f.Now(), now.EscalatedAt)
	}
	if c = f.confirmNotice(c); c.Escalated || !c.EscalatedAt.IsZero() {
		t.Errorf("after the confirmation it is escalated: %t, since %s", c.Escalated, c.EscalatedAt)
	}
	f.Move(c.Deadline.Sub(f.Now()) - time.Second)
	for _, later := range []time.Duration{0, time.Second, 29 * time.Second} {
		f.Move(later)
		if _, err := f.pass(c); !errors.Is(err, fault.ClaimChanged) {
			t.Errorf("passed %s after the deadline: %v", f.Now().Sub(c.Deadline), err)
		}
	}
	f.Move(2 * time.Second)
	if o, err := f.pass(c); err != nil || o.State != claim.Paying || o.Funding.FromDeposit != 110_000 {
		t.Fatalf("lapsed notice: %v %+v", err, o)
	}
	f.audited()
}
