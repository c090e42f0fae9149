package book_test

import (
	"errors"
	"fmt"
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

// said is an outcome with an amount; zero for none.
func said(o payout.Outcome, amount money.Amount) payout.Answer {
	a := payout.Answer{Outcome: o}
	if amount != 0 {
		a.Amount, a.Currency = amount, "CNY"
	}
	return a
}

// report has the payment service report an outcome on its own.
func (f *fixture) report(p payout.Payout, a payout.Answer) (book.Outcome, error) {
	f.t.Helper()
	got := f.Together(booktest.Asked{
		Header: f.request(p.MerchantID, "ReportPayoutOutcome"), Of: &book.AnswerPayout{PayoutID: p.ID, Answer: a},
	})[0]
	return got.Outcome, got.Err
}

// Would catch sums that hang on the order in which the payment service tells what it
// paid, money that is counted twice because it is told twice, and an excess that nobody
// has to look at.
func TestO5ReportsOfAmountsEndAlikeInAnyOrder(t *testing.T) {
	t.Parallel()
	const (
		ok       = payout.OutcomeSucceeded
		returned = payout.OutcomeReturned
	)
	for name, row := range map[string]struct {
		said []payout.Answer // About the compensation of 200,000; the refund was paid.
		// paid is the compensation that stayed, open what is payable again, and owed what
		// the consumer owes back.
		paid, open, owed money.Amount
	}{
		"in part":                     {[]payout.Answer{said(ok, 120_000), said(ok, 120_000)}, 120_000, 80_000, 0},
		"in part, then more":          {[]payout.Answer{said(ok, 120_000), said(ok, 150_000)}, 150_000, 50_000, 0},
		"in part and whole":           {[]payout.Answer{said(ok, 120_000), said(ok, 200_000)}, 200_000, 0, 0},
		"in part, and without amount": {[]payout.Answer{said(ok, 120_000), said(ok, 0)}, 200_000, 0, 0},
		"twice of it":                 {[]payout.Answer{said(ok, 200_000), said(ok, 400_000), said(ok, 0)}, 400_000, 0, 200_000},
		"twice, of which all is back": {[]payout.Answer{said(ok, 400_000), said(returned, 400_000)}, 0, 200_000, 0},
		"a part is back":              {[]payout.Answer{said(ok, 200_000), said(returned, 50_000), said(returned, 70_000)}, 130_000, 70_000, 0},
		"a part of twice of it":       {[]payout.Answer{said(ok, 400_000), said(returned, 50_000)}, 350_000, 0, 150_000},
		"a part of a part":            {[]payout.Answer{said(ok, 120_000), said(returned, 20_000)}, 100_000, 100_000, 0},
		"more is back than was known": {[]payout.Answer{said(ok, 200_000), said(returned, 300_000)}, 0, 200_000, 0},
	} {
		for i, order := range everyOrder(row.said) {
			if name == "a part of a part" && order[0].Outcome == returned {
				continue // What comes back of a payout that is not told of came of the whole.
			}
			t.Run(fmt.Sprintf("%s %d", name, i), func(t *testing.T) {
				t.Parallel()
				f, c, made := onePaying(t)
				f.answer(made[0], ok)
				for _, a := range order {
					if _, err := f.report(made[1], a); err != nil {
						t.Fatal(err)
					}
				}
				c = f.current(c)
				got := []money.Amount{c.Funding.CompensationPaid, c.Funding.Payable(), c.Funding.ClawedBack}
				if diff := cmp.Diff([]money.Amount{row.paid, row.open, row.owed}, got); diff != "" {
					t.Errorf("paid, payable, owed back: %s", diff)
				}
				wanted := claim.Paid
				if row.open > 0 {
					wanted = claim.PayoutFailed
				}
				if c.State != wanted || c.State == claim.Paid && !c.Escalated {
					t.Errorf("the claim is %s, marked %v", c.State, c.Escalated)
				}
				f.audited()
			})
		}
	}
}

// everyOrder lists the orders of a few values.
func everyOrder[V any](values []V) [][]V {
	if len(values) < 2 {
		return [][]V{values}
	}
	var out [][]V
	for i := range values {
		rest := append(append([]V(nil), values[:i]...), values[i+1:]...)
		for _, tail := range everyOrder(rest) {
			out = append(out, append([]V{values[i]}, tail...))
		}
	}
	return out
}

// Would catch the rest of a payout that is lost, sent under the number that was paid
// already, or sent twice; and a whole payout that an operator sends once more.
func TestO5RestOfAPayoutMadeInPartIsSentUnderANewNumber(t *testing.T) {
	t.Parallel()
	f, _, made := onePaying(t)
	f.answer(made[0], payout.OutcomeSucceeded)
	o, err := f.report(made[1], said(payout.OutcomeSucceeded, 120_000))
	if err != nil {
		t.Fatal(err)
	}
	again := &book.RetryPayout{PayoutID: made[0].ID}
	if _, err := f.Do(f.request("m1", "RetryPayout"), again); !errors.Is(err, fault.PayoutStateConflict) {
		t.Fatalf("retry of a whole payout: %v", err)
	}
	c := f.retry(o.Claim, made[1])
	rest := f.Made()
	if len(rest) != 1 || rest[0].Amount != 80_000 || rest[0].OutNumber == made[1].OutNumber || c.State != claim.Paying || c.Escalated {
		t.Fatalf("sent %+v, claim %s", rest, c.State)
	}
	again.PayoutID = made[1].ID
	if _, err := f.Do(f.request("m1", "RetryPayout"), again); !errors.Is(err, fault.PayoutStateConflict) {
		t.Fatalf("retry of a rest that was sent: %v", err)
	}
	f.audited()
	if c = f.answer(rest[0], payout.OutcomeSucceeded); c.State != claim.Paid || c.Funding.CompensationPaid != 200_000 {
		t.Fatalf("in the end %s with %+v", c.State, c.Funding)
	}
	// What the first number paid after all came twice.
	if o, err = f.report(made[1], said(payout.OutcomeSucceeded, 200_000)); err != nil {
		t.Fatal(err)
	}
	if got := o.Claim; got.Funding.ClawedBack != 80_000 || got.State != claim.Paid || !got.Escalated {
		t.Fatalf("after the rest came twice: %s with %+v", got.State, got.Funding)
	}
	f.audited()
}

// Would catch a late success that is booked for its whole amount although a part of it
// arrived, and an excess on a claim whose verdict fell that no bearer has.
func TestO5AmountsOfLateSuccesses(t *testing.T) {
	t.Parallel()
	f, c, made := onePaying(t)
	f.answer(made[0], payout.OutcomeSucceeded)
	f.answer(made[1], payout.OutcomeFailed)
	o, err := f.report(made[1], said(payout.OutcomeSucceeded, 120_000))
	if err != nil {
		t.Fatal(err)
	}
	if got := o.Claim; got.State != claim.PayoutFailed || got.Funding.CompensationPaid != 120_000 || got.Funding.CompensationFailed != 80_000 {
		t.Fatalf("after a late part: %s with %+v", got.State, got.Funding)
	}
	f.audited()
	c = f.revised(f.current(c), book.GroundNewEvidence, claim.Genuine, claim.Genuine)
	if c.State != claim.Rejected || c.Funding.Lost != 140_000 {
		t.Fatalf("after the verdict fell: %s with %+v", c.State, c.Funding)
	}
	if o, err = f.report(made[1], said(payout.OutcomeSucceeded, 500_000)); err != nil {
		t.Fatal(err)
	}
	if got := o.Claim.Funding; got.Lost+got.ClawedBack != 520_000 || got.Paid() != 520_000 || !o.Claim.Escalated {
		t.Fatalf("after more than was sent: %+v", got)
	}
	f.audited()
}

// Would catch a coupon whose face is another than what the consumer got, and one that can
// be spent beyond it.
func TestO5CouponsHaveTheFaceThatArrived(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ arrived, left, owed money.Amount }{
		"in part": {60_000, 60_000, 0},
		"doubled": {200_000, 200_000, 100_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.open("m1", 300_000)
			f.authenticator("lab-1", claim.AccreditedLab)
			filed := filing(line("m1", "l1", 1, 10_000), 1)
			filed.PayoutForm = claim.Coupon
			f.accept(f.confirmNotice(f.found(filed)))
			p := f.Made()[1]
			if p.Amount != 100_000 || p.Form != claim.Coupon {
				t.Fatalf("the coupon is %+v", p)
			}
			f.Send(p)
			o, err := f.report(p, said(payout.OutcomeSucceeded, row.arrived))
			if err != nil {
				t.Fatal(err)
			}
			if o.Payout.CouponLeft() != row.left || o.Claim.Funding.ClawedBack != row.owed {
				t.Fatalf("left %d, owed back %d", o.Payout.CouponLeft(), o.Claim.Funding.ClawedBack)
			}
			f.audited()
			if _, err := f.redeem(p, row.left+1, "shop-1"); !errors.Is(err, fault.CouponExceeded) {
				t.Fatalf("beyond the face: %v", err)
			}
			if o, err = f.redeem(p, row.left, "shop-2"); err != nil || o.Payout.Coupon.State != payout.CouponRedeemed {
				t.Fatalf("the whole face: %+v, %v", o.Payout, err)
			}
			f.audited()
		})
	}
}

// Would catch an answer about other money, or about a try that never was, that is booked;
// and a refusal that names no field or leaves a trace.
func TestO5AnswersThatCannotBeAboutThePayout(t *testing.T) {
	t.Parallel()
	f, c, made := onePaying(t)
	before := f.head("m1")
	for name, row := range map[string]struct {
		a      payout.Answer
		reason fault.Reason
		field  string
	}{
		"another currency": {payout.Answer{Outcome: payout.OutcomeSucceeded, Amount: 20_000, Currency: "USD"}, fault.CurrencyMismatch, "amount.currency_code"},
		"no currency":      {payout.Answer{Outcome: payout.OutcomeSucceeded, Amount: 20_000}, fault.CurrencyMismatch, "amount.currency_code"},
		"nothing":          {payout.Answer{Outcome: payout.OutcomeSucceeded, Currency: "CNY"}, fault.AmountOutOfRange, "amount.minor_units"},
		"below nothing":    {payout.Answer{Outcome: payout.OutcomeReturned, Amount: -1, Currency: "CNY"}, fault.AmountOutOfRange, "amount.minor_units"},
		"beyond all money": {payout.Answer{Outcome: payout.OutcomeSucceeded, Amount: money.MaxAmount + 1, Currency: "CNY"}, fault.AmountOutOfRange, "amount.minor_units"},
		"a later try":      {payout.Answer{Outcome: payout.OutcomeFailed, Try: 2}, fault.RequestInvalid, "try_number"},
		"a try before all": {payout.Answer{Outcome: payout.OutcomeFailed, Try: -1}, fault.RequestInvalid, "try_number"},
	} {
		_, err := f.report(made[0], row.a)
		if refusal, ok := fault.As(err); !ok || !errors.Is(err, row.reason) || refusal.Field != row.field {
			t.Errorf("%s: %v, at %v", name, err, refusal)
		}
	}
	if diff := cmp.Diff(before, f.head("m1")); diff != "" {
		t.Errorf("the refusals left: %s", diff)
	}
	if c = f.current(c); c.State != claim.Paying || c.Escalated {
		t.Errorf("the claim is %s, marked %v", c.State, c.Escalated)
	}
}

// Would catch a failure of an earlier try that ends a later one because the gateway's
// clock is ahead, and a failure of the current try that is taken for an earlier one
// because that clock is behind.
func TestO2TriesAreToldApartByNumber(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(f *fixture, p payout.Payout, a payout.Answer) (book.Outcome, error){
		"reported": func(f *fixture, p payout.Payout, a payout.Answer) (book.Outcome, error) { return f.report(p, a) },
		"asked": func(f *fixture, p payout.Payout, a payout.Answer) (book.Outcome, error) {
			// The worker's own idea of the try would say the opposite each time.
			notAfter := f.Rows("m1").Payouts[p.ID].NotAfter
			if a.Try == 2 {
				notAfter = p.NotAfter
			}
			return f.Do(request.System("m1", "AnswerPayout"), &book.AnswerPayout{PayoutID: p.ID, Answer: a, NotAfter: notAfter})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, _, made := onePaying(t)
			f.answer(made[1], payout.OutcomeSucceeded)
			c := f.answer(made[0], payout.OutcomeFailed)
			failedAt := f.Now()
			f.Move(time.Hour)
			f.retry(c, made[0])
			if p := f.Made()[0]; p.Try != 2 || p.OutNumber != made[0].OutNumber {
				t.Fatalf("the second try is %+v", p)
			}
			earlier := payout.Answer{Outcome: payout.OutcomeFailed, Try: 1, OccurredAt: f.Now()}
			if o, err := ask(f, made[0], earlier); err != nil || o.Payout.State != payout.Instructed || o.Claim.Escalated {
				t.Fatalf("after a failure of the first try: %+v, %v", o.Payout, err)
			}
			f.audited()
			current := payout.Answer{Outcome: payout.OutcomeFailed, Try: 2, OccurredAt: failedAt}
			if o, err := ask(f, made[0], current); err != nil || o.Payout.State != payout.Failed {
				t.Fatalf("after a failure of the second try: %+v, %v", o.Payout, err)
			}
			f.audited()
		})
	}
}

// Would catch a return of an earlier try that ends the one under way, or that nobody looks
// at although the gateway had said that this try failed.
func TestO2ReturnOfAnEarlierTryGoesToAPerson(t *testing.T) {
	t.Parallel()
	f, _, made := onePaying(t)
	f.answer(made[1], payout.OutcomeSucceeded)
	f.retry(f.answer(made[0], payout.OutcomeFailed), made[0])
	o, err := f.report(made[0], payout.Answer{Outcome: payout.OutcomeReturned, Try: 1})
	if err != nil || o.Payout.State != payout.Instructed || !o.Claim.Escalated {
		t.Fatalf("%+v, %v", o.Payout, err)
	}
	if c := f.answer(made[0], payout.OutcomeSucceeded); c.State != claim.Paid {
		t.Fatalf("in the end the claim is %s", c.State)
	}
	f.audited()
}

// Would catch a part that came back before its success was told, and is lost or counted
// as having arrived.
func TestPartReturnsBeforeItsSuccessIsTold(t *testing.T) {
	t.Parallel()
	f, _, made := onePaying(t)
	f.answer(made[0], payout.OutcomeSucceeded)
	for range 2 {
		o, err := f.report(made[1], said(payout.OutcomeReturned, 50_000))
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Claim.Funding; got.CompensationPaid != 150_000 || got.CompensationFailed != 50_000 {
			t.Fatalf("after the return: %+v", got)
		}
		f.audited()
	}
	if got := f.balances("m1")[ledger.ClaimPayable]; got != 50_000 {
		t.Errorf("payable: %d", got)
	}
}

// Would catch an answer whose request id is taken for a replay although the amount or the
// try is another, and an answer of callers who tell neither that gets another digest than
// it always had.
func TestAnswersAreOneRequestByAmountAndTry(t *testing.T) {
	t.Parallel()
	plain := book.AnswerPayout{PayoutID: "p", Answer: payout.Answer{Outcome: payout.OutcomeSucceeded}}
	seen := map[[32]byte]string{}
	for name, a := range map[string]payout.Answer{
		"plain":    plain.Answer,
		"amount":   {Outcome: payout.OutcomeSucceeded, Amount: 1, Currency: "CNY"},
		"another":  {Outcome: payout.OutcomeSucceeded, Amount: 2, Currency: "CNY"},
		"currency": {Outcome: payout.OutcomeSucceeded, Amount: 1, Currency: "USD"},
		"try":      {Outcome: payout.OutcomeSucceeded, Try: 1},
	} {
		cmd := plain
		cmd.Answer = a
		d := request.DigestOf(&cmd)
		if other, met := seen[d]; met {
			t.Errorf("%s and %s are one request", name, other)
		}
		seen[d] = name
	}
	if plain.DigestVersion() != request.FirstVersion {
		t.Errorf("an answer without amount has the digest version %d", plain.DigestVersion())
	}
}

// asked has a worker record what the gateway answers.
func (f *fixture) asked(p payout.Payout, a payout.Answer) error {
	_, err := f.Do(request.System(p.MerchantID, "AnswerPayout"), &book.AnswerPayout{PayoutID: p.ID, Answer: a, NotAfter: p.NotAfter})
	return err
}
