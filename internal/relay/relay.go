// Package relay carries the events of all books to a sink, at least once and in the
// order of each book. It keeps no position itself: it reads it from the sink. Of
// several replicas one relays at a time.
package relay

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/watch"
)

// Config bounds the relay. Every value must be set; Defaults gives good ones.
type Config struct {
	// Pause is how often the relay looks without being woken, and how often a
	// standby checks whether it may lead.
	Pause time.Duration
	// Gap is the least time between two looks.
	Gap time.Duration
	// Books is how many books are carried at once; each has one message under way
	// at a time.
	Books int
	// MarksMax is how many books' marks are kept in memory.
	MarksMax int
	// PutMax is how long the sink may take to store a message.
	PutMax time.Duration
}

// Defaults are the settings of `serve`.
func Defaults() Config {
	return Config{Pause: time.Second, Gap: 20 * time.Millisecond, Books: 128, MarksMax: 100_000, PutMax: 5 * time.Second}
}

// EncodeFunc gives an event as a CloudEvent.
type EncodeFunc func(*watch.Event) ([]byte, error)

// Relay carries events.
type Relay struct {
	db     *postgres.DB
	sink   Sink
	encode EncodeFunc
	config Config
	source watch.Source
	log    *slog.Logger

	// history reads the events that the sink's are compared with, one at a time: it is the
	// connection of the lock while this replica leads.
	reading sync.Mutex
	history postgres.Reader

	mu sync.Mutex
	// marks are the last events of books that the sink is known to have.
	marks map[string]Mark

	leading atomic.Bool
	relayed atomic.Int64
	// waiting is the record time of the oldest event under way, in microseconds;
	// zero if there is none.
	waiting atomic.Int64
}

// New makes a relay. Nothing is carried before Run.
func New(db *postgres.DB, sink Sink, encode EncodeFunc, quarantine *watch.Quarantine, config Config, log *slog.Logger) *Relay {
	return &Relay{
		db: db, sink: sink, encode: encode, source: quarantine.For(watch.ByRelay), config: config, log: log, marks: make(map[string]Mark),
		history: db.Reader(),
	}
}

// State describes a relay.
type State struct {
	// Leading says that this replica relays; otherwise it is a standby.
	Leading bool
	// Relayed counts the events that the sink has stored since the start.
	Relayed int64
	// Waiting is the record time of the oldest event found and not stored yet; zero
	// if all events found are stored.
	Waiting time.Time
}

// Lag is the age of the oldest event that waits to be stored.
func (s State) Lag(now time.Time) time.Duration {
	if s.Waiting.IsZero() {
		return 0
	}
	return max(0, now.Sub(s.Waiting))
}

// State gives the state of the relay.
func (r *Relay) State() State {
	s := State{Leading: r.leading.Load(), Relayed: r.relayed.Load()}
	if at := r.waiting.Load(); at != 0 {
		s.Waiting = time.UnixMicro(at).UTC()
	}
	return s
}

// leaderLock is the lock held by the replica that relays.
const leaderLock = 0x74656e01

// Run carries events until ctx ends, whenever this replica leads.
func (r *Relay) Run(ctx context.Context, bell *watch.Bell) {
	rung := bell.Listen()
	said, times := "", 0
	watch.Loop(ctx, nil, r.config.Pause, r.config.Pause, func() {
		err := r.lead(ctx, rung)
		if err == nil || ctx.Err() != nil {
			return
		}
		// What does not pass by itself, such as another history, would fill the log.
		if text := err.Error(); text != said {
			said, times = text, 0
		}
		if times++; times%sayEvery == 1 {
			r.log.Error("relay interrupted; it will continue from the last message in the sink", "error", err, "times", times)
		}
	})
}

// sayEvery is at how many interruptions in a row for the same reason one is logged.
const sayEvery = 60

// lead waits until this replica leads, and then carries events as long as it can.
//
// The connection that holds the lock is also the one over which events are read, so
// both are lost together. A message that is under way then may still arrive; the
// sink fences it off if another relay was faster.
func (r *Relay) lead(ctx context.Context, rung <-chan struct{}) error {
	held, err := r.db.Hold(ctx)
	if err != nil {
		return err
	}
	defer held.Close()
	if err := r.stand(ctx, held); err != nil {
		return err
	}
	r.leading.Store(true)
	defer r.leading.Store(false)
	r.forget()
	reader := held.Reader()
	r.compareOver(reader)
	database, err := reader.Identity(ctx)
	if err != nil {
		return err
	}
	at, err := r.resume(ctx, database)
	if err != nil {
		return err
	}
	r.log.Info("relaying", "from", at.High)
	leading, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	step := func() {
		next, err := r.step(leading, reader, database, at)
		if err != nil {
			stop(err)
		}
		at = next
	}
	step()
	watch.Loop(leading, rung, r.config.Gap, r.config.Pause, step)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return context.Cause(leading)
}

// stand waits until no other replica holds the lock.
func (r *Relay) stand(ctx context.Context, held *postgres.Held) error {
	var ours bool
	var failed error
	standing, stop := context.WithCancel(ctx)
	defer stop()
	try := func() {
		if ours, failed = held.TryLock(standing, leaderLock); ours || failed != nil {
			stop()
		}
	}
	if try(); !ours && failed == nil {
		watch.Loop(standing, nil, r.config.Pause, r.config.Pause, try)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return failed
}

// errOtherDatabase says that the sink holds the events of another database.
var errOtherDatabase = errors.New("the sink holds the events of another database; give the relay a sink of its own")

// errOtherHistory says that the sink holds events which the database does not have: it was
// restored to an earlier time, and has gone another way since.
var errOtherHistory = errors.New("the sink holds events that the database does not have, as after it was restored to an earlier time; " +
	"give the relay a sink of its own (docs/operating.md)")

// resume reads the position at which to continue.
func (r *Relay) resume(ctx context.Context, database string) (event.Position, error) {
	tail, err := r.sink.Tail(ctx)
	if err != nil || tail.Position == "" {
		return event.Position{}, err
	}
	of, at, err := decodePosition(tail.Position)
	switch {
	case err != nil:
		return at, err
	case of != database:
		return at, errOtherDatabase
	case tail.MerchantID == "":
		return at, nil // The message is older than the header.
	}
	return at, r.checkHistory(ctx, tail.MerchantID, tail.Mark)
}

// compareOver sets the connection over which histories are compared.
func (r *Relay) compareOver(reader postgres.Reader) {
	r.reading.Lock()
	defer r.reading.Unlock()
	r.history = reader
}

// checkHistory compares the last event that the sink has of a book with the database.
func (r *Relay) checkHistory(ctx context.Context, merchantID string, mark Mark) error {
	if mark.Number == 0 {
		return nil
	}
	r.reading.Lock()
	e, found, err := r.history.EventAt(ctx, merchantID, mark.Number)
	r.reading.Unlock()
	switch {
	case err != nil:
		return err
	case !found, mark.Hash != "" && mark.Hash != hex.EncodeToString(e.Hash[:]):
		return fmt.Errorf("event %d of book %s: %w", mark.Number, merchantID, errOtherHistory)
	}
	return nil
}

// step carries everything from a position to the present one, and returns that.
func (r *Relay) step(ctx context.Context, reader postgres.Reader, database string, from event.Position) (event.Position, error) {
	to, _, err := reader.Position(ctx)
	if err != nil || from.Covers(to) {
		return from, err
	}
	position := encodePosition(database, from)
	err = watch.Walk(ctx, reader, r.source, from, to, func(events []*watch.Event) error {
		return r.carry(ctx, events, position)
	})
	if err != nil {
		return from, err
	}
	r.waiting.Store(0)
	return to, nil
}

// carry stores events, those of each book in order, some books at a time. After a
// message that was not stored, nothing more of its book is sent.
func (r *Relay) carry(ctx context.Context, events []*watch.Event, position string) error {
	r.note(events)
	books := make(chan []*watch.Event)
	carrying, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var running sync.WaitGroup
	for range min(r.config.Books, len(events)) {
		running.Go(func() {
			for book := range books {
				if err := r.carryBook(carrying, book, position); err != nil {
					stop(err)
				}
			}
		})
	}
	for len(events) > 0 && carrying.Err() == nil {
		n := 1
		for n < len(events) && events[n].MerchantID == events[0].MerchantID {
			n++
		}
		books <- events[:n]
		events = events[n:]
	}
	close(books)
	running.Wait()
	return context.Cause(carrying)
}

// note keeps the record time of the oldest waiting event.
func (r *Relay) note(events []*watch.Event) {
	for _, e := range events {
		at := e.RecordedAt.UnixMicro()
		if e.RecordedAt.IsZero() { // It is no time: see Quarantine.
			continue
		}
		if oldest := r.waiting.Load(); oldest == 0 || at < oldest {
			r.waiting.Store(at)
		}
	}
}

// carryBook stores events of one book, one after the other.
func (r *Relay) carryBook(ctx context.Context, events []*watch.Event, position string) error {
	merchant := events[0].MerchantID
	mark, err := r.mark(ctx, merchant)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.Number <= mark.Number {
			continue
		}
		if mark, err = r.put(ctx, e, mark, position); err != nil {
			// Only the sink can tell what it has stored now.
			r.setMark(merchant, nil)
			return fmt.Errorf("store event %d of book %s: %w", e.Number, merchant, err)
		}
		r.setMark(merchant, &mark)
		r.relayed.Add(1)
	}
	return nil
}

func (r *Relay) put(ctx context.Context, e *watch.Event, before Mark, position string) (Mark, error) {
	body, err := r.encode(e)
	if err != nil {
		// Nobody behind it in the book waits for an event that has no form.
		e.Withhold(err)
		if body, err = r.encode(e); err != nil {
			return Mark{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.PutMax)
	defer cancel()
	return r.sink.Put(ctx, &Message{
		MerchantID: e.MerchantID, Number: e.Number, Hash: hex.EncodeToString(e.Hash[:]), Type: e.Word(), Position: position, Body: body,
	}, before)
}

// mark gives a book's mark, from memory or from the sink.
func (r *Relay) mark(ctx context.Context, merchantID string) (Mark, error) {
	r.mu.Lock()
	mark, known := r.marks[merchantID]
	r.mu.Unlock()
	if known {
		return mark, nil
	}
	mark, err := r.sink.Last(ctx, merchantID)
	if err == nil {
		err = r.checkHistory(ctx, merchantID, mark)
	}
	if err != nil {
		return Mark{}, err
	}
	r.setMark(merchantID, &mark)
	return mark, nil
}

// setMark keeps a mark; nil forgets it.
func (r *Relay) setMark(merchantID string, mark *Mark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if mark == nil {
		delete(r.marks, merchantID)
		return
	}
	if len(r.marks) >= r.config.MarksMax {
		clear(r.marks)
	}
	r.marks[merchantID] = *mark
}

// forget drops all knowledge about the sink: another relay may have stored since.
func (r *Relay) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.marks)
}

func encodePosition(database string, p event.Position) string {
	return database + ":" + base64.RawURLEncoding.EncodeToString(p.Append(nil))
}
