package book

import (
	"slices"
	"time"
)

// MerchantID names the book.
func (b *Book) MerchantID() string { return b.merchantID }

// Exists says whether the book has been opened.
func (b *Book) Exists() bool { return b.exists }

// Head is the book's row with what is staged.
func (b *Book) Head() Head { return b.head }

// SetHead takes over the book's row.
func (b *Book) SetHead(h Head) { b.head, b.exists = h, true }

// Refresh brings the book to the present time, for the next commands. Record time
// never goes back, and a batch's lies after that of the batch before.
func (b *Book) Refresh(now time.Time, catalog *Catalog) {
	b.catalog = catalog
	if len(b.damaged) > 0 {
		b.forgetDamage()
	}
	if now.After(b.now) {
		b.now = now
	}
	if !b.Changed() && !b.now.After(b.head.RecordedAt) {
		b.now = b.head.RecordedAt.Add(time.Microsecond)
	}
}

// Written makes what the batch staged the book as it stands: as the database has
// it once the batch is written.
func (b *Book) Written() {
	if !b.Changed() {
		return
	}
	if !b.opened {
		b.head.Version++
	}
	b.opened = false
	for i := range kinds {
		kinds[i].rows(b).written()
	}
}

// Shed drops every row that the batch did not change, and forgets what was asked
// for. Changed rows stay: until the batch commits, the database still has their old
// values, and a read must not overwrite them.
func (b *Book) Shed() {
	for i := range kinds {
		kinds[i].rows(b).forget()
	}
	b.asked = make(map[ask]asked)
	b.reindex()
}

// reindex rebuilds the indexes over the rows in memory.
func (b *Book) reindex() {
	b.claimants, b.resultsOf, b.refundsOf = make(index[siblingKey]), make(index[string]), make(index[string])
	b.payoutsOf, b.approvalsOf, b.notesOf = make(index[string]), make(index[string]), make(index[string])
	b.commissionsOf, b.custodyOf, b.evidenceRequestsOf = make(index[string]), make(index[string]), make(index[string])
	for i := range kinds {
		kinds[i].rows(b).reindex()
	}
}

// Size is how many rows the book holds in memory, with the names that it was asked
// for.
func (b *Book) Size() int {
	size := len(b.asked)
	for i := range kinds {
		size += kinds[i].rows(b).size()
	}
	return size
}

// oldestDebts gives the oldest debts in the order in which income goes to them, and
// forgets that order: it changes with every one that is paid.
func (b *Book) oldestDebts() []debtKey {
	list := make([]debtKey, 0, len(b.oldest))
	for k := range b.oldest {
		list = append(list, k)
	}
	slices.SortFunc(list, func(x, y debtKey) int { return b.oldest[x] - b.oldest[y] })
	return list
}
