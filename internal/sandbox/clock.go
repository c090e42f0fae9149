// Package sandbox is a test bench for callers: a clock that they can move, and
// laboratories and payments that follow a script chosen by test ids.
// sandbox_service.proto defines these ids. The package drives the engine through
// the same commands as everybody else, and is never part of a production server.
package sandbox

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// followPause is how often a kept clock looks whether another replica has moved it.
const followPause = time.Second

// Clock shows the time of a sandbox. It stands still until it is moved, or ticks and can
// be moved forward as well. It never goes back. A clock that is kept is the same for all
// replicas over a database, and goes on after a restart.
type Clock struct {
	// real tells how time passes.
	real func() time.Time

	// moving is held while the clock is set, which may wait for the database.
	moving sync.Mutex
	// kept is where it is kept; nil for nowhere.
	kept *postgres.DB

	mu sync.Mutex
	// shown is what it showed when it was set, and set the real time of that.
	shown, set time.Time
	ticking    bool
	// setAt tells one setting of a kept clock from another.
	setAt time.Time
}

// NewClock makes a clock that shows start and stands still, whatever is kept.
func NewClock(start time.Time) *Clock {
	return NewStandingClock(start, func() time.Time { return start })
}

// NewStandingClock makes a clock that shows start and stands still; once it is kept, it may
// turn out to tick as real does.
func NewStandingClock(start time.Time, real func() time.Time) *Clock {
	return &Clock{real: real, shown: start.UTC().Truncate(time.Microsecond)}
}

// NewTickingClock makes a clock that shows start and ticks as real does.
func NewTickingClock(start time.Time, real func() time.Time) *Clock {
	return &Clock{real: real, shown: start.UTC().Truncate(time.Microsecond), set: real(), ticking: true}
}

// Keep keeps the clock in a database from now on. If one is kept there already, this one
// shows what that shows.
func (c *Clock) Keep(ctx context.Context, db *postgres.DB) error {
	c.moving.Lock()
	defer c.moving.Unlock()
	k, err := db.KeepSandboxClock(ctx, c.Now(), c.Ticking())
	if err != nil {
		return err
	}
	c.kept = db
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shown, c.set, c.setAt, c.ticking = k.Shows, c.real(), k.SetAt, k.Ticking
	return nil
}

// take shows what is kept, and returns the time that the clock then shows.
func (c *Clock) take(k postgres.SandboxClock) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); k.Shows.Before(now) {
		k.Shows = now // The way from the database took longer than before.
	}
	c.shown, c.set, c.setAt, c.ticking = k.Shows, c.real(), k.SetAt, k.Ticking
	return c.shown
}

// now is the time that the clock shows. The lock must be held.
func (c *Clock) now() time.Time {
	if !c.ticking {
		return c.shown
	}
	return c.shown.Add(c.real().Sub(c.set).Truncate(time.Microsecond))
}

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

// Ticking says whether the clock goes on by itself.
func (c *Clock) Ticking() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ticking
}

// Follow shows what other replicas set, until ctx ends.
func (c *Clock) Follow(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(followPause)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err := c.Look(ctx); err != nil && ctx.Err() == nil {
			log.Debug("the sandbox clock cannot be read", "error", err)
		}
	}
}

// Look shows what is kept, if another replica has set the clock.
func (c *Clock) Look(ctx context.Context) error {
	c.moving.Lock()
	defer c.moving.Unlock()
	if c.kept == nil {
		return nil
	}
	k, found, err := c.kept.SandboxClock(ctx)
	if err == nil && found && !k.SetAt.Equal(c.lastSet()) {
		c.take(k)
	}
	return err
}

func (c *Clock) lastSet() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.setAt
}

// AdvanceBy moves the clock forward and returns the time that it then shows.
func (c *Clock) AdvanceBy(ctx context.Context, d time.Duration) (time.Time, error) {
	c.moving.Lock()
	defer c.moving.Unlock()
	if c.kept != nil {
		k, err := c.kept.MoveSandboxClock(ctx, d)
		if err != nil {
			return time.Time{}, err
		}
		return c.take(k), nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shown = c.shown.Add(d.Truncate(time.Microsecond))
	return c.now(), nil
}

// AdvanceTo moves the clock forward to a time. Refuses with REQUEST_INVALID a time
// in its past.
func (c *Clock) AdvanceTo(ctx context.Context, t time.Time) (time.Time, error) {
	c.moving.Lock()
	defer c.moving.Unlock()
	t = t.UTC().Truncate(time.Microsecond)
	if c.kept != nil {
		k, moved, err := c.kept.SetSandboxClock(ctx, t)
		if err != nil {
			return time.Time{}, err
		}
		if now := c.take(k); !moved {
			return now, past(now)
		}
		return c.Now(), nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if t.Before(now) {
		return now, past(now)
	}
	c.shown, c.set = t, c.real()
	return c.now(), nil
}

func past(now time.Time) error {
	return fault.New(fault.RequestInvalid, "the clock is at %s and cannot go back", now.Format(time.RFC3339Nano)).At("to")
}
