package book_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// gotten is what the consumer has for claims, and what nobody but the platform bears.
func (f *fixture) gotten(claims ...*claim.Claim) (refund, compensation, lost money.Amount) {
	f.t.Helper()
	for _, c := range f.read(claims...) {
		refund += c.Funding.RefundPaid
		compensation += c.Funding.CompensationPaid
		lost += c.Funding.Lost
	}
	return refund, compensation, lost
}

// twoEggs files two eggs of one consumer, whose floor of 1,000 yuan is paid once, and has
// the second one paid before the first is decided.
func (f *fixture) twoEggs() (first, second *claim.Claim) {
	f.t.Helper()
	f.open("m1", 10_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	first, second = f.file(egg("m1", 1)), f.file(egg("m1", 2))
	second = f.record(second, result(second, claim.Counterfeit, "r-2"))
	return first, f.paid(f.accept(f.confirmNotice(second)))
}

const (
	eggRefunds = 2 * 66
	eggFloor   = 100_000
)

func (f *fixture) floorOnce(claims ...*claim.Claim) {
	f.t.Helper()
	refund, compensation, lost := f.gotten(claims...)
	if refund != eggRefunds || compensation != eggFloor || lost != 0 {
		f.t.Errorf("the consumer has a refund of %d and a compensation of %d, the platform lost %d; want %d, %d and nothing",
			refund, compensation, lost, eggRefunds, eggFloor)
	}
	f.audited()
}

// A court confirms the verdict on the member that was paid the floor. Would catch a
// floor that goes to the sibling filed before it, and is paid a second time.
func TestCourtConfirmsThePaidMember(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first, second := f.twoEggs()
	first = f.record(first, result(first, claim.Counterfeit, "r-1"))
	f.revisedTo(second, claim.Counterfeit)
	f.paid(f.accept(f.confirmNotice(f.current(first))))
	f.floorOnce(first, second)
}

// The result behind the paid member is taken back, its sibling is decided meanwhile,
// and the member is upheld. Would catch a floor that follows the state a claim is in
// instead of what was paid for it.
func TestReopenedPaidMember(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 10_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	first, second := f.file(egg("m1", 1)), f.file(egg("m1", 2))
	machine := func(method string) request.Header {
		h := f.request("m1", method)
		h.Principal = principal.Principal{Workload: "test", Role: principal.RoleAuthenticator}
		return h
	}
	o, err := f.Do(machine("RecordResult"), &book.RecordResult{Result: result(second, claim.Counterfeit, "r-2")})
	f.must(err)
	second = f.paid(f.accept(f.confirmNotice(o.Claim)))
	_, err = f.Do(machine("RetractResult"), &book.RetractResult{
		OnClaim: book.OnClaim{ClaimID: second.ID}, ResultID: o.ResultID, AuthenticatorID: "lab-1", Note: "tested again",
	})
	f.must(err)
	if second = f.current(second); second.State != claim.InReview {
		t.Fatalf("the paid member is %s", second.State)
	}
	first = f.record(first, result(first, claim.Counterfeit, "r-1"))
	f.paid(f.accept(f.confirmNotice(f.current(first))))
	_, err = f.decide(f.current(second), book.Uphold, claim.Unit{Ordinal: 1, Verdict: claim.Counterfeit})
	f.must(err)
	f.floorOnce(first, second)
}

// The paid member grows by a fee that the claimant proves later. Would catch a floor
// that is lost to a sibling, with the platform's money, while the member waits to be
// notified of one yuan more.
func TestGrownPaidMember(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	food := policy.WithoutLimits()[1]
	food.Number, food.AuthenticationFee = 2, policy.FeeAdded
	f.publish(food)
	first, second := f.twoEggs()
	const fee = 100
	second, err := f.tested(second, claim.Counterfeit, "r-2b", fee, claim.FeePayerClaimant)
	f.must(err)
	first = f.record(first, result(first, claim.Counterfeit, "r-1"))
	f.paid(f.accept(f.confirmNotice(f.current(first))))
	f.paid(f.accept(f.confirmNotice(f.current(second))))
	if _, compensation, lost := f.gotten(first, second); compensation != eggFloor+fee || lost != 0 {
		t.Errorf("the consumer has a compensation of %d, the platform lost %d; want %d and nothing", compensation, lost, eggFloor+fee)
	}
	f.audited()
}

// What a test of a paid claim cost is told late. Would catch a fee that is no part of
// the award and still prices the group anew: on another basis the paid claim would
// lose its floor to the platform, and its sibling would be awarded as much again.
func TestFeeOutsideTheAwardRepricesNoPaidClaim(t *testing.T) {
	t.Parallel()
	for _, by := range claim.FeePayers() { // The policies of the example add no fee to an award.
		t.Run(string(by), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.open("m1", 5_000_000)
			f.authenticator("lab-1", claim.AccreditedLab)
			cheap, dear := egg("m1", 1), egg("m1", 2)
			cheap.Basis, dear.Basis = policy.Best, policy.Best
			dear.Line.UnitPrice, dear.Line.GoodsPaid = 9_999, 9_999
			first, second := f.file(cheap), f.file(dear)
			first = f.paid(f.accept(f.confirmNotice(f.record(first, result(first, claim.Counterfeit, "r-1")))))
			second = f.record(second, result(second, claim.Counterfeit, "r-2"))
			_, err := f.tested(first, claim.Counterfeit, "r-1b", 3_000, by)
			f.must(err)
			now := f.read(first, second)
			if now[0].Award != first.Award || now[0].Funding.Lost != 0 || now[1].Award != second.Award {
				t.Errorf("awarded %+v and %+v, then %+v and %+v; the platform lost %d",
					first.Award, second.Award, now[0].Award, now[1].Award, now[0].Funding.Lost)
			}
			f.audited()
		})
	}
}
