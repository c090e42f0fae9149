package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/payout"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// lane owns the books that hash to it and runs one transaction at a time.
type lane struct {
	engine  *Engine
	session *postgres.Session
	// reader is for what is read ahead while session writes.
	reader *postgres.Session
	queue  chan *call
	// plenty says that enough commands wait to read ahead for them.
	plenty    chan struct{}
	plannedAt time.Time
	// cautious is for how many more batches the lane does not read ahead.
	cautious int
}

func newLane(e *Engine, queueMax int) *lane {
	return &lane{
		engine: e, session: e.db.OpenSession(), reader: e.db.OpenSession(),
		queue: make(chan *call, queueMax), plenty: make(chan struct{}, 1),
	}
}

func (l *lane) close() {
	l.session.Close()
	l.reader.Close()
}

const (
	// attemptsMax bounds how often one command is tried against contention.
	attemptsMax = 8
	// pauseMin and pauseMax bound the jittered pause between those tries.
	pauseMin = time.Millisecond
	pauseMax = 20 * time.Millisecond
)

func (l *lane) submit(c *call) error {
	select {
	case <-l.engine.stop:
		return fault.New(fault.DatabaseUnavailable, "the engine is stopping").After(time.Second)
	default:
	}
	select {
	case l.queue <- c:
	default:
		return queueFull(cap(l.queue))
	}
	if l.mayReadAhead() {
		select {
		case l.plenty <- struct{}{}:
		default:
		}
	}
	return nil
}

// run takes whatever has queued up and runs it as one batch, never waiting for
// a batch to fill. A stopping engine still answers what is queued.
func (l *lane) run() {
	defer l.close()
	for {
		select {
		case c := <-l.queue:
			if batch := l.drain(c); len(batch) < l.engine.config.Ahead || l.beCautious() {
				l.runBatch(batch)
			} else {
				l.runAhead(batch)
			}
		case <-l.engine.stop:
			select {
			case c := <-l.queue:
				l.runBatch(l.drain(c))
			default:
				return
			}
		}
	}
}

func (l *lane) drain(first *call) []*call {
	return append([]*call{first}, l.take(l.engine.config.BatchMax-1)...)
}

// take takes what is queued, most commands at most.
func (l *lane) take(most int) []*call {
	var batch []*call
	for len(batch) < most {
		select {
		case c := <-l.queue:
			batch = append(batch, c)
		default:
			return batch
		}
	}
	return batch
}

// awaited drops the commands whose callers gave up before they began. Those lose
// nothing: nothing has happened, and their request ids are free.
func awaited(batch []*call) []*call {
	return slices.DeleteFunc(batch, func(c *call) bool {
		if c.ctx.Err() != nil {
			c.answer(c.ctx.Err())
			return true
		}
		return false
	})
}

// runBatch runs a batch to the answer of each of its commands.
func (l *lane) runBatch(batch []*call) {
	if batch = awaited(batch); len(batch) == 0 {
		return
	}
	l.refreshPlans()
	l.settle(batch, l.try(batch))
}

// refreshPlans keeps a plan from outliving the table it was made for.
func (l *lane) refreshPlans() {
	now := l.engine.Now()
	if now.Sub(l.plannedAt).Abs() < l.engine.config.PlanAge {
		return
	}
	l.plannedAt = now
	for _, s := range []*postgres.Session{l.session, l.reader} {
		if err := s.RefreshPlans(context.Background()); err != nil {
			l.engine.log.Warn("refresh plans", "error", err)
		}
	}
}

// settle answers a batch that went through, and splits or repeats one that did not.
func (l *lane) settle(batch []*call, err error) {
	switch {
	case err == nil:
		l.answer(batch)
	case errors.Is(err, postgres.ErrContended), errors.Is(err, postgres.ErrStale):
		l.again(batch)
	case errors.Is(err, postgres.ErrCommitUnknown), errors.Is(err, postgres.ErrUnavailable):
		// The next try reconnects and finds, request by request, what was stored.
		l.reconnect(batch, err)
	case len(batch) > 1:
		// One command's data is at fault: halve until it stands alone.
		half := len(batch) / 2
		l.settle(batch[:half], l.try(batch[:half]))
		l.settle(batch[half:], l.try(batch[half:]))
	default:
		l.refuse(batch[0], err)
	}
}

// again repeats contended work, book by book, so that one busy book does not
// stall the others; a book that stays busy goes to the end of the queue.
func (l *lane) again(batch []*call) {
	slices.SortStableFunc(batch, func(a, b *call) int {
		if a.header.MerchantID < b.header.MerchantID {
			return -1
		}
		if a.header.MerchantID > b.header.MerchantID {
			return 1
		}
		return 0
	})
	pause()
	for len(batch) > 0 {
		n := 1
		for n < len(batch) && batch[n].header.MerchantID == batch[0].header.MerchantID {
			n++
		}
		book := batch[:n:n]
		batch = batch[n:]
		err := l.try(book)
		if errors.Is(err, postgres.ErrContended) || errors.Is(err, postgres.ErrStale) {
			l.requeue(book, err)
			continue
		}
		l.settle(book, err)
	}
}

func (l *lane) requeue(calls []*call, err error) {
	for _, c := range calls {
		c.attempts++
		if c.attempts >= attemptsMax {
			l.engine.log.Warn("command gave up against contention", "method", c.header.Method, "error", err)
			c.answer(fault.New(fault.TransactionContended, "the merchant's book stayed busy; nothing was changed").After(100 * time.Millisecond))
			continue
		}
		select {
		case l.queue <- c:
		default:
			c.answer(queueFull(cap(l.queue)))
		}
	}
}

// reconnect tries a batch again after the connection was lost, at most
// reconnectsMax times.
func (l *lane) reconnect(batch []*call, err error) {
	const reconnectsMax = 3
	for range reconnectsMax {
		pause()
		err2 := l.try(batch)
		if !errors.Is(err2, postgres.ErrUnavailable) && !errors.Is(err2, postgres.ErrCommitUnknown) {
			l.settle(batch, err2)
			return
		}
		err = err2
	}
	l.engine.log.Error("database unavailable", "error", err)
	for _, c := range batch {
		c.answer(Unavailable())
	}
}

// Unavailable is the refusal while the database cannot be reached.
func Unavailable() error {
	return fault.New(fault.DatabaseUnavailable, "the database cannot be reached; the same request may be sent again").
		After(time.Second)
}

// refuse answers the one command that its data kept from being stored.
func (l *lane) refuse(c *call, err error) {
	if errors.Is(err, postgres.ErrCommand) {
		// What another replica stored meanwhile is seen by a fresh load.
		if c.attempts++; c.attempts < 3 {
			l.settle([]*call{c}, l.try([]*call{c}))
			return
		}
		if refusal := postgres.Refusal(err); refusal != nil {
			c.answer(refusal)
			return
		}
	}
	l.engine.log.Error("command failed", "method", c.header.Method, "error", err)
	c.answer(err)
}

func pause() {
	time.Sleep(pauseMin + rand.N(pauseMax-pauseMin))
}

// answer tells the payout worker and then every caller, after the commit.
func (l *lane) answer(batch []*call) {
	var made []payout.Payout
	for _, c := range batch {
		made = append(made, c.made...)
	}
	if f := l.engine.onPayouts.Load(); f != nil && len(made) > 0 {
		(*f)(made)
	}
	for _, c := range batch {
		c.answer(nil)
	}
}

// try runs batch in one transaction, which locks its books before it reads them.
// Its context is its own: a caller's must not cut a transaction that others
// wait for.
func (l *lane) try(batch []*call) (err error) {
	defer broken(&err)
	err = l.session.InTx(context.Background(), func(tx *postgres.Tx) error {
		d := newDraft(l.engine, nil)
		if err := d.decide(tx, batch, tx.LockBooks); err != nil {
			return err
		}
		return d.write(tx)
	})
	return l.count(batch, err)
}

// broken turns a panic into an error: what breaks is split like what fails, and
// the other books go on.
func broken(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("run batch: %v\n%s", r, debug.Stack())
	}
}

// count counts a batch that was committed, and tells of it. One with nothing to
// write is in order.
func (l *lane) count(batch []*call, err error) error {
	if errors.Is(err, errNothing) {
		return nil
	}
	if err == nil {
		l.engine.batches.Add(1)
		l.engine.batchCalls.Add(int64(len(batch)))
		if f := l.engine.onCommit.Load(); f != nil {
			(*f)()
		}
	}
	return err
}

// run decides one command on the book and stages it, or leaves the book as it was.
func (b *Book) run(c *call) {
	b.begin(c)
	outcome, err := b.decide(c)
	if err != nil {
		b.abandon()
		c.err, c.made = err, nil
		return
	}
	if !outcome.Replayed {
		b.finish()
	}
	c.outcome = outcome
}

func (b *Book) decide(c *call) (o Outcome, err error) {
	defer func() {
		// A command that breaks must not take the batch with it.
		if r := recover(); r != nil {
			err = fmt.Errorf("decide %s: %v\n%s", c.header.Method, r, debug.Stack())
		}
	}()
	if o, replayed, err := b.replay(c); replayed || err != nil {
		return o, err
	}
	if _, opens := c.cmd.(*OpenBook); !b.exists && !opens {
		return Outcome{}, fault.New(fault.MerchantNotFound, "no book is open for merchant %s", b.merchantID).
			With("merchantId", b.merchantID)
	}
	if o, err = c.cmd.decide(b); err != nil {
		return Outcome{}, err
	}
	o.MerchantID, o.Currency, o.OpenedAt = b.merchantID, b.head.Currency, b.head.OpenedAt
	b.store(c, &o)
	return o, nil
}

// replay answers a request id that was carried out before, whether it is stored
// or staged by an earlier command of the batch.
func (b *Book) replay(c *call) (Outcome, bool, error) {
	h := &c.header
	if h.RequestID == "" {
		return Outcome{}, false, nil
	}
	r := b.requests.get(requestKey{h.Principal.Workload, h.Method, h.RequestID})
	if r == nil {
		return Outcome{}, false, nil
	}
	if r.Digest != c.digest {
		return Outcome{}, false, fault.New(fault.RequestIDReused,
			"request id %s was used for another content of %s", h.RequestID, h.Method).
			With("requestId", h.RequestID).At("request_id")
	}
	return Outcome{
		Replayed: true, MerchantID: b.merchantID, ClaimID: r.ClaimID, ResultID: r.ResultID, PayoutID: r.PayoutID,
		TransferNumber: r.TransferNumber, EventNumber: r.EventNumber,
	}, true, nil
}

// store stages the outcome under the request id.
func (b *Book) store(c *call, o *Outcome) {
	o.EventNumber = b.head.EventNumber
	h := &c.header
	if h.RequestID == "" {
		return
	}
	b.requests.add(requestKey{h.Principal.Workload, h.Method, h.RequestID}, postgres.Request{
		RequestKey: postgres.RequestKey{
			MerchantID: b.merchantID, Workload: h.Principal.Workload, Method: h.Method, RequestID: h.RequestID,
		},
		Digest: c.digest, ClaimID: o.ClaimID, ResultID: o.ResultID, PayoutID: o.PayoutID,
		TransferNumber: o.TransferNumber, EventNumber: o.EventNumber, RecordedAt: b.now,
	}, b.command)
}
