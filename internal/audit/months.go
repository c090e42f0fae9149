package audit

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sort"
	"sync"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/period"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/principal"
	"github.com/tenfold-claims/tenfold/internal/reconcile"
)

// months are the closed months, whose sums are proved from the transfers of all books.
type months struct {
	closes []period.Change
	kept   []period.Sums

	mu sync.Mutex
	// closing are the transfers that each close has by the end of its month and no close before it;
	// known are those by its beginning, the late ones included.
	closing, known []map[string]ledger.Totals
}

// checkMonths proves on one snapshot the chain of closed months, and that each close kept what its
// digests say. It gives the closes in force, of which sums are still to be proved.
func checkMonths(ctx context.Context, db *postgres.DB) (m *months, found []Discrepancy, err error) {
	m = new(months)
	wrong := func(subject, format string, args ...any) {
		found = append(found, Discrepancy{Subject: subject, Detail: fmt.Sprintf(format, args...), Class: reconcile.BooksDiffer})
	}
	defer func() {
		if r := recover(); r != nil {
			m = new(months)
			wrong("closed months", "their check ended with %v\n%s", r, debug.Stack())
		}
	}()
	err = db.InAudit(ctx, func(a *postgres.Audit) error {
		a.Unread = func(what string, err error) { wrong("a row of closed months", "cannot be read (%s): %v", what, err) }
		changes, err := a.PeriodChanges()
		if err != nil {
			return err
		}
		checkChain(changes, wrong)
		if err := checkKept(a, changes, wrong); err != nil || len(found) > 0 {
			return err // What is wrong with the changes is wrong with all that follows from them.
		}
		so := period.Fold(changes)
		m.closes = so.Closed
		for i := range m.closes {
			k, err := a.KeptClose(m.closes[i].Number)
			if err != nil {
				return err
			}
			m.kept = append(m.kept, k.Sums)
			m.closing, m.known = append(m.closing, map[string]ledger.Totals{}), append(m.known, map[string]ledger.Totals{})
		}
		return nil
	})
	return m, found, err
}

// checkChain proves that the changes are numbered without gaps, that those which were made form a
// chain, and that each could be made, by two persons.
func checkChain(changes []period.Change, wrong func(subject, format string, args ...any)) {
	var made []period.Change
	for i := range changes {
		c := &changes[i]
		subject := fmt.Sprintf("change %d of months", c.Number)
		if c.Number != int64(i+1) {
			wrong(subject, "change %d is missing before it", i+1)
		}
		if !slices.Contains(period.ChangeStates(), c.State) || !slices.Contains(period.Actions(), c.Action) {
			wrong(subject, "is a %s in state %s, which there is not", c.Action, c.State)
			return
		}
		if c.State != period.Done {
			if c.Link != 0 || c.Books != 0 || c.Hash != (period.Hash{}) || c.Previous != (period.Hash{}) || c.Heads != (period.Hash{}) || c.Sums != (period.Hash{}) {
				wrong(subject, "was not made, and has a link or what a close keeps")
			}
			continue
		}
		if principal.Same(c.Proposed.By.Person, c.Decided.By.Person) {
			wrong(subject, "was approved by the person who proposed it")
		}
		so := period.Fold(made)
		if err := so.CheckPropose(c.Period, c.Action, "somebody", c.Decided.At); err != nil {
			wrong(subject, "could not be made: %v", err)
			return
		}
		made = append(made, *c)
	}
	if broken := period.Check(made); broken != "" {
		wrong("closed months", "%s", broken)
	}
}

// checkKept compares what each close kept with its digests, and finds what no close kept.
func checkKept(a *postgres.Audit, changes []period.Change, wrong func(subject, format string, args ...any)) error {
	closes := make(map[int64]bool)
	for i := range changes {
		c := &changes[i]
		if c.State != period.Done || c.Action != period.Close {
			continue
		}
		closes[c.Number] = true
		k, err := a.KeptClose(c.Number)
		if err != nil {
			return err
		}
		subject := fmt.Sprintf("close %d of %s", c.Number, c.Period)
		if k.Books != c.Books || k.Heads != c.Heads {
			wrong(subject, "kept the heads of %d books with the digest %x, and says %d with %x", k.Books, k.Heads, c.Books, c.Heads)
		}
		if sums := k.Sums.Digest(); sums != c.Sums {
			wrong(subject, "kept sums with the digest %x, and says %x", sums, c.Sums)
		}
	}
	kept, err := a.ClosesKept()
	for _, n := range kept {
		if !closes[n] {
			wrong(fmt.Sprintf("change %d of months", n), "closed no month, although heads or sums of one are kept for it")
		}
	}
	return err
}

// monthsOfBook are the transfers of a book by the closes that have them.
type monthsOfBook struct {
	*months
	marks          []int64
	closing, known []ledger.Totals
}

// of begins with a book, whose marks are known.
func (m *months) of(marks []postgres.Mark) *monthsOfBook {
	n := len(m.closes)
	b := &monthsOfBook{months: m, marks: make([]int64, n), closing: make([]ledger.Totals, n), known: make([]ledger.Totals, n)}
	for i := range m.closes {
		b.closing[i], b.known[i] = ledger.Totals{}, ledger.Totals{}
		for _, k := range marks {
			if k.Change == m.closes[i].Number {
				b.marks[i] = k.Transfer
			}
		}
	}
	return b
}

// take adds a transfer to the first close that has it: each later one has it, too.
func (b *monthsOfBook) take(t *ledger.Transfer) {
	n := len(b.closes)
	marked := sort.Search(n, func(i int) bool { return b.marks[i] >= t.Number })
	ended := sort.Search(n, func(i int) bool { return t.EffectiveAt.Before(b.closes[i].Period.End()) })
	begun := sort.Search(n, func(i int) bool { return t.EffectiveAt.Before(b.closes[i].Period.Start()) })
	if i := max(marked, ended); i < n {
		b.closing[i].Add(t.Kind, t.Amount, 1)
	}
	if i := max(marked, begun); i < n {
		b.known[i].Add(t.Kind, t.Amount, 1)
	}
}

// add adds a whole book.
func (m *months) add(currency string, b *monthsOfBook) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.closes {
		plus(m.closing[i], currency, b.closing[i], 1)
		plus(m.known[i], currency, b.known[i], 1)
	}
}

func plus(to map[string]ledger.Totals, currency string, t ledger.Totals, times int64) {
	if to[currency] == nil {
		to[currency] = ledger.Totals{}
	}
	to[currency].Plus(t, times)
}

// check compares the sums that each close kept with the transfers of all books.
func (m *months) check() (found []Discrepancy) {
	closing, known := map[string]ledger.Totals{}, map[string]ledger.Totals{}
	for i := range m.closes {
		should := period.Sums{period.Opening: {}, period.Late: {}, period.Closing: {}}
		for currency, t := range m.known[i] {
			plus(known, currency, t, 1)
		}
		for currency, t := range known {
			plus(should[period.Opening], currency, t, 1)
			if i > 0 {
				should[period.Opening][currency] = ledger.Totals{}
				plus(should[period.Opening], currency, closing[currency], 1)
				plus(should[period.Late], currency, t, 1)
				plus(should[period.Late], currency, closing[currency], -1)
			}
		}
		for currency, t := range m.closing[i] {
			plus(closing, currency, t, 1)
		}
		for currency, t := range closing {
			plus(should[period.Closing], currency, t, 1)
		}
		for _, section := range period.Sections() {
			if section == period.Opening && m.kept[i][section] == nil {
				continue // A close of an earlier version kept none.
			}
			is, want := m.kept[i].Lines(section), should.Lines(section)
			for _, line := range is {
				if !slices.Contains(want, line) {
					found = append(found, m.differs(i, "kept %s, which the transfers of the books do not make", line))
				}
			}
			for _, line := range want {
				if !slices.Contains(is, line) {
					found = append(found, m.differs(i, "did not keep %s, which the transfers of the books make", line))
				}
			}
		}
	}
	return found
}

func (m *months) differs(i int, format, line string) Discrepancy {
	c := &m.closes[i]
	return Discrepancy{Subject: fmt.Sprintf("close %d of %s", c.Number, c.Period), Detail: fmt.Sprintf(format, line), Class: reconcile.BooksDiffer}
}

// checkMarks compares the marks of a book that lie at an event with the event and with the
// transfers up to it.
func (b *inspection) checkMarks(e *postgres.StoredEvent, transfer int64) {
	for len(b.marksLeft) > 0 && b.marksLeft[0].Event <= e.Number {
		k := b.marksLeft[0]
		b.marksLeft = b.marksLeft[1:]
		subject := fmt.Sprintf("close %d of months", k.Change)
		if k.Event != e.Number || k.Hash != e.Hash {
			b.wrong(subject, "found the event %d with the hash %s, which the book does not have", k.Event, k.Hash)
			continue
		}
		equal(b, subject, "last transfer", k.Transfer, transfer)
	}
}

// endMarks finds the marks that lie behind the end of the book.
func (b *inspection) endMarks() {
	for _, k := range b.marksLeft {
		b.wrong(fmt.Sprintf("close %d of months", k.Change), "found the event %d, which the book does not have", k.Event)
	}
}
