package postgres

import (
	"context"
	"database/sql"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
)

// Delivery is an event on its way to a webhook.
type Delivery struct {
	Webhook Webhook
	Event   FeedEvent
	// Attempts is how many tries have failed.
	Attempts int
}

// QueueDeliveries queues events of books that were not queued for their webhooks yet,
// for some webhooks at a time and some events of each, and returns how many webhooks it
// handled. Webhooks that another replica is handling are skipped.
func (db *DB) QueueDeliveries(ctx context.Context, now time.Time, webhooks, events int) (int, error) {
	met, _, err := readOne(ctx, Reader{from: db.pool}, "queue deliveries", `
		WITH behind AS (
			SELECT w.merchant_id, w.webhook_id, w.kinds, w.event_number
			FROM webhooks w
			JOIN books b ON b.merchant_id = w.merchant_id
			WHERE w.deleted_at IS NULL AND b.event_number > w.event_number
			ORDER BY w.merchant_id, w.webhook_id
			LIMIT $2
			FOR UPDATE OF w SKIP LOCKED),
		found AS (
			SELECT k.merchant_id, k.webhook_id, k.kinds, e.event_number, e.kind
			FROM behind k
			CROSS JOIN LATERAL (
				SELECT e.event_number, e.kind
				FROM events e
				WHERE e.merchant_id = k.merchant_id AND e.event_number > k.event_number
				ORDER BY e.merchant_id, e.event_number
				LIMIT $3) e),
		queued AS (
			INSERT INTO webhook_deliveries (merchant_id, webhook_id, event_number, due_at, attempts, last_status, last_failure)
			SELECT f.merchant_id, f.webhook_id, f.event_number, $1, 0, 0, ''
			FROM found f
			WHERE f.kinds = '{}' OR f.kind = ANY (f.kinds)
			ON CONFLICT (merchant_id, webhook_id, event_number) DO NOTHING),
		moved AS (
			UPDATE webhooks w
			SET event_number = k.event_number
			FROM (SELECT f.merchant_id, f.webhook_id, max(f.event_number) AS event_number FROM found f GROUP BY 1, 2) k
			WHERE w.merchant_id = k.merchant_id AND w.webhook_id = k.webhook_id
			RETURNING 1)
		SELECT count(*) FROM moved`,
		func(rows *sql.Rows) (n int, err error) { return n, rows.Scan(&n) }, now, webhooks, events)
	return met, err
}

// TakeDeliveries takes deliveries that are due at now, the longest due first, and
// postpones each until another replica may try it. Rows that another replica is taking
// are skipped.
func (db *DB) TakeDeliveries(ctx context.Context, now, until time.Time, limit int) ([]Delivery, error) {
	return read(ctx, Reader{from: db.pool}, "take deliveries", `
		WITH due AS (
			SELECT d.merchant_id, d.webhook_id, d.event_number
			FROM webhook_deliveries d
			WHERE d.due_at <= $1 AND d.dead_at IS NULL
			ORDER BY d.due_at, d.event_number
			LIMIT $3
			FOR UPDATE SKIP LOCKED),
		taken AS (
			UPDATE webhook_deliveries d
			SET due_at = $2
			FROM due
			WHERE d.merchant_id = due.merchant_id AND d.webhook_id = due.webhook_id AND d.event_number = due.event_number
			RETURNING d.merchant_id, d.webhook_id, d.event_number, d.attempts)
		SELECT`+feedColumns+`, t.attempts,`+webhookColumns+`
		FROM taken t
		JOIN webhooks w ON w.merchant_id = t.merchant_id AND w.webhook_id = t.webhook_id AND w.deleted_at IS NULL
		JOIN events e ON e.merchant_id = t.merchant_id AND e.event_number = t.event_number
		ORDER BY t.merchant_id, t.webhook_id, t.event_number`,
		func(rows *sql.Rows) (d Delivery, err error) {
			var e eventRow
			var w webhookRow
			err = rows.Scan(append(append(e.columns(), &d.Attempts), w.columns()...)...)
			if err != nil {
				return d, err
			}
			d.Webhook = w.webhook()
			d.Event, err = e.event()
			return d, err
		}, now, until, limit)
}

// Try is the result of one try of a delivery.
type Try struct {
	Webhook book.Key
	Number  int64
	// Status is the HTTP status; zero where there was no answer.
	Status int
	// Failure says in a word why it failed.
	Failure string
	// DueAt is when it will be tried again; zero means never.
	DueAt time.Time
	// At is when it ended.
	At time.Time
}

// EndDelivery deletes a delivery that the webhook took.
func (db *DB) EndDelivery(ctx context.Context, webhook book.Key, number int64) error {
	_, err := db.execOnce(ctx, `
		DELETE FROM webhook_deliveries WHERE merchant_id = $1 AND webhook_id = $2 AND event_number = $3`,
		webhook.MerchantID, webhook.ID, number)
	return failure(ctx, "end delivery", err)
}

// FailDelivery records a failed try: the delivery waits for the next one, or is dead.
func (db *DB) FailDelivery(ctx context.Context, t Try) error {
	_, err := db.execOnce(ctx, `
		UPDATE webhook_deliveries
		SET attempts = attempts + 1, last_status = $4, last_failure = $5, due_at = coalesce($6::timestamptz, due_at),
		    dead_at = CASE WHEN $6::timestamptz IS NULL THEN $7::timestamptz END
		WHERE merchant_id = $1 AND webhook_id = $2 AND event_number = $3`,
		t.Webhook.MerchantID, t.Webhook.ID, t.Number, t.Status, t.Failure, orNull(t.DueAt), t.At)
	return failure(ctx, "note failed delivery", err)
}

// PutOffDeliveries postpones everything that is due for a webhook, as if each delivery
// had failed: its receiver is away. Deliveries without tries left are dead.
func (db *DB) PutOffDeliveries(ctx context.Context, t Try, attemptsMax int, taken time.Time) error {
	_, err := db.execOnce(ctx, `
		UPDATE webhook_deliveries
		SET attempts = attempts + 1, last_status = $3, last_failure = $4, due_at = $5,
		    dead_at = CASE WHEN attempts + 1 >= $6 THEN $7::timestamptz END
		WHERE merchant_id = $1 AND webhook_id = $2 AND dead_at IS NULL AND (due_at <= $7 OR due_at = $8)`,
		t.Webhook.MerchantID, t.Webhook.ID, t.Status, t.Failure, t.DueAt, attemptsMax, t.At, taken)
	return failure(ctx, "put deliveries off", err)
}

// orNull writes the zero time as NULL.
func orNull(t time.Time) sql.NullTime { return sql.NullTime{Time: t, Valid: !t.IsZero()} }

// DeadLetter is a delivery that was given up.
type DeadLetter struct {
	EventNumber int64
	Attempts    int
	Status      int
	Failure     string
	DiedAt      time.Time
}

// DeadLetters reads a webhook's dead letters after an event, oldest first.
func (r Reader) DeadLetters(ctx context.Context, webhook book.Key, after int64, limit int) ([]DeadLetter, error) {
	return read(ctx, r, "list dead letters", `
		SELECT d.event_number, d.attempts, d.last_status, d.last_failure, d.dead_at
		FROM webhook_deliveries d
		WHERE d.merchant_id = $1 AND d.webhook_id = $2 AND d.event_number > $3 AND d.dead_at IS NOT NULL
		ORDER BY d.event_number
		LIMIT $4`,
		func(rows *sql.Rows) (d DeadLetter, err error) {
			err = rows.Scan(&d.EventNumber, &d.Attempts, &d.Status, &d.Failure, &d.DiedAt)
			inUTC(&d.DiedAt)
			return d, err
		}, webhook.MerchantID, webhook.ID, after, limit)
}
