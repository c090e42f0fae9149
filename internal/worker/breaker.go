package worker

import (
	"sync"
	"time"
)

// BreakerState is the state of the breaker between the worker and the gateway.
type BreakerState string

// The states of the breaker.
const (
	// BreakerClosed lets all calls pass.
	BreakerClosed BreakerState = "closed"
	// BreakerOpen lets no call begin: the gateway has left many in a row unanswered.
	BreakerOpen BreakerState = "open"
	// BreakerProbing lets the calls of one payout pass, to find out whether the gateway
	// answers again.
	BreakerProbing BreakerState = "probing"
)

// BreakerStates lists the states of the breaker.
func BreakerStates() []BreakerState {
	return []BreakerState{BreakerClosed, BreakerOpen, BreakerProbing}
}

// breaker keeps calls from a gateway that does not answer. After a number of calls in a
// row without an answer it opens for a pause. Then one payout probes the gateway: an
// answer closes the breaker, and silence doubles the pause. Payouts that are not sent
// meanwhile stay due, and how often they were looked at does not change.
type breaker struct {
	config *Config

	mu      sync.Mutex
	state   BreakerState
	silent  int // Calls in a row without an answer.
	pause   time.Duration
	probing bool // The probe is under way.
}

func newBreaker(c *Config) *breaker {
	return &breaker{config: c, state: BreakerClosed, pause: c.BreakPause}
}

// permit is the right to work on one payout.
type permit struct {
	of    *breaker
	probe bool
}

// admit gives a permit, or says that none is given now.
func (b *breaker) admit() (permit, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.state == BreakerClosed:
		return permit{of: b}, true
	case b.state == BreakerProbing && !b.probing:
		b.probing = true
		return permit{of: b, probe: true}, true
	}
	return permit{}, false
}

// most is how many permits may be asked for: as many as given, one for a probe, or none.
func (b *breaker) most(n int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.state == BreakerClosed:
		return n
	case b.state == BreakerProbing && !b.probing:
		return 1
	}
	return 0
}

// always gives a permit whatever the state is.
func (b *breaker) always() permit { return permit{of: b} }

// told takes in whether a call was answered.
func (p permit) told(answered bool) {
	b := p.of
	b.mu.Lock()
	defer b.mu.Unlock()
	if answered {
		b.state, b.silent, b.pause, b.probing = BreakerClosed, 0, b.config.BreakPause, false
		return
	}
	b.silent++
	switch {
	case b.state == BreakerClosed && b.silent >= b.config.BreakAfter:
		b.open()
	case b.state == BreakerProbing && p.probe && b.probing:
		b.pause = min(2*b.pause, b.config.BreakPauseMax)
		b.open()
	}
}

// open opens the breaker for the pause.
func (b *breaker) open() {
	b.state, b.probing = BreakerOpen, false
	time.AfterFunc(b.pause, b.rested)
}

// rested lets a probe pass after the pause.
func (b *breaker) rested() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == BreakerOpen {
		b.state = BreakerProbing
	}
}

// end gives a permit back. A probe that made no call leaves the next one to another.
func (p permit) end() {
	if !p.probe {
		return
	}
	b := p.of
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == BreakerProbing {
		b.probing = false
	}
}

// now is the present state.
func (b *breaker) now() BreakerState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}
