package audit

import (
	"slices"
	"strconv"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
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

// checkPeople compares the people whom the rows of a claim name with those who acted, by
// the events.
func (b *inspection) checkPeople(
	subject string, c *claim.Claim, told *story, revisions []postgres.AuditedRevision, approvals []book.Approval, evidence []book.Evidence,
) {
	if c.FiledBy != "" || c.FiledAt.UnixMicro() > b.old.at { // Old claims may not say.
		b.by(subject, "the person who filed it", c.FiledBy, told.filed)
	}
	b.by(subject, "the person who has the review", c.Assignee, told.assignee)
	for i := range revisions {
		r := &revisions[i]
		by := told.actors[r.EventNumber]
		switch old := r.EventNumber <= b.old.number; {
		case old && r.Author == "":
			continue // Old revisions may not say.
		case !old && claim.Trigger(r.Cause).ByResults():
			by = "" // A verdict by results alone has no author, whoever recorded the last of them.
		}
		b.by(subject, "the author of revision "+strconv.Itoa(int(r.Number)), r.Author, by)
	}
	for i := range approvals {
		b.by(subject, "the approver of revision "+strconv.Itoa(int(approvals[i].Revision)), approvals[i].Person, told.actors[approvals[i].EventNumber])
	}
	for i := range evidence {
		b.by(subject, "the person who added evidence", evidence[i].AddedBy, told.actors[evidence[i].EventNumber])
	}
	for _, person := range append(slices.Clone(c.Deciders), c.DecidedBy) {
		if person != "" && !b.acted(told, person) {
			b.wrong(subject, "was decided by a person of whom no event of it tells")
		}
	}
	if len(c.Deciders) > 0 && c.DecidedBy == "" && !c.ByResults {
		b.wrong(subject, "has deciders, but nobody decided it last")
	}
}

// checkNotes proves that a claim's notes are numbered without a gap, and that each was
// written by the person who acted by its event.
func (b *inspection) checkNotes(subject string, told *story, notes []book.Note) {
	for i := range notes {
		n := &notes[i]
		if int(n.Number) != i+1 {
			b.wrong(subject, "has note %d in place of note %d", n.Number, i+1)
		}
		b.by(subject, "the person who wrote note "+strconv.Itoa(int(n.Number)), n.AddedBy, told.actors[n.EventNumber])
	}
}

// checkCommissions proves the same of a claim's commissions.
func (b *inspection) checkCommissions(subject string, told *story, commissions []commission.Commission) {
	for i := range commissions {
		x := &commissions[i]
		if int(x.Number) != i+1 {
			b.wrong(subject, "has commission %d in place of commission %d", x.Number, i+1)
		}
		b.by(subject, "the person who gave commission "+strconv.Itoa(int(x.Number)), x.MadeBy, told.actors[x.EventNumber])
	}
}

// checkCustody proves the same of a claim's steps of custody.
func (b *inspection) checkCustody(subject string, told *story, steps []custody.Step) {
	for i := range steps {
		x := &steps[i]
		if int(x.Number) != i+1 {
			b.wrong(subject, "has step of custody %d in place of step %d", x.Number, i+1)
		}
		b.by(subject, "the person who added step of custody "+strconv.Itoa(int(x.Number)), x.RecordedBy, told.actors[x.EventNumber])
	}
}

// checkEvidenceRequests proves the same of a claim's requests for evidence.
func (b *inspection) checkEvidenceRequests(subject string, told *story, requests []claim.EvidenceRequest) {
	for i := range requests {
		x := &requests[i]
		if int(x.Number) != i+1 {
			b.wrong(subject, "has request %d for evidence in place of request %d", x.Number, i+1)
		}
		b.by(subject, "the person who made request "+strconv.Itoa(int(x.Number))+" for evidence", x.MadeBy, told.actors[x.EventNumber])
	}
}

// acted says whether a person acted on a claim, by its events. Where somebody acted who was
// erased, it may have been anybody whom the book does not know.
func (b *inspection) acted(told *story, person string) bool {
	commitment, known := b.persons[person]
	for _, a := range told.actors {
		if _, there := b.behind[a]; known && a == commitment || !known && a != "" && !there {
			return true
		}
	}
	return false
}
