package engine

import (
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// setHead takes over the book's row.
func (b *Book) setHead(h postgres.Head) { b.head, b.exists = h, true }

// refresh brings the book to the present time, for the next commands. Record time
// never goes back, and a batch's lies after that of the batch before.
func (b *Book) refresh(now time.Time, catalog *Catalog) {
	b.catalog = catalog
	if now.After(b.now) {
		b.now = now
	}
	if !b.changed() && !b.now.After(b.head.RecordedAt) {
		b.now = b.head.RecordedAt.Add(time.Microsecond)
	}
}

// written makes what the batch staged the book as it stands: as the database has
// it once the batch is written.
func (b *Book) written() {
	if !b.changed() {
		return
	}
	if !b.opened {
		b.head.Version++
	}
	b.opened = false
	b.claims.written(func(l *loadedClaim) { l.from = l.Version })
	b.lines.written(nil)
	b.units.written(func(u *unit) { u.stored = u.claimID })
	b.groups.written(nil)
	b.holds.written(nil)
	b.payouts.written(nil)
	b.waits.written(nil)
	b.dues.written(nil)
	b.requests.forget() // What was written before is looked up again by those who need it.
	b.requests.written(nil)
	b.persons.written(nil)
	b.results.written(nil)
	b.refunds.written(nil)
	b.debts.written(nil)
	b.approvals.written(nil)
	b.proposals.written(nil)
	b.appeals.written()
	b.retracted.written()
	b.votes.written()
	b.evidence.written()
	for i := range b.transfers.list {
		b.reference(&b.transfers.list[i])
	}
	b.transfers.written()
	b.revisions.written()
	b.events.written()
}

// shed forgets what the batch did not change, as if the book had not been asked for
// anything yet. What it did change stays until the next batch: the database may not
// tell of it before it is written, and what is read meanwhile does not replace it.
func (b *Book) shed() {
	b.claims.forget()
	b.lines.forget()
	b.units.forget()
	b.groups.forget()
	b.holds.forget()
	b.payouts.forget()
	b.waits.forget()
	b.dues.forget()
	b.persons.forget()
	b.results.forget()
	b.refunds.forget()
	b.debts.forget()
	b.approvals.forget()
	b.proposals.forget()
	b.asked = make(map[ask]asked)
	b.byReference = make(map[string][]ledger.Transfer)
	b.usual = make(map[string]postgres.Usual)
	b.oldest = nil
	b.reindex()
}

// reindex makes the rows in memory found by what they share.
func (b *Book) reindex() {
	b.claimants, b.resultsOf, b.refundsOf = make(index[siblingKey]), make(index[string]), make(index[string])
	b.payoutsOf, b.approvalsOf = make(index[string]), make(index[string])
	for id, r := range b.claims.rows {
		b.claimants.put(siblingKey{r.value.ClaimantID, r.value.ProductID}, id)
	}
	for id, r := range b.results.rows {
		b.resultsOf.put(r.value.ClaimID, id)
	}
	for k := range b.refunds.rows {
		b.refundsOf.put(k.line, k.refund)
	}
	for id, r := range b.payouts.rows {
		b.payoutsOf.put(r.value.ClaimID, id)
	}
	for k := range b.approvals.rows {
		b.approvalsOf.put(k.claim, k.person)
	}
}

// reference makes a transfer found by its external reference, once.
func (b *Book) reference(t *ledger.Transfer) {
	if t.ExternalReference == "" {
		return
	}
	list := b.byReference[t.ExternalReference]
	if !slices.ContainsFunc(list, func(o ledger.Transfer) bool { return o.Number == t.Number }) {
		b.byReference[t.ExternalReference] = append(list, *t)
	}
}

// size is how many rows the book holds in memory.
func (b *Book) size() int {
	return len(b.claims.rows) + len(b.lines.rows) + len(b.units.rows) + len(b.groups.rows) + len(b.holds.rows) +
		len(b.payouts.rows) + len(b.waits.rows) + len(b.dues.rows) + len(b.requests.rows) + len(b.persons.rows) +
		len(b.results.rows) + len(b.refunds.rows) + len(b.byReference) + len(b.asked)
}
