package engine_test

import (
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// A payout's failure was made final under one grace, and a replica runs with
// another, longer or shorter. Would catch a book that infers from its settings whether a
// worker looks after a payout: the row that it expects is not there, or is, and the
// payout can never be sent again, or be answered.
func TestAnotherGraceDoesNotBrickPayouts(t *testing.T) {
	t.Parallel()
	for name, grace := range map[string]time.Duration{"longer": 2 * time.Hour, "shorter": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.open("m1", 500_000)
			f.authenticator("lab-1", claim.AccreditedLab)
			f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1))))
			made := f.takePayouts()
			for _, p := range made {
				f.answer(p, payout.OutcomeFailed)
			}
			// One of them is final: the worker asked once more when it could not be paid.
			f.clock.Move(engine.Defaults().PayoutLife + time.Minute)
			c := f.answer(made[0], payout.OutcomeFailed)

			config := engine.Defaults()
			config.LapseGrace = grace
			_, e := f.replica(config)
			o, err := e.Do(t.Context(), f.request("m1", "RetryPayout"), &book.RetryPayout{
				OnClaim: book.OnClaim{Etag: c.Etag()}, PayoutID: made[0].ID, Note: "again",
			})
			f.must(err)
			for _, p := range f.takePayouts() {
				f.answer(p, payout.OutcomeSucceeded)
			}
			if paid := f.current(o.Claim); paid.State != claim.Paid || paid.Funding.Paid() != paid.Award.Total() {
				t.Errorf("the claim is %s with %d of %d paid", paid.State, paid.Funding.Paid(), paid.Award.Total())
			}
			f.audited()
		})
	}
}
