// Package watch follows the events of books as they are committed. One reader in
// each process takes new events and hands them to all followers, each from its own
// position, without gaps and without duplicates. The package knows nothing of
// transports, and reads only committed events. Being woken only makes it faster.
package watch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Config bounds the watches. Every value must be set; Defaults gives good ones.
type Config struct {
	// Pause is how often the reader looks without being woken.
	Pause time.Duration
	// Gap is the least time between two looks, so that many commits are read
	// together.
	Gap time.Duration
	// StepMax is how many events one look takes. If there are more, each follower
	// reads them on its own.
	StepMax int
	// QueueMax is how many events may wait for one follower; beyond it the follower
	// is cut off.
	QueueMax int
	// SendMax is how long one delivery may take before its receiver is cut off.
	SendMax time.Duration
	// FollowersMax is how many may follow in this process.
	FollowersMax int
}

// Defaults are the settings of `serve`.
func Defaults() Config {
	return Config{
		Pause: 250 * time.Millisecond, Gap: 10 * time.Millisecond, StepMax: 8192, QueueMax: 4096,
		SendMax: 30 * time.Second, FollowersMax: 20_000,
	}
}

// Hub reads new events and hands them out.
type Hub struct {
	db     *postgres.DB
	config Config
	bell   *Bell
	source Source
	log    *slog.Logger

	mu sync.Mutex
	// held is the connection that the reader uses; at was read over it.
	held *postgres.Held
	// at is the reader's position, as long as there are followers.
	at position
	// lost says that the database has been away since, so that the position may be
	// invalid.
	lost    bool
	all     map[*subscription]struct{}
	books   map[string]map[*subscription]struct{}
	count   int
	stopped bool
}

// position is a position with its database and its witness.
type position struct {
	database identity
	seen     event.Position
	witness  postgres.Witness
}

// New makes a hub. It reads nothing before there is a follower, and hands out
// nothing new before Run.
func New(db *postgres.DB, quarantine *Quarantine, config Config, bell *Bell, log *slog.Logger) *Hub {
	return &Hub{
		db: db, config: config, bell: bell, source: quarantine.For(ByWatch), log: log,
		all: make(map[*subscription]struct{}), books: make(map[string]map[*subscription]struct{}),
	}
}

// Run reads new events until ctx ends.
func (h *Hub) Run(ctx context.Context) {
	defer h.letGo()
	h.bell.each(ctx, h.config.Gap, h.config.Pause, func() {
		if err := h.step(ctx); err != nil && ctx.Err() == nil {
			h.log.Error("watches ended because events cannot be read", "error", err)
		}
	})
}

// Stop ends every watch and accepts no further ones. Each can be resumed elsewhere.
func (h *Hub) Stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	h.endAll()
}

// Followers is how many followers there are.
func (h *Hub) Followers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

// ended is the refusal of a watch that continues elsewhere or later.
func ended() error {
	return fault.New(fault.WatchEnded, "the server ended the watch; resume it with the last token").After(time.Second)
}

// endAll needs the lock.
func (h *Hub) endAll() {
	for s := range h.all {
		s.end()
	}
	for _, subscriptions := range h.books {
		for s := range subscriptions {
			s.end()
		}
	}
}

// step is the result of one look.
type step struct {
	// to is the reader's position after it.
	to position
	// events are in order of book and number.
	events []*Event
}

// step takes one look. If the database is away every watch ends: the tokens will
// show whether the database that answers next is the same.
func (h *Hub) step(ctx context.Context) error {
	h.mu.Lock()
	at, held, idle := h.at, h.held, h.count == 0 || h.lost
	h.mu.Unlock()
	if idle {
		return nil
	}
	f, err := held.Reader().Since(ctx, at.seen, h.config.StepMax)
	if err == nil && !f.Whole {
		err = h.leap(ctx, at, held)
	}
	if err != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.held == held {
			h.lost = true
			h.endAll()
		}
		return err
	}
	if !f.Whole || len(f.Events) == 0 || !fits(f.To) {
		return nil
	}
	s := &step{to: at, events: h.source.all(f.Events)}
	s.to.seen = f.To
	for i := range f.Events {
		if f.Events[i].Transaction == f.To.High {
			s.to.witness = f.Events[i].Witness()
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.moved(at) {
		return nil
	}
	if s.to.seen.High == at.seen.High {
		s.to.witness = at.witness
	}
	h.at = s.to
	h.handOut(s)
	return nil
}

// moved says whether the reader's position changed during a look, because all
// followers left and another one came. It needs the lock.
func (h *Hub) moved(at position) bool {
	return h.count == 0 || h.lost || h.at.seen.High != at.seen.High || h.at.database != at.database
}

// leap skips more events than one look takes; followers read them at their own
// pace.
func (h *Hub) leap(ctx context.Context, at position, held *postgres.Held) error {
	p, w, err := held.Reader().Position(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.moved(at) || !fits(p) {
		return nil
	}
	h.at.seen, h.at.witness = p, w
	for s := range h.all {
		s.miss()
	}
	for _, subscriptions := range h.books {
		for s := range subscriptions {
			s.miss()
		}
	}
	return nil
}

// handOut gives a step to all followers whom it concerns. It needs the lock.
func (h *Hub) handOut(s *step) {
	for subscription := range h.all {
		subscription.push(s)
	}
	for first := 0; first < len(s.events); {
		merchant := s.events[first].MerchantID
		next := first + 1
		for next < len(s.events) && s.events[next].MerchantID == merchant {
			next++
		}
		if subscriptions := h.books[merchant]; len(subscriptions) > 0 {
			ofBook := &step{to: s.to, events: s.events[first:next:next]}
			for subscription := range subscriptions {
				subscription.push(ofBook)
			}
		}
		first = next
	}
}
