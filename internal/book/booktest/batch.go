package booktest

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/payout"
)

// batch decides calls on their books, writes what they staged, and proves the books.
// As in a lane, only the requests of refused commands are looked up; where another
// turns out to have been carried out before, the batch is decided afresh.
func (s *Shelf) batch(calls []*book.Call) {
	s.forgetBooks()
	err := s.try(calls, false)
	if errors.Is(err, errRequestStored) {
		for _, c := range calls {
			s.Forget(c.Header.MerchantID)
		}
		err = s.try(calls, true)
	}
	if err != nil {
		s.breaks("%v", err)
		for _, c := range calls {
			c.Outcome, c.Err = book.Outcome{}, fmt.Errorf("%w: %w", ErrBroken, err)
		}
		return
	}
	var made []payout.Payout
	for _, c := range calls {
		made = append(made, c.Made...)
	}
	s.made = append(s.made, made...)
	if !s.seldom {
		s.prove(calls)
	}
}

// prove proves the books of calls from where the last proof ended.
func (s *Shelf) prove(calls []*book.Call) {
	for _, id := range merchantsOf(calls) {
		b := s.at(id)
		if !b.rows.Open {
			continue
		}
		if wrong := b.proof.check(); len(wrong) > 0 {
			s.broken = append(s.broken, wrong...)
			for _, c := range calls {
				if c.Header.MerchantID == id {
					c.Err = fmt.Errorf("%w: %q", ErrBroken, wrong)
				}
			}
		}
	}
}

func merchantsOf(calls []*book.Call) []string {
	ids := make([]string, len(calls))
	for i, c := range calls {
		ids[i] = c.Header.MerchantID
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// try decides calls and writes what they staged. Careful tries look every request id
// up before.
func (s *Shelf) try(calls []*book.Call, careful bool) error {
	books := make(book.Books)
	for _, id := range merchantsOf(calls) {
		b := s.at(id)
		if b.book == nil {
			s.settle(b) // A lane forgets no book whose newest batch is under way.
			b.book = s.open(b.rows)
		}
		books[id] = b.book
	}
	late := s.readsLate()
	s.decide(books, calls, careful, func(merchantID string) *Rows {
		if b := s.books[merchantID]; late {
			return b.late
		}
		return s.books[merchantID].rows
	})
	if s.luck(3) {
		for _, id := range slices.Sorted(maps.Keys(books)) {
			books[id].Shed()
		}
	}
	return s.seal(books)
}

// open gives a book of which nothing but its own row is in memory.
func (s *Shelf) open(rows *Rows) *book.Book {
	b := book.New(rows.Head.MerchantID, &s.ids, &s.settings)
	if rows.Open {
		b.SetHead(rows.Head)
	}
	return b
}

// decide loads what calls need from the rows that of gives, and decides them.
func (s *Shelf) decide(books book.Books, calls []*book.Call, careful bool, of func(merchantID string) *Rows) {
	n := book.NewNeeds(books)
	for _, c := range calls {
		c.Reset()
		books[c.Header.MerchantID].Refresh(s.Now(), s.catalog)
	}
	for _, c := range calls {
		if careful {
			n.Request(c)
		}
		c.Need(n)
	}
	s.load(n, of)
	for round := range book.Rounds {
		for _, c := range calls {
			c.Follow(books[c.Header.MerchantID], n, round)
		}
		if round >= book.RoundsMin && n.Empty() {
			break
		}
		s.load(n, of)
	}
	for _, c := range calls {
		books[c.Header.MerchantID].Run(c)
	}
	if careful {
		return
	}
	for _, c := range calls {
		if c.Err != nil {
			n.Request(c)
		}
	}
	s.load(n, of)
	for _, c := range calls {
		if c.Err == nil {
			continue
		}
		if o, replayed, err := books[c.Header.MerchantID].Replay(c); replayed || err != nil {
			c.Outcome, c.Err = o, err
		}
	}
}

// seal writes what is staged, book by book, and makes the books in memory what they
// are from then on.
func (s *Shelf) seal(books book.Books) error {
	for _, id := range slices.Sorted(maps.Keys(books)) {
		b := books[id]
		changes := new(book.Changes)
		switch {
		case b.Changed():
			b.Changes(changes)
		case b.Exists():
			changes.BooksRead = append(changes.BooksRead, b.Head())
		default:
			changes.BooksMissing = append(changes.BooksMissing, id)
		}
		of := s.at(id)
		if err := of.rows.write(changes); err != nil {
			return err
		}
		b.Written()
		s.settle(of)
		of.pending = changes
		if !b.Exists() {
			of.book = nil
		}
	}
	return nil
}

// settle brings the rows that are read late up to the others.
func (s *Shelf) settle(b *shelved) {
	if b.pending == nil {
		return
	}
	if s.chance == nil {
		b.pending = nil // Nothing is read late.
		return
	}
	if err := b.late.write(b.pending); err != nil {
		s.breaks("read late: %v", err)
	}
	b.pending = nil
}

// preview decides a command on a copy of the book, which nobody keeps.
func (s *Shelf) preview(c *book.Call) (book.Outcome, error) {
	rows := s.Rows(c.Header.MerchantID)
	books := book.Books{c.Header.MerchantID: s.open(rows)}
	s.decide(books, []*book.Call{c}, true, func(string) *Rows { return rows })
	return c.Outcome, c.Err
}

// luck says yes once in n times on a forgetful shelf, never on another.
func (s *Shelf) luck(n int) bool { return s.chance != nil && s.chance.IntN(n) == 0 }

// readsLate says whether a batch reads rows that lack the batch before.
func (s *Shelf) readsLate() bool { return s.luck(2) }

// forgetBooks forgets whole books at random.
func (s *Shelf) forgetBooks() {
	for _, id := range slices.Sorted(maps.Keys(s.books)) {
		if s.luck(4) {
			s.Forget(id)
		}
	}
}
