package watch

import (
	"sync"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Event is a committed event, shared by all who follow its book.
type Event struct {
	postgres.FeedEvent

	decode  sync.Once
	content *event.Event
	err     error

	present sync.Once
	form    any
}

// Decoded is what the event says.
func (e *Event) Decoded() (*event.Event, error) {
	e.decode.Do(func() { e.content, e.err = event.Decode(e.Encoding, e.Content) })
	return e.content, e.err
}

// Form gives the event in the form of a transport, made once for all who follow.
func (e *Event) Form(make func() any) any {
	e.present.Do(func() { e.form = make() })
	return e.form
}

// subscription is what waits for one who follows.
type subscription struct {
	hub        *Hub
	merchantID string // Empty for all books.
	// bell rings when there is something to take, or nothing will come any more.
	bell chan struct{}

	mu    sync.Mutex
	queue []*step
	// events are how many events the queue holds.
	events int
	// full says that the queue had no room, missed that the reader leapt: the queue
	// is empty and takes nothing until it is cleared.
	full, missed bool
	// live says that the follower has caught up with the queue: from here on it is
	// expected to keep up.
	live bool
	over bool
	// cut is closed when there is no use in waiting for the receiver.
	cut   chan struct{}
	isCut bool
}

func newSubscription(h *Hub, merchantID string) *subscription {
	return &subscription{hub: h, merchantID: merchantID, bell: make(chan struct{}, 1), cut: make(chan struct{})}
}

// push adds a step, or gives the queue up.
func (s *subscription) push(st *step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full || s.missed || s.over {
		return
	}
	if s.events+len(st.events) > s.hub.config.QueueMax && len(s.queue) > 0 {
		s.full = true
		s.drop()
		if s.live {
			s.stopWaiting()
		}
		return
	}
	s.queue = append(s.queue, st)
	s.events += len(st.events)
	ring(s.bell)
}

// miss says that the reader leapt over what follows.
func (s *subscription) miss() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missed = true
	s.drop()
}

// end says that nothing more will come.
func (s *subscription) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.drop()
	s.stopWaiting()
}

// goLive says that the follower has caught up.
func (s *subscription) goLive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = true
}

// drop frees the queue and wakes the follower. It needs the lock.
func (s *subscription) drop() {
	s.queue, s.events = nil, 0
	ring(s.bell)
}

// stopWaiting needs the lock.
func (s *subscription) stopWaiting() {
	if !s.isCut {
		s.isCut = true
		close(s.cut)
	}
}

// status is what became of a subscription.
type status int

const (
	running status = iota
	// behind has lost steps: they are to be read from the database.
	behind
	// overrun has lost steps because they were not taken.
	overrun
	over
)

// take takes everything that waits.
func (s *subscription) take() ([]*step, status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.over:
		return nil, over
	case s.full && s.live:
		return nil, overrun
	case s.full, s.missed:
		return nil, behind
	}
	queue := s.queue
	s.queue, s.events = nil, 0
	return queue, running
}

// clear begins anew with what comes from now on, and tells where that begins.
func (s *subscription) clear() place {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue, s.events, s.full, s.missed, s.live = nil, 0, false, false, false
	return s.hub.at
}
