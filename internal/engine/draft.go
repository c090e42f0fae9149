package engine

import (
	"errors"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// draft is a batch that is being decided: its commands, their books, and what the
// commands have staged on the books so far.
type draft struct {
	engine *Engine
	// kept are the books that are in memory from earlier batches.
	kept  book.Books
	books book.Books
	needs *book.Needs
	calls []*call
	// careful drafts look up every request id before they decide. Other drafts look up
	// only the ids of refused commands; if a command that was not refused reuses an id,
	// the database finds it when the batch is written.
	careful bool
}

func newDraft(e *Engine, kept book.Books, careful bool) *draft {
	books := make(book.Books)
	return &draft{engine: e, kept: kept, books: books, needs: book.NewNeeds(books), careful: careful}
}

// decide loads what calls need and memory lacks, and decides the calls after those
// that were decided before. If locked is set, it locks every book's head by reading it
// afresh, and uses the book in memory only if its version still matches.
func (d *draft) decide(tx *postgres.Tx, calls []*call, locked bool) error {
	if err := d.open(tx, calls, locked); err != nil {
		return err
	}
	if err := d.load(tx, calls); err != nil {
		return err
	}
	for _, c := range calls {
		d.needs.Bar(&c.Call)
		d.books[c.Header.MerchantID].Run(&c.Call)
	}
	if d.careful {
		return nil
	}
	return d.replay(tx, calls)
}

// replay looks up the request ids of refused calls, which may have been carried out
// before. A repeated command usually fails on its own: the claim is already in the
// target state. So only refused commands are looked up.
func (d *draft) replay(tx *postgres.Tx, calls []*call) error {
	for _, c := range calls {
		if c.Err != nil {
			d.needs.Request(&c.Call)
		}
	}
	if len(d.needs.Requests) == 0 {
		return nil
	}
	if err := tx.Load(d.needs); err != nil {
		return err
	}
	for _, c := range calls {
		if c.Err == nil {
			continue
		}
		if o, replayed, err := d.books[c.Header.MerchantID].Replay(&c.Call); replayed || err != nil {
			c.Outcome, c.Err = o, err
		}
	}
	return nil
}

// open prepares the books of calls and brings them to the present time.
func (d *draft) open(tx *postgres.Tx, calls []*call, locked bool) error {
	var unread []string
	for _, c := range calls {
		c.Reset()
		id := c.Header.MerchantID
		if d.books[id] != nil {
			continue
		}
		b := d.kept[id]
		if b == nil {
			b = book.New(id, &d.engine.ids, &d.engine.config.Settings)
		}
		d.books[id] = b
		if locked || !b.Exists() {
			unread = append(unread, id)
		}
	}
	if err := d.readHeads(tx, unread, locked); err != nil {
		return err
	}
	catalog, now := d.engine.Catalog(), d.engine.Now()
	for _, c := range calls {
		d.books[c.Header.MerchantID].Refresh(now, catalog)
	}
	return nil
}

func (d *draft) readHeads(tx *postgres.Tx, merchants []string, locked bool) error {
	if len(merchants) == 0 {
		return nil
	}
	read := tx.Books
	if locked {
		read = tx.LockBooks
	}
	heads, err := read(merchants)
	if err != nil {
		return err
	}
	for _, h := range heads {
		b := d.books[h.MerchantID]
		if b.Exists() && b.Head().Version != h.Version {
			b = book.New(h.MerchantID, &d.engine.ids, &d.engine.config.Settings)
			d.books[h.MerchantID] = b
		}
		b.SetHead(h)
	}
	return nil
}

// load reads everything that calls need and that is not in memory.
func (d *draft) load(tx *postgres.Tx, calls []*call) error {
	n := d.needs
	for _, c := range calls {
		if d.careful {
			n.Request(&c.Call)
		}
		c.Need(n)
	}
	if err := tx.Load(n); err != nil {
		return err
	}
	for round := range book.Rounds {
		for _, c := range calls {
			c.Follow(d.books[c.Header.MerchantID], n, round)
		}
		if round >= book.RoundsMin && n.Empty() {
			break
		}
		if err := tx.Load(n); err != nil {
			return err
		}
	}
	return nil
}

// errNothing says that every command was refused or replayed while the books were
// locked, so there is nothing to write or to compare.
var errNothing = errors.New("nothing to write")

// sealed is seal with a panic as its error. Then the books of the draft are of no more
// use.
func (d *draft) sealed() (changes *book.Changes, changed bool, err error) {
	defer broken(&err)
	changes, changed = d.seal()
	return changes, changed, nil
}

// seal gives the changes to write with the versions that they rest on, and moves the
// books in memory to their state after the write.
func (d *draft) seal() (changes *book.Changes, changed bool) {
	changes = new(book.Changes)
	for _, b := range d.books {
		switch {
		case b.Changed():
			b.Changes(changes)
			b.Written()
			changed = true
		case b.Exists():
			changes.BooksRead = append(changes.BooksRead, b.Head())
		default:
			changes.BooksMissing = append(changes.BooksMissing, b.MerchantID())
		}
	}
	return changes, changed
}
