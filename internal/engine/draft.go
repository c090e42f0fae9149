package engine

import (
	"errors"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// draft is a batch that is being decided: its books, with what the commands so
// far have staged on them.
type draft struct {
	engine *Engine
	books  books
	needs  needs
	// calls are the commands of a draft that is read ahead.
	calls []*call
	// before is a draft that is being written; nil when nothing is under way.
	before *draft
}

func newDraft(e *Engine, before *draft) *draft {
	return &draft{engine: e, books: make(books), before: before}
}

// errUnsettled says that a draft needs to know what only the end of the draft
// before it will tell.
var errUnsettled = errors.New("the batch before must be written first")

// decide loads what calls need and decides them, after those decided before.
// heads reads the heads of books; with it, the caller says whether they are locked.
func (d *draft) decide(tx *postgres.Tx, calls []*call, heads func([]string) ([]postgres.Head, error)) error {
	if err := d.load(tx, calls, heads); err != nil {
		return err
	}
	for _, c := range calls {
		d.books[c.header.MerchantID].run(c)
	}
	return nil
}

// load reads the books of calls and all that these need.
func (d *draft) load(tx *postgres.Tx, calls []*call, heads func([]string) ([]postgres.Head, error)) error {
	if err := d.open(calls, heads); err != nil {
		return err
	}
	n := &d.needs
	for _, c := range calls {
		if c.header.RequestID != "" {
			n.requests.add(postgres.RequestKey{
				MerchantID: c.header.MerchantID, Workload: c.header.Principal.Workload,
				Method: c.header.Method, RequestID: c.header.RequestID,
			})
		}
		if c.header.Principal.Person != "" {
			n.persons.add(postgres.Key{MerchantID: c.header.MerchantID, ID: c.header.Principal.Person})
		}
		c.cmd.need(c, n)
	}
	if err := d.books.load(tx, n); err != nil {
		return err
	}
	for round := range rounds {
		for _, c := range calls {
			if f, ok := c.cmd.(follower); ok {
				f.follow(d.books[c.header.MerchantID], n, round)
			}
		}
		if err := d.books.load(tx, n); err != nil {
			return err
		}
	}
	return nil
}

// open gets the books of calls ready at the present time: each as the draft
// before leaves it, or as the database has it.
func (d *draft) open(calls []*call, heads func([]string) ([]postgres.Head, error)) error {
	catalog, now := d.engine.Catalog(), d.engine.Now()
	var unread []string
	for _, c := range calls {
		c.outcome, c.err, c.made = Outcome{}, nil, nil
		id := c.header.MerchantID
		if b, ok := d.books[id]; ok {
			b.refresh(now, catalog)
			continue
		}
		b := newBook(id, now, catalog, &d.engine.ids, &d.engine.config)
		d.books[id] = b
		before := d.bookBefore(id)
		switch {
		case before == nil:
			unread = append(unread, id)
		case before.opened:
			return errUnsettled // Its accounts are made as it is written.
		default:
			b.carry(before)
		}
	}
	if len(unread) == 0 {
		return nil
	}
	found, err := heads(unread)
	if err != nil {
		return err
	}
	for _, h := range found {
		d.books[h.MerchantID].setHead(h)
	}
	return nil
}

// bookBefore gives a book that the draft before changes.
func (d *draft) bookBefore(merchantID string) *Book {
	if d.before == nil {
		return nil
	}
	if b := d.before.books[merchantID]; b != nil && b.changed() {
		return b
	}
	return nil
}

// errNothing ends a transaction in which every command was refused or a replay.
var errNothing = errors.New("nothing to write")

// write writes what was staged; the books must be locked.
func (d *draft) write(tx *postgres.Tx) error {
	var changes postgres.Changes
	changed := false
	for _, b := range d.books {
		if b.changed() {
			b.changes(&changes)
			changed = true
		}
	}
	if !changed {
		return errNothing
	}
	return tx.Write(&changes)
}
