package worker

import (
	"container/list"
	"context"
	"math"
	"sync"
	"time"
)

// flights bounds the work on payouts that is under way to the gateway, so that calls
// which stall hold up nobody. A payout starts in a place of a sender. A call that takes
// longer than nearly all answered ones moves to the slow lane, and its place goes to
// another payout. If the slow lane is full, the oldest call that is overdue is cut: its
// outcome is unknown, as after any call without an answer.
type flights struct {
	config *Config

	mu sync.Mutex
	// patience is after how long a call moves to the slow lane. It follows the duration
	// within which all but one in fifty answered calls were answered.
	patience time.Duration
	// prompt is the share of calls, of late, that ended within patience.
	prompt float64
	// slow holds the flights of the slow lane, the oldest first, and waiting those that
	// are late and find no room there.
	slow, waiting *list.List
	// calls are under way; cutting of them were cut and have not ended yet.
	calls, cutting int
}

func newFlights(c *Config) *flights {
	return &flights{config: c, patience: c.PatienceMin, prompt: 1, slow: list.New(), waiting: list.New()}
}

// flight is the work on one payout, from the place of a sender to its end.
type flight struct {
	of *flights
	// places is where its place came from and goes back to; nil once it has.
	places chan struct{}
	permit permit
	// calls is the context of its calls.
	calls context.Context

	// These belong to the lock of flights. inSlow and inWaiting are where it stands in
	// those lists.
	inSlow, inWaiting *list.Element
	overdue           bool
	cut               context.CancelFunc
	wasCut            bool
}

// begin makes a flight of a taken place.
func (f *flights) begin(places chan struct{}, calls context.Context, p permit) *flight {
	return &flight{of: f, places: places, calls: calls, permit: p}
}

// The estimate of patience moves by these factors with each answered call: down when
// the call was prompt, up when it was late. It rests where one in fifty is late.
var (
	patienceDown = math.Exp(-0.01)
	patienceUp   = math.Exp(0.49)
)

const (
	// promptWeight is the weight of one call in the share of prompt ones.
	promptWeight = 1.0 / 64
	// promptLeast is the share below which no call is cut: where most calls are late,
	// the gateway is slow as a whole, and cutting its calls would end none of them.
	promptLeast = 0.5
	// overdueTimes is after how many times the patience a call may be cut.
	overdueTimes = 4
)

// call makes one call of the flight. It reports whether the call was cut.
func (fl *flight) call(f func(context.Context) error) (cut bool, err error) {
	ctx, cancel := context.WithCancel(fl.calls)
	defer cancel()
	late, stop := fl.took(cancel)
	err = f(ctx)
	return fl.landed(stop, late, err == nil || answered(err)), err
}

// took starts a call's timers. Late says, once the call has ended, whether it was late.
func (fl *flight) took(cancel context.CancelFunc) (late *bool, stop func()) {
	f := fl.of
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	fl.cut, fl.wasCut, fl.overdue = cancel, false, false
	late = new(bool)
	ended := new(bool)
	timers := []*time.Timer{
		time.AfterFunc(f.patience, func() { fl.when(ended, func() { *late = true; fl.yield() }) }),
		time.AfterFunc(max(f.config.OverdueMin, overdueTimes*f.patience), func() { fl.when(ended, func() { fl.overdue = true; f.shift() }) }),
	}
	return late, func() {
		*ended = true
		for _, t := range timers {
			t.Stop()
		}
	}
}

// when does something about a call that has not ended.
func (fl *flight) when(ended *bool, do func()) {
	fl.of.mu.Lock()
	defer fl.of.mu.Unlock()
	if !*ended {
		do()
	}
}

// landed takes in that a call has ended.
func (fl *flight) landed(stop func(), late *bool, answered bool) (cut bool) {
	f := fl.of
	f.mu.Lock()
	defer f.mu.Unlock()
	stop()
	f.calls--
	fl.cut = nil
	if fl.wasCut {
		f.cutting--
	}
	prompt := 1.0
	if *late {
		prompt = 0
	}
	switch {
	case answered && *late:
		f.patience = time.Duration(min(float64(f.patience)*patienceUp, float64(f.config.PatienceMax)))
	case answered:
		f.patience = time.Duration(max(float64(f.patience)*patienceDown, float64(f.config.PatienceMin)))
	}
	f.prompt += (prompt - f.prompt) * promptWeight
	if fl.inWaiting != nil {
		f.waiting.Remove(fl.inWaiting)
		fl.inWaiting = nil
	}
	return fl.wasCut
}

// yield gives the place of a late flight to another, if the slow lane has room.
func (fl *flight) yield() {
	if fl.places == nil {
		return
	}
	fl.inWaiting = fl.of.waiting.PushBack(fl)
	fl.of.shift()
}

// shift moves waiting flights to the slow lane while it has room. If it has none, the
// oldest overdue call makes some.
func (f *flights) shift() {
	for f.waiting.Len() > 0 {
		if f.slow.Len() >= f.config.SlowMax {
			f.cutOldest()
			return
		}
		fl := f.waiting.Remove(f.waiting.Front()).(*flight)
		fl.inWaiting = nil
		fl.inSlow = f.slow.PushBack(fl)
		<-fl.places
		fl.places = nil
	}
}

// cutOldest cuts the oldest call in the slow lane if it is overdue. It makes room when
// it ends.
func (f *flights) cutOldest() {
	if f.prompt < promptLeast || f.cutting >= f.waiting.Len() {
		return
	}
	for e := f.slow.Front(); e != nil; e = e.Next() {
		fl := e.Value.(*flight)
		if fl.wasCut || fl.cut == nil {
			continue // It is about to leave.
		}
		if fl.overdue {
			fl.wasCut = true
			f.cutting++
			fl.cut()
		}
		return
	}
}

// end ends a flight: its place, or its room in the slow lane, is free again.
func (fl *flight) end() {
	fl.permit.end()
	f := fl.of
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl.inSlow != nil {
		f.slow.Remove(fl.inSlow)
		f.shift()
		return
	}
	<-fl.places
}

// InFlight says how many calls to the gateway are under way, and how many payouts are
// in the slow lane.
type InFlight struct{ Calls, Slow int }

func (f *flights) count() InFlight {
	f.mu.Lock()
	defer f.mu.Unlock()
	return InFlight{Calls: f.calls, Slow: f.slow.Len()}
}
