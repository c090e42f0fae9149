package book

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// RevisionGround is why a verdict is revised outside of review and appeal.
type RevisionGround string

// The grounds of a revision.
const (
	// GroundLateAppeal is an appeal that the panel admits after its window.
	GroundLateAppeal RevisionGround = "LATE_APPEAL"
	// GroundCourtDecision is a judgment or an administrative decision.
	GroundCourtDecision RevisionGround = "COURT_DECISION"
	// GroundNewEvidence is evidence that was not there before.
	GroundNewEvidence RevisionGround = "NEW_EVIDENCE"
	// GroundFraud is proof that the claim was fraudulent: what was paid is owed back.
	GroundFraud RevisionGround = "FRAUD"
)

// RevisionGrounds lists the grounds.
func RevisionGrounds() []RevisionGround {
	return []RevisionGround{GroundLateAppeal, GroundCourtDecision, GroundNewEvidence, GroundFraud}
}

// ReviseVerdict gives a claim another verdict. It is possible from notice on, even
// after the claim has ended: no verdict is final for ever. The revision is priced as a
// difference: the merchant gets back what it bore too much, is notified anew of what it
// has not borne, and nobody is paid twice.
type ReviseVerdict struct {
	OnClaim
	Ground RevisionGround
	// Units are the verdicts, one for each claimed unit.
	Units []claim.Unit
	// Document is the reference of what it rests on, such as a docket number.
	Document string
	Note     string
	Override
}

func (r *ReviseVerdict) follow(b *Book, n *Needs, round int) {
	if c := b.claims.get(r.ClaimID); c != nil {
		followRevision(b, n, round, &c.Claim)
		r.Override.follow(b, n, &c.Claim)
		needWeighed(n, b.merchantID, c.ID)
		n.evidenceRequestsOf(b.merchantID, c.ID)
	}
}

// followRevision asks for what a new verdict needs: the group, the owners of the units,
// and the payouts.
func followRevision(b *Book, n *Needs, round int, c *claim.Claim) {
	followGroup(b, n, c)
	if round == 0 {
		n.payoutsOfClaim(b.merchantID, c.ID)
	}
	if round == 1 {
		n.units(b.merchantID, c.OrderLineID)
	}
}

func (r *ReviseVerdict) Cover(d *request.Digest) {
	d.Texts(r.ClaimID, string(r.Ground), r.Document, r.Note)
	digestUnits(d, r.Units)
	r.Override.cover(d)
}

// checkRefund refuses a revision of an ended claim that owes nothing, unless the claim was
// rejected and the revision changes for which of its units the refund path is open (rule V10).
// Where money reached the consumer or is under way, who bears it hangs on the verdict, and the
// path could not open: such a claim is not revised so. Refuses with CLAIM_ALREADY_FILED if another
// claim has the units by now.
func (r *ReviseVerdict) checkRefund(b *Book, c *claim.Claim, units []claim.Unit) error {
	is := func(list []claim.Unit, ordinal int32) bool {
		return slices.ContainsFunc(list, func(u claim.Unit) bool { return u.Ordinal == ordinal && u.Consequence == policy.RefundPath })
	}
	if c.State != claim.Rejected || c.Funding.Paid()+c.Funding.InFlight() > 0 ||
		!slices.ContainsFunc(units, func(u claim.Unit) bool { return is(units, u.Ordinal) != is(c.Units, u.Ordinal) }) {
		return c.Refuse(claim.RevisedRejected)
	}
	return b.checkUnits(c)
}

func (r *ReviseVerdict) decide(b *Book) (Outcome, error) {
	person := b.call.Header.Principal.Person
	if person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "a verdict must be revised by a person, but the call names no person")
	}
	c, err := r.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if c.State != claim.Notified && c.State != claim.Paid && c.State != claim.Paying {
		if _, ok := claim.Next(c.State, claim.RevisedUpward); !ok {
			return Outcome{}, c.Refuse(claim.RevisedUpward)
		}
	}
	units, err := b.verdictsOn(c, r.Units)
	if err != nil {
		return Outcome{}, err
	}
	owed := slices.ContainsFunc(units, claim.Unit.Owed)
	if r.Ground == GroundFraud && owed {
		return Outcome{}, fault.New(fault.RequestInvalid, "a revision on the ground of fraud cannot find that compensation is owed for a unit").At("unit_verdicts")
	}
	if !c.State.Live() && !owed {
		if err := r.checkRefund(b, c, units); err != nil {
			return Outcome{}, err
		}
	}
	if r.Ground == GroundLateAppeal {
		if err := c.CheckOther(person, "decide an appeal against it"); err != nil {
			return Outcome{}, err
		}
	}
	if r.Ground != GroundCourtDecision { // A court weighs by itself.
		fresh := slices.DeleteFunc(slices.Clone(units), func(u claim.Unit) bool {
			return slices.ContainsFunc(c.Units, func(was claim.Unit) bool { return was.Ordinal == u.Ordinal && was.Owed() })
		})
		if err := b.checkSource(c, fresh); err != nil {
			return Outcome{}, err
		}
	}
	if err := r.check(b, c); err != nil {
		return Outcome{}, err
	}
	b.record(event.VerdictRevised, c.ID)
	r.trace(b, c)
	b.detail("ground", string(r.Ground))
	b.detail("document", r.Document)
	b.detail("units", claim.Describe(units))
	b.weighed(c, units)
	if err := b.rule(c.ID, ruling{
		units: units, up: claim.RevisedUpward, settled: claim.RevisedSettled, rejected: claim.RevisedRejected,
		cause: string(r.Ground), note: r.Note, by: person, fraud: r.Ground == GroundFraud,
	}); err != nil {
		return Outcome{}, err
	}
	return b.about(c.ID), nil
}
