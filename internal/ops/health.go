package ops

import (
	"errors"
	"sync"
	"time"
)

// Health is what is known about the server's state. The server is ready while it can
// carry out commands. It is live as long as the health loop asks the database,
// whatever the answer: restarting the server does not bring a database back.
type Health struct {
	clock func() time.Time
	// silence is how long the loop may be silent before the server counts as dead.
	silence time.Duration

	mu       sync.Mutex
	asked    time.Time
	unable   error
	stopping bool
}

// These say why a server is not ready, or not live.
var (
	errStarting = errors.New("starting")
	errStopping = errors.New("stopping: finishing the calls under way")
	errStuck    = errors.New("stuck: the health loop no longer runs")
)

// NewHealth makes the health of a server that is starting.
func NewHealth(clock func() time.Time, silence time.Duration) *Health {
	return &Health{clock: clock, silence: silence}
}

// Asked records why the server cannot carry out commands, or nil if it can. Everybody who
// reaches the port may read the error's text, so it must hold no address and no name.
func (h *Health) Asked(unable error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked, h.unable = h.clock(), unable
}

// Stopping records that the server takes no further calls.
func (h *Health) Stopping() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopping = true
}

// DatabaseAnswers says whether commands could be carried out when that was last asked.
func (h *Health) DatabaseAnswers() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.asked.IsZero() && h.unable == nil
}

// Ready says why the server must not be called; nil if it may.
func (h *Health) Ready() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.stopping:
		return errStopping
	case h.asked.IsZero():
		return errStarting
	case h.unable != nil:
		return h.unable
	}
	return h.stuck()
}

// Live says why the server should be restarted; nil if it should not. A start may
// take as long as a migration does, and a stop as long as calls do.
func (h *Health) Live() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopping {
		return nil
	}
	return h.stuck()
}

// stuck needs the lock.
func (h *Health) stuck() error {
	if !h.asked.IsZero() && h.clock().Sub(h.asked) > h.silence {
		return errStuck
	}
	return nil
}
