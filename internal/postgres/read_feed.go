package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/event"
)

// FeedEvent is an event as readers of many books get it.
type FeedEvent struct {
	MerchantID string
	StoredEvent
	// Transaction is the transaction that wrote it.
	Transaction uint64
	// Quarantined says that readers get no more of it than that it exists.
	Quarantined bool
}

// compare orders events by book and number.
func (e *FeedEvent) compare(other *FeedEvent) int {
	return cmp.Or(strings.Compare(e.MerchantID, other.MerchantID), cmp.Compare(e.Number, other.Number))
}

// Feed is what followed a position, as one moment shows it.
type Feed struct {
	// Events are in order of book and number.
	Events []FeedEvent
	// To is the position of that moment.
	To event.Position
	// Whole says that Events are all up to To. Otherwise there are too many to read at
	// once, and Events is empty.
	Whole bool
}

const eventColumns = `
	e.merchant_id, e.event_number, e.kind, e.claim_id, e.recorded_at, e.encoding, e.content, e.hash, e.transaction_id`

const feedColumns = `
	e.merchant_id, e.event_number, e.kind, coalesce(e.claim_id, ''), e.recorded_at, e.encoding, e.content, e.hash,
	e.transaction_id::text,` + quarantinedColumn

// eventRow is the columns of an event as the driver gives them.
type eventRow struct {
	of          FeedEvent
	hash        []byte
	transaction string
}

func (r *eventRow) columns() []any {
	return []any{
		&r.of.MerchantID, &r.of.Number, (*string)(&r.of.Kind), &r.of.ClaimID,
		(*anyTime)(&r.of.RecordedAt), (*anyEncoding)(&r.of.Encoding), &r.of.Content, &r.hash, &r.transaction, &r.of.Quarantined,
	}
}

// anyTime and anyEncoding take what a column of an event holds, however absurd: one
// event that no reader can make sense of must not end the reading of all others. A time
// that is none is the zero time; an encoding that no byte holds is zero, which decodes
// nothing.
type (
	anyTime     time.Time
	anyEncoding byte
)

// Scan implements sql.Scanner.
func (t *anyTime) Scan(column any) error {
	at, _ := column.(time.Time) // Infinity comes as text.
	*t = anyTime(at)
	return nil
}

// Scan implements sql.Scanner.
func (e *anyEncoding) Scan(column any) error {
	*e = 0
	if n, ok := column.(int64); ok && n > 0 && n <= math.MaxUint8 {
		*e = anyEncoding(n)
	}
	return nil
}

// event is the event, once the columns are filled.
func (r *eventRow) event() (FeedEvent, error) {
	copy(r.of.Hash[:], r.hash)
	inUTC(&r.of.RecordedAt)
	var err error
	r.of.Transaction, err = strconv.ParseUint(r.transaction, 10, 64)
	return r.of, err
}

func scanFeedEvent(rows *sql.Rows) (FeedEvent, error) { return scanWith(rows) }

// scanWith scans an event and the columns after it.
func scanWith(rows *sql.Rows, more ...any) (FeedEvent, error) {
	var r eventRow
	if err := rows.Scan(append(r.columns(), more...)...); err != nil {
		return FeedEvent{}, err
	}
	return r.event()
}

// Since reads what was committed after a position: all of it or nothing.
//
// It selects the transactions beyond the position and those that were open at it, each
// by the index, so a transaction that stays open for hours costs nothing and holds up
// nobody. Each part is bounded in the order of the index, which no other plan has
// without sorting: an equation would seem to hold for a fixed share of the table, and
// the planner would expect to find its rows early by walking the table. The snapshot is
// the statement's own.
func (r Reader) Since(ctx context.Context, from event.Position, limit int) (Feed, error) {
	f := Feed{Whole: true}
	var snapshot string
	err := r.each(ctx, "read feed", `
		SELECT`+feedColumns+`, s.snapshot::text
		FROM (SELECT pg_current_snapshot() AS snapshot) s
		CROSS JOIN (
			(SELECT`+eventColumns+` FROM events e WHERE e.transaction_id > $1::xid8 ORDER BY e.transaction_id LIMIT $3)
			UNION ALL
			(SELECT`+eventColumns+`
			 FROM unnest($2::xid8[]) AS o (id)
			 CROSS JOIN LATERAL (
				SELECT`+eventColumns+`
				FROM events e
				WHERE e.transaction_id >= o.id AND e.transaction_id <= o.id
				ORDER BY e.transaction_id
				LIMIT $3) e
			 LIMIT $3)) e
		LIMIT $3`,
		[]any{decimal(from.High), transactions(from.Open), limit + 1},
		func(rows *sql.Rows) error {
			e, err := scanWith(rows, &snapshot)
			f.Events = append(f.Events, e)
			return err
		})
	switch {
	case err != nil:
		return Feed{}, err
	case len(f.Events) == 0:
		f.To = from
		return f, nil
	case len(f.Events) > limit:
		return Feed{}, nil
	}
	high := from.High
	for i := range f.Events {
		high = max(high, f.Events[i].Transaction)
	}
	slices.SortFunc(f.Events, func(a, b FeedEvent) int { return a.compare(&b) })
	f.To, err = position(high, snapshot)
	return f, err
}

// position is the position of a snapshot whose newest event is of transaction high.
func position(high uint64, snapshot string) (event.Position, error) {
	p := event.Position{High: high}
	parts := strings.Split(snapshot, ":")
	if len(parts) != 3 || parts[2] == "" {
		return p, nil
	}
	for _, text := range strings.Split(parts[2], ",") {
		open, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return p, fmt.Errorf("read snapshot %q: %w", snapshot, err)
		}
		if open < high {
			p.Open = append(p.Open, open)
		}
	}
	return p, nil
}

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

// transactions writes ids as an array literal: the driver knows no type for them.
func transactions(ids []uint64) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = decimal(id)
	}
	return "{" + strings.Join(texts, ",") + "}"
}

// Witness is an event by which a position is recognised: only the database in which the
// position was taken holds this event under this transaction.
type Witness struct {
	MerchantID  string
	Number      int64
	Hash        event.Hash
	Transaction uint64
}

// Witness makes a witness of the event.
func (e *FeedEvent) Witness() Witness {
	return Witness{MerchantID: e.MerchantID, Number: e.Number, Hash: e.Hash, Transaction: e.Transaction}
}

// Position reads the present position, and the newest event as its witness; the
// zero position and no witness where there are no events.
func (r Reader) Position(ctx context.Context) (event.Position, Witness, error) {
	var snapshot string
	e, found, err := readOne(ctx, r, "read position", `
		SELECT`+feedColumns+`, s.snapshot::text
		FROM (SELECT pg_current_snapshot() AS snapshot) s
		CROSS JOIN (SELECT`+eventColumns+` FROM events e ORDER BY e.transaction_id DESC LIMIT 1) e`,
		func(rows *sql.Rows) (FeedEvent, error) { return scanWith(rows, &snapshot) })
	if err != nil || !found {
		return event.Position{}, Witness{}, err
	}
	p, err := position(e.Transaction, snapshot)
	return p, e.Witness(), err
}

// EventAt reads one event of a book.
func (r Reader) EventAt(ctx context.Context, merchantID string, number int64) (FeedEvent, bool, error) {
	return readOne(ctx, r, "read event", `
		SELECT`+feedColumns+`
		FROM events e
		WHERE e.merchant_id = $1 AND e.event_number = $2`, scanFeedEvent, merchantID, number)
}

// EventsAfter reads a book's events after a number and up to another, oldest first.
func (r Reader) EventsAfter(ctx context.Context, merchantID string, after, upTo int64, limit int) ([]FeedEvent, error) {
	return read(ctx, r, "read events of book", `
		SELECT`+feedColumns+`
		FROM events e
		WHERE e.merchant_id <= $1 AND (e.merchant_id, e.event_number) > ($1, $2) AND e.event_number <= $3
		ORDER BY e.merchant_id, e.event_number
		LIMIT $4`, scanFeedEvent, merchantID, after, upTo, limit)
}

// Span is a run of events of one book: those after From, up to To.
type Span struct {
	MerchantID string
	From, To   int64
}

// Spans gives, for the next books, which of their events lie between two positions. Each
// book has one run of them, because a snapshot always shows a book from its beginning. A
// book without any has an empty run. Fewer books than asked for are the last ones. The
// list begins at a merchant, or after it.
func (r Reader) Spans(ctx context.Context, from, to event.Position, merchantID string, after bool, books int) ([]Span, error) {
	return read(ctx, r, "read spans", `
		SELECT b.merchant_id, coalesce(f.event_number, 0), coalesce(t.event_number, 0)
		FROM (
			SELECT b.merchant_id
			FROM books b
			WHERE b.merchant_id >= $5 AND (b.merchant_id > $5 OR NOT $7)
			ORDER BY b.merchant_id
			LIMIT $6) b
		LEFT JOIN LATERAL (
			SELECT e.event_number
			FROM events e
			WHERE e.merchant_id = b.merchant_id AND e.transaction_id <= $3::xid8 AND e.transaction_id <> ALL ($4::xid8[])
			ORDER BY e.merchant_id DESC, e.event_number DESC
			LIMIT 1) t ON true
		LEFT JOIN LATERAL (
			SELECT e.event_number
			FROM events e
			WHERE e.merchant_id = b.merchant_id AND e.event_number <= t.event_number
			  AND e.transaction_id <= $1::xid8 AND e.transaction_id <> ALL ($2::xid8[])
			ORDER BY e.merchant_id DESC, e.event_number DESC
			LIMIT 1) f ON true
		ORDER BY b.merchant_id`,
		func(rows *sql.Rows) (s Span, err error) { return s, rows.Scan(&s.MerchantID, &s.From, &s.To) },
		decimal(from.High), transactions(from.Open), decimal(to.High), transactions(to.Open), merchantID, books, after)
}

// Identity distinguishes this database from every other, including a copy of it that was
// restored on another server. It survives a failover to a standby.
func (r Reader) Identity(ctx context.Context) (string, error) {
	id, _, err := readOne(ctx, r, "read identity", `
		SELECT c.system_identifier::text || '/' || d.oid::text
		FROM pg_control_system() c, pg_database d
		WHERE d.datname = current_database()`,
		func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) })
	return id, err
}
