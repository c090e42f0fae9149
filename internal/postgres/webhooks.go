package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/request"
)

// Secrets are the secrets of a webhook as they are stored.
type Secrets struct {
	// Secret is the key that signs deliveries. Previous is the key before it, which also
	// signs them until PreviousUntil; nil for none.
	Secret        StoredSecret
	Previous      *StoredSecret
	PreviousUntil time.Time
}

// StoredSecret is a secret, and the id of the key under which it is sealed; empty for one
// that is not sealed.
type StoredSecret struct {
	Content []byte
	KeyID   string
}

// Webhook is a URL that a book's events are sent to.
type Webhook struct {
	MerchantID string
	ID         string
	URL        string
	// Kinds are the kinds of event that are sent; none means all.
	Kinds []event.Kind
	// ConfirmsNotices says that a notice is delivered once the webhook has taken the
	// event that tells of it.
	ConfirmsNotices bool
	Secrets
	// EventNumber is the last event that was queued for it or passed over.
	EventNumber int64
	CreatedAt   time.Time
	// ChangedAt is when it was created or its secret changed last; zero if that was before it
	// was kept.
	ChangedAt time.Time
}

// keyID writes the id of the key as NULL where there is none.
func (s *StoredSecret) keyID() sql.NullString {
	if s == nil {
		return sql.NullString{}
	}
	return sql.NullString{String: s.KeyID, Valid: s.KeyID != ""}
}

const webhookColumns = `
	w.merchant_id, w.webhook_id, w.url, w.kinds, w.secret, w.secret_key, w.previous_secret, w.previous_secret_key, w.previous_until,
	w.event_number, w.created_at, w.confirms_notices, w.changed_at`

// webhookRow is the columns of a webhook as the driver gives them.
type webhookRow struct {
	of                 Webhook
	kinds              []string
	previous           []byte
	sealed, sealedPrev sql.NullString
	until, changed     sql.NullTime
}

func (r *webhookRow) columns() []any {
	return []any{
		&r.of.MerchantID, &r.of.ID, &r.of.URL, pq.Array(&r.kinds), &r.of.Secret.Content, &r.sealed,
		&r.previous, &r.sealedPrev, &r.until,
		&r.of.EventNumber, &r.of.CreatedAt, &r.of.ConfirmsNotices, &r.changed,
	}
}

// webhook is the webhook, once the columns are filled.
func (r *webhookRow) webhook() Webhook {
	for _, k := range r.kinds {
		r.of.Kinds = append(r.of.Kinds, event.Kind(k))
	}
	r.of.Secret.KeyID = r.sealed.String
	if r.previous != nil {
		r.of.Previous = &StoredSecret{Content: r.previous, KeyID: r.sealedPrev.String}
	}
	r.of.PreviousUntil, r.of.ChangedAt = r.until.Time, r.changed.Time
	inUTC(&r.of.PreviousUntil, &r.of.CreatedAt, &r.of.ChangedAt)
	return r.of
}

func scanWebhook(rows *sql.Rows) (Webhook, error) {
	var r webhookRow
	err := rows.Scan(r.columns()...)
	return r.webhook(), err
}

// Webhook reads a webhook that was not deleted.
func (r Reader) Webhook(ctx context.Context, merchantID, webhookID string) (Webhook, bool, error) {
	return readOne(ctx, r, "read webhook", `
		SELECT`+webhookColumns+`
		FROM webhooks w
		WHERE w.merchant_id = $1 AND w.webhook_id = $2 AND w.deleted_at IS NULL`, scanWebhook, merchantID, webhookID)
}

// Webhooks reads the webhooks of a book after one, by id.
func (r Reader) Webhooks(ctx context.Context, merchantID, after string, limit int) ([]Webhook, error) {
	return read(ctx, r, "list webhooks", `
		SELECT`+webhookColumns+`
		FROM webhooks w
		WHERE w.merchant_id = $1 AND w.webhook_id > $2 AND w.deleted_at IS NULL
		ORDER BY w.webhook_id
		LIMIT $3`, scanWebhook, merchantID, after, limit)
}

// CreateWebhook stores a webhook, which starts with its book's next event. Refuses with
// MERCHANT_NOT_FOUND, and with WEBHOOK_LIMIT_REACHED beyond most webhooks.
func (db *DB) CreateWebhook(ctx context.Context, r request.Once, w *Webhook, most int) (webhookID string, replayed bool, err error) {
	stored, replayed, err := db.once(ctx, webhookRequests, r, func(tx *sqlx.Tx) error {
		var count int
		// The book's row makes those who create at once wait for each other.
		err := tx.GetContext(ctx, &w.EventNumber, `
			SELECT event_number FROM books WHERE merchant_id = $1 FOR NO KEY UPDATE`, w.MerchantID)
		if errors.Is(err, sql.ErrNoRows) {
			return merchantNotFound(w.MerchantID)
		}
		if err == nil {
			err = tx.GetContext(ctx, &count, `
				SELECT count(*) FROM webhooks WHERE merchant_id = $1 AND deleted_at IS NULL`, w.MerchantID)
		}
		if err != nil {
			return failure(ctx, "count webhooks", err)
		}
		if count >= most {
			return fault.New(fault.WebhookLimit, "merchant %s already has %d webhooks, the most that a book may have", w.MerchantID, count).
				With("webhooksMax", most)
		}
		kinds := make([]string, len(w.Kinds))
		for i, k := range w.Kinds {
			kinds[i] = string(k)
		}
		_, err = tx.ExecContext(ctx, `
			INSERT INTO webhooks (merchant_id, webhook_id, url, kinds, secret, secret_key, event_number, created_at, confirms_notices, changed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8)`,
			w.MerchantID, w.ID, w.URL, pq.Array(kinds), w.Secret.Content, w.Secret.keyID(), w.EventNumber, w.CreatedAt, w.ConfirmsNotices)
		return failure(ctx, "create webhook", err)
	})
	return stored.WebhookID, replayed, err
}

func merchantNotFound(merchantID string) error {
	return fault.New(fault.MerchantNotFound, "no book is open for merchant %s", merchantID).With("merchantId", merchantID)
}

// DeleteWebhook deletes a webhook and its waiting deliveries. Refuses with
// WEBHOOK_NOT_FOUND.
func (db *DB) DeleteWebhook(ctx context.Context, r request.Once) (replayed bool, err error) {
	_, replayed, err = db.once(ctx, webhookRequests, r, func(tx *sqlx.Tx) error {
		err := changeWebhook(ctx, tx, r, `
			UPDATE webhooks SET deleted_at = $3
			WHERE merchant_id = $1 AND webhook_id = $2 AND deleted_at IS NULL`, r.RecordedAt)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			DELETE FROM webhook_deliveries WHERE merchant_id = $1 AND webhook_id = $2`, r.MerchantID, r.WebhookID)
		return failure(ctx, "drop deliveries", err)
	})
	return replayed, err
}

// RotateSecret gives a webhook a new secret; the old one stays valid until the given
// time. Refuses with WEBHOOK_NOT_FOUND.
func (db *DB) RotateSecret(ctx context.Context, r request.Once, secret StoredSecret, until time.Time) (replayed bool, err error) {
	_, replayed, err = db.once(ctx, webhookRequests, r, func(tx *sqlx.Tx) error {
		return changeWebhook(ctx, tx, r, `
			UPDATE webhooks
			SET previous_secret = secret, previous_secret_key = secret_key, previous_until = $5, secret = $3, secret_key = $4,
				changed_at = $6
			WHERE merchant_id = $1 AND webhook_id = $2 AND deleted_at IS NULL`, secret.Content, secret.keyID(), until, r.RecordedAt)
	})
	return replayed, err
}

// changeWebhook runs an update of the request's webhook; WEBHOOK_NOT_FOUND where
// it meets none.
func changeWebhook(ctx context.Context, tx *sqlx.Tx, r request.Once, query string, args ...any) error {
	res, err := tx.ExecContext(ctx, query, append([]any{r.MerchantID, r.WebhookID}, args...)...)
	if err != nil {
		return failure(ctx, "change webhook", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, WebhookNotFound(r.WebhookID))
	}
	return nil
}

// WebhookNotFound refuses the id of no webhook.
func WebhookNotFound(id string) error {
	return fault.New(fault.WebhookNotFound, "no webhook has the id %s", id).With("webhookId", id)
}

// Redeliver queues an event of the book for a webhook, starting again with the first
// try. Refuses with WEBHOOK_NOT_FOUND or EVENT_NOT_FOUND.
func (db *DB) Redeliver(ctx context.Context, r request.Once, number int64) (replayed bool, err error) {
	_, replayed, err = db.once(ctx, webhookRequests, r, func(tx *sqlx.Tx) error {
		err := changeWebhook(ctx, tx, r, `
			UPDATE webhooks SET event_number = event_number
			WHERE merchant_id = $1 AND webhook_id = $2 AND deleted_at IS NULL`)
		if err != nil {
			return err
		}
		res, err := tx.ExecContext(ctx, `
			INSERT INTO webhook_deliveries (merchant_id, webhook_id, event_number, due_at, attempts, last_status, last_failure)
			SELECT e.merchant_id, $2, e.event_number, $4, 0, 0, ''
			FROM events e
			WHERE e.merchant_id = $1 AND e.event_number = $3
			ON CONFLICT (merchant_id, webhook_id, event_number)
			DO UPDATE SET due_at = $4, attempts = 0, last_status = 0, last_failure = '', dead_at = NULL`,
			r.MerchantID, r.WebhookID, number, r.RecordedAt)
		if err != nil {
			return failure(ctx, "queue event", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, fault.New(fault.EventNotFound, "merchant %s has no event %d", r.MerchantID, number).
				With("merchantId", r.MerchantID).With("eventNumber", number).At("event"))
		}
		return nil
	})
	return replayed, err
}
