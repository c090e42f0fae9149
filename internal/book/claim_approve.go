package book

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// UsualOver is over how many of the latest claims an average award is taken.
const UsualOver = 200

// followUsual asks for what is usual, where the policy compares with it.
func followUsual(b *Book, n *Needs, c *claim.Claim) {
	v, err := b.terms(c)
	if err == nil && v.AbnormalFactor > 0 && c.Award.Total() > v.AbnormalOver {
		n.usual(b.merchantID, c.ProductID)
	}
}

// approvalCause says why two people must approve a claim's award before it is
// debited: the award is large, or far from the usual. An award that asks nothing more
// of the merchant needs no approval.
func (b *Book) approvalCause(c *claim.Claim) (policy.ApprovalCause, error) {
	v, err := b.terms(c)
	if err != nil || c.Award.Total() <= c.Funding.Borne() {
		return policy.ApprovalNotNeeded, err
	}
	usual := b.usual[c.ProductID]
	return v.Approval(c.Award.Total(), usual.OfMerchant, usual.OfProduct), nil
}

// ApproveClaim is one of the two approvals that an award needs before it is debited,
// or a refusal, which sends the claim back to review. An approval binds claim,
// revision and amount; any change voids it. Refuses with SAME_PERSON anyone who filed
// or decided the claim or has already approved the amount.
type ApproveClaim struct {
	OnClaim
	Refuse bool
	Note   string
}

// approversNeeded is how many people must agree to an amount.
const approversNeeded = 2

func (a *ApproveClaim) need(c *Call, n *Needs) {
	a.OnClaim.need(c, n)
	n.approvalsOf(c.Header.MerchantID, a.ClaimID)
}

func (a *ApproveClaim) Cover(d *request.Digest) { d.Texts(a.ClaimID, a.Note); d.Flag(a.Refuse) }

func (a *ApproveClaim) decide(b *Book) (Outcome, error) {
	person := b.call.Header.Principal.Person
	if person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "an amount must be approved by a person, but the call names no person")
	}
	c, err := a.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	if _, ok := claim.Next(c.State, claim.ApprovedByTwo); !ok {
		return Outcome{}, c.Refuse(claim.ApprovedByTwo)
	}
	before, err := a.check(b, c, person)
	if err != nil {
		return Outcome{}, err
	}
	if a.Refuse {
		b.record(event.ApprovalRefused, c.ID)
		if err := b.move(c.ID, claim.ApprovalRefused, a.Note); err != nil {
			return Outcome{}, err
		}
		return b.about(c.ID), nil
	}
	e := b.record(event.ClaimApproved, c.ID)
	b.approvals.add(approvalKey{c.ID, c.Revision, person}, Approval{
		MerchantID: b.merchantID, ClaimID: c.ID, Revision: c.Revision, Person: person, Amount: c.Award.Total(),
		Note: a.Note, EventNumber: e.Number, ApprovedAt: b.now,
	}, b.command)
	if before+1 >= approversNeeded {
		if err := b.confirm(c.ID, claim.ApprovedByTwo, a.Note); err != nil {
			return Outcome{}, err
		}
	} else {
		b.change(c.ID) // The etag moves on: the second approver sees the first.
	}
	return b.about(a.ClaimID), nil
}

// check refuses who may not approve, and counts the approvals that there are.
func (a *ApproveClaim) check(b *Book, c *claim.Claim, person string) (int, error) {
	if err := c.CheckOther(person, "approve its amount"); err != nil {
		return 0, err
	}
	count := 0
	for _, who := range b.approvalsOf[c.ID] {
		p := b.approvals.get(approvalKey{c.ID, c.Revision, who})
		if p == nil || p.Amount != c.Award.Total() {
			continue
		}
		if principal.Same(who, person) {
			return 0, fault.New(fault.SamePerson, "this person has already approved the amount; the second approver must be somebody else").
				With("claimId", c.ID).About(c)
		}
		count++
	}
	return count, nil
}
