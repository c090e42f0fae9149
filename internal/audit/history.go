package audit

import (
	"fmt"
	"math"
	"time"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// checkHistory walks events and transfers side by side: numbers without gaps, the
// chain of hashes from the book's first event to its head, and every transfer in
// exactly one event. An unsound event is named, and the rest is checked from the next
// sound one on.
func (b *inspection) checkHistory() error {
	chain := event.Genesis(b.head.MerchantID)
	var last time.Time
	var number int64
	t := &transfers{book: b}
	marks, err := b.rows.Marks(b.head.MerchantID)
	if err != nil {
		return err
	}
	b.marksLeft = marks
	if b.all != nil {
		b.months = b.all.of(marks)
	}
	for {
		l := new(loose)
		events, err := b.rows.Events(b.head.MerchantID, number, pageRows)
		if err != nil {
			return err
		}
		for i := range events {
			e := &events[i]
			b.checkEvent(e, number+1, chain, last)
			number, chain = e.Number, e.Hash
			if !e.RecordedAt.IsZero() { // Otherwise the row has no time.
				last = e.RecordedAt
			}
			if err := b.checkContent(e, t, l); err != nil {
				return err
			}
			b.checkMarks(e, t.number)
		}
		if err := b.checkLoose(l); err != nil {
			return err
		}
		if err := b.full(); err != nil {
			return err
		}
		if len(events) < pageRows {
			break
		}
	}
	b.endMarks()
	equal(b, "events", "last number", number, b.head.EventNumber)
	equal(b, "events", "last hash", chain, b.head.EventHash)
	equal(b, "events", "last time", last.UnixMicro(), b.head.RecordedAt.UnixMicro())
	return t.end()
}

// checkEvent checks an event's number, hash and time.
func (b *inspection) checkEvent(e *postgres.StoredEvent, number int64, before event.Hash, last time.Time) {
	subject := fmt.Sprintf("event %d", e.Number)
	if e.Number != number {
		b.wrong(subject, "event %d is missing before it", number)
	} else if event.Chain(before, e.Encoding, e.Content) != e.Hash {
		b.wrong(subject, "its hash does not follow from its content and the previous hash")
	}
	if e.RecordedAt.Before(last) {
		b.wrong(subject, "is recorded at %s, earlier than the previous event", e.RecordedAt)
	}
}

// checkContent compares an event's content with its row and its transfers.
func (b *inspection) checkContent(e *postgres.StoredEvent, t *transfers, l *loose) error {
	subject := fmt.Sprintf("event %d", e.Number)
	c, err := event.Decode(e.Encoding, e.Content)
	if err != nil {
		b.wrong(subject, "its content cannot be read: %v", err)
		return t.pass(e.FirstTransfer, e.LastTransfer)
	}
	equal(b, subject, "book", c.MerchantID, b.head.MerchantID)
	equal(b, subject, "number", c.Number, e.Number)
	equal(b, subject, "kind", c.Kind, e.Kind)
	equal(b, subject, "claim", c.ClaimID, e.ClaimID)
	equal(b, subject, "time", c.RecordedAt.UnixMicro(), e.RecordedAt.UnixMicro())
	if c.Move != nil {
		b.moved++
	}
	switch {
	case (c.Move == nil) != (e.Move == nil):
		b.wrong(subject, "its columns and its content disagree on whether it moved a claim")
	case c.Move != nil:
		equal(b, subject, "move", *e.Move, *c.Move)
	}
	exposed := ""
	if told := c.ExposureTold(); told != nil {
		exposed = postgres.ExposureText(*told)
	}
	equal(b, subject, "exposure", e.ExposureAfter, exposed)
	if (e.ExposureBefore == "") != (exposed == "") {
		b.wrong(subject, "its columns and its content disagree on whether it changed the exposure of a claim")
	}
	b.gather(e, c, l)
	first, last := c.TransferNumbers()
	equal(b, subject, "first transfer", e.FirstTransfer, first)
	equal(b, subject, "last transfer", e.LastTransfer, last)
	for i := range c.Transfers {
		if err := t.expect(&c.Transfers[i]); err != nil {
			return err
		}
	}
	return nil
}

// transfers hands out a book's transfers one after the other.
type transfers struct {
	book   *inspection
	page   []ledger.Transfer
	number int64
}

// peek gives the next transfer and leaves it; nil for none.
func (t *transfers) peek() (*ledger.Transfer, error) {
	if len(t.page) == 0 {
		rows, err := t.book.rows.Transfers(t.book.head.MerchantID, t.number, pageRows)
		if err != nil || len(rows) == 0 {
			return nil, err
		}
		t.page = rows
	}
	return &t.page[0], nil
}

// take takes the next transfer, and adds it to the accounts.
func (t *transfers) take() {
	row := &t.page[0]
	t.page, t.number = t.page[1:], row.Number
	t.book.add(row.Debit, ledger.Balance{Debits: row.Amount})
	t.book.add(row.Credit, ledger.Balance{Credits: row.Amount})
	if t.book.months != nil {
		t.book.months.take(row)
	}
}

// before takes the transfers before a number: no event contains them.
func (t *transfers) before(number int64) (next *ledger.Transfer, err error) {
	for {
		next, err = t.peek()
		if err != nil || next == nil || next.Number >= number {
			return next, err
		}
		t.book.wrong(fmt.Sprintf("transfer %d", next.Number), "no event contains it")
		if t.take(); t.book.full() != nil {
			return nil, errEnough
		}
	}
}

// pass takes the transfers from one number to another, of an event that cannot be read.
// Whether they are right nobody can tell.
func (t *transfers) pass(first, last int64) error {
	if first == 0 {
		return nil
	}
	next, err := t.before(first)
	for err == nil && next != nil && next.Number <= last {
		t.take()
		next, err = t.peek()
	}
	return err
}

// expect compares the next transfer with its event, and adds it to the accounts.
func (t *transfers) expect(want *ledger.Transfer) error {
	b, subject := t.book, fmt.Sprintf("transfer %d", want.Number)
	got, err := t.before(want.Number)
	if err != nil {
		return err
	}
	should := t.number + 1
	if got == nil || got.Number > want.Number {
		b.wrong(subject, "is part of event %d but does not exist", want.EventNumber)
		t.number = want.Number
		return b.full()
	}
	t.take()
	equal(b, subject, "number", got.Number, should)
	equal(b, subject, "row", exact(got), exact(want))
	if legs := got.Kind.Legs(); got.Debit != legs.Debit || got.Credit != legs.Credit {
		b.wrong(subject, "%s is not from %s to %s", got.Kind, got.Debit, got.Credit)
	}
	equal(b, subject, "currency", got.Currency, b.head.Currency)
	if got.Amount <= 0 {
		b.wrong(subject, "moves %d", got.Amount)
	}
	return b.full()
}

// exact is a transfer with its times in whole microseconds, for comparison.
func exact(t *ledger.Transfer) ledger.Transfer {
	c := *t
	c.RecordedAt, c.EffectiveAt = time.UnixMicro(t.RecordedAt.UnixMicro()), time.UnixMicro(t.EffectiveAt.UnixMicro())
	return c
}

func (b *inspection) add(p ledger.Purpose, by ledger.Balance) {
	sum := b.sums[p]
	b.sums[p] = ledger.Balance{Debits: sum.Debits + by.Debits, Credits: sum.Credits + by.Credits}
}

// end proves that every transfer belongs to an event.
func (t *transfers) end() error {
	equal(t.book, "transfers", "last number", t.number, t.book.head.TransferNumber)
	_, err := t.before(math.MaxInt64)
	return err
}
