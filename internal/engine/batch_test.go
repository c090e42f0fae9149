package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
)

// Would catch what one batch decides on rows that it makes itself, and does not
// store: here a book is opened, and a claim filed, found, confirmed, accepted and
// paid by coupon, before anything of it is written.
func TestOneBatchMakesRowsAndChangesThem(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.charging(policy.FeeLoser)
	f.authenticator("lab-1", claim.AccreditedLab)
	filed := filing(line("m1", "l1", 1, 10_000), 1)
	filed.PayoutForm = claim.Coupon
	command := func(method string, of any) engine.Command {
		return engine.Command{Header: f.request("m1", method), Of: of}
	}
	answer := func(part payout.Part) func(engine.Decided) engine.Command {
		return func(so engine.Decided) engine.Command {
			for _, p := range so.Made {
				if p.Part == part {
					return command("AnswerPayout", &engine.AnswerPayout{PayoutID: p.ID, ClaimID: p.ClaimID, Answer: payout.Answer{
						Outcome: payout.OutcomeSucceeded, GatewayReference: "gateway-1", ExpiresAt: expiry,
					}})
				}
			}
			t.Fatalf("no payout of the %s was made", part)
			return engine.Command{}
		}
	}
	done, err := f.engine.InOneBatch(
		func(engine.Decided) engine.Command { return command("OpenBook", &engine.OpenBook{Currency: "CNY"}) },
		func(engine.Decided) engine.Command {
			return command("TopUpDeposit", &engine.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 200_000, Currency: "CNY", Reference: "bank-1"})
		},
		func(engine.Decided) engine.Command { return command("FileClaim", &filed) },
		func(so engine.Decided) engine.Command {
			r := result(so.Last.Claim, claim.Counterfeit, "r1")
			r.Kind, r.Fee, r.FeeCurrency, r.FeePaidBy = claim.AccreditedLab, 3_000, "CNY", claim.FeePayerPlatform
			return command("RecordResult", ptr(engine.NewRecordResult(r)))
		},
		func(so engine.Decided) engine.Command {
			return command("ConfirmNotice", ptr(engine.NewConfirmNotice(so.Last.ClaimID, 0)))
		},
		func(so engine.Decided) engine.Command {
			return command("AcceptClaim", ptr(engine.NewAcceptClaim(so.Last.ClaimID, so.Last.Claim.Etag(), "")))
		},
		answer(payout.Refund), answer(payout.Compensation),
		func(engine.Decided) engine.Command {
			return command("FileClaim", ptr(filing(line("m1", "l2", 1, 10_000), 1)))
		},
		func(engine.Decided) engine.Command { // It may be used for the fee, so a sweep is due.
			return command("ShopFunds", &engine.MoneyMove{Kind: ledger.ShopFundsHandedOver, Amount: 5_000, Currency: "CNY", Reference: "sales-1"})
		},
	)
	f.must(err)
	if h := f.head("m1"); !cmp.Equal(h, done.Book) || h.Exposure == 0 || h.Sweep.Since.IsZero() {
		t.Errorf("the book is stored as %s", cmp.Diff(done.Book, h))
	}
	paid := f.current(&claim.Claim{MerchantID: "m1", ID: done.Made[0].ClaimID})
	if paid.State != claim.Paid || paid.ConfirmedAt.IsZero() || paid.DecidedBy == "" || paid.Fees.Owed != 3_000 {
		t.Errorf("the claim is stored as %+v", paid)
	}
	payouts := f.rows(`SELECT count(*) FROM payouts WHERE coupon_state = 'ISSUED' AND coupon_expires_at IS NOT NULL`)
	if payouts != 1 {
		t.Errorf("%d coupons are stored, want 1", payouts)
	}
	f.audited()
}
