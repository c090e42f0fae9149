package book_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch windows that depend on which claim was filed or decided first: payments
// lie 60 days apart, so that the first two are one group and the third is another.
func TestC7WindowsFollowThePayments(t *testing.T) {
	t.Parallel()
	for _, filed := range permutations(3) {
		for _, decided := range permutations(3) {
			f := newFixture(t)
			f.open("m1", 10_000_000)
			f.authenticator("lab-1", claim.AccreditedLab)
			claims := make([]*claim.Claim, 3)
			for _, n := range filed {
				cmd := egg("m1", n)
				cmd.Line.PaidAt = start.AddDate(0, 0, -200+60*n)
				cmd.Line.ShippedAt, cmd.Line.DeliveredAt = cmd.Line.PaidAt, cmd.Line.PaidAt
				claims[n] = f.file(cmd)
			}
			for _, n := range decided {
				claims[n] = f.record(claims[n], result(claims[n], claim.Counterfeit, fmt.Sprint("R-", n)))
			}
			claims = f.read(claims...)
			groups := []string{claims[0].GroupID, claims[1].GroupID, claims[2].GroupID}
			if groups[0] != groups[1] || groups[1] == groups[2] {
				t.Errorf("filed %v, decided %v: the groups are %q", filed, decided, groups)
			}
			if got := compensations(claims); got[0]+got[1] != 100_000 || got[2] != 100_000 {
				t.Errorf("filed %v, decided %v: awarded %d", filed, decided, got)
			}
			f.audited()
		}
	}
}

// Would catch a payment that ends a window for the others although nothing was
// counterfeit: filed and refused, it would give a second floor.
func TestC7GenuineGoodsOpenNoWindow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 10_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	var claims []*claim.Claim
	for n, verdict := range []claim.Verdict{claim.Genuine, claim.Counterfeit, claim.Counterfeit} {
		cmd := egg("m1", n)
		cmd.Line.PaidAt = start.AddDate(0, 0, -200+60*n)
		cmd.Line.ShippedAt, cmd.Line.DeliveredAt = cmd.Line.PaidAt, cmd.Line.PaidAt
		c := f.file(cmd)
		claims = append(claims, f.record(c, result(c, verdict, fmt.Sprint("R-", n))))
	}
	claims = f.read(claims...)
	if got := compensations(claims); !slices.Equal(got, []money.Amount{0, 100_000, 0}) {
		t.Errorf("awarded %d", got)
	}
}

// Would catch a refund from outside that is set off once for each of two people who
// claim on one line: one unit's price was refunded, so they get the other one's.
func TestC10PayerAndRecipientShareARefund(t *testing.T) {
	t.Parallel()
	for _, when := range []int{0, 1, 2, 3} {
		f := newFixture(t)
		f.open("m1", 500_000)
		f.authenticator("lab-1", claim.AccreditedLab)
		l := line("m1", "l1", 2, 20_000)
		l.RecipientID = "recipient"
		var claims []*claim.Claim
		for n, who := range []string{l.PayerID, l.RecipientID} {
			if when == n && n > 0 {
				f.orderRefund("m1", "l1", 10_000)
			}
			cmd := filing(l, int32(n+1))
			cmd.ClaimantID = who
			c := f.found(cmd)
			if when == 3 {
				c = f.paid(f.accept(f.confirmNotice(c)))
			}
			claims = append(claims, c)
		}
		if when != 1 {
			f.orderRefund("m1", "l1", 10_000)
		}
		claims = f.read(claims...)
		for _, c := range claims {
			if c.Award.Refund != 5_000 || when == 3 && c.Funding.ClawedBack != 5_000 {
				t.Errorf("told %d: %s is awarded %+v, with %+v", when, c.ClaimantID, c.Award, c.Funding)
			}
		}
		f.audited()
	}
}

// Would catch a price given back twice at the expense of the platform: whenever a refund
// from outside is told, whatever the verdict is then, the consumer owes back what was paid
// beside it, and no more.
func TestC10RefundFromOutsideIsOwedBackWheneverItIsTold(t *testing.T) {
	t.Parallel()
	tell := func(f *fixture) { f.orderRefund("m1", "l1", 10_000) }
	for name, run := range map[string]func(f *fixture, c *claim.Claim, resultID string) *claim.Claim{
		"while it is paid": func(f *fixture, c *claim.Claim, _ string) *claim.Claim { tell(f); return c },
		"while it is reviewed": func(f *fixture, c *claim.Claim, resultID string) *claim.Claim {
			f.done(f.request("m1", "RetractResult"), &book.RetractResult{OnClaim: book.OnClaim{ClaimID: c.ID}, ResultID: resultID, Note: "mixed up"})
			tell(f)
			if c = f.current(c); c.State != claim.InReview {
				f.t.Fatalf("the claim is %s", c.State)
			}
			c, err := f.decide(c, book.Uphold, claim.Unit{Ordinal: 1, Verdict: claim.Counterfeit})
			f.must(err)
			return c
		},
		"while it is overturned": func(f *fixture, c *claim.Claim, _ string) *claim.Claim {
			c = f.revisedTo(c, claim.Genuine)
			if c.Funding.Lost != 110_000 || c.Funding.ClawedBack != 0 {
				f.t.Errorf("overturned: %+v", c.Funding)
			}
			tell(f)
			if c = f.current(c); c.Funding.Lost != 100_000 || c.Funding.ClawedBack != 10_000 {
				f.t.Errorf("overturned and refunded: %+v", c.Funding)
			}
			return f.revisedTo(c, claim.Counterfeit)
		},
		"before it is overturned": func(f *fixture, c *claim.Claim, _ string) *claim.Claim {
			tell(f)
			c = f.revisedTo(f.current(c), claim.Genuine)
			if c.Funding.Lost != 100_000 || c.Funding.ClawedBack != 10_000 {
				f.t.Errorf("refunded and overturned: %+v", c.Funding)
			}
			return f.revisedTo(c, claim.Counterfeit)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.open("m1", 300_000)
			labs(f)
			c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
			o := f.done(f.request("m1", "RecordResult"), &book.RecordResult{Result: result(c, claim.Counterfeit, "R-1")})
			c = run(f, f.paid(f.accept(f.confirmNotice(o.Claim))), o.ResultID)
			if c = f.current(c); c.State == claim.Notified {
				c = f.paid(f.accept(f.confirmNotice(c)))
			}
			want := claim.Funding{FromDeposit: 100_000, RefundPaid: 10_000, CompensationPaid: 100_000, ClawedBack: 10_000}
			if c = f.current(c); c.State != claim.Paid || c.Award != (claim.Award{Compensation: 100_000}) || c.Funding != want {
				t.Errorf("%s %+v with %+v", c.State, c.Award, c.Funding)
			}
			f.audited()
		})
	}
}

// Would catch a payout that succeeds late, after its price was refunded from outside, and
// costs the platform what it costs the consumer when the success comes first.
func TestC10LateSuccessBesideARefundFromOutside(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{true, false} {
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
			f.answer(p, payout.OutcomeSucceeded)
		}
		f.answer(refund, payout.OutcomeFailed)
		if !late {
			f.answer(refund, payout.OutcomeSucceeded)
		}
		f.orderRefund("m1", "l1", 10_000)
		if late {
			f.answer(refund, payout.OutcomeSucceeded)
		}
		want := claim.Funding{FromDeposit: 100_000, RefundPaid: 10_000, CompensationPaid: 100_000, ClawedBack: 10_000}
		if c = f.current(c); c.Funding != want || c.State != claim.Paid {
			t.Errorf("late %t: %s with %+v", late, c.State, c.Funding)
		}
		f.audited()
	}
}

// Would catch money that is paid under two numbers and borne by the platform: the consumer
// has it twice and owes it back.
func TestPaidUnderTwoNumbersIsOwedBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 300_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1))))
	var first payout.Payout
	for _, p := range f.Made() {
		said := payout.OutcomeSucceeded
		if p.Part == payout.Compensation {
			first, said = p, payout.OutcomeFailed
		}
		f.answer(p, said)
	}
	f.Move(booktest.PayoutLife + time.Minute)
	f.answer(first, payout.OutcomeFailed) // It is final.
	f.revisedTo(f.current(c), claim.Genuine)
	c = f.paid(f.accept(f.confirmNotice(f.revisedTo(f.current(c), claim.Counterfeit))))
	if c.State != claim.Paid {
		t.Fatalf("paid under another number: %s", c.State)
	}
	f.answer(first, payout.OutcomeSucceeded) // The gateway had paid it all the same.
	want := claim.Funding{FromDeposit: 110_000, RefundPaid: 10_000, CompensationPaid: 200_000, ClawedBack: 100_000}
	if c = f.current(c); c.Funding != want {
		t.Errorf("%s with %+v", c.State, c.Funding)
	}
	f.balanced("m1", balances{
		ledger.Deposit: 190_000, ledger.ConsumerReceivable: 100_000, ledger.PlatformCash: -210_000, ledger.SettlementClearing: 300_000,
	})
}

// Would catch a repayment of the price that is taken off the compensation, so that a
// compensation which comes back is not paid in full.
func TestRepaidPriceIsTakenOffThePrice(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 300_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1))))
	var compensation payout.Payout
	for _, p := range f.Made() {
		if p.Part == payout.Compensation {
			compensation = p
		}
		f.Send(p)
		f.answer(p, payout.OutcomeSucceeded)
	}
	f.orderRefund("m1", "l1", 10_000)
	_, err := f.repay(c, 10_000, "back-1")
	f.must(err)
	c = f.answer(compensation, payout.OutcomeReturned)
	if c.Funding.CompensationFailed != 100_000 || c.Funding.RefundPaid != 0 {
		t.Errorf("the compensation came back: %s with %+v", c.State, c.Funding)
	}
	f.retry(c, compensation)
	want := claim.Funding{FromDeposit: 100_000, CompensationPaid: 100_000, Repaid: 10_000}
	if c = f.paid(c); c.State != claim.Paid || c.Funding != want {
		t.Errorf("%s with %+v", c.State, c.Funding)
	}
	f.audited()
}

// Would catch a sibling's verdict that costs the platform what the policy lays on the
// consumer.
func TestExcessOfASiblingFollowsThePolicy(t *testing.T) {
	t.Parallel()
	for _, by := range []policy.ReversalBearer{policy.BornePlatform, policy.BorneConsumer} {
		f := newFixture(t)
		f.open("m1", 5_000_000)
		f.authenticator("lab-1", claim.AccreditedLab)
		v := policy.WithoutLimits()[1]
		v.Number, v.ReversalBorneBy = 2, by
		f.publish(v)
		first := f.paid(f.accept(f.confirmNotice(f.found(egg("m1", 1)))))
		first = f.revisedTo(first, claim.Genuine)
		second := f.paid(f.accept(f.confirmNotice(f.found(egg("m1", 2)))))
		// Both were paid the floor, and both are counterfeit after all.
		first = f.accept(f.confirmNotice(f.revisedTo(f.current(first), claim.Counterfeit)))
		now := f.read(first, second)
		if got := compensations(now); got[0]+got[1] != 100_000 {
			t.Errorf("%s: awarded %d", by, got)
		}
		lost, owed := now[0].Funding.Lost+now[1].Funding.Lost, now[0].Funding.ClawedBack+now[1].Funding.ClawedBack
		if want := by == policy.BornePlatform; want != (lost == 100_000) || want != (owed == 0) || lost+owed != 100_000 {
			t.Errorf("%s: the platform lost %d, the consumer owes %d", by, lost, owed)
		}
		f.audited()
	}
}

// Would catch an award that is told of a basis on which nobody would get it: the basis
// that is best for all turns with a sibling's verdict, while the sum for one stays.
func TestC5BasisTurnsWhileTheAwardStays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 5_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	best := func(n int, paid money.Amount) book.FileClaim {
		cmd := egg("m1", n)
		cmd.Line.GoodsPaid, cmd.Line.UnitPrice, cmd.Basis = paid, paid, policy.Best
		return cmd
	}
	small := f.paid(f.accept(f.confirmNotice(f.found(best(1, 500)))))
	dear := f.found(best(2, 9_999))
	on := func(basis policy.LegalBasis) {
		t.Helper()
		c := f.read(small)[0]
		newest := f.Rows("m1").Revisions[booktest.RevisionKey{Claim: c.ID, Revision: c.Revision}]
		if c.State != claim.Paid || c.Award.Compensation != 100_000 || c.Basis != basis || newest.Calculation.Basis != basis {
			t.Errorf("the claim is %s, awarded %+v on %s, explained on %s; want %s", c.State, c.Award, c.Basis, newest.Calculation.Basis, basis)
		}
	}
	on(policy.Promise) // Tenfold of both is above the floor, under the promise as under the statute.
	f.revisedTo(f.current(dear), claim.Genuine)
	on(policy.FoodSafety148) // Alone it is owed the floor of the statute.
	f.audited()
}
