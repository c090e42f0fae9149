package book_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

func (f *fixture) repay(c *claim.Claim, amount money.Amount, reference string) (book.Outcome, error) {
	f.t.Helper()
	return f.Do(f.request(c.MerchantID, "RecordConsumerRepayment"), &book.RepayClawBack{
		ClaimID: c.ID, Amount: amount, Currency: "CNY", Reference: reference,
	})
}

// defrauded makes a claim of 220,000 that was paid and then found to be made up.
func (f *fixture) defrauded(merchant string) (*claim.Claim, []payout.Payout) {
	f.t.Helper()
	f.open(merchant, 300_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.accept(f.confirmNotice(f.found(filing(line(merchant, "l1", 2, 20_000), 1, 2))))
	made := f.Made()
	for _, p := range made {
		c = f.answer(p, payout.OutcomeSucceeded)
	}
	c = f.revised(c, book.GroundFraud, claim.Genuine, claim.Genuine)
	if c.Funding.ClawedBack != 220_000 {
		f.t.Fatalf("clawed back: %+v", c.Funding)
	}
	return c, made
}

// Would catch a repayment that is not counted as given back, so that a verdict
// which comes back pays too little or twice, and one above what is owed.
func TestRepaidClawBackIsPaidAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c, _ := f.defrauded("m1")
	_, err := f.repay(c, 220_001, "back-0")
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.ClawBackExceeded || refusal.Fields["owedMinor"] != "220000" {
		t.Errorf("more than is owed: %v", err)
	}
	o, err := f.repay(c, 205_000, "back-1")
	f.must(err)
	c = o.Claim
	if want := (claim.Funding{ClawedBack: 15_000, Repaid: 205_000, RefundPaid: 15_000}); c.Funding != want {
		t.Fatalf("repaid: %+v", c.Funding)
	}
	f.balanced("m1", balances{
		ledger.Deposit: 300_000, ledger.ConsumerReceivable: 15_000, ledger.PlatformCash: -15_000, ledger.SettlementClearing: 300_000,
	})
	if _, err := f.repay(c, 15_001, "back-2"); !errors.Is(err, fault.ClawBackExceeded) {
		t.Errorf("more than is left: %v", err)
	}
	if _, err := f.repay(c, 1, "back-1"); !errors.Is(err, fault.ReferenceAlreadyUsed) {
		t.Errorf("another amount under the reference: %v", err)
	}

	c = f.revised(c, book.GroundCourtDecision, claim.Counterfeit, claim.Counterfeit)
	c = f.paid(f.accept(f.confirmNotice(c)))
	want := claim.Funding{FromDeposit: 220_000, RefundPaid: 20_000, CompensationPaid: 200_000, Repaid: 205_000}
	if c.Funding != want || c.State != claim.Paid {
		t.Fatalf("paid again: %s %+v", c.State, c.Funding)
	}
	f.balanced("m1", balances{ledger.Deposit: 80_000, ledger.PlatformCash: -220_000, ledger.SettlementClearing: 300_000})
	if _, err := f.repay(c, 1, "back-3"); !errors.Is(err, fault.ClawBackExceeded) {
		t.Errorf("nothing is owed: %v", err)
	}
}

// Would catch a bank that returns a payout whose consumer gave the money back
// before: the fact cannot be refused, and the money must not count twice.
func TestReturnAfterRepaymentGoesToSuspense(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c, made := f.defrauded("m1")
	_, err := f.repay(c, 150_000, "back-1")
	f.must(err)
	for _, p := range made {
		c = f.answer(p, payout.OutcomeReturned)
	}
	if want := (claim.Funding{Repaid: 150_000}); c.Funding != want {
		t.Fatalf("after the return: %+v", c.Funding)
	}
	f.balanced("m1", balances{
		ledger.Deposit: 300_000, ledger.Suspense: 150_000, ledger.PlatformCash: 150_000, ledger.SettlementClearing: 300_000,
	})
}

// Would catch a payment that two books or two requests take in one after the other,
// and a retry that books it twice.
func TestRepaymentIsTakenInOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	one, _ := f.defrauded("m1")
	f.open("m2", 300_000)
	other := f.paid(f.accept(f.confirmNotice(f.found(filing(line("m2", "l2", 2, 20_000), 1, 2)))))
	other = f.revised(other, book.GroundFraud, claim.Genuine, claim.Genuine)

	taken := 0
	for _, c := range []*claim.Claim{one, other, one, other} {
		_, err := f.repay(c, 100_000, "back-1")
		switch {
		case err == nil:
			taken++
		case !errors.Is(err, fault.ReferenceAlreadyUsed):
			t.Errorf("repay: %v", err)
		}
	}
	if taken != 1 {
		t.Fatalf("taken in %d times", taken)
	}
	h := f.request("m1", "RecordConsumerRepayment")
	cmd := book.RepayClawBack{ClaimID: one.ID, Amount: 20_000, Currency: "CNY", Reference: "back-2"}
	for i := range 2 {
		if o, err := f.Do(h, &cmd); err != nil || o.Replayed != (i > 0) {
			t.Fatalf("try %d: %v, replayed %v", i, err, o.Replayed)
		}
	}
	if sum := f.current(one).Funding.Repaid + f.current(other).Funding.Repaid; sum != 120_000 {
		t.Errorf("repaid %d", sum)
	}
}

// Would catch a repayment that is taken out of the award while the refund beyond it is
// still on its way, and one that is refused once it has arrived.
func TestRepaymentWaitsForWhatIsBeyondTheAward(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 300_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1))))
	var refund payout.Payout
	for _, p := range f.Made() {
		if p.Part == payout.Refund {
			refund = p
			continue
		}
		c = f.answer(p, payout.OutcomeSucceeded)
	}
	f.orderRefund("m1", "l1", 10_000)
	_, err := f.repay(c, 1, "back-1")
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.ClawBackExceeded || refusal.Fields["owedMinor"] != "0" {
		t.Errorf("nothing beyond the award has arrived: %v", err)
	}
	if c = f.current(c); c.State != claim.Paid || c.Funding.Paid() != c.Award.Total() {
		t.Fatalf("the claim is %s, awarded %+v, with %+v", c.State, c.Award, c.Funding)
	}
	f.answer(refund, payout.OutcomeSucceeded)
	o, err := f.repay(c, 10_000, "back-1")
	f.must(err)
	if c = o.Claim; c.State != claim.Paid || c.Funding.Paid() != c.Award.Total() || c.Funding.ClawedBack != 0 {
		t.Fatalf("repaid: %s %+v", c.State, c.Funding)
	}
	f.audited()
}

// A court upholds a claim after fraud, and the merchant has no money for it. Would catch
// a consumer who owes what the court awarded, and a claim that is PAID with less.
func TestConsumerOwesNothingOfWhatACourtAwards(t *testing.T) {
	t.Parallel()
	for _, repaid := range []money.Amount{0, 205_000} {
		t.Run(fmt.Sprint(repaid), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.limited(0)
			c, _ := f.defrauded("m1")
			if repaid > 0 {
				_, err := f.repay(c, repaid, "back-1")
				f.must(err)
			}
			f.must(f.move("m1", ledger.DepositWithdrawn, 300_000))
			c = f.accept(f.confirmNotice(f.revised(f.current(c), book.GroundCourtDecision, claim.Counterfeit, claim.Counterfeit)))
			if c.Funding.ClawedBack != 0 || c.Funding.Lost != 220_000-repaid || c.Shortfall() != 220_000 {
				t.Fatalf("upheld again: %s %+v", c.State, c.Funding)
			}
			if _, err := f.repay(c, 1, "back-2"); !errors.Is(err, fault.ClawBackExceeded) {
				t.Errorf("nothing is owed: %v", err)
			}
			f.audited()

			f.topUp("m1", 300_000)
			f.sweepAll("m1", 0)
			f.paid(c)
			want := claim.Funding{FromDeposit: 220_000, RefundPaid: 20_000, CompensationPaid: 200_000, Repaid: repaid}
			if c = f.current(c); c.State != claim.Paid || c.Funding != want {
				t.Errorf("once the merchant has money: %s %+v", c.State, c.Funding)
			}
			f.balanced("m1", balances{ledger.Deposit: 80_000, ledger.PlatformCash: -220_000, ledger.SettlementClearing: 300_000})
		})
	}
}

// A verdict falls twice, the second time because of fraud. Would catch a loss that stays
// with the platform because it bore the first fall.
func TestB2FraudIsClawedBackAfterAnEarlierLoss(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 300_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.paid(f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 2, 20_000), 1, 2)))))
	c = f.revised(c, book.GroundCourtDecision, claim.Genuine, claim.Genuine)
	if c.Funding.Lost != 220_000 {
		t.Fatalf("lost: %+v", c.Funding)
	}
	c = f.revised(c, book.GroundCourtDecision, claim.Counterfeit, claim.Counterfeit)
	c = f.revised(c, book.GroundFraud, claim.Genuine, claim.Genuine)
	if want := (claim.Funding{ClawedBack: 220_000, RefundPaid: 20_000, CompensationPaid: 200_000}); c.Funding != want {
		t.Errorf("after fraud: %s %+v", c.State, c.Funding)
	}
	f.balanced("m1", balances{
		ledger.Deposit: 300_000, ledger.ConsumerReceivable: 220_000, ledger.PlatformCash: -220_000, ledger.SettlementClearing: 300_000,
	})
}
