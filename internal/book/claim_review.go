package book

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Decision is what a reviewer may decide.
type Decision string

// The decisions.
const (
	// Uphold finds units counterfeit.
	Uphold Decision = "UPHOLD"
	// Reject finds nothing owed.
	Reject Decision = "REJECT"
	// OpenRefund finds nothing owed, and opens the refund path.
	OpenRefund Decision = "REFUND_PATH"
	// Retest asks for another result.
	Retest Decision = "RETEST"
	// Expire closes a claim whose proof never came.
	Expire Decision = "EXPIRE"
)

var decisions = map[Decision]claim.Trigger{
	Uphold:     claim.ReviewUpheld,
	Reject:     claim.ReviewRejected,
	OpenRefund: claim.ReviewRefundPath,
	Retest:     claim.ReviewRetest,
	Expire:     claim.ReviewExpired,
}

// AssignReview gives a claim under review or appeal to a person; an empty assignee gives
// it back to the queue.
type AssignReview struct {
	OnClaim
	Assignee string
}

func (a *AssignReview) need(c *Call, n *Needs) {
	a.OnClaim.need(c, n)
	if a.Assignee != "" {
		n.person(c.Header.MerchantID, a.Assignee)
	}
}

func (a *AssignReview) Cover(d *request.Digest) { d.Texts(a.ClaimID, a.Assignee) }

func (a *AssignReview) decide(b *Book) (Outcome, error) {
	c, err := a.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if !c.State.Assignable() {
		return Outcome{}, c.Refuse(claim.ReviewUpheld)
	}
	b.assign(c.ID, a.Assignee)
	return b.about(c.ID), nil
}

// DecideReview is a person's decision on a claim that results alone could not decide.
type DecideReview struct {
	OnClaim
	Decision Decision
	// Units are the verdicts of an upheld claim, one for each claimed unit. With OpenRefund they
	// may be left out: then they are what the results say.
	Units []claim.Unit
	// Note is the reason, kept with the revision.
	Note string
	Override
}

func (r *DecideReview) follow(b *Book, n *Needs, _ int) {
	if c := b.claims.get(r.ClaimID); c != nil {
		followGroup(b, n, &c.Claim)
		r.Override.follow(b, n, &c.Claim)
		n.commissionsOf(b.merchantID, c.ID)
		n.evidenceRequestsOf(b.merchantID, c.ID)
		needWeighed(n, b.merchantID, c.ID)
	}
}

func (r *DecideReview) Cover(d *request.Digest) {
	d.Texts(r.ClaimID, string(r.Decision), r.Note)
	digestUnits(d, r.Units)
	r.Override.cover(d)
}

func (r *DecideReview) decide(b *Book) (Outcome, error) {
	person := b.call.Header.Principal.Person
	if person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "a review must be decided by a person, but the call names no person")
	}
	c, err := r.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	t, ok := decisions[r.Decision]
	if !ok {
		return Outcome{}, fault.New(fault.RequestInvalid, "%q is not a decision that a reviewer can make", r.Decision).At("decision")
	}
	if _, ok := claim.Next(c.State, t); !ok {
		return Outcome{}, c.Refuse(t)
	}
	if c.Reconsidering() && r.Decision != Retest {
		if err := c.CheckOther(person, "reconsider its decision"); err != nil {
			return Outcome{}, err
		}
	}
	units, err := r.verdicts(b, c)
	if err != nil {
		return Outcome{}, err
	}
	if r.Decision == Uphold {
		if err := b.checkSource(c, units); err != nil {
			return Outcome{}, err
		}
	}
	if err := r.check(b, c); err != nil {
		return Outcome{}, err
	}
	b.record(event.ReviewDecided, c.ID)
	r.trace(b, c)
	b.detail("decision", string(r.Decision))
	b.detail("units", claim.Describe(units))
	if r.Decision != Retest {
		b.weighed(c, units)
	}
	if r.Decision != Retest {
		b.endOffered(c.ID, nil)
	}
	if r.Decision == Expire {
		b.endCommissions(c.ID, r.Note)
		b.endEvidenceRequests(c.ID, r.Note)
	}
	if err := b.find(c.ID, units, t, finding{person, r.Note}); err != nil {
		return Outcome{}, err
	}
	return b.about(r.ClaimID), nil
}

// verdicts gives the verdict on every claimed unit that the decision means.
func (r *DecideReview) verdicts(b *Book, c *claim.Claim) ([]claim.Unit, error) {
	switch r.Decision {
	case Uphold:
	case OpenRefund:
		return r.refundable(b, c)
	case Reject, Retest, Expire:
		if len(r.Units) > 0 {
			return nil, fault.New(fault.RequestInvalid, "unit verdicts may only be given with decision %s or %s", Uphold, OpenRefund).At("unit_verdicts")
		}
		switch r.Decision {
		case Reject:
			units := cleared(c)
			for i := range units {
				units[i].Consequence = policy.NoConsequence
			}
			return units, nil
		case Expire:
			return unproven(c), nil
		case Uphold, OpenRefund, Retest:
		}
		return c.Units, nil
	}
	units, err := b.verdictsOn(c, r.Units)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(units, claim.Unit.Owed) {
		return nil, fault.New(fault.RequestInvalid, "a claim can only be upheld if compensation is owed for at least one of its units; "+
			"the policy owes none for these verdicts").At("unit_verdicts")
	}
	return units, nil
}

// refundable gives the verdicts of a decision that opens the refund path: for every unit that
// is not genuine. What the results say of a unit as a counterfeit one was not proved.
func (r *DecideReview) refundable(b *Book, c *claim.Claim) ([]claim.Unit, error) {
	var units []claim.Unit
	if len(r.Units) == 0 {
		w := b.weighing(c)
		units = w.Verdicts()
		for i := range units {
			if v := units[i].Verdict; v == claim.Counterfeit || v == claim.Pending {
				units[i].Verdict = claim.Inconclusive
			}
		}
	} else {
		given, err := b.verdictsOn(c, r.Units)
		if err != nil {
			return nil, err
		}
		units = given
	}
	for i := range units {
		switch units[i].Verdict {
		case claim.Counterfeit:
			return nil, fault.New(fault.RequestInvalid, "unit %d is found counterfeit: uphold the claim instead", units[i].Ordinal).At("unit_verdicts")
		case claim.Genuine:
			units[i].Consequence = policy.NoConsequence
		case claim.Pending, claim.Inconclusive, claim.NotOurProduct, claim.GrayMarket, claim.Tampered, claim.Altered, claim.NotAsDescribed:
			units[i].Consequence = policy.RefundPath
		}
	}
	if !slices.ContainsFunc(units, func(u claim.Unit) bool { return u.Consequence == policy.RefundPath }) {
		return nil, fault.New(fault.RequestInvalid, "the refund path needs a unit that is not genuine: reject the claim instead").At("unit_verdicts")
	}
	return units, nil
}

// unproven gives the verdicts of a claim whose proof never came: no unit is found
// counterfeit.
func unproven(c *claim.Claim) []claim.Unit {
	units := slices.Clone(c.Units)
	for i := range units {
		if units[i].Owed() {
			units[i].Verdict = claim.Inconclusive
		}
		units[i].Consequence = policy.NoConsequence
	}
	return units
}
