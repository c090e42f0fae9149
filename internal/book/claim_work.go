package book

import (
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Who works on which claim: a person takes one, gives it back, or decides one that
// another person has.

// assign gives a claim to a person, or back to its queue for an empty one. The deadline
// runs on.
func (b *Book) assign(id, person string) {
	b.record(event.ReviewAssigned, id)
	b.detail("assignee", b.commitment(person))
	c := b.change(id)
	c.Assignee = person
	b.wait(c, deadline{c.Fires, c.Deadline})
}

// TakeClaim gives an unassigned claim in a state to the calling person. It is refused
// with ASSIGNED_TO_ANOTHER if somebody else was first, and with SAME_PERSON if the person
// could not decide the claim.
type TakeClaim struct {
	OnClaim
	State claim.State
}

// Cover covers the state alone: which claim a request takes is found out, and not asked
// for.
func (t *TakeClaim) Cover(d *request.Digest) { d.Texts(string(t.State)) }

func (t *TakeClaim) decide(b *Book) (Outcome, error) {
	person := b.call.Header.Principal.Person
	if person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "a claim must be taken by a person, but the call names no person")
	}
	c, err := t.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	switch {
	case c.State != t.State:
		return Outcome{}, c.Refuse(claim.ReviewUpheld)
	case c.Assignee != "":
		return Outcome{}, assignedToAnother(c)
	case c.State == claim.Appealed:
		if err := c.CheckOther(person, "decide the appeal against it"); err != nil {
			return Outcome{}, err
		}
	case c.Reconsidering():
		if err := c.CheckOther(person, "reconsider its decision"); err != nil {
			return Outcome{}, err
		}
	}
	b.assign(c.ID, person)
	return b.about(c.ID), nil
}

// ReleaseClaim gives a claim that the calling person has back to its queue. It is refused
// with ASSIGNED_TO_ANOTHER if another person has it, and with CLAIM_CHANGED if nobody
// has it.
type ReleaseClaim struct{ OnClaim }

// Cover implements request.Content.
func (r *ReleaseClaim) Cover(d *request.Digest) { d.Texts(r.ClaimID) }

func (r *ReleaseClaim) decide(b *Book) (Outcome, error) {
	person := b.call.Header.Principal.Person
	if person == "" {
		return Outcome{}, fault.New(fault.PersonRequired, "a claim must be released by a person, but the call names no person")
	}
	c, err := r.claim(b)
	if err != nil {
		return Outcome{}, err
	}
	switch {
	case c.Assignee == "":
		return Outcome{}, fault.New(fault.ClaimChanged, "claim %s is assigned to nobody", c.ID).With("claimId", c.ID).About(c)
	case !principal.Same(c.Assignee, person):
		return Outcome{}, assignedToAnother(c)
	}
	b.assign(c.ID, "")
	return b.about(c.ID), nil
}

func assignedToAnother(c *claim.Claim) *fault.Error {
	return fault.New(fault.AssignedToAnother, "claim %s is assigned to another person", c.ID).
		With("claimId", c.ID).With("assignee", c.Assignee).About(c)
}

// Override is part of every decision on a claim that may be assigned.
type Override struct {
	// OverrideReason is why the person decides although the claim is assigned to another;
	// empty if the decision is to be refused then.
	OverrideReason string
}

// overrideVersion is the list of fields that covers the reason.
const overrideVersion = request.FirstVersion + 1

// DigestVersion implements request.Grown.
func (o *Override) DigestVersion() int64 {
	if o.OverrideReason == "" {
		return request.FirstVersion
	}
	return overrideVersion
}

func (o *Override) cover(d *request.Digest) {
	if o.DigestVersion() == overrideVersion {
		d.Texts(o.OverrideReason)
	}
}

// follow asks for what the trace of an override needs.
func (o *Override) follow(b *Book, n *Needs, c *claim.Claim) {
	if o.OverrideReason != "" && c.Assignee != "" {
		n.person(b.merchantID, c.Assignee)
		n.notesOf(b.merchantID, c.ID)
	}
}

// overrides says whether the running command decides a claim that another person has.
func (b *Book) overrides(c *claim.Claim) bool {
	return c.Assignee != "" && !principal.Same(c.Assignee, b.call.Header.Principal.Person)
}

// check refuses with ASSIGNED_TO_ANOTHER a decision on what another person works on, if
// no reason is given.
func (o *Override) check(b *Book, c *claim.Claim) error {
	if !b.overrides(c) {
		return nil
	}
	if o.OverrideReason == "" {
		err := assignedToAnother(c)
		err.Detail += "; to decide it all the same, give override_reason"
		return err.At("override_reason")
	}
	return b.checkNotes(c)
}

// trace records in the running event whom the decision overrides, and keeps the reason as
// an internal note.
func (o *Override) trace(b *Book, c *claim.Claim) {
	if !b.overrides(c) {
		return
	}
	b.detail("overrides", b.commitment(c.Assignee))
	b.note(c.ID, NoteInternal, o.OverrideReason)
}
