package audit

import (
	"cmp"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/commission"
	"github.com/tenfold-claims/tenfold/internal/custody"
	"github.com/tenfold-claims/tenfold/internal/debt"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// checkClaims compares every claim with its moves, revisions, holds, transfers,
// payouts and wait.
func (b *inspection) checkClaims() error {
	b.held = make(map[ledger.Purpose]money.Amount)
	after := ""
	for {
		claims, err := b.rows.Claims(b.head.MerchantID, after, pageClaims)
		if err != nil {
			return err
		}
		if len(claims) == 0 {
			return nil
		}
		after = claims[len(claims)-1].ID
		parts, err := b.rows.ClaimParts(b.head.MerchantID, claims[0].ID, after)
		if err != nil {
			return err
		}
		sorted(parts)
		stories, err := b.checkBound(claims[0].ID, after)
		if err != nil {
			return err
		}
		for _, c := range claims {
			b.checkClaim(c, parts, stories[c.ID])
		}
		if err := b.full(); err != nil {
			return err
		}
	}
}

// sorted sorts by claim the rows that the database does not return in that order.
func sorted(p *postgres.ClaimParts) {
	slices.SortFunc(p.Flows, func(a, b postgres.Flow) int { return cmp.Compare(a.ClaimID, b.ClaimID) })
	slices.SortFunc(p.Payouts, func(a, b *payout.Payout) int { return cmp.Compare(a.ClaimID, b.ClaimID) })
	slices.SortFunc(p.Waits, func(a, b book.Wait) int { return cmp.Compare(a.ClaimID, b.ClaimID) })
	slices.SortFunc(p.Confirmed, func(a, b postgres.Confirmation) int { return cmp.Compare(a.ClaimID, b.ClaimID) })
	slices.SortFunc(p.Heard, func(a, b postgres.Heard) int { return cmp.Compare(a.ClaimID, b.ClaimID) })
	slices.SortFunc(p.Approvals, func(a, b book.Approval) int { return cmp.Compare(a.ClaimID, b.ClaimID) })
	slices.SortFunc(p.Debts, func(a, b debt.Debt) int { return cmp.Compare(a.ID, b.ID) })
}

// take gives the leading rows of a claim and leaves the rest.
func take[T any](rows *[]T, id func(*T) string, claimID string) []T {
	n := 0
	for n < len(*rows) && id(&(*rows)[n]) <= claimID {
		n++
	}
	out := (*rows)[:n]
	*rows = (*rows)[n:]
	// Rows of ids that no claim has are strays, and counted as such.
	return slices.DeleteFunc(slices.Clone(out), func(v T) bool { return id(&v) != claimID })
}

func (b *inspection) checkClaim(c *claim.Claim, p *postgres.ClaimParts, told *story) {
	subject := "claim " + c.ID
	if c.State.Live() {
		b.units += int64(len(c.Units))
	}
	b.checkLast(subject, c, take(&p.Last, func(m *postgres.Move) string { return m.ClaimID }, c.ID))
	b.checkWaits(subject, c, take(&p.Waits, func(w *book.Wait) string { return w.ClaimID }, c.ID))
	revisions := take(&p.Revisions, func(r *postgres.AuditedRevision) string { return r.ClaimID }, c.ID)
	b.checkRevisions(subject, c, revisions)
	b.checkDeciders(subject, c, revisions)
	b.checkHighest(subject, c, revisions)
	b.checkConfirmed(subject, c, take(&p.Confirmed, func(f *postgres.Confirmation) string { return f.ClaimID }, c.ID))
	b.checkAppeals(subject, c, take(&p.Heard, func(h *postgres.Heard) string { return h.ClaimID }, c.ID))
	approvals := take(&p.Approvals, func(a *book.Approval) string { return a.ClaimID }, c.ID)
	b.checkApprovals(subject, c, revisions, approvals)
	evidence := take(&p.Evidence, func(e *book.Evidence) string { return e.ClaimID }, c.ID)
	notes := take(&p.Notes, func(n *book.Note) string { return n.ClaimID }, c.ID)
	commissions := take(&p.Commissions, func(x *commission.Commission) string { return x.ClaimID }, c.ID)
	steps := take(&p.Custody, func(x *custody.Step) string { return x.ClaimID }, c.ID)
	disclosures := take(&p.Disclosures, func(d *book.Disclosure) string { return d.ClaimID }, c.ID)
	requests := take(&p.EvidenceRequests, func(x *claim.EvidenceRequest) string { return x.ClaimID }, c.ID)
	if told != nil {
		b.checkExposed(subject, c, told)
		b.checkPeople(subject, c, told, revisions, approvals, evidence)
		b.checkNotes(subject, told, notes)
		b.checkCommissions(subject, told, commissions)
		b.checkCustody(subject, told, steps)
		b.checkEvidenceRequests(subject, told, requests)
		for i := range disclosures {
			b.by(subject, "the person who disclosed evidence", disclosures[i].MadeBy, told.actors[disclosures[i].EventNumber])
		}
	}

	moved := byKind(take(&p.Flows, func(f *postgres.Flow) string { return f.ClaimID }, c.ID))
	b.checkHolds(subject, c, take(&p.Holds, func(h **ledger.Hold) string { return (*h).ClaimID }, c.ID), moved)
	b.checkBearers(subject, c, moved)
	b.checkItems(subject, c, moved)
	b.checkPayouts(subject, c, take(&p.Payouts, func(o **payout.Payout) string { return (*o).ClaimID }, c.ID), moved)
	b.checkDebts(subject, c, take(&p.Debts, func(d *debt.Debt) string { return d.ID }, c.ID))
	b.addClaim(c)
}

// checkLast proves that a claim is in the state that its newest move took it to.
func (b *inspection) checkLast(subject string, c *claim.Claim, last []postgres.Move) {
	if len(last) != 1 {
		b.wrong(subject, "has never moved")
		return
	}
	equal(b, subject, "state", c.State, last[0].To)
	equal(b, subject, "time of its state", c.StateSince.UnixMicro(), last[0].RecordedAt.UnixMicro())
	if c.Version < last[0].Version {
		b.wrong(subject, "is at version %d, before its newest move at %d", c.Version, last[0].Version)
	}
}

// checkWaits compares a claim's state with its waits.
func (b *inspection) checkWaits(subject string, c *claim.Claim, waits []book.Wait) {
	waiting := !c.State.Final() && (c.State != claim.Paying || c.Shortfall() > 0)
	if waiting != (len(waits) == 1) {
		b.wrong(subject, "is %s and has %d waits", c.State, len(waits))
	}
	deadline := c.Deadline
	if !c.ClockStoppedAt.IsZero() {
		deadline = time.Time{} // No deadline fires while the clock is stopped.
	}
	for _, w := range waits {
		equal(b, subject, "wait", instant(w), instant(book.Wait{
			MerchantID: c.MerchantID, ClaimID: c.ID, State: c.State, Since: c.StateSince, Fires: c.Fires, Deadline: deadline,
			HoldExpires: c.HoldExpiresAt, Assignee: c.Assignee,
		}))
	}
	if c.Fires != claim.DeadlineNone && !slices.Contains(c.State.Fires(), c.Fires) {
		b.wrong(subject, "is %s, a state in which %s cannot fire", c.State, c.Fires)
	}
	if c.State == claim.Paid && c.Funding.Paid() < c.Award.Total() {
		b.wrong(subject, "is PAID but only %d of its award of %d were paid", c.Funding.Paid(), c.Award.Total())
	}
	equal(b, subject, "whether its hold can expire", !c.HoldExpiresAt.IsZero(), c.Funding.Held > 0)
	if c.State.Final() {
		equal(b, subject, "amount held", c.Funding.Held, 0)
	}
	if !c.State.Live() {
		equal(b, subject, "award", c.Award, claim.Award{})
	}
}

// instantWait is a wait with its times in whole microseconds, to be compared.
type instantWait struct {
	id, assignee    string
	state           claim.State
	fires           claim.Deadline
	since, deadline int64
	holdExpires     int64
}

func instant(w book.Wait) instantWait {
	return instantWait{w.ClaimID, w.Assignee, w.State, w.Fires, w.Since.UnixMicro(), w.Deadline.UnixMicro(), w.HoldExpires.UnixMicro()}
}

// checkRevisions proves that the award is the newest revision's.
func (b *inspection) checkRevisions(subject string, c *claim.Claim, revisions []postgres.AuditedRevision) {
	for i, r := range revisions {
		equal(b, subject, "number of a revision", r.Number, int32(i+1))
	}
	equal(b, subject, "number of revisions", int32(len(revisions)), c.Revision)
	if len(revisions) > 0 {
		last := revisions[len(revisions)-1]
		equal(b, subject, "award", c.Award, last.Award)
		equal(b, subject, "verdict", c.Verdict, last.Verdict)
		return
	}
	equal(b, subject, "award", c.Award, claim.Award{})
}
