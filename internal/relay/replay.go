package relay

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"strings"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/watch"
)

// decodePosition reads what encodePosition wrote.
func decodePosition(text string) (database string, p event.Position, err error) {
	database, encoded, _ := strings.Cut(text, ":")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return "", p, fmt.Errorf("read position %q: %w", text, err)
	}
	p, rest, ok := event.DecodePosition(raw)
	if !ok || len(rest) > 0 {
		return "", p, fmt.Errorf("read position %q: it is damaged", text)
	}
	return database, p, nil
}

// Replay says which events to store again.
type Replay struct {
	// MerchantID is the book; empty for every book.
	MerchantID string
	// After is the number of the last event of each book to leave out.
	After int64
}

// replayPage is how many events, and books, a replay reads at once.
const replayPage = 500

// Replay stores events again, in a sink of their own. In each book it continues
// after the stream's last message, so an interrupted replay continues where it
// stopped. It needs no Run, and may go on beside one. Returns how many events were
// stored.
func (r *Relay) Replay(ctx context.Context, what Replay) (int64, error) {
	before := r.relayed.Load()
	reader := r.db.Reader()
	database, err := reader.Identity(ctx)
	if err != nil {
		return 0, err
	}
	to, _, err := reader.Position(ctx)
	if err != nil {
		return 0, err
	}
	position := encodePosition(database, event.Position{})
	if what.MerchantID != "" {
		err = r.replayBook(ctx, reader, postgres.Span{MerchantID: what.MerchantID, From: what.After, To: math.MaxInt64}, position)
		return r.relayed.Load() - before, err
	}
	for merchant := ""; ; {
		spans, err := reader.Spans(ctx, event.Position{}, to, merchant, true, replayPage)
		if err != nil {
			return r.relayed.Load() - before, err
		}
		for _, s := range spans {
			s.From = what.After
			if err := r.replayBook(ctx, reader, s, position); err != nil {
				return r.relayed.Load() - before, err
			}
		}
		if len(spans) < replayPage {
			return r.relayed.Load() - before, nil
		}
		merchant = spans[len(spans)-1].MerchantID
	}
}

func (r *Relay) replayBook(ctx context.Context, reader postgres.Reader, s postgres.Span, position string) error {
	mark, err := r.mark(ctx, s.MerchantID)
	if err != nil {
		return err
	}
	for from := max(s.From, mark.Number); from < s.To; {
		rows, err := reader.EventsAfter(ctx, s.MerchantID, from, s.To, replayPage)
		if err != nil || len(rows) == 0 {
			return err
		}
		events := make([]*watch.Event, len(rows))
		for i := range rows {
			events[i] = r.source(rows[i])
		}
		if err := r.carryBook(ctx, events, position); err != nil {
			return err
		}
		from = rows[len(rows)-1].Number
	}
	return nil
}
