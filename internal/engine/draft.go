package engine

import (
	"errors"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// draft is a batch that is being decided: its commands and their books, with
// what the commands so far have staged on them.
type draft struct {
	engine *Engine
	// kept are books that are in memory from batches before.
	kept  book.Books
	books book.Books
	needs *book.Needs
	calls []*call
	// careful drafts look every request id up before they decide. The others look up
	// those of commands that are refused; an id that was used for one which is not
	// is found by the database when the batch is written.
	careful bool
}

func newDraft(e *Engine, kept book.Books, careful bool) *draft {
	books := make(book.Books)
	return &draft{engine: e, kept: kept, books: books, needs: book.NewNeeds(books), careful: careful}
}

// decide loads what calls need and is not in memory, and decides them after those
// decided before. With locked, every book's head is read anew, which is to lock
// it, and what was kept of it counts only while its version is the same.
func (d *draft) decide(tx *postgres.Tx, calls []*call, locked bool) error {
	if err := d.open(tx, calls, locked); err != nil {
		return err
	}
	if err := d.load(tx, calls); err != nil {
		return err
	}
	for _, c := range calls {
		d.books[c.Header.MerchantID].Run(&c.Call)
	}
	if d.careful {
		return nil
	}
	return d.replay(tx, calls)
}

// replay looks the refused of calls up, which may have been carried out before:
// what a claim is once, it refuses to become again, and so do most commands that
// come twice.
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

// open gets the books of calls ready at the present time.
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

// load reads all that calls need and that is not in memory.
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
		if err := tx.Load(n); err != nil {
			return err
		}
	}
	return nil
}

// errNothing says that every command was refused or a replay and that the books
// were locked, so that nothing is left to write or to compare.
var errNothing = errors.New("nothing to write")

// seal gives what is to be written, with the versions that it rests on, and makes
// the books in memory what they are once it is written.
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
