package book

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
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
	// Retest asks for another result.
	Retest Decision = "RETEST"
	// Expire closes a claim whose proof never came.
	Expire Decision = "EXPIRE"
)

var decisions = map[Decision]claim.Trigger{
	Uphold: claim.ReviewUpheld,
	Reject: claim.ReviewRejected,
	Retest: claim.ReviewRetest,
	Expire: claim.ReviewExpired,
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
	// Units are the verdicts of an upheld claim, one for each claimed unit.
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
	units, err := r.verdicts(c)
	if err != nil {
		return Outcome{}, err
	}
	if err := r.check(b, c); err != nil {
		return Outcome{}, err
	}
	b.record(event.ReviewDecided, c.ID)
	r.trace(b, c)
	b.detail("decision", string(r.Decision))
	b.detail("units", describe(units))
	if r.Decision != Retest {
		b.weighed(c, units)
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
func (r *DecideReview) verdicts(c *claim.Claim) ([]claim.Unit, error) {
	if r.Decision != Uphold {
		if len(r.Units) > 0 {
			return nil, fault.New(fault.RequestInvalid, "unit verdicts may only be given with decision UPHOLD").At("unit_verdicts")
		}
		switch r.Decision {
		case Reject:
			return genuine(c), nil
		case Expire:
			return unproven(c), nil
		case Uphold, Retest:
		}
		return c.Units, nil
	}
	units, err := verdictsOn(c, r.Units)
	if err != nil {
		return nil, err
	}
	if claim.Overall(units) != claim.Counterfeit {
		return nil, fault.New(fault.RequestInvalid, "a claim can only be upheld if at least one of its units is counterfeit").At("unit_verdicts")
	}
	return units, nil
}

// unproven gives the verdicts of a claim whose proof never came: no unit is found
// counterfeit.
func unproven(c *claim.Claim) []claim.Unit {
	units := slices.Clone(c.Units)
	for i := range units {
		if units[i].Verdict == claim.Counterfeit {
			units[i].Verdict = claim.Inconclusive
		}
	}
	return units
}
