package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/tenfold-claims/tenfold/internal/fault"
)

// Quarantine is an entry that takes an event away from its readers, or gives it back.
type Quarantine struct {
	MerchantID  string
	EventNumber int64
	// Entry counts the entries about the event from 1; the last one says how it stands.
	Entry int32
	// Quarantined says whether readers get no more of the event than that it exists.
	Quarantined bool
	// Cause says why, Author who made the entry: a person, or a reader.
	Cause, Author string
	RecordedAt    time.Time
}

// quarantinedColumn says of event e whether it is quarantined.
const quarantinedColumn = `
	coalesce((
		SELECT q.quarantined
		FROM event_quarantines q
		WHERE q.merchant_id = e.merchant_id AND q.event_number = e.event_number
		ORDER BY q.merchant_id DESC, q.event_number DESC, q.entry_number DESC
		LIMIT 1), false)`

// AddQuarantine adds an entry about an event, and says whether it did: an event that
// stands that way already gets none. Refuses with EVENT_NOT_FOUND.
func (db *DB) AddQuarantine(ctx context.Context, q *Quarantine) (added bool, err error) {
	// Of two who add the same entry at once, the second adds none.
	res, err := db.execOnce(ctx, `
		INSERT INTO event_quarantines (merchant_id, event_number, entry_number, quarantined, cause, author, recorded_at)
		SELECT e.merchant_id, e.event_number, coalesce(l.entry_number, 0) + 1, $3, $4, $5, $6
		FROM events e
		LEFT JOIN LATERAL (
			SELECT q.entry_number, q.quarantined
			FROM event_quarantines q
			WHERE q.merchant_id = e.merchant_id AND q.event_number = e.event_number
			ORDER BY q.merchant_id DESC, q.event_number DESC, q.entry_number DESC
			LIMIT 1) l ON true
		WHERE e.merchant_id = $1 AND e.event_number = $2 AND coalesce(l.quarantined, false) <> $3
		ON CONFLICT (merchant_id, event_number, entry_number) DO NOTHING`,
		q.MerchantID, q.EventNumber, q.Quarantined, q.Cause, q.Author, q.RecordedAt)
	if err != nil {
		return false, failure(ctx, "quarantine event", err)
	}
	if n, err := res.RowsAffected(); err != nil || n > 0 {
		return err == nil, err
	}
	_, found, err := db.Reader().EventAt(ctx, q.MerchantID, q.EventNumber)
	if err == nil && !found {
		err = fault.New(fault.EventNotFound, "merchant %s has no event %d", q.MerchantID, q.EventNumber).
			With("merchantId", q.MerchantID).With("eventNumber", q.EventNumber).At("event")
	}
	return false, err
}

const quarantineColumns = `
	q.merchant_id, q.event_number, q.entry_number, q.quarantined, q.cause, q.author, q.recorded_at`

func scanQuarantine(rows *sql.Rows) (q Quarantine, err error) {
	err = rows.Scan(&q.MerchantID, &q.EventNumber, &q.Entry, &q.Quarantined, &q.Cause, &q.Author, &q.RecordedAt)
	inUTC(&q.RecordedAt)
	return q, err
}

// QuarantinesOf reads the entries about an event, oldest first.
func (r Reader) QuarantinesOf(ctx context.Context, merchantID string, number int64) ([]Quarantine, error) {
	return read(ctx, r, "read quarantine of event", `
		SELECT`+quarantineColumns+`
		FROM event_quarantines q
		WHERE q.merchant_id = $1 AND q.event_number = $2
		ORDER BY q.merchant_id, q.event_number, q.entry_number`, scanQuarantine, merchantID, number)
}

// EventKey names an event.
type EventKey struct {
	MerchantID string
	Number     int64
}

// Quarantined reads the entries of quarantined events after one event, in order of book
// and number. An event that was given back is left out.
func (r Reader) Quarantined(ctx context.Context, after EventKey, limit int) ([]Quarantine, error) {
	return read(ctx, r, "list quarantined events", `
		SELECT`+quarantineColumns+`
		FROM event_quarantines q
		WHERE (q.merchant_id, q.event_number) > ($1, $2) AND q.quarantined AND NOT EXISTS (
			SELECT FROM event_quarantines l
			WHERE l.merchant_id = q.merchant_id AND l.event_number = q.event_number AND l.entry_number > q.entry_number)
		ORDER BY q.merchant_id, q.event_number
		LIMIT $3`, scanQuarantine, after.MerchantID, after.Number, limit)
}
