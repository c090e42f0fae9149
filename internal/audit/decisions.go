package audit

import (
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/postgres"
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

// checkApprovals proves that everybody approved the amount of the revision that the
// approval names, that nobody approved a claim that they filed or decided, and that
// no claim waits for approvals that it has.
func (b *inspection) checkApprovals(subject string, c *claim.Claim, revisions []postgres.AuditedRevision, approvals []book.Approval) {
	present := 0
	for _, a := range approvals {
		if n := int(a.Revision); n >= 1 && n <= len(revisions) {
			equal(b, subject, "amount of an approval", a.Amount, revisions[n-1].Award.Total())
		}
		if a.Person == c.FiledBy {
			b.wrong(subject, "was approved by the person who filed it")
		}
		if a.Revision != c.Revision {
			continue
		}
		present++
		if c.State == claim.AwaitingApproval && a.Person == c.DecidedBy {
			b.wrong(subject, "was approved by the person who decided it")
		}
	}
	if c.State == claim.AwaitingApproval && present >= approversNeeded {
		b.wrong(subject, "waits for approval but already has %d", present)
	}
}
