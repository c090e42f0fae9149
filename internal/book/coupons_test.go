package book_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// expiry is when the fixtures' coupons expire.
var expiry = start.AddDate(0, 6, 0)

// couponed makes a paid claim of 220,000 whose compensation of 200,000 went out as
// a coupon.
func (f *fixture) couponed() (*claim.Claim, payout.Payout) {
	f.t.Helper()
	f.open("m1", 300_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	filed := filing(line("m1", "l1", 2, 20_000), 1, 2)
	filed.PayoutForm = claim.Coupon
	c := f.accept(f.confirmNotice(f.found(filed)))
	var coupon payout.Payout
	for _, p := range f.Made() {
		f.Send(p)
		o, err := f.Do(request.System("m1", "AnswerPayout"), &book.AnswerPayout{PayoutID: p.ID, Answer: payout.Answer{
			Outcome: payout.OutcomeSucceeded, ExpiresAt: expiry,
		}})
		f.must(err)
		c = o.Claim
		if p.Part == payout.Compensation {
			coupon = *o.Payout
		}
	}
	if c.State != claim.Paid || coupon.Coupon.State != payout.CouponIssued || !coupon.Coupon.ExpiresAt.Equal(expiry) {
		f.t.Fatalf("issued: %s %+v", c.State, coupon)
	}
	return c, coupon
}

func (f *fixture) redeem(p payout.Payout, amount money.Amount, reference string) (book.Outcome, error) {
	return f.Do(f.request("", "ReportCouponRedeemed"), &book.RedeemCoupon{OutNumber: p.OutNumber, Amount: amount, Currency: "CNY", Reference: reference})
}

func (f *fixture) lapseCoupon(p payout.Payout) (book.Outcome, error) {
	return f.Do(f.request("", "ReportCouponLapsed"), &book.LapseCoupon{OutNumber: p.OutNumber})
}

// Would catch a coupon that is booked as cash, spent beyond its face or after it has
// lapsed, and a rest that becomes somebody's income.
func TestCouponIsSpentAndLapses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, p := f.couponed()
	f.balanced("m1", balances{
		ledger.Deposit: 80_000, ledger.CouponLiability: 200_000, ledger.PlatformCash: -20_000, ledger.SettlementClearing: 300_000,
	})
	o, err := f.redeem(p, 150_000, "buy-1")
	f.must(err)
	if o.Payout.Coupon.Redeemed != 150_000 || o.Payout.Coupon.State != payout.CouponIssued || len(o.Transfers) != 1 {
		t.Fatalf("redeemed: %+v", o.Payout)
	}
	_, err = f.redeem(p, 50_001, "buy-2")
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.CouponExceeded || refusal.Fields["leftMinor"] != "50000" {
		t.Errorf("above the face: %v", err)
	}
	if _, err := f.redeem(p, 1, "buy-1"); !errors.Is(err, fault.ReferenceAlreadyUsed) {
		t.Errorf("another amount under the reference: %v", err)
	}
	if _, err := f.lapseCoupon(p); !errors.Is(err, fault.PayoutStateConflict) {
		t.Errorf("lapsed before its time: %v", err)
	}
	f.Move(expiry.Sub(f.Now()) + time.Second)
	if o, err = f.lapseCoupon(p); err != nil || o.Payout.Coupon.State != payout.CouponLapsed {
		t.Fatalf("lapsed: %v %+v", err, o.Payout)
	}
	f.balanced("m1", balances{
		ledger.Deposit: 80_000, ledger.Suspense: 50_000, ledger.PlatformCash: -170_000, ledger.SettlementClearing: 300_000,
	})
	if _, err := f.lapseCoupon(p); !errors.Is(err, fault.PayoutStateConflict) {
		t.Errorf("lapsed twice: %v", err)
	}
	if _, err := f.redeem(p, 1, "buy-3"); !errors.Is(err, fault.PayoutStateConflict) {
		t.Errorf("spent after it lapsed: %v", err)
	}
	if c := f.answer(p, payout.OutcomeReturned); c.Funding.Paid() != 220_000 {
		t.Errorf("came back after it lapsed: %+v", c.Funding)
	}
}

// Would catch a coupon that comes back and is payable again with what was spent of
// it, or not at all.
func TestReturnedCouponIsPayableAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, p := f.couponed()
	_, err := f.redeem(p, 50_000, "buy-1")
	f.must(err)
	c := f.answer(p, payout.OutcomeReturned)
	if c.State != claim.PayoutFailed || c.Funding.CompensationFailed != 150_000 || c.Funding.CompensationPaid != 50_000 {
		t.Fatalf("returned: %s %+v", c.State, c.Funding)
	}
	f.balanced("m1", balances{
		ledger.Deposit: 80_000, ledger.ClaimPayable: 150_000, ledger.PlatformCash: -70_000, ledger.SettlementClearing: 300_000,
	})
	_, err = f.Do(f.request("m1", "RetryPayout"), &book.RetryPayout{OnClaim: book.OnClaim{Etag: c.Etag()}, PayoutID: p.ID})
	f.must(err)
	made := f.Made()
	if len(made) != 1 || made[0].Amount != 150_000 || made[0].Form != claim.Coupon || made[0].OutNumber == p.OutNumber {
		t.Fatalf("sent again: %+v", made)
	}
	if c = f.answer(made[0], payout.OutcomeSucceeded); c.State != claim.Paid || c.Funding.CompensationPaid != 200_000 {
		t.Fatalf("paid: %s %+v", c.State, c.Funding)
	}
}

// Would catch purchases of one batch that together spend more than the face, one that
// is sent again and spends it twice, and a payout that is no coupon.
func TestCouponIsSpentOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, p := f.couponed()
	var batch []booktest.Asked
	for _, reference := range []string{"buy-1", "buy-2", "buy-3"} {
		// Whoever runs a batch has found the payout before.
		cmd := &book.RedeemCoupon{OutNumber: p.OutNumber, Amount: 100_000, Currency: "CNY", Reference: reference}
		_, id := cmd.Address()
		*id = p.ID
		batch = append(batch, booktest.Asked{Header: f.request("m1", "ReportCouponRedeemed"), Of: cmd})
	}
	batch = append(batch, batch[0])
	for i, a := range f.Together(batch...) {
		switch {
		case i == 2 && !errors.Is(a.Err, fault.CouponExceeded):
			t.Errorf("beyond the face: %v", a.Err)
		case i != 2 && (a.Err != nil || a.Outcome.Replayed != (i == 3)):
			t.Errorf("purchase %d: %v, replayed %v", i, a.Err, a.Outcome.Replayed)
		}
	}
	f.balanced("m1", balances{ledger.Deposit: 80_000, ledger.PlatformCash: -220_000, ledger.SettlementClearing: 300_000})

	f.open("m2", 300_000)
	f.accept(f.confirmNotice(f.found(filing(line("m2", "l2", 2, 20_000), 1, 2))))
	cash := f.Made()[0]
	f.Send(cash)
	if _, err := f.redeem(cash, 1, "buy-9"); !errors.Is(err, fault.PayoutStateConflict) {
		t.Errorf("spent what is no coupon: %v", err)
	}
	if _, err := f.redeem(payout.Payout{OutNumber: "nobody"}, 1, "buy-9"); !errors.Is(err, fault.PayoutNotFound) {
		t.Errorf("of no payout: %v", err)
	}
}
