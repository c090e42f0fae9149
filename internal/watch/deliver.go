package watch

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// send makes one delivery. It gives up if the delivery takes too long, or if the
// events behind it find no room in the queue: the receiver does not keep up.
func (f *follower) send(ctx context.Context, d *Delivery) error {
	d.Token = f.position.encode(f.at.database, f.query.identity())
	sent := make(chan error, 1)
	go func() { sent <- f.emit(d) }()
	late := time.NewTimer(f.hub.config.SendMax)
	defer late.Stop()
	select {
	case err := <-sent:
		f.sent++
		return err
	case <-late.C:
		return tooSlow()
	case <-f.sub.cut:
		if _, status := f.sub.take(); status == over {
			return ended()
		}
		return tooSlow()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func tooSlow() error {
	return fault.New(fault.WatchTooSlow, "the watch was too slow: events arrived faster than they were taken; resume with the last token").After(time.Second)
}

// deliver sends the events that the query asks for, in deliveries of a bounded
// size. reached records the position after each event. Other events only move the
// position. end, if given, records the position after all of the events.
func (f *follower) deliver(ctx context.Context, events []*Event, reached func(*Event), end func()) error {
	var next Delivery
	size := 0
	for _, e := range events {
		asked, err := f.asksFor(ctx, e)
		if err != nil {
			return err
		}
		if asked && len(next.Events) > 0 && (len(next.Events) == deliveryEvents || size+eventBytes+len(e.Content) > deliveryBytes) {
			if err := f.send(ctx, &next); err != nil {
				return err
			}
			next, size = Delivery{}, 0
		}
		reached(e)
		if asked {
			next.Events = append(next.Events, e)
			size += eventBytes + len(e.Content)
		}
	}
	if end != nil {
		end()
	}
	if len(next.Events) == 0 {
		return nil
	}
	return f.send(ctx, &next)
}

// errBehind says that the following events must be read from the database.
var errBehind = errors.New("the queue has lost events")

// catchUp delivers the events between the position and the beginning of the queue.
func (f *follower) catchUp(ctx context.Context) error {
	if f.ofBook() {
		return f.catchUpBook(ctx)
	}
	for f.position.kind == between {
		// An earlier delivery's target comes first.
		if err := f.walkTo(ctx, token{kind: atPosition, from: f.position.to, witness: f.position.witness}); err != nil {
			return err
		}
	}
	return f.walkTo(ctx, token{kind: atPosition, from: f.at.seen, witness: f.at.witness})
}

// walkTo delivers the events between the position and a later one.
func (f *follower) walkTo(ctx context.Context, to token) error {
	if f.position.from.Covers(to.from) && f.position.kind == atPosition {
		return nil
	}
	err := walk(ctx, f.reader, f.hub.source, f.position.from, to.from, f.position.cursor, f.hub.config.StepMax, func(events []*Event) error {
		return f.deliver(ctx, events, f.towards(to), nil)
	})
	if err != nil {
		return err
	}
	f.position = to
	return nil
}

// towards records a position on the way to another.
func (f *follower) towards(to token) func(*Event) {
	return func(e *Event) {
		f.position.kind, f.position.to, f.position.witness = between, to.from, to.witness
		f.position.cursor = cursor{merchantID: e.MerchantID, number: e.Number}
	}
}

func (f *follower) catchUpBook(ctx context.Context) error {
	for {
		rows, err := f.reader.EventsAfter(ctx, f.query.MerchantID, f.position.number, math.MaxInt64, walkEvents)
		if err != nil {
			return err
		}
		if err := f.deliver(ctx, f.hub.source.all(rows), f.reached, nil); err != nil || len(rows) < walkEvents {
			return err
		}
	}
}

func (f *follower) reached(e *Event) { f.reach(e.Number, e.Hash) }

// tail delivers events from the queue, until the queue has lost some.
func (f *follower) tail(ctx context.Context) error {
	if err := f.send(ctx, &Delivery{}); err != nil {
		return err
	}
	quiet := time.NewTimer(f.query.Heartbeat)
	defer quiet.Stop()
	for {
		steps, status := f.sub.take()
		switch status {
		case over:
			return ended()
		case behind:
			return errBehind
		case overrun:
			return tooSlow()
		case running:
		}
		// Everything that queued up while catching up has been taken.
		f.sub.goLive()
		before := f.sent
		for _, s := range steps {
			if err := f.take(ctx, s); err != nil {
				return err
			}
		}
		if f.sent > before {
			quiet.Reset(f.query.Heartbeat)
		}
		select {
		case <-f.sub.bell:
		case <-quiet.C:
			if err := f.send(ctx, &Delivery{}); err != nil {
				return err
			}
			quiet.Reset(f.query.Heartbeat)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take delivers the events of a step that are after the position.
func (f *follower) take(ctx context.Context, s *step) error {
	if f.ofBook() {
		return f.takeOfBook(ctx, s)
	}
	if f.position.from.Covers(s.to.seen) {
		return nil // The token came from a replica that was ahead.
	}
	var events []*Event
	for _, e := range s.events {
		if !f.position.from.Sees(e.Transaction) {
			events = append(events, e)
		}
	}
	to := token{kind: atPosition, from: s.to.seen, witness: s.to.witness}
	return f.deliver(ctx, events, f.towards(to), func() { f.position = to })
}

func (f *follower) takeOfBook(ctx context.Context, s *step) error {
	events := s.events
	for len(events) > 0 && events[0].Number <= f.position.number {
		events = events[1:]
	}
	if len(events) == 0 {
		return nil
	}
	if events[0].Number != f.position.number+1 {
		return errBehind
	}
	return f.deliver(ctx, events, f.reached, nil)
}
