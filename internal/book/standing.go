package book

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/debt"
)

// Standing is the state of a book as a whole: its row, and its debts summed by kind.
type Standing struct {
	Head
	Debts debt.Sums
}

// showingBook is a command that is answered with its book as it leaves it.
type showingBook interface {
	Command
	showsBook()
}

// showingLine is a command that is answered with an order line as it leaves it.
type showingLine interface {
	Command
	showsLine() (lineID string)
}

func (*OpenBook) showsBook()      {}
func (*MoneyMove) showsBook()     {}
func (*ReverseTopUp) showsBook()  {}
func (*BeginExit) showsBook()     {}
func (*CancelExit) showsBook()    {}
func (*SetBookLabels) showsBook() {}
func (*CompleteExit) showsBook()  {}

func (r *ReportOrderRefund) showsLine() string { return r.LineID }

// show adds the book or the order line to the outcome of the running command, once
// its whole change is staged.
func (b *Book) show(c Command, o *Outcome) {
	if _, shows := c.(showingBook); shows {
		o.Book = b.standing()
	}
	if l, shows := c.(showingLine); shows {
		o.Refunds = b.refundsOn(l.showsLine())
		if l := b.lines.get(l.showsLine()); l != nil {
			seen := l.seen()
			o.Line = &seen
		}
	}
}

// refundsOn are the refunds of an order line, oldest first.
func (b *Book) refundsOn(lineID string) []Refund {
	var list []Refund
	for _, id := range b.refundsOf[lineID] {
		if r := b.refunds.get(refundKey{lineID, id}); r != nil {
			list = append(list, *r)
		}
	}
	slices.SortFunc(list, func(x, y Refund) int {
		return cmp.Or(x.RefundedAt.Compare(y.RefundedAt), cmp.Compare(x.RefundID, y.RefundID))
	})
	return list
}

// standing is the book as the running command leaves it, under the version that it
// has once the batch is written.
func (b *Book) standing() *Standing {
	s := &Standing{Head: b.head, Debts: maps.Clone(b.owed.sums)}
	if !b.opened {
		s.Version++
	}
	return s
}

// owed are the debts of a book, summed by kind once a command has asked for them. A
// book may have far more debts than a lane keeps in memory, so they are summed by
// the database and kept in step from then on.
type owed struct {
	known bool
	// sums are those of the book with everything that is staged.
	sums debt.Sums
	// staged are the changes by this batch, flown those by the batch before, which
	// the database may not have yet.
	staged, flown debt.Sums
	// running are the changes by the running command.
	running []debtChange
}

type debtChange struct {
	kind debt.Kind
	by   debt.Sum
}

func (o *owed) keep() { o.running = o.running[:0] }
func (o *owed) undo() {
	for _, c := range o.running {
		o.add(c.kind, debt.Sum{Open: -c.by.Open, Count: -c.by.Count})
	}
	o.running = o.running[:0]
}
func (o *owed) written() {
	o.flown, o.staged = o.staged, nil
}
func (o *owed) forget()   { o.known, o.sums = false, nil }
func (o *owed) size() int { return len(o.sums) }
func (o *owed) reindex()  {}

// change counts a debt that a command began, changed or ended.
func (o *owed) change(kind debt.Kind, by debt.Sum) {
	o.running = append(o.running, debtChange{kind, by})
	o.add(kind, by)
}

func (o *owed) add(kind debt.Kind, by debt.Sum) {
	o.staged = o.staged.Plus(kind, by)
	if o.known {
		o.sums = o.sums.Plus(kind, by)
	}
}

// sumDebts keeps the sums in step with the debts that the running command touched.
func (b *Book) sumDebts() {
	for _, t := range b.debts.touched {
		if !t.fresh && t.before.live {
			b.owed.change(t.key.kind, debt.Sum{Open: -t.before.value.Open, Count: -1})
		}
		if after := b.debts.get(t.key); after != nil {
			b.owed.change(t.key.kind, debt.Sum{Open: after.Open, Count: 1})
		}
	}
}

// DebtSums are the debts of a book in the database, summed by kind, with the version
// that the book has there.
type DebtSums struct {
	MerchantID string
	Version    int64
	Sums       debt.Sums
}

// TakeDebtSums takes a book's sums over, and adds the changes that the database does
// not have: those of this batch, and those of the batch before while it is being
// written. Where another replica has changed the book in between, the sums are wrong,
// and nothing that is decided on them will be written.
func (bs Books) TakeDebtSums(d DebtSums) {
	b := bs[d.MerchantID]
	o := &b.owed
	o.known, o.sums = true, d.Sums
	changes := []debt.Sums{o.staged}
	if d.Version < b.head.Version {
		changes = append(changes, o.flown)
	}
	for _, c := range changes {
		for kind, by := range c {
			o.sums = o.sums.Plus(kind, by)
		}
	}
}
