package audit

import (
	"slices"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
)

// checkConfirmed proves that a claim's time of confirmation is that of the move
// that first confirmed it, and that nobody bore it before.
func (b *inspection) checkConfirmed(subject string, c *claim.Claim, first []postgres.Confirmation) {
	var at int64
	for _, f := range first {
		at = f.At.UnixMicro()
	}
	var told int64
	if !c.ConfirmedAt.IsZero() {
		told = c.ConfirmedAt.UnixMicro()
	}
	equal(b, subject, "time of its confirmation", told, at)
	if len(first) == 0 && c.Funding.Funded() > 0 {
		b.wrong(subject, "is funded with %d but was never confirmed", c.Funding.Funded())
	}
}

// checkAppeals proves that the claim records the newest appeal against it.
func (b *inspection) checkAppeals(subject string, c *claim.Claim, heard []postgres.Heard) {
	var newest int32
	for _, h := range heard {
		newest = h.Newest
	}
	equal(b, subject, "revision appealed against", c.AppealedRevision, newest)
	if c.State == claim.Appealed && len(heard) == 0 {
		b.wrong(subject, "is APPEALED but has no appeal")
	}
}

// approversNeeded is how many people must approve before an amount is debited.
const approversNeeded = 2

// decidesNothing are the causes of revisions that give another price to the verdict that
// there is, or end a claim without one.
var decidesNothing = []string{"REPRICED", "FEE_ADDED", "ORDER_REFUNDED", "BOUGHT_KNOWINGLY", string(claim.WithdrawnByClaimant)}

// decidedBy gives the people who made or confirmed the verdict of the last of a claim's
// revisions, and whether results alone gave it. The panel that dismissed an appeal made no
// revision and is not among them.
func decidedBy(revisions []postgres.AuditedRevision) (persons []string, byResults bool) {
	units := ""
	for i := range revisions {
		r := &revisions[i]
		if slices.Contains(decidesNothing, r.Cause) {
			continue
		}
		if r.Units != units {
			persons, units = nil, r.Units
		}
		if byResults = claim.Trigger(r.Cause).ByResults(); !byResults && r.Author != "" {
			persons = append(persons, r.Author)
		}
	}
	return persons, byResults
}

// checkDeciders proves that the claim names everybody who made its verdict, and that a
// verdict rests on results alone unless a person made or confirmed it.
func (b *inspection) checkDeciders(subject string, c *claim.Claim, revisions []postgres.AuditedRevision) {
	persons, byResults := decidedBy(revisions)
	if c.DecidedBy != "" {
		persons = append(persons, c.DecidedBy)
	}
	for _, p := range persons {
		if !among(c.Deciders, p) {
			b.wrong(subject, "lacks a person who decided it")
		}
	}
	equal(b, subject, "whether it rests on results alone", c.ByResults, byResults && c.DecidedBy == "")
	equal(b, subject, "whether it rests on fraud", c.Fraud, foundFraud(revisions))
}

// foundFraud says whether the last verdict rests on proof of fraud.
func foundFraud(revisions []postgres.AuditedRevision) (fraud bool) {
	for i := range revisions {
		if cause := revisions[i].Cause; !slices.Contains(decidesNothing, cause) {
			fraud = cause == string(book.GroundFraud)
		}
	}
	return fraud
}

// checkHighest proves that the largest awards of a claim are no less than any verdict gave,
// and that its largest compensation is no more. A refund from outside may have lowered the
// latter; the largest refund is that before any.
func (b *inspection) checkHighest(subject string, c *claim.Claim, revisions []postgres.AuditedRevision) {
	var most claim.Award
	for i := range revisions {
		most = most.Max(revisions[i].Award)
	}
	if c.Highest.Compensation > most.Compensation || c.Highest.Compensation < c.Award.Compensation {
		b.wrong(subject, "has a largest compensation of %d, but is awarded %d and was never awarded more than %d",
			c.Highest.Compensation, c.Award.Compensation, most.Compensation)
	}
	if c.Highest.Refund < most.Refund {
		b.wrong(subject, "has a largest refund of %d, but was awarded %d", c.Highest.Refund, most.Refund)
	}
}

// checkApprovals proves that everybody approved the amount of the revision that the
// approval names, that nobody approved a claim that they filed or decided, and that
// no claim waits for approvals that it has.
func (b *inspection) checkApprovals(subject string, c *claim.Claim, revisions []postgres.AuditedRevision, approvals []book.Approval) {
	var present []string
	for _, a := range approvals {
		var deciders []string
		if n := int(a.Revision); n >= 1 && n <= len(revisions) {
			equal(b, subject, "amount of an approval", a.Amount, revisions[n-1].Award.Total())
			deciders, _ = decidedBy(revisions[:n])
		}
		if a.Revision == c.Revision {
			present = append(present, a.Person)
			deciders = slices.Concat(deciders, c.Deciders)
		}
		if principal.Same(a.Person, c.FiledBy) {
			b.wrong(subject, "was approved by the person who filed it")
		}
		if among(deciders, a.Person) {
			b.wrong(subject, "was approved by a person who decided it")
		}
	}
	if n := others(present, ""); c.State == claim.AwaitingApproval && n >= approversNeeded {
		b.wrong(subject, "waits for approval but already has %d", n)
	}
}
