package engine

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

const (
	// attemptsMax bounds how often one command is tried under contention.
	attemptsMax = 8
	// pauseMin and pauseMax bound the jittered pause between those tries.
	pauseMin = time.Millisecond
	pauseMax = 20 * time.Millisecond
)

// settle answers a batch that was written, and splits or repeats one that was not.
func (l *lane) settle(batch []*call, err error) {
	switch {
	case err == nil:
		l.answer(batch)
	case errors.Is(err, postgres.ErrContended), errors.Is(err, postgres.ErrStale):
		l.again(batch)
	case errors.Is(err, postgres.ErrCommitUnknown), errors.Is(err, postgres.ErrUnavailable):
		doubt(batch, err)
		// The next try reconnects and finds out, for each request, whether it was stored.
		l.reconnect(batch, err)
	case len(batch) > 1:
		// One command's data is at fault: halve the batch until that command is alone.
		half := len(batch) / 2
		l.settle(batch[:half], l.try(batch[:half]))
		l.settle(batch[half:], l.try(batch[half:]))
	default:
		l.refuse(batch[0], err)
	}
}

// again repeats contended work book by book, so that one busy book does not stall the
// others; a book that stays busy goes to the end of the queue.
func (l *lane) again(batch []*call) {
	slices.SortStableFunc(batch, func(a, b *call) int {
		if a.Header.MerchantID < b.Header.MerchantID {
			return -1
		}
		if a.Header.MerchantID > b.Header.MerchantID {
			return 1
		}
		return 0
	})
	pause()
	for len(batch) > 0 {
		n := 1
		for n < len(batch) && batch[n].Header.MerchantID == batch[0].Header.MerchantID {
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
			l.engine.log.Warn("command gave up against contention", "method", c.Header.Method, "error", err)
			c.answer(fault.New(fault.TransactionContended, "the merchant's book is busy and nothing was changed; try again").After(100 * time.Millisecond))
			continue
		}
		if !l.queue.putBack(c) {
			c.answer(queueFull(l.engine.config.QueueMax))
		}
	}
}

// doubt notes that a batch may have been carried out although no answer came.
func doubt(batch []*call, err error) {
	if !errors.Is(err, postgres.ErrCommitUnknown) {
		return
	}
	for _, c := range batch {
		c.doubt = err
	}
}

// reconnect tries a batch again after the connection was lost, at most
// reconnectsMax times.
func (l *lane) reconnect(batch []*call, err error) {
	const reconnectsMax = 3
	for range reconnectsMax {
		pause()
		err2 := l.try(batch)
		doubt(batch, err2)
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

// Unknown is the answer to what was sent to the database and not answered.
func Unknown(cause error) error {
	return &fault.Unknown{RetryAfter: time.Second, Cause: cause}
}

// Unavailable is the refusal for a database that cannot be reached.
func Unavailable() error {
	return fault.New(fault.DatabaseUnavailable, "the database cannot be reached; send the same request again").
		After(time.Second)
}

// refuse answers a single command whose data the database did not accept.
func (l *lane) refuse(c *call, err error) {
	if errors.Is(err, postgres.ErrCommand) {
		// A fresh load shows what another replica stored meanwhile.
		if c.attempts++; c.attempts < 3 {
			l.settle([]*call{c}, l.try([]*call{c}))
			return
		}
		if refusal := postgres.Refusal(err); refusal != nil {
			c.answer(refusal)
			return
		}
	}
	l.engine.log.Error("command failed", "method", c.Header.Method, "error", err)
	c.answer(err)
}

func pause() {
	time.Sleep(pauseMin + rand.N(pauseMax-pauseMin))
}
