package book_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// changeDestination asks for another destination of a claim.
func (f *fixture) changeDestination(c *claim.Claim, destination string) (*claim.Claim, error) {
	f.t.Helper()
	o, err := f.Do(f.request(c.MerchantID, "ChangePayoutDestination"), &book.ChangeDestination{
		OnClaim: book.OnClaim{ClaimID: c.ID, Etag: c.Etag()}, Destination: destination, Note: "the wallet was closed; asked by telephone",
	})
	return o.Claim, err
}

// Would catch a change that a claim's payouts do not follow, that moves something by
// itself, or of which no event tells.
func TestChangedDestinationIsPaid(t *testing.T) {
	t.Parallel()
	for name, bring := range map[string]func(*fixture) *claim.Claim{
		"filed":    func(f *fixture) *claim.Claim { return f.file(filing(line("m1", "l1", 1, 20_000), 1)) },
		"notified": func(f *fixture) *claim.Claim { return f.confirmNotice(f.found(filing(line("m1", "l1", 1, 20_000), 1))) },
	} {
		f := newFixture(t)
		f.open("m1", 5_000_000)
		f.authenticator("lab-1", claim.AccreditedLab)
		c := bring(f)
		before := f.head("m1").TransferNumber
		changed, err := f.changeDestination(c, "wallet-new")
		f.must(err)
		if changed.Destination != "wallet-new" || changed.State != c.State || changed.Version == c.Version || f.head("m1").TransferNumber != before {
			t.Errorf("%s: the change made %+v of %+v", name, changed, c)
		}
		events := f.Rows("m1").Events
		last := &events[len(events)-1]
		want := event.Detail{Key: "destination", Value: "wallet-new"}
		if last.Kind != event.PayoutDestinationChanged || last.ClaimID != c.ID || !slices.Contains(last.Details, want) ||
			!slices.ContainsFunc(last.Rows, func(r event.Row) bool { return r.Table == "claims" && slices.Contains(r.Facts, want) }) {
			t.Errorf("%s: the event is %+v", name, last)
		}
		if name == "filed" {
			changed = f.confirmNotice(f.record(changed, result(changed, claim.Counterfeit, "R-1")))
		}
		f.accept(changed)
		made := f.Made()
		if len(made) != 2 || made[0].Destination != "wallet-new" || made[1].Destination != "wallet-new" {
			t.Errorf("%s: %+v are made", name, made)
		}
	}
}

// Would catch a destination that changes while money is on its way to another, or may yet
// be; and a failure that is final and goes to the old destination all the same.
func TestDestinationChangesOnceNothingIsUnderWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 5_000_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	c := f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 20_000), 1))))
	refused := func(when, payoutID string) {
		t.Helper()
		before := f.head("m1")
		_, err := f.changeDestination(c, "wallet-new")
		refusal, ok := fault.As(err)
		if !ok || refusal.Reason != fault.PayoutStateConflict || refusal.Fields["payoutId"] != payoutID || refusal.Field != "payout_destination" {
			t.Errorf("%s: %v", when, err)
		}
		if f.head("m1") != before {
			t.Errorf("%s: the refusal changed the book", when)
		}
	}
	made := f.Made()
	refused("on its way", made[0].ID)
	for _, p := range made {
		c = f.answer(p, payout.OutcomeFailed)
	}
	refused("may yet be paid", made[0].ID)
	for _, p := range made {
		f.Move(max(0, p.NotAfter.Add(time.Hour).Sub(f.Now())))
		c = f.done(request.System("m1", "AnswerPayout"), &book.AnswerPayout{
			PayoutID: p.ID, ClaimID: p.ClaimID, Answer: payout.Answer{Outcome: payout.OutcomeFailed}, NotAfter: p.NotAfter,
		}).Claim
	}
	c, err := f.changeDestination(f.current(c), "wallet-new")
	f.must(err)
	o := f.done(f.request("m1", "RetryPayout"), &book.RetryPayout{PayoutID: made[0].ID})
	again := f.Made()
	if len(again) != 2 {
		t.Fatalf("%+v are made again", again)
	}
	for _, p := range again {
		if p.Destination != "wallet-new" || p.OutNumber == made[0].OutNumber || p.OutNumber == made[1].OutNumber {
			t.Errorf("sent again as %+v", p)
		}
		c = f.answer(p, payout.OutcomeSucceeded)
	}
	if c.State != claim.Paid || c.Funding.Paid() != c.Award.Total() || o.Payout.Destination != "wallet-new" {
		t.Errorf("the claim is %s with %+v", c.State, c.Funding)
	}
}

// Would catch a change on a view that is old, of a claim that will not be paid, or to where
// it is paid already.
func TestDestinationChangeIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 0)
	c := f.file(filing(line("m1", "l1", 1, 20_000), 1))
	old := *c
	if _, err := f.changeDestination(c, c.Destination); !isRefused(err, fault.RequestInvalid, "payout_destination") {
		t.Errorf("to where it is paid: %v", err)
	}
	withdrawn := f.withdraw(c)
	if _, err := f.changeDestination(&old, "wallet-new"); !isRefused(err, fault.ClaimChanged, "") {
		t.Errorf("on an old view: %v", err)
	}
	if _, err := f.changeDestination(withdrawn, "wallet-new"); !isRefused(err, fault.ClaimStateConflict, "") {
		t.Errorf("of a withdrawn claim: %v", err)
	}
}

func isRefused(err error, reason fault.Reason, field string) bool {
	refusal, ok := fault.As(err)
	return ok && refusal.Reason == reason && (field == "" || refusal.Field == field)
}
