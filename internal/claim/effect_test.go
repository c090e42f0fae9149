package claim_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/money"
)

// prospect gives what one trigger of an action would do; it fails the test where
// the action cannot pull it.
func prospect(t *testing.T, c *claim.Claim, a claim.Action, by claim.Trigger) claim.Prospect {
	t.Helper()
	for _, p := range c.Prospects(a) {
		if p.Trigger == by {
			return p
		}
	}
	t.Fatalf("%s does not pull %q in %s", a, by, c.State)
	return claim.Prospect{}
}

// Would catch an action that is told to move other money than the books would, or
// to lead elsewhere.
func TestProspects(t *testing.T) {
	t.Parallel()
	award := claim.Award{Refund: 100, Compensation: 1000}
	type move = claim.Movement
	for name, row := range map[string]struct {
		state   claim.State
		award   claim.Award
		funding claim.Funding
		action  claim.Action
		trigger claim.Trigger
		want    claim.Prospect
	}{
		"accepting what is held": {claim.Notified, award, claim.Funding{Held: 1100}, claim.ActionAccept, claim.Accepted, claim.Prospect{
			Trigger: claim.Accepted, To: claim.Paying,
			Movements: []move{{claim.EffectCapture, 1100}, {claim.EffectInstruct, 1100}},
		}},
		"accepting what is held in part": {claim.Notified, award, claim.Funding{Held: 400}, claim.ActionAccept, claim.Accepted, claim.Prospect{
			Trigger: claim.Accepted, To: claim.Paying,
			Movements: []move{{claim.EffectCapture, 400}, {claim.EffectFund, 700}, {claim.EffectInstruct, 1100}},
		}},
		"accepting nothing": {claim.Notified, claim.Award{}, claim.Funding{}, claim.ActionAccept, claim.Accepted, claim.Prospect{
			Trigger: claim.Accepted, To: claim.Paying,
		}},
		"withdrawing": {claim.Notified, award, claim.Funding{Held: 400}, claim.ActionWithdraw, claim.WithdrawnByClaimant, claim.Prospect{
			Trigger: claim.WithdrawnByClaimant, To: claim.Withdrawn, Movements: []move{{claim.EffectRelease, 400}},
		}},
		"upholding": {claim.InReview, claim.Award{}, claim.Funding{}, claim.ActionDecideReview, claim.ReviewUpheld, claim.Prospect{
			Trigger: claim.ReviewUpheld, To: claim.Notified, Unpriced: true, Fires: claim.DeadlineNoticeDelivery,
		}},
		"asking for another result": {claim.InReview, award, claim.Funding{Held: 400}, claim.ActionDecideReview, claim.ReviewRetest, claim.Prospect{
			Trigger: claim.ReviewRetest, To: claim.Authenticating, Fires: claim.DeadlineResult,
		}},
		"confirming the notice": {claim.Notified, award, claim.Funding{}, claim.ActionConfirmNotice, "", claim.Prospect{
			To: claim.Notified, Fires: claim.DeadlineNotice,
		}},
		"retrying": {claim.PayoutFailed, award, claim.Funding{FromDeposit: 800, RefundPaid: 100}, claim.ActionRetryPayout, claim.PayoutRetried, claim.Prospect{
			Trigger: claim.PayoutRetried, To: claim.Paying, Movements: []move{{claim.EffectInstruct, 700}},
		}},
	} {
		c := claim.Claim{State: row.state, Award: row.award, Funding: row.funding}
		if diff := cmp.Diff(row.want, prospect(t, &c, row.action, row.trigger)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Would catch an action that is told without a prospect, or a prospect of one that
// is not admitted, in any state.
func TestEveryAllowedActionHasItsProspects(t *testing.T) {
	t.Parallel()
	for _, s := range claim.States() {
		c := claim.Claim{State: s, Award: claim.Award{Refund: 1}, Funding: claim.Funding{Held: 1}}
		allowed := make(map[claim.Action]bool)
		for _, a := range c.Allowed() {
			allowed[a] = true
		}
		for _, a := range claim.Actions() {
			prospects := c.Prospects(a)
			if allowed[a] != (len(prospects) > 0) {
				t.Errorf("%s in %s is allowed: %t, with %d prospects", a, s, allowed[a], len(prospects))
			}
			for _, p := range prospects {
				if to, ok := claim.Next(s, p.Trigger); p.Trigger != "" && (!ok || to != p.To) {
					t.Errorf("%s in %s by %s is told to lead to %s", a, s, p.Trigger, p.To)
				}
			}
		}
	}
}

// Would catch a deadline of which it is told that it does something else than it
// does: debit without a confirmed notice above all.
func TestLapses(t *testing.T) {
	t.Parallel()
	for _, s := range claim.States() {
		for _, fires := range s.Fires() {
			c := claim.Claim{State: s, Fires: fires, Award: claim.Award{Refund: 5}, Funding: claim.Funding{Held: 5}}
			p, runs := c.Lapse()
			if !runs {
				t.Errorf("%s in %s does not run", fires, s)
			}
			if t1, pulls := fires.Pulls(); pulls != (p.Trigger != "") || (pulls && p.Trigger != t1) {
				t.Errorf("%s in %s pulls %q", fires, s, p.Trigger)
			}
			if p.Trigger == "" && (p.To != s || len(p.Movements) > 0) {
				t.Errorf("%s escalates and yet leads to %+v", fires, p)
			}
		}
	}
	c := claim.Claim{State: claim.Paid}
	if p, runs := c.Lapse(); runs {
		t.Errorf("nothing runs, and yet %+v", p)
	}
	undelivered := claim.Claim{State: claim.Notified, Fires: claim.DeadlineNoticeDelivery, Award: claim.Award{Refund: 5}}
	if p, _ := undelivered.Lapse(); p.Trigger != "" {
		t.Errorf("an undelivered notice leads to %+v", p)
	}
}

// Would catch money that an effect is told to move although it is not there.
func TestProspectsStayWithinTheClaim(t *testing.T) {
	t.Parallel()
	for _, held := range []money.Amount{0, 1, 50, 100, 150} {
		c := claim.Claim{State: claim.Notified, Award: claim.Award{Refund: 30, Compensation: 70}, Funding: claim.Funding{Held: held}}
		var captured, funded, sent money.Amount
		for _, m := range prospect(t, &c, claim.ActionAccept, claim.Accepted).Movements {
			switch m.Effect {
			case claim.EffectCapture:
				captured = m.Amount
			case claim.EffectFund:
				funded = m.Amount
			case claim.EffectInstruct:
				sent = m.Amount
			case claim.EffectHold, claim.EffectRelease, claim.EffectPayableAgain, claim.EffectConfirm:
				t.Errorf("accepting does not %s", m.Effect)
			}
		}
		if captured > held || captured+funded != 100 || sent != 100 {
			t.Errorf("of %d held, %d is captured, %d taken, %d sent", held, captured, funded, sent)
		}
	}
}
