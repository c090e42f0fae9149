package book_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/book/booktest"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// paying brings a claim of two payouts (refund 20,000, compensation 200,000)
// to where the gateway has to answer.
func (f *fixture) paying(merchant, lineID string) (*claim.Claim, []payout.Payout) {
	f.t.Helper()
	c := f.file(filing(line(merchant, lineID, 2, 20_000), 1, 2))
	c = f.record(c, result(c, claim.Counterfeit, "R-"+merchant+"-"+lineID))
	c = f.accept(f.confirmNotice(c))
	made := f.Made()
	if c.State != claim.Paying || len(made) != 2 {
		f.t.Fatalf("claim is %s with %d payouts", c.State, len(made))
	}
	return c, made
}

func (f *fixture) retry(c *claim.Claim, p payout.Payout) *claim.Claim {
	f.t.Helper()
	o, err := f.Do(f.request(c.MerchantID, "RetryPayout"), &book.RetryPayout{OnClaim: book.OnClaim{Etag: c.Etag()}, PayoutID: p.ID, Note: "again"})
	if err != nil {
		f.t.Fatal(err)
	}
	return o.Claim
}

func onePaying(t *testing.T) (*fixture, *claim.Claim, []payout.Payout) {
	t.Helper()
	f := newFixture(t)
	f.open("m1", 500_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c, made := f.paying("m1", "l1")
	return f, c, made
}

// Would catch a failed payout that is sent again under another out-number, or
// for another amount, and a claim that is PAID while a part is missing.
func TestFailedPayoutIsRetriedUnderItsNumber(t *testing.T) {
	t.Parallel()
	f, _, made := onePaying(t)
	c := f.answer(made[0], payout.OutcomeFailed)
	if c.State != claim.PayoutFailed || c.Funding.Payable() != 20_000 {
		t.Fatalf("after the failure: %s, payable %d", c.State, c.Funding.Payable())
	}
	f.audited()
	c = f.answer(made[1], payout.OutcomeSucceeded)
	if c.State != claim.PayoutFailed {
		t.Fatalf("with the refund missing the claim is %s", c.State)
	}
	c = f.retry(c, made[0])
	again := f.Made()
	if len(again) != 1 || again[0].OutNumber != made[0].OutNumber || again[0].Amount != made[0].Amount || c.State != claim.Paying {
		t.Fatalf("retried as %+v, claim %s", again, c.State)
	}
	if c = f.answer(again[0], payout.OutcomeSucceeded); c.State != claim.Paid {
		t.Fatalf("in the end the claim is %s", c.State)
	}
	f.audited()
}

// Would catch a payout that came back after it had arrived and is lost, or is
// paid again under the number that the gateway has already paid.
func TestReturnedPayoutIsPaidUnderANewNumber(t *testing.T) {
	t.Parallel()
	f, _, made := onePaying(t)
	f.answer(made[0], payout.OutcomeSucceeded)
	if c := f.answer(made[1], payout.OutcomeSucceeded); c.State != claim.Paid {
		t.Fatalf("claim is %s", c.State)
	}
	c := f.answer(made[1], payout.OutcomeReturned)
	if c.State != claim.PayoutFailed || c.Funding.Payable() != 200_000 || c.Funding.CompensationPaid != 0 {
		t.Fatalf("after the return: %s %+v", c.State, c.Funding)
	}
	f.audited()
	f.retry(c, made[1])
	again := f.Made()
	if len(again) != 1 || again[0].OutNumber == made[1].OutNumber || again[0].Amount != 200_000 {
		t.Fatalf("paid again as %+v", again)
	}
	if c = f.answer(again[0], payout.OutcomeSucceeded); c.State != claim.Paid {
		t.Fatalf("in the end the claim is %s", c.State)
	}
	want := map[ledger.Purpose]money.Amount{
		ledger.Deposit: 280_000, ledger.SettlementClearing: 500_000, ledger.PlatformCash: -220_000,
	}
	if diff := cmp.Diff(want, f.balances("m1")); diff != "" {
		t.Fatal(diff)
	}
	f.audited()
}

// Would catch a payout that goes to another destination while the gateway may
// still pay it to the first, and money that a late success then moves twice.
func TestRedirectWaitsUntilTheFailureIsCertain(t *testing.T) {
	t.Parallel()
	f, _, made := onePaying(t)
	f.answer(made[1], payout.OutcomeSucceeded)
	c := f.answer(made[0], payout.OutcomeFailed)
	redirect := func() (book.Outcome, error) {
		return f.Do(f.request("m1", "RetryPayout"), &book.RetryPayout{OnClaim: book.OnClaim{Etag: c.Etag()}, PayoutID: made[0].ID, Destination: "wallet-2", Note: "closed account"})
	}
	if _, err := redirect(); !errors.Is(err, fault.PayoutStateConflict) {
		t.Fatalf("before not_after: %v", err)
	}
	f.Move(booktest.PayoutLife + time.Second)
	f.answer(made[0], payout.OutcomeFailed) // The gateway's clock may be slower.
	if _, err := redirect(); !errors.Is(err, fault.PayoutStateConflict) {
		t.Fatalf("right after not_after: %v", err)
	}
	f.Move(booktest.LapseGrace)
	if _, err := redirect(); !errors.Is(err, fault.PayoutStateConflict) {
		t.Fatalf("before the gateway was asked again: %v", err)
	}
	f.answer(made[0], payout.OutcomeFailed)
	f.audited()
	o, err := redirect()
	if err != nil {
		t.Fatal(err)
	}
	again := f.Made()
	if len(again) != 1 || again[0].Destination != "wallet-2" || again[0].OutNumber == made[0].OutNumber || o.Payout.ID != again[0].ID {
		t.Fatalf("redirected as %+v", again)
	}
	late := f.Together(booktest.Asked{
		Header: f.request("m1", "ReportPayoutOutcome"),
		Of:     &book.AnswerPayout{PayoutID: made[0].ID, Answer: payout.Answer{Outcome: payout.OutcomeSucceeded}},
	})[0]
	paid := made[0].Amount
	if c := late.Outcome.Claim; late.Err != nil || !c.Escalated || c.Funding.RefundPaid != paid || c.Funding.ClawedBack != paid {
		t.Fatalf("a success that came too late: %+v", late)
	}
	if c := f.answer(again[0], payout.OutcomeSucceeded); c.State != claim.Paid || c.Funding.RefundPaid != 2*paid || c.Funding.ClawedBack != paid {
		t.Fatalf("in the end the claim is %s with %+v", c.State, c.Funding)
	}
	f.audited()
}

// Would catch a failure of an earlier try that ends the one under way: told late
// by the payment service, or found by a worker who was overtaken by the operator.
func TestFailureOfAnEarlierTryEndsNothing(t *testing.T) {
	t.Parallel()
	f, _, made := onePaying(t)
	f.answer(made[1], payout.OutcomeSucceeded)
	c := f.answer(made[0], payout.OutcomeFailed)
	failedAt := f.Now()
	f.Move(time.Hour)
	f.retry(c, made[0])
	of := book.AnswerPayout{PayoutID: made[0].ID, Answer: payout.Answer{Outcome: payout.OutcomeFailed}, NotAfter: made[0].NotAfter}
	o, err := f.Do(request.System("m1", "AnswerPayout"), &of)
	if err != nil || o.Payout.State != payout.Instructed {
		t.Fatalf("after the worker's answer: %+v, %v", o.Payout, err)
	}
	of = book.AnswerPayout{PayoutID: made[0].ID, Answer: payout.Answer{Outcome: payout.OutcomeFailed, OccurredAt: failedAt}}
	late := f.Together(booktest.Asked{Header: f.request("m1", "ReportPayoutOutcome"), Of: &of})[0]
	if late.Err != nil || late.Outcome.Payout.State != payout.Instructed {
		t.Fatalf("after the late report: %+v, %v", late.Outcome.Payout, late.Err)
	}
	if c := f.answer(made[0], payout.OutcomeSucceeded); c.State != claim.Paid {
		t.Fatalf("in the end the claim is %s", c.State)
	}
	f.audited()
}

// Would catch a retry of what is under way, or by nobody.
func TestRetryRefusesWhatHasNotFailed(t *testing.T) {
	t.Parallel()
	f, c, made := onePaying(t)
	h := f.request("m1", "RetryPayout")
	if _, err := f.Do(h, &book.RetryPayout{OnClaim: book.OnClaim{Etag: c.Etag()}, PayoutID: made[0].ID}); !errors.Is(err, fault.PayoutStateConflict) {
		t.Fatal(err)
	}
	if _, err := f.Do(h, &book.RetryPayout{OnClaim: book.OnClaim{Etag: c.Etag()}, PayoutID: "none"}); !errors.Is(err, fault.PayoutNotFound) {
		t.Fatal(err)
	}
	h.Principal.Person = ""
	if _, err := f.Do(h, &book.RetryPayout{OnClaim: book.OnClaim{Etag: c.Etag()}, PayoutID: made[0].ID}); !errors.Is(err, fault.PersonRequired) {
		t.Fatal(err)
	}
}

// Would catch money counted twice by an answer that comes twice, late or
// against an earlier one.
func TestAnswersOfTheGatewayCountOnce(t *testing.T) {
	t.Parallel()
	const (
		processing = payout.Processing
		ok         = payout.OutcomeSucceeded
		failed     = payout.OutcomeFailed
		returned   = payout.OutcomeReturned
		unseen     = payout.NotFound
	)
	for name, row := range map[string]struct {
		said []payout.Outcome // About the refund.
		paid money.Amount
		open money.Amount // Payable again.
		// marked says that a person has to look at a contradiction.
		marked bool
	}{
		"twice":                        {[]payout.Outcome{ok, ok}, 20_000, 0, false},
		"processing first":             {[]payout.Outcome{processing, unseen, ok}, 20_000, 0, false},
		"processing after the success": {[]payout.Outcome{ok, processing}, 20_000, 0, false},
		"failed twice":                 {[]payout.Outcome{failed, failed}, 0, 20_000, false},
		"failed after the success":     {[]payout.Outcome{ok, failed}, 20_000, 0, true},
		"late success":                 {[]payout.Outcome{failed, ok}, 20_000, 0, false},
		"late success twice":           {[]payout.Outcome{failed, ok, ok}, 20_000, 0, false},
		"returned unannounced":         {[]payout.Outcome{returned}, 0, 20_000, false},
		"returned twice":               {[]payout.Outcome{ok, returned, returned}, 0, 20_000, false},
		"success after the return":     {[]payout.Outcome{ok, returned, ok}, 0, 20_000, false},
		"returned after a failure":     {[]payout.Outcome{failed, returned}, 0, 20_000, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, c, made := onePaying(t)
			for _, said := range row.said {
				// The worker asks and the payment service reports: both may speak.
				f.answer(made[0], said)
				reported := f.Together(booktest.Asked{
					Header: f.request("m1", "ReportPayoutOutcome"),
					Of:     &book.AnswerPayout{PayoutID: made[0].ID, Answer: payout.Answer{Outcome: said}},
				})[0]
				if reported.Err != nil {
					t.Fatal(reported.Err)
				}
				c = reported.Outcome.Claim
			}
			if c.Funding.RefundPaid != row.paid || c.Funding.Payable() != row.open || c.Escalated != row.marked {
				t.Errorf("paid %d, payable %d, marked %v; want %d, %d, %v",
					c.Funding.RefundPaid, c.Funding.Payable(), c.Escalated, row.paid, row.open, row.marked)
			}
			f.audited()
		})
	}
}

// Would catch a batch that ends a payout's row in the list of dues and begins
// it again: the failure and the retry of one payout in one transaction.
func TestFailureAndRetryInOneBatch(t *testing.T) {
	t.Parallel()
	f, c, made := onePaying(t)
	f.answer(made[0], payout.OutcomeFailed)
	answers := f.Together(
		booktest.Asked{
			Header: f.request("m1", "ReportPayoutOutcome"),
			Of:     &book.AnswerPayout{PayoutID: made[1].ID, ClaimID: c.ID, Answer: payout.Answer{Outcome: payout.OutcomeFailed}},
		},
		booktest.Asked{Header: f.request("m1", "RetryPayout"), Of: new(book.RetryPayout{PayoutID: made[0].ID})},
	)
	for _, a := range answers {
		if a.Err != nil {
			t.Fatal(a.Err)
		}
	}
	if got := answers[1].Outcome.Claim; got.State != claim.Paying || got.Funding.InFlight() != 220_000 {
		t.Fatalf("claim is %s with %+v", got.State, got.Funding)
	}
	f.audited()
}

// Would catch a claim whose award is nothing and that can never be confirmed,
// or that stays PAYING for ever: goods ordered after the claimant knew, with no
// refund asked for.
func TestAwardOfNothingIsPaidAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	f.authenticator("lab-1", claim.AccreditedLab)
	cmd := filing(line("m1", "l1", 1, 10_000), 1)
	cmd.Remedies.Refund = false
	cmd.LearnedAt = cmd.Line.PaidAt.AddDate(0, 0, -1)
	c := f.file(cmd)
	c = f.record(c, result(c, claim.Counterfeit, "R-1"))
	if c.State != claim.Notified || c.Award != (claim.Award{}) {
		t.Fatalf("after the result: %s %+v", c.State, c.Award)
	}
	c = f.accept(f.confirmNotice(c))
	if c.State != claim.Paid || len(f.Made()) != 0 {
		t.Fatalf("after acceptance: %s", c.State)
	}
	f.audited()
}
