package watch

import (
	"context"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

const (
	// walkBooks is how many books one statement of a walk examines; walkEvents is
	// how many events one statement reads.
	walkBooks  = 500
	walkEvents = 512
)

// Walk calls f with every event between two positions, in order of book and number,
// in parts. A few new events are read at once; many are read book by book, in
// bounded memory.
func Walk(ctx context.Context, r postgres.Reader, source Source, from, to event.Position, f func([]*Event) error) error {
	return walk(ctx, r, source, from, to, cursor{}, Defaults().StepMax, f)
}

// walk is Walk after a cursor.
func walk(ctx context.Context, r postgres.Reader, source Source, from, to event.Position, after cursor, most int, f func([]*Event) error) error {
	if from.Covers(to) {
		return nil
	}
	feed, err := r.Since(ctx, from, most)
	if err != nil {
		return err
	}
	if !feed.Whole {
		return walkBooksOf(ctx, r, source, from, to, after, f)
	}
	var events []*Event
	for i := range feed.Events {
		if e := &feed.Events[i]; to.Sees(e.Transaction) && after.before(e) {
			events = append(events, source(*e))
		}
	}
	return f(events)
}

// before says whether an event comes after the cursor.
func (c cursor) before(e *postgres.FeedEvent) bool {
	if order := strings.Compare(c.merchantID, e.MerchantID); order != 0 {
		return order < 0
	}
	return c.number < e.Number
}

func walkBooksOf(ctx context.Context, r postgres.Reader, source Source, from, to event.Position, after cursor, f func([]*Event) error) error {
	merchant, past := after.merchantID, false
	for {
		spans, err := r.Spans(ctx, from, to, merchant, past, walkBooks)
		if err != nil {
			return err
		}
		for _, s := range spans {
			if s.MerchantID == after.merchantID {
				s.From = max(s.From, after.number)
			}
			if err := walkBook(ctx, r, source, s, f); err != nil {
				return err
			}
		}
		if len(spans) < walkBooks {
			return nil
		}
		merchant, past = spans[len(spans)-1].MerchantID, true
	}
}

// walkBook calls f with the events of one span.
func walkBook(ctx context.Context, r postgres.Reader, source Source, s postgres.Span, f func([]*Event) error) error {
	for s.From < s.To {
		rows, err := r.EventsAfter(ctx, s.MerchantID, s.From, s.To, walkEvents)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := f(source.all(rows)); err != nil {
			return err
		}
		s.From = rows[len(rows)-1].Number
	}
	return nil
}
