package engine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// Would catch a payout that is held and of which nobody can tell that it was paid under
// another number, and a number that is found in the book of a merchant who was not named.
func TestUnsentPayoutIsToldOf(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 300_000)
	f.open("m2", 300_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1))))
	made := f.takePayouts()
	tell := func(merchant, number string) error {
		_, err := f.engine.Do(t.Context(), f.request(merchant, "ReportPayoutOutcome"), &book.AnswerPayout{
			OutNumber: number, Answer: payout.Answer{Outcome: payout.OutcomeSucceeded, GatewayReference: "paid-" + number, OccurredAt: f.clock.Now()},
		})
		return err
	}
	number := made[0].OutNumber
	for _, wrong := range [][2]string{{"", number}, {"m2", number}, {"m1", strings.ToLower(number)}, {"m1", claim.Compact(made[0].ClaimID)}, {"m1", "1"}} {
		if err := tell(wrong[0], wrong[1]); !errors.Is(err, fault.PayoutNotFound) {
			t.Errorf("%q of %q: %v", wrong[1], wrong[0], err)
		}
	}
	f.must(tell("m1", number))
	held, found, err := f.pg.Reserved(t.Context(), book.OutNumber, number)
	if err != nil || !found || held.Holder != made[0].ID {
		t.Errorf("the number is held by %+v, %v, %v", held, found, err)
	}
	p, _, err := f.pg.Reader().Payout(t.Context(), "m1", made[0].ID)
	if err != nil || p.State != payout.Succeeded || p.GatewayReference != "paid-"+number {
		t.Errorf("the payout is %+v, %v", p, err)
	}
	f.audited()
}
