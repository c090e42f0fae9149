package book

import (
	"slices"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// The re-test that the server has made by itself where results of one rank disagree (rule V3).
// Whatever may begin or end such a conflict, or take a body away, looks whether one is needed; a
// worker then draws the body.

// needRetest asks for what seekRetest looks at.
func needRetest(n *Needs, merchantID, claimID string) {
	n.resultsOf(merchantID, claimID)
	n.custodyOf(merchantID, claimID)
	n.commissionsOf(merchantID, claimID)
}

// conflicting are the units of a claim that a re-test is to decide. What follows from a verdict
// does not matter for that.
func (b *Book) conflicting(c *claim.Claim) []int32 {
	rules := b.rules(c)
	if rules.Reinspection.RetestDays == 0 {
		return nil // Most claims of before.
	}
	table, graded := policy.DefaultConsequences(), b.grades(c.ID)
	w := rules.Weigh(c.Units, graded, &table)
	return rules.RetestUnits(&w, graded)
}

// seekRetest has a body drawn for the units of a claim in review that need a re-test and that no
// other body examines already, or says why that cannot be; and has nobody drawn any more where none
// is needed. It withdraws what the server offered for units that need none.
func (b *Book) seekRetest(claimID string) {
	c := &b.claims.get(claimID).Claim
	units := b.conflicting(c)
	b.endOffered(c.ID, units)
	if c.State != claim.InReview {
		return // With the move, nobody was drawn any more.
	}
	units = b.unattended(c.ID, units)
	switch {
	case len(units) == 0:
		if !c.RetestAt.IsZero() || c.RetestHeld != "" {
			b.change(c.ID).EndRetest()
		}
	case len(b.left(c.ID, units)) == 0:
		b.holdRetest(c.ID, claim.RetestGoodsGone)
	case b.lastCommission(c.ID) >= commission.PerClaimMax:
		b.holdRetest(c.ID, claim.RetestLimit)
	case c.RetestAt.IsZero():
		b.change(c.ID).SeekRetest(b.now)
		b.detailOn(c.ID, "retest_units", joined(units))
	}
}

// holdRetest says in the running event why nobody can be drawn, once.
func (b *Book) holdRetest(claimID string, why claim.RetestHeld) {
	if b.claims.get(claimID).RetestHeld == why {
		return
	}
	b.change(claimID).HoldRetest(why, b.now)
	b.detailOn(claimID, "retest_held", string(why))
}

// retestUnits are the units for which a body is to be drawn now.
func (b *Book) retestUnits(c *claim.Claim) []int32 {
	return b.left(c.ID, b.unattended(c.ID, b.conflicting(c)))
}

// unattended are the units among some that no body examines for the first time.
func (b *Book) unattended(claimID string, units []int32) []int32 {
	return slices.DeleteFunc(slices.Clone(units), func(u int32) bool {
		return slices.ContainsFunc(b.commissionsOn(claimID), func(x *commission.Commission) bool {
			own, _ := b.examined(claimID, x.AuthenticatorID, u, "")
			return x.State.Open() && x.Covers(u) && !own
		})
	})
}

// left are the units among some of which there are goods: a sample with them was not destroyed, or
// none is recorded.
func (b *Book) left(claimID string, units []int32) []int32 {
	steps := b.chain(claimID)
	return slices.DeleteFunc(slices.Clone(units), func(u int32) bool {
		samples, destroyed := 0, 0
		for _, id := range custody.Samples(steps) {
			if !slices.Contains(custody.UnitsOf(steps, id), u) {
				continue
			}
			samples++
			if slices.ContainsFunc(custody.Of(steps, id), func(s custody.Step) bool { return s.Kind == custody.Destroyed }) {
				destroyed++
			}
		}
		return samples > 0 && samples == destroyed
	})
}

// isRetest says whether a commission is the server's own, for a re-test. What the server gives in the
// place of another commission is not.
func isRetest(x *commission.Commission) bool {
	return x.MadeAs == string(principal.RoleSystem) && x.Replaces == 0
}

// retestNotNeeded is the note of a commission that the server withdraws.
const retestNotNeeded = "The re-test is not needed any more."

// endOffered withdraws the commissions of the server that nobody has accepted and that have none of
// some units.
func (b *Book) endOffered(claimID string, needed []int32) {
	var ended []string
	for _, x := range b.commissionsOn(claimID) {
		if isRetest(x) && x.State == commission.Offered && !slices.ContainsFunc(needed, x.Covers) {
			b.endCommission(x, retestNotNeeded)
			ended = append(ended, number(int64(x.Number)))
		}
	}
	if len(ended) > 0 {
		b.detailOn(claimID, "commissions_cancelled", strings.Join(ended, " "))
	}
}

// joined writes ordinals: "1 2".
func joined(list []int32) string {
	units := make([]claim.Unit, len(list))
	for i, u := range list {
		units[i].Ordinal = u
	}
	return ordinals(units)
}

// RetestQuestion is what the body of a re-test is asked. It does not tell what others found.
const RetestQuestion = "Re-inspection: is each unit what it was sold as? Results of other bodies disagree; yours is final inside the platform."

// DrawRetest is a worker's command for a claim that needs a re-test: a body is drawn and
// commissioned, or it is noted that there is none. Refuses with CLAIM_CHANGED if the claim has
// changed since the worker saw it.
type DrawRetest struct {
	ClaimID string
	// At is the time of the claim's draw.
	At   time.Time
	Draw Drawing
}

func (m *DrawRetest) need(c *Call, n *Needs) { m.item().need(c, n) }

func (m *DrawRetest) follow(b *Book, n *Needs, round int) { m.item().follow(b, n, round) }

// Cover implements request.Content.
func (m *DrawRetest) Cover(d *request.Digest) {
	d.Texts(m.ClaimID)
	d.Time(m.At)
}

// item is the commission to be given.
func (m *DrawRetest) item() *CommissionItem {
	return &CommissionItem{ClaimID: m.ClaimID, Draw: m.Draw, Questions: RetestQuestion}
}

func (m *DrawRetest) decide(b *Book) (Outcome, error) {
	c, err := b.Claim(m.ClaimID)
	if err != nil {
		return Outcome{}, err
	}
	if c.State != claim.InReview || c.RetestAt.IsZero() || !c.RetestAt.Equal(m.At) || m.At.After(b.now) {
		return Outcome{}, claimMoved(c.ID)
	}
	item := m.item()
	if item.Units = b.retestUnits(c); len(item.Units) == 0 {
		return Outcome{}, claimMoved(c.ID)
	}
	item.DueAt = b.now.AddDate(0, 0, b.rules(c).Reinspection.RetestDays)
	units, err := item.check(b, c, nil)
	if err != nil {
		return Outcome{}, err
	}
	body, record, err := item.body(b, c, units)
	if refusal, ok := fault.As(err); ok && refusal.Reason == fault.CommissionNoCandidate {
		b.record(event.RetestHeld, c.ID)
		c = b.change(c.ID)
		c.HoldRetest(claim.RetestNoBody, b.now)
		b.detail("retest_held", string(c.RetestHeld))
		b.detail("units", ordinals(units))
		b.detail("next_draw", event.Stamp(c.RetestAt))
		return b.about(c.ID), nil
	}
	if err != nil {
		return Outcome{}, err
	}
	return b.commissioned(item.make(b, c, units, nil, chosen{body, record})), nil
}
