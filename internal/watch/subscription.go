package watch

import (
	"sync"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Event is a committed event, shared by all followers of its book.
type Event struct {
	postgres.FeedEvent

	// unread is told once of an event that cannot be read; nil tells nobody.
	unread  func(e *Event, cause error)
	decode  sync.Once
	content *event.Event
	err     error

	present sync.Once
	form    any
}

// Decoded is the content of the event. An event that is quarantined has none, and one
// that cannot be read is quarantined from then on.
func (e *Event) Decoded() (*event.Event, error) {
	e.decode.Do(func() {
		if e.Quarantined {
			e.err = ErrQuarantined
		} else if e.content, e.err = Read(&e.FeedEvent); e.err != nil {
			e.tell(e.err)
		}
	})
	return e.content, e.err
}

// Withhold quarantines an event that was read and has no form in which its reader could
// be given it. It is for a reader that shares the event with no other.
func (e *Event) Withhold(cause error) {
	if _, err := e.Decoded(); err == nil {
		e.content, e.err = nil, cause
		e.tell(cause)
	}
	e.present, e.form = sync.Once{}, nil
}

func (e *Event) tell(cause error) {
	if e.unread != nil {
		e.unread(e, cause)
	}
}

// quarantinedWord stands in place of the kind of an event that is quarantined.
const quarantinedWord = "event_quarantined"

// Word is the event's kind for brokers and outside receivers.
func (e *Event) Word() string {
	if _, err := e.Decoded(); err != nil {
		return quarantinedWord
	}
	return e.Kind.Word()
}

// Form gives the event in the form of a transport, made once for all followers.
func (e *Event) Form(make func() any) any {
	e.present.Do(func() { e.form = make() })
	return e.form
}

// subscription is the queue of one follower.
type subscription struct {
	hub        *Hub
	merchantID string // Empty for all books.
	// bell rings when there is something to take, or when nothing more will come.
	bell chan struct{}

	mu    sync.Mutex
	queue []*step
	// events is how many events the queue holds.
	events int
	// full says that the queue had no room, missed that the reader leapt. In both
	// cases the queue is empty and takes nothing until it is cleared.
	full, missed bool
	// live says that the follower has caught up with the queue, and must keep up
	// from now on.
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

// miss says that the reader leapt over the following events.
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

// status is the state of a subscription.
type status int

const (
	running status = iota
	// behind has lost steps, which must be read from the database.
	behind
	// overrun has lost steps because the follower did not take them.
	overrun
	over
)

// take takes everything in the queue.
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

// clear starts the queue again, and returns the position at which it starts.
func (s *subscription) clear() position {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue, s.events, s.full, s.missed, s.live = nil, 0, false, false, false
	return s.hub.at
}
