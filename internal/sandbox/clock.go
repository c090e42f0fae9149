// Package sandbox is a test bench for callers: a clock that they move,
// laboratories and payments that follow a script chosen by test ids. Which ids
// mean what stands in sandbox_service.proto. It drives the engine through the
// same commands as everybody else and is never part of a production server.
package sandbox

import (
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Clock stands still until it is moved, and never goes back.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that stands at start.
func NewClock(start time.Time) *Clock { return &Clock{now: start.UTC().Truncate(time.Microsecond)} }

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AdvanceBy moves the clock on and gives the time it then shows.
func (c *Clock) AdvanceBy(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d.Truncate(time.Microsecond))
	return c.now
}

// AdvanceTo moves the clock on to a time; REQUEST_INVALID for one in its past.
func (c *Clock) AdvanceTo(t time.Time) (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.Before(c.now) {
		return c.now, fault.New(fault.RequestInvalid, "the clock stands at %s and does not go back", c.now.Format(time.RFC3339Nano)).At("to")
	}
	c.now = t.UTC().Truncate(time.Microsecond)
	return c.now, nil
}
