package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// lane owns the books that hash to it. It decides commands on the books that it keeps
// in memory, reads only what is missing, and writes a batch with one statement that
// compares the versions of the books it was decided on. While the database writes, the
// lane decides the next batch on top, once enough commands wait. If another replica
// has changed a book meanwhile, the statement does nothing: the lane throws away the
// decisions and the books, and decides afresh under the books' locks. No caller is
// answered before the batch that the answer rests on is committed.
type lane struct {
	engine *Engine
	// writer writes one batch at a time; reader reads, even during a write.
	writer *postgres.Session
	reader *postgres.Session
	queue  *inbox[*call]
	// plenty signals that enough commands wait to decide them ahead.
	plenty chan struct{}
	// kept are the books in memory, as they are once what is under way is written;
	// counted is how many rows each of them holds, rows the sum.
	kept      book.Books
	counted   map[string]int
	rows      int
	plannedAt time.Time
	// cautious is for how many more batches the lane locks books before it decides.
	cautious int
	// landed are the calls whose batch is committed and that are not answered yet.
	landed []*call
	// watch measures the batch that is being written.
	watch stopwatch
	// turn counts the batches that the lane began with; busy says that it has one.
	turn atomic.Int64
	busy atomic.Bool
	// hand are the calls that were taken from the queue and may have no answer; written
	// is closed once no write is under way. See survive.
	hand    []*call
	written chan struct{}
}

// cautiousFor is for how many batches a lane locks books before it decides, after
// another replica changed one of them.
const cautiousFor = 64

func newLane(e *Engine, queueMax int) *lane {
	return &lane{
		engine: e, writer: e.db.OpenSession(), reader: e.db.OpenSession(),
		queue: newInbox[*call](queueMax), plenty: make(chan struct{}, 1), kept: make(book.Books), counted: make(map[string]int),
	}
}

func (l *lane) close() {
	l.writer.Close()
	l.reader.Close()
}

func (l *lane) submit(c *call) error {
	if err := l.queue.put(c); err != nil {
		return err
	}
	if l.enoughWait() {
		select {
		case l.plenty <- struct{}{}:
		default:
		}
	}
	return nil
}

// enoughWait says whether enough commands wait to decide them ahead.
func (l *lane) enoughWait() bool { return l.queue.waiting() >= l.engine.config.Ahead }

// run takes whatever has queued up and runs it as one batch; it never waits for a
// batch to fill. A stopping engine still answers the queued commands.
func (l *lane) run() {
	defer l.close()
	for c, more := l.queue.next(); more; c, more = l.queue.next() {
		l.outlive(c)
	}
}

// take runs the batch that begins with first, and the batches that are decided during
// a write.
func (l *lane) take(first *call) {
	batch := l.drain(first)
	if l.cautious > 0 {
		l.cautious--
		l.runBatch(batch)
		return
	}
	d := newDraft(l.engine, l.kept, false)
	if err := l.extend(d, batch); err != nil {
		l.drop(d)
		l.runBatch(d.calls)
		return
	}
	for d != nil {
		d = l.fly(d)
	}
}

func (l *lane) drain(first *call) []*call {
	l.hand = append(l.hand, first)
	return append([]*call{first}, l.queued(l.share(1)-1)...)
}

// share is the largest batch that may be taken now: half of the commands in the lane,
// of which taken are no longer queued, within the bounds Half and BatchMax. Splitting
// lets the database write one half while the lane decides the other. Below Half
// commands the overlap costs more than it saves.
func (l *lane) share(taken int) int {
	c := &l.engine.config
	return min(c.BatchMax, max(c.Half, (taken+l.queue.waiting()+1)/2))
}

// queued takes up to most commands from the queue.
func (l *lane) queued(most int) []*call {
	var batch []*call
	for len(batch) < most {
		c, found := l.queue.poll()
		if !found {
			break
		}
		batch, l.hand = append(batch, c), append(l.hand, c)
	}
	return batch
}

// awaited drops the commands whose callers gave up before the commands began. Such
// callers lose nothing: nothing has happened, and their request ids are free.
func awaited(batch []*call) []*call {
	return slices.DeleteFunc(batch, func(c *call) bool {
		if c.ctx.Err() != nil {
			c.answer(c.ctx.Err())
			return true
		}
		return false
	})
}

// extend decides calls after those of a draft, on books that are not locked. After an
// error only the draft's calls are of use.
func (l *lane) extend(d *draft, calls []*call) (err error) {
	calls = awaited(calls)
	d.calls = append(d.calls, calls...)
	if len(calls) == 0 {
		return nil
	}
	defer broken(&err)
	return l.reader.Alone(context.Background(), func(tx *postgres.Tx) error { return d.decide(tx, calls, false) })
}

// fly writes a draft and decides the next one meanwhile; the result is nil if there is
// none. Callers of the previous draft are answered once the database has work again.
func (l *lane) fly(d *draft) *draft {
	l.turn.Add(1)
	if len(d.calls) == 0 {
		l.answerLanded()
		return nil // Nobody waits any more.
	}
	l.hand = append(l.hand[:0], d.calls...)
	l.refreshPlans()
	if l.keepAll(d); l.crowded() {
		l.shed(d)
	}
	changes, changed, err := d.sealed()
	if err != nil {
		l.drop(d)
		l.answerLanded()
		l.runBatch(d.calls) // Which finds the command at fault.
		return nil
	}
	l.keepAll(d)
	next := newDraft(l.engine, l.kept, false)
	written, ended := make(chan error, 1), make(chan struct{})
	l.written = ended
	// The goroutine started last runs first: the database must not wait until callers
	// have been woken.
	l.answerLanded()
	go func() {
		defer close(ended)
		written <- l.write(changes)
	}()
	var failed error
	for {
		if room := l.room(d, next); failed == nil && room > 0 {
			failed = l.extend(next, l.queued(room))
			if len(written) == 0 {
				continue
			}
		}
		plenty := l.plenty
		if failed != nil || len(written) > 0 {
			plenty = nil // What is decided does not wait for more of it.
		}
		select {
		case <-plenty:
		case err := <-written:
			if err == nil && changed {
				l.count(d.calls, false)
			}
			return l.land(d, next, errors.Join(err, failed), err)
		}
	}
}

// room is how many more commands may be decided while d is being written and next has
// been decided on top. It is zero unless enough commands wait.
func (l *lane) room(d, next *draft) int {
	room := l.share(len(d.calls)+len(next.calls)) - len(next.calls)
	if !l.enoughWait() || room < min(l.engine.config.Ahead, l.engine.config.BatchMax) {
		return 0
	}
	return room
}

// write writes changes that were decided on books that are not locked.
func (l *lane) write(changes *book.Changes) (err error) {
	defer broken(&err)
	l.watch.start(l.engine)
	defer l.watch.stop(l.engine)
	return l.writer.Alone(context.Background(), func(tx *postgres.Tx) error { return tx.Write(changes) })
}

// land ends a written draft, and gives the next draft if its decisions hold. err is
// what went wrong with either of them, ofWrite what went wrong with the write.
func (l *lane) land(d, next *draft, err, ofWrite error) *draft {
	if err == nil {
		l.landed = d.calls
		return next
	}
	l.drop(next)
	if ofWrite == nil {
		l.answer(d.calls)
		l.runBatch(next.calls)
		return nil
	}
	l.drop(d)
	switch {
	case errors.Is(ofWrite, postgres.ErrStale):
		l.cautious = cautiousFor
		l.engine.stale()
		ofWrite = l.try(d.calls)
	case errors.Is(ofWrite, postgres.ErrCommand):
		// A request id may have been used before: the next try looks all of them up.
		ofWrite = l.try(d.calls)
	}
	l.settle(d.calls, ofWrite)
	l.runBatch(next.calls)
	return nil
}

// keep keeps a book for the next batches.
func (l *lane) keep(id string, b *book.Book) {
	if !b.Exists() {
		return
	}
	l.kept[id] = b
	size := b.Size()
	l.rows += size - l.counted[id]
	l.counted[id] = size
}

// keepAll keeps the books of a draft for the next batches.
func (l *lane) keepAll(d *draft) {
	for id, b := range d.books {
		l.keep(id, b)
	}
}

// forget drops a kept book from memory.
func (l *lane) forget(id string) {
	l.rows -= l.counted[id]
	delete(l.counted, id)
	delete(l.kept, id)
}

// drop forgets the books of a draft whose memory is no longer reliable.
func (l *lane) drop(d *draft) {
	for id := range d.books {
		l.forget(id)
	}
}

// crowded says whether the books in memory hold more rows than a lane may keep.
func (l *lane) crowded() bool { return l.rows > l.engine.config.KeptMax }

// shed makes room before a draft is written. Of the books that the draft changes, only
// the changed rows stay; other books are dropped.
func (l *lane) shed(d *draft) {
	for id := range l.kept {
		if d.books[id] == nil {
			l.forget(id)
		}
	}
	for _, b := range d.books {
		b.Shed()
	}
}

// runBatch runs a batch with its books locked, until each of its commands is answered.
func (l *lane) runBatch(batch []*call) {
	if batch = awaited(batch); len(batch) == 0 {
		return
	}
	l.refreshPlans()
	l.settle(batch, l.try(batch))
}

// try runs a batch in one transaction, which locks its books before reading them. It
// has a context of its own: one caller must not cut a transaction that others wait
// for.
func (l *lane) try(batch []*call) (err error) {
	d := newDraft(l.engine, l.kept, true)
	l.watch.start(l.engine)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("run batch: %v\n%s", r, debug.Stack())
		}
		l.watch.stop(l.engine)
		switch {
		case err == nil:
			l.count(batch, true)
		case errors.Is(err, errNothing):
			err = nil
		default:
			l.drop(d)
			return
		}
		if l.keepAll(d); l.crowded() {
			l.kept, l.counted, l.rows = make(book.Books), make(map[string]int), 0 // All that they hold is in the database.
		}
	}()
	return l.writer.InTx(context.Background(), func(tx *postgres.Tx) error {
		if err := d.decide(tx, batch, true); err != nil {
			return err
		}
		changes, changed := d.seal()
		if !changed {
			return errNothing
		}
		changes.BooksRead, changes.BooksMissing = nil, nil // They are locked, or refused.
		return tx.Write(changes)
	})
}

// broken turns a panic into an error, so that the batch is split as after any failure
// and the other books go on.
func broken(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("run batch: %v\n%s", r, debug.Stack())
	}
}

// count counts a committed batch and reports it.
func (l *lane) count(calls []*call, locked bool) {
	l.tell(func() { l.observed(calls, locked) })
	if f := l.engine.hooks.Commit; f != nil {
		l.tell(f)
	}
}

// tell tells somebody of what the lane did. What becomes of that is not the lane's
// matter: the commands are committed, whatever their listener does.
func (l *lane) tell(f func()) {
	defer func() {
		if r := recover(); r != nil {
			l.engine.log.Error("a listener to the engine panicked", "error", fmt.Errorf("%v\n%s", r, debug.Stack()))
		}
	}()
	f()
}

// outlive runs take, and goes on after a panic that nothing within it contained.
func (l *lane) outlive(first *call) {
	defer func() {
		if r := recover(); r != nil {
			l.survive(fmt.Errorf("run lane: %v\n%s", r, debug.Stack()))
		}
		clear(l.hand)
		l.hand = l.hand[:0]
		l.busy.Store(false)
	}()
	l.turn.Add(1)
	l.busy.Store(true)
	l.take(first)
}

// survive answers the calls in hand after a panic of the lane itself. Its memory is no
// longer reliable and is dropped. Each call is run by itself, from the database: one that
// was carried out before is answered as a replay, and one that panics again is alone. As
// it may have been carried out, its outcome is unknown.
func (l *lane) survive(cause error) {
	l.engine.log.Error("a lane panicked and goes on, one command after the other", "error", cause)
	if l.written != nil {
		<-l.written
	}
	l.kept, l.counted, l.rows = make(book.Books), make(map[string]int), 0
	l.answerLanded()
	for _, c := range l.hand {
		if !c.committed && !c.answered.Load() {
			l.alone(c)
		}
	}
}

// alone runs one call by itself.
func (l *lane) alone(c *call) {
	defer func() {
		if r := recover(); r != nil {
			err := fmt.Errorf("run %s: %v\n%s", c.Header.Method, r, debug.Stack())
			l.engine.log.Error("command failed", "method", c.Header.Method, "error", err)
			c.answer(Unknown(err))
		}
	}()
	l.runBatch([]*call{c})
}

// refreshPlans keeps a plan from outliving the table contents it was made for.
func (l *lane) refreshPlans() {
	now := l.engine.Now()
	if now.Sub(l.plannedAt).Abs() < l.engine.config.PlanAge {
		return
	}
	l.plannedAt = now
	for _, s := range []*postgres.Session{l.writer, l.reader} {
		if err := s.RefreshPlans(context.Background()); err != nil {
			l.engine.log.Warn("refresh plans", "error", err)
		}
	}
}

func (l *lane) answerLanded() {
	if calls := l.landed; len(calls) > 0 {
		l.landed = nil
		for _, c := range calls {
			c.committed = true
		}
		go l.answer(calls)
	}
}

// answer informs the payout worker and then every caller, after the commit.
func (l *lane) answer(batch []*call) {
	var made []payout.Payout
	for _, c := range batch {
		made = append(made, c.Made...)
	}
	if f := l.engine.hooks.Payouts; f != nil && len(made) > 0 {
		l.tell(func() { f(made) })
	}
	for _, c := range batch {
		c.answer(nil)
	}
}
