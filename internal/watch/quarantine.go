package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// By names a reader of events.
type By string

// The readers.
const (
	ByWatch   By = "watch"
	ByRelay   By = "relay"
	ByWebhook By = "webhook"
)

// Readers lists the readers.
func Readers() []By { return []By{ByWatch, ByRelay, ByWebhook} }

// Quarantine takes events that cannot be read out of the way of their readers. It names
// each in the log, counts it, and adds an entry for it to the database, from then on
// every reader knows the event as quarantined. In its place readers get an event that
// says so and no more, so that nobody misses a number and nobody waits.
type Quarantine struct {
	db         *postgres.DB
	clock      func() time.Time
	log        *slog.Logger
	unreadable map[By]*atomic.Int64
}

// NewQuarantine makes a quarantine; clock gives real time, even in a sandbox.
func NewQuarantine(db *postgres.DB, clock func() time.Time, log *slog.Logger) *Quarantine {
	q := &Quarantine{db: db, clock: clock, log: log, unreadable: make(map[By]*atomic.Int64)}
	for _, by := range Readers() {
		q.unreadable[by] = new(atomic.Int64)
	}
	return q
}

// Unreadable is how many events a reader of this process could not read. Events that
// were quarantined before count no more.
func (q *Quarantine) Unreadable(by By) int64 { return q.unreadable[by].Load() }

// Source makes the events of one reader from their rows.
type Source func(postgres.FeedEvent) *Event

// For gives the source of a reader.
func (q *Quarantine) For(by By) Source {
	return func(row postgres.FeedEvent) *Event {
		return &Event{FeedEvent: row, unread: func(e *Event, cause error) { q.add(e, by, cause) }}
	}
}

// all makes an event of every row.
func (s Source) all(rows []postgres.FeedEvent) []*Event {
	events := make([]*Event, len(rows))
	for i := range rows {
		events[i] = s(rows[i])
	}
	return events
}

// addMax is how long a reader waits for the entry about an event. Without the entry the
// event is quarantined for this reader alone, and met again by the next.
const addMax = 5 * time.Second

// causeMax bounds what is kept of an error: it may repeat a part of the content.
const causeMax = 500

// causeOf is an error as a text that the database can hold.
func causeOf(err error) string {
	text := err.Error()
	text = strings.ToValidUTF8(text[:min(len(text), causeMax)], "")
	return cmp.Or(strings.ReplaceAll(text, "\x00", ""), "unknown")
}

func (q *Quarantine) add(e *Event, by By, cause error) {
	q.unreadable[by].Add(1)
	q.log.Error("event cannot be read and is quarantined", "merchant", e.MerchantID, "event", e.Number, "reader", by, "error", causeOf(cause))
	ctx, cancel := context.WithTimeout(context.Background(), addMax)
	defer cancel()
	_, err := q.db.AddQuarantine(ctx, &postgres.Quarantine{
		MerchantID: e.MerchantID, EventNumber: e.Number, Quarantined: true,
		Cause: causeOf(cause), Author: string(by), RecordedAt: q.clock().UTC().Truncate(time.Microsecond),
	})
	if err != nil {
		q.log.Error("quarantine of an event was not recorded", "merchant", e.MerchantID, "event", e.Number, "error", err)
	}
}

// ErrQuarantined says that readers get no more of an event than that it exists.
var ErrQuarantined = errors.New("the event is quarantined")

// kindForm is the form of every kind: brokers route by it.
var kindForm = regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)

// Read decodes the content of an event, and compares it with the row that it stands in.
// A content that tells of another event is as unreadable as one that is damaged.
func Read(e *postgres.FeedEvent) (*event.Event, error) {
	c, err := event.Decode(e.Encoding, e.Content)
	if err != nil {
		return nil, err
	}
	switch {
	case c.MerchantID != e.MerchantID || c.Number != e.Number:
		return nil, fmt.Errorf("the content is of event %d of book %q", c.Number, c.MerchantID)
	case c.Kind != e.Kind || c.ClaimID != e.ClaimID || c.RecordedAt.UnixMicro() != e.RecordedAt.UnixMicro():
		return nil, errors.New("kind, claim or time of the row are not those of the content")
	case !kindForm.MatchString(string(e.Kind)):
		return nil, fmt.Errorf("%q is no kind of event", e.Kind)
	}
	return c, nil
}
