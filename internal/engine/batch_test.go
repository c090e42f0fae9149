package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
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
	command := func(method string, of book.Command) engine.Asked {
		return engine.Asked{Header: f.request("m1", method), Of: of}
	}
	answer := func(part payout.Part) func(engine.Decided) engine.Asked {
		return func(so engine.Decided) engine.Asked {
			for _, p := range so.Made {
				if p.Part == part {
					return command("AnswerPayout", &book.AnswerPayout{PayoutID: p.ID, ClaimID: p.ClaimID, Answer: payout.Answer{
						Outcome: payout.OutcomeSucceeded, GatewayReference: "gateway-1", ExpiresAt: expiry,
					}})
				}
			}
			t.Fatalf("no payout of the %s was made", part)
			return engine.Asked{}
		}
	}
	// A batch of its own goes past the reserver.
	for reference, kind := range map[string]book.ReferenceKind{
		"bank-1": book.PaymentReference, "sales-1": book.PaymentReference, "lab-1/r1": book.AuthenticationReport,
	} {
		_, _, err := f.engine.Reserve(t.Context(), postgres.Reservation{Kind: kind, Reference: reference, MerchantID: "m1", Holder: "batch"})
		f.must(err)
	}
	done, err := f.engine.InOneBatch(
		func(engine.Decided) engine.Asked { return command("OpenBook", &book.OpenBook{Currency: "CNY"}) },
		func(engine.Decided) engine.Asked {
			return command("TopUpDeposit", &book.MoneyMove{Kind: ledger.DepositToppedUp, Amount: 200_000, Currency: "CNY", Reference: "bank-1"})
		},
		func(engine.Decided) engine.Asked { return command("FileClaim", &filed) },
		func(so engine.Decided) engine.Asked {
			r := result(so.Last.Claim, claim.Counterfeit, "r1")
			r.Kind, r.Fee, r.FeeCurrency, r.FeePaidBy = claim.AccreditedLab, 3_000, "CNY", claim.FeePayerPlatform
			return command("RecordResult", &book.RecordResult{Result: r})
		},
		func(so engine.Decided) engine.Asked {
			return command("ConfirmNotice", &book.ConfirmNotice{OnClaim: book.OnClaim{ClaimID: so.Last.ClaimID}})
		},
		func(so engine.Decided) engine.Asked {
			return command("AcceptClaim", &book.AcceptClaim{OnClaim: book.OnClaim{ClaimID: so.Last.ClaimID, Etag: so.Last.Claim.Etag()}})
		},
		answer(payout.Refund), answer(payout.Compensation),
		func(engine.Decided) engine.Asked {
			return command("FileClaim", new(filing(line("m1", "l2", 1, 10_000), 1)))
		},
		func(engine.Decided) engine.Asked { // It may be used for the fee, so a sweep is due.
			return command("ShopFunds", &book.MoneyMove{Kind: ledger.ShopFundsHandedOver, Amount: 5_000, Currency: "CNY", Reference: "sales-1"})
		},
	)
	f.must(err)
	if h := f.head("m1"); !cmp.Equal(h, done.Book) || h.Exposure == 0 || h.Sweep.Since.IsZero() {
		t.Errorf("the book is stored as %s", cmp.Diff(done.Book, h))
	}
	paid := f.current(&claim.Claim{MerchantID: "m1", ID: done.Made[0].ClaimID})
	if paid.State != claim.Paid || paid.ConfirmedAt.IsZero() || !paid.ByResults || paid.Fees.Owed != 3_000 {
		t.Errorf("the claim is stored as %+v", paid)
	}
	payouts := f.rows(`SELECT count(*) FROM payouts WHERE coupon_state = 'ISSUED' AND coupon_expires_at IS NOT NULL`)
	if payouts != 1 {
		t.Errorf("%d coupons are stored, want 1", payouts)
	}
	f.audited()
}
