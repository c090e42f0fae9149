package engine

import (
	"context"
	"errors"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// A lane under load reads ahead: while the database writes one batch, the lane
// loads and decides the next, without locks, on a session of its own. What the
// batch under way changes it takes from memory; what that leaves alone reads the
// same before and after its commit. The next batch then locks its books and
// compares their versions: where nobody else has changed a book since it was
// read, what was decided holds, and else it is thrown away and decided afresh
// under the lock. Nobody is answered before the batch they depend on is committed.

// cautiousFor is for how many batches a lane does not read ahead after another
// replica changed one of its books.
const cautiousFor = 64

// errMoved says that a book changed after it was read ahead.
var errMoved = errors.New("a book changed after it was read")

// mayReadAhead says whether enough commands wait.
func (l *lane) mayReadAhead() bool { return len(l.queue) >= l.engine.config.Ahead }

// beCautious says whether the next batch is not to be read ahead.
func (l *lane) beCautious() bool {
	if l.cautious > 0 {
		l.cautious--
		return true
	}
	return false
}

// runAhead runs a batch, and further ones while enough commands wait.
func (l *lane) runAhead(batch []*call) {
	next := newDraft(l.engine, nil)
	if err := l.extend(next, batch); err != nil {
		l.runBatch(next.calls)
		return
	}
	for next != nil {
		next = l.fly(next)
	}
}

// fly writes a draft, and meanwhile decides the next; nil when there is none.
func (l *lane) fly(d *draft) *draft {
	if len(d.calls) == 0 {
		return nil // Nobody waits any more.
	}
	l.refreshPlans()
	d.before = nil // It is written.
	written := make(chan error, 1)
	go func() { written <- l.writeDraft(d) }()
	next := newDraft(l.engine, d)
	room := l.engine.config.BatchMax
	for {
		if l.mayReadAhead() && room > 0 {
			calls := l.take(room)
			room -= len(calls)
			if l.extend(next, calls) != nil {
				room = 0
				next.books = nil // Not to be written: it is decided afresh.
			}
			continue
		}
		plenty := l.plenty
		if room == 0 {
			plenty = nil
		}
		select {
		case <-plenty:
		case err := <-written:
			return l.land(d, next, err)
		}
	}
}

// land answers a draft that was written, and gives the next one if it holds.
func (l *lane) land(d, next *draft, err error) *draft {
	if err == nil {
		l.answer(d.calls)
		if next.books != nil {
			return next
		}
		l.runBatch(next.calls)
		return nil
	}
	if errors.Is(err, errMoved) {
		l.cautious = cautiousFor
		err = l.try(d.calls)
	}
	l.settle(d.calls, err)
	l.runBatch(next.calls)
	return nil
}

// extend decides calls after those of a draft, on unlocked books. An error
// leaves the draft of no use but for its calls.
func (l *lane) extend(d *draft, calls []*call) (err error) {
	calls = awaited(calls)
	d.calls = append(d.calls, calls...)
	defer broken(&err)
	return l.reader.Alone(context.Background(), func(tx *postgres.Tx) error {
		return d.decide(tx, calls, tx.Books)
	})
}

// writeDraft writes what was decided on unlocked books, if they are still as
// they were.
func (l *lane) writeDraft(d *draft) (err error) {
	defer broken(&err)
	err = l.session.InTx(context.Background(), func(tx *postgres.Tx) error {
		merchants := make([]string, 0, len(d.books))
		for id := range d.books {
			merchants = append(merchants, id)
		}
		heads, err := tx.LockBooks(merchants)
		if err != nil {
			return err
		}
		versions := make(map[string]int64, len(heads))
		for _, h := range heads {
			versions[h.MerchantID] = h.Version
		}
		for id, b := range d.books {
			version, exists := versions[id]
			if exists != b.read.exists || version != b.read.version {
				return errMoved
			}
		}
		return d.write(tx)
	})
	return l.count(d.calls, err)
}
