package engine_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/engine"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// Would catch a payout that is held and of which nobody can tell that it was paid under
// another number, a number that is found in the book of a merchant who was not named, and a
// payout that can be told of on a server that may be sending it at this moment: it would be
// paid again.
func TestUnsentPayoutIsToldOf(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open("m1", 300_000)
	f.open("m2", 300_000)
	f.authenticator("lab-1", claim.AccreditedLab)
	f.accept(f.confirmNotice(f.found(filing(line("m1", "l1", 1, 10_000), 1))))
	made := f.takePayouts()
	holding := engine.Defaults()
	holding.PayoutsHeld = true
	_, held := f.replica(holding)
	tell := func(e *engine.Engine, merchant, number string) error {
		_, err := e.Do(t.Context(), f.request(merchant, "ReportPayoutOutcome"), &book.AnswerPayout{
			OutNumber: number, Answer: payout.Answer{Outcome: payout.OutcomeSucceeded, GatewayReference: "paid-" + number, OccurredAt: f.clock.Now()},
		})
		return err
	}
	number := made[0].OutNumber
	for _, wrong := range [][2]string{{"", number}, {"m2", number}, {"m1", strings.ToLower(number)}, {"m1", claim.Compact(made[0].ClaimID)}, {"m1", "1"}} {
		if err := tell(held, wrong[0], wrong[1]); !errors.Is(err, fault.PayoutNotFound) {
			t.Errorf("%q of %q: %v", wrong[1], wrong[0], err)
		}
	}
	if err := tell(f.engine, "m1", number); !errors.Is(err, fault.PayoutNotFound) {
		t.Errorf("of a payout that may be on its way: %v", err)
	}
	f.must(tell(held, "m1", number))
	reserved, found, err := f.pg.Reserved(t.Context(), book.OutNumber, number)
	if err != nil || !found || reserved.Holder != made[0].ID {
		t.Errorf("the number is held by %+v, %v, %v", reserved, found, err)
	}
	p, _, err := f.pg.Reader().Payout(t.Context(), "m1", made[0].ID)
	if err != nil || p.State != payout.Succeeded || p.GatewayReference != "paid-"+number {
		t.Errorf("the payout is %+v, %v", p, err)
	}
	f.audited()
}
