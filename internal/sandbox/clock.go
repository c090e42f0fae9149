// Package sandbox is a test bench for callers: a clock that they can move, and
// laboratories and payments that follow a script chosen by test ids.
// sandbox_service.proto defines these ids. The package drives the engine through
// the same commands as everybody else, and is never part of a production server.
package sandbox

import (
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Clock is stopped until it is moved, and never goes back.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that shows start.
func NewClock(start time.Time) *Clock { return &Clock{now: start.UTC().Truncate(time.Microsecond)} }

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AdvanceBy moves the clock forward and returns the time that it then shows.
func (c *Clock) AdvanceBy(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d.Truncate(time.Microsecond))
	return c.now
}

// AdvanceTo moves the clock forward to a time. Refuses with REQUEST_INVALID a time
// in its past.
func (c *Clock) AdvanceTo(t time.Time) (time.Time, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.Before(c.now) {
		return c.now, fault.New(fault.RequestInvalid, "the clock is at %s and cannot go back", c.now.Format(time.RFC3339Nano)).At("to")
	}
	c.now = t.UTC().Truncate(time.Microsecond)
	return c.now, nil
}
