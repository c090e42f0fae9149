package book_test

import (
	"errors"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/proposal"
)

// charging publishes a promise with a rule for fees that is in force when the
// fixtures' lines are paid.
func (f *fixture) charging(rule policy.FeeRule) {
	f.t.Helper()
	v := policy.WithoutLimits()[0]
	v.Number, v.AuthenticationFee = 2, rule
	f.publish(v)
}

// tested records a result that cost a fee.
func (f *fixture) tested(c *claim.Claim, v claim.Verdict, report string, fee money.Amount, by claim.FeePayer) (*claim.Claim, error) {
	f.t.Helper()
	r := result(c, v, report)
	r.Fee, r.FeeCurrency, r.FeePaidBy = fee, "CNY", by
	o, err := f.Do(f.request(c.MerchantID, "RecordResult"), &book.RecordResult{Result: r})
	return o.Claim, err
}

// charged makes a paid claim of 110,000 whose test cost the platform 3,000.
func (f *fixture) charged(deposit money.Amount) *claim.Claim {
	f.t.Helper()
	f.open("m1", deposit)
	f.authenticator("lab-1", claim.AccreditedLab)
	c, err := f.tested(f.file(filing(line("m1", "l1", 1, 10_000), 1)), claim.Counterfeit, "r1", 3_000, claim.FeePayerPlatform)
	f.must(err)
	if c.Fees != (claim.Fees{Fronted: 3_000}) {
		f.t.Fatalf("charged before notice: %+v", c.Fees)
	}
	return f.paid(f.accept(f.confirmNotice(c)))
}

// Would catch a fee that the platform paid and nobody is charged for, that is
// charged before the notice, and one that does not follow the verdict as it flips.
func TestC11LoserBearsTheFeeThroughFlips(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.charging(policy.FeeLoser)
	c := f.charged(200_000)
	if want := (claim.Fees{Fronted: 3_000, Merchant: 3_000, Owed: 3_000}); c.Fees != want {
		t.Fatalf("charged: %+v", c.Fees)
	}
	f.balanced("m1", balances{
		ledger.Deposit: 90_000, ledger.Receivable: 3_000, ledger.PlatformCash: -113_000, ledger.SettlementClearing: 200_000,
	})

	c = f.revised(c, book.GroundNewEvidence, claim.Genuine)
	if want := (claim.Fees{Fronted: 3_000, Consumer: 3_000}); c.Fees != want {
		t.Fatalf("the claimant lost: %+v", c.Fees)
	}
	f.balanced("m1", balances{
		ledger.Deposit: 200_000, ledger.ConsumerReceivable: 3_000, ledger.ReversalLoss: 110_000,
		ledger.PlatformCash: -113_000, ledger.SettlementClearing: 200_000,
	})

	c = f.accept(f.confirmNotice(f.revised(c, book.GroundCourtDecision, claim.Counterfeit)))
	f.topUp("m1", 10_000)
	f.sweep("m1")
	if c = f.current(c); c.Fees != (claim.Fees{Fronted: 3_000, Merchant: 3_000}) {
		t.Fatalf("recovered: %+v", c.Fees)
	}
	f.balanced("m1", balances{ledger.Deposit: 97_000, ledger.PlatformCash: -113_000, ledger.SettlementClearing: 210_000})

	c = f.revised(c, book.GroundNewEvidence, claim.Genuine)
	if want := (claim.Fees{Fronted: 3_000, Consumer: 3_000}); c.Fees != want {
		t.Fatalf("refunded: %+v", c.Fees)
	}
	f.balanced("m1", balances{
		ledger.Deposit: 210_000, ledger.ConsumerReceivable: 3_000, ledger.ReversalLoss: 110_000,
		ledger.PlatformCash: -113_000, ledger.SettlementClearing: 210_000,
	})
}

// Would catch a fee that was given up and is paid out to the merchant, who never
// paid it, once the verdict falls.
func TestWrittenOffFeeIsNotRefunded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.charging(policy.FeeSplit)
	c := f.charged(110_000)
	off := proposing(proposal.WriteOff, 2_000)
	off.DebtKind, off.DebtID = debt.Fee, c.ID
	f.carriedOut("m1", off)
	c = f.current(c)
	if want := (claim.Fees{Fronted: 3_000, Merchant: 3_000, Owed: 1_000, WrittenOff: 2_000}); c.Fees != want {
		t.Fatalf("written off: %+v", c.Fees)
	}
	f.balanced("m1", balances{ledger.Receivable: 1_000, ledger.WriteOff: 2_000, ledger.PlatformCash: -113_000, ledger.SettlementClearing: 110_000})
	c = f.revised(c, book.GroundNewEvidence, claim.Genuine)
	if want := (claim.Fees{Fronted: 3_000, Consumer: 3_000}); c.Fees != want {
		t.Fatalf("the claimant lost: %+v", c.Fees)
	}
	f.balanced("m1", balances{
		ledger.Deposit: 110_000, ledger.ConsumerReceivable: 3_000, ledger.ReversalLoss: 110_000,
		ledger.PlatformCash: -113_000, ledger.SettlementClearing: 110_000,
	})
}

// Would catch a fee that the claimant proved and does not get, whether it was known
// with the verdict, during the notice or after payment, and one that the merchant is
// debited for without another notice.
func TestC11ClaimantsFeeIsAddedToTheAward(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.charging(policy.FeeAdded)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c, err := f.tested(f.file(filing(line("m1", "l1", 1, 10_000), 1)), claim.Counterfeit, "r1", 3_000, claim.FeePayerClaimant)
	f.must(err)
	if c.Award.Total() != 113_000 || c.Funding.Held != 113_000 {
		t.Fatalf("with the verdict: %+v, held %d", c.Award, c.Funding.Held)
	}
	c = f.confirmNotice(c)
	c, err = f.tested(c, claim.Counterfeit, "r2", 500, claim.FeePayerClaimant)
	f.must(err)
	if c.Award.Total() != 113_500 || c.Funding.Held != 113_500 || !c.NoticeConfirmedAt.IsZero() || c.State != claim.Notified {
		t.Fatalf("during the notice: %s %+v, held %d", c.State, c.Award, c.Funding.Held)
	}
	c = f.paid(f.accept(f.confirmNotice(c)))
	c, err = f.tested(c, claim.Counterfeit, "r3", 700, claim.FeePayerClaimant)
	f.must(err)
	if c.Award.Total() != 114_200 || c.Funding.FromDeposit != 113_500 || c.State != claim.Notified {
		t.Fatalf("after payment: %s %+v, %+v", c.State, c.Award, c.Funding)
	}
	c = f.paid(f.accept(f.confirmNotice(c)))
	if c.State != claim.Paid || c.Funding.Paid() != 114_200 {
		t.Fatalf("paid: %s %+v", c.State, c.Funding)
	}
	f.balanced("m1", balances{ledger.Deposit: 385_800, ledger.PlatformCash: -114_200, ledger.SettlementClearing: 500_000})
}

// Would catch a fee in another currency or out of range, and a retry that books a
// fee twice or forgets it.
func TestFeesAreCheckedAndKeptOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.file(filing(line("m1", "l1", 1, 10_000), 1))
	r := result(c, claim.Counterfeit, "r1")
	r.Fee, r.FeeCurrency, r.FeePaidBy = 3_000, "USD", claim.FeePayerPlatform
	cmd := book.RecordResult{Result: r}
	h := f.request("m1", "RecordResult")
	_, err := f.Do(h, &cmd)
	if refusal, ok := fault.As(err); !ok || refusal.Reason != fault.CurrencyMismatch || refusal.Field != "fee.currency_code" {
		t.Errorf("in another currency: %v", err)
	}
	if _, err := f.tested(c, claim.Counterfeit, "r1", -1, claim.FeePayerPlatform); !errors.Is(err, fault.AmountOutOfRange) {
		t.Errorf("below zero: %v", err)
	}
	cmd.Result.FeeCurrency = "CNY"
	for i := range 2 {
		if o, err := f.Do(h, &cmd); err != nil || o.Replayed != (i > 0) {
			t.Fatalf("try %d: %v, replayed %v", i, err, o.Replayed)
		}
	}
	cmd.Result.Fee, cmd.Result.FeeCurrency, cmd.Result.FeePaidBy = 0, "", ""
	if _, err := f.Do(h, &cmd); !errors.Is(err, fault.RequestIDReused) {
		t.Errorf("sent again without its fee: %v", err)
	}
	stored := f.Rows("m1").SortedResults()
	if len(stored) != 1 || stored[0].ClaimID != c.ID || stored[0].Fee != 3_000 || stored[0].FeePaidBy != claim.FeePayerPlatform {
		t.Errorf("stored: %+v", stored)
	}
	f.balanced("m1", balances{
		ledger.Deposit: 390_000, ledger.DepositHeld: 110_000, ledger.AuthenticationFees: 3_000,
		ledger.PlatformCash: -3_000, ledger.SettlementClearing: 500_000,
	})
}

// Would catch a fee that is charged to a merchant who was told of no fee: what a result
// cost that came after the debit needs a notice of its own.
func TestLateFeeNeedsANotice(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.charging(policy.FeeLoser)
	f.open("m1", 500_000)
	labs(f)
	c := f.paid(f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1)))))
	if c.State != claim.Paid || c.Fees.Merchant != 0 {
		t.Fatalf("%s, %+v", c.State, c.Fees)
	}
	c, err := f.tested(c, claim.Counterfeit, "R-2", 3_000, claim.FeePayerPlatform)
	f.must(err)
	if c.State != claim.Notified || c.Fees.Fronted != 3_000 || c.Fees.Merchant != 0 || c.Award.Total() != 110_000 {
		t.Fatalf("after the result: %s, %+v, %+v", c.State, c.Award, c.Fees)
	}
	c = f.accept(f.confirmNotice(c))
	if made := f.Made(); c.State != claim.Paid || c.Fees.Merchant != 3_000 || len(made) != 0 {
		t.Errorf("accepted: %s, %+v, %+v", c.State, c.Fees, made)
	}
	f.audited()
}

// Would catch a fee that goes back to another account than the one that paid it.
func TestFeeGoesBackToWhatPaidIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.charging(policy.FeeLoser)
	c := f.charged(110_000)
	f.topUp("m1", 1_000)
	f.sweepAll("m1", 1)
	f.must(f.move("m1", ledger.ShopFundsHandedOver, 50_000))
	f.sweepAll("m1", 0)
	if c = f.current(c); c.Fees.Owed != 0 || c.Fees.FromShopFunds != 2_000 {
		t.Fatalf("recovered: %+v, with %v", c.Fees, f.balances("m1"))
	}
	f.revisedTo(c, claim.Genuine)
	if c = f.current(c); c.Fees.Merchant != 0 || c.Fees.FromShopFunds != 0 {
		t.Errorf("no longer due: %+v", c.Fees)
	}
	if got := f.balances("m1"); got[ledger.Deposit] != 111_000 || got[ledger.ShopFunds] != 50_000 {
		t.Errorf("the merchant has %v", got)
	}
	f.audited()
}
