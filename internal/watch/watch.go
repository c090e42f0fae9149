// Package watch follows the events of books as they are committed: one reader
// in each process takes what is new and hands it to everybody who follows, each
// from a place of their own, without gaps and without doubles. It knows nothing
// of transports, and reads only what is committed; being woken is a convenience.
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

// Config bounds the following. Every value must be set; Defaults gives good ones.
type Config struct {
	// Pause is how often the reader looks although nobody woke it.
	Pause time.Duration
	// Gap is the least time between two looks, so that many commits become one.
	Gap time.Duration
	// StepMax is the most events taken in one look. What exceeds it everyone who
	// follows reads on their own.
	StepMax int
	// QueueMax is the most events waiting for one who follows; beyond it they are
	// cut off.
	QueueMax int
	// SendMax is how long one delivery may take before its receiver is cut off.
	SendMax time.Duration
	// FollowersMax is the most who may follow in this process.
	FollowersMax int
}

// Defaults are the settings of `serve`.
func Defaults() Config {
	return Config{
		Pause: 250 * time.Millisecond, Gap: 10 * time.Millisecond, StepMax: 8192, QueueMax: 4096,
		SendMax: 30 * time.Second, FollowersMax: 20_000,
	}
}

// Hub reads what is new and hands it out.
type Hub struct {
	db     *postgres.DB
	config Config
	bell   *Bell
	log    *slog.Logger

	mu sync.Mutex
	// held is what the reader reads over; at was told over it.
	held *postgres.Held
	// at is where the reader stands, as long as anybody follows.
	at place
	// lost says that the database was away since: the place may not be there.
	lost    bool
	all     map[*subscription]struct{}
	books   map[string]map[*subscription]struct{}
	count   int
	stopped bool
}

// place is a position with what proves it.
type place struct {
	database identity
	position event.Position
	witness  postgres.Witness
}

// New makes a hub. Nothing is read before somebody follows, and nothing new is
// handed out before Run.
func New(db *postgres.DB, config Config, bell *Bell, log *slog.Logger) *Hub {
	return &Hub{
		db: db, config: config, bell: bell, log: log,
		all: make(map[*subscription]struct{}), books: make(map[string]map[*subscription]struct{}),
	}
}

// Run reads what is new until ctx ends.
func (h *Hub) Run(ctx context.Context) {
	defer h.letGo()
	h.bell.each(ctx, h.config.Gap, h.config.Pause, func() {
		if err := h.step(ctx); err != nil && ctx.Err() == nil {
			h.log.Error("watches ended: events cannot be read", "error", err)
		}
	})
}

// Stop ends every watch and takes no further ones. Each resumes elsewhere.
func (h *Hub) Stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	h.endAll()
}

// Followers says how many follow.
func (h *Hub) Followers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.count
}

// ended is the refusal of a watch that goes on elsewhere or later.
func ended() error {
	return fault.New(fault.WatchEnded, "the watch ended on the server's side; resume it with the last token").After(time.Second)
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

// step is what one look found.
type step struct {
	// to is where the reader stood after it.
	to place
	// events are in order of book and number.
	events []*Event
}

// step takes one look. When the database is away every watch ends: whether the
// one that answers next is the same is for the tokens to tell.
func (h *Hub) step(ctx context.Context) error {
	h.mu.Lock()
	at, held, idle := h.at, h.held, h.count == 0 || h.lost
	h.mu.Unlock()
	if idle {
		return nil
	}
	f, err := held.Reader().Since(ctx, at.position, h.config.StepMax)
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
	s := &step{to: at, events: make([]*Event, len(f.Events))}
	s.to.position = f.To
	for i := range f.Events {
		s.events[i] = &Event{FeedEvent: f.Events[i]}
		if f.Events[i].Transaction == f.To.High {
			s.to.witness = f.Events[i].Witness()
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.moved(at) {
		return nil
	}
	if s.to.position.High == at.position.High {
		s.to.witness = at.witness
	}
	h.at = s.to
	h.handOut(s)
	return nil
}

// moved says whether the reader's place changed during a look: everybody left
// meanwhile, and somebody came. It needs the lock.
func (h *Hub) moved(at place) bool {
	return h.count == 0 || h.lost || h.at.position.High != at.position.High || h.at.database != at.database
}

// leap moves on past more events than one look takes: whoever follows reads them
// at their own pace.
func (h *Hub) leap(ctx context.Context, at place, held *postgres.Held) error {
	p, w, err := held.Reader().Position(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.moved(at) || !fits(p) {
		return nil
	}
	h.at.position, h.at.witness = p, w
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

// handOut gives a step to everybody whom it concerns. It needs the lock.
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
