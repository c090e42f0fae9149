// Package webhook sends events of books to URLs that their merchants, or operators
// for them, have registered. Deliveries are signed, tried again with growing
// pauses, and kept as dead letters when all tries have failed. The package decides
// which URLs are permitted, and connects to no others.
package webhook

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/event"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/request"
	"github.com/tenfold-claims/tenfold/internal/seal"
	"github.com/tenfold-claims/tenfold/internal/watch"
)

// Config bounds webhooks. Every value but Keys must be set; Defaults gives good ones.
type Config struct {
	// Private permits receivers on loopback and in private networks, without TLS on
	// loopback.
	Private bool
	// Keys seal secrets; without any, no secret can be made, and only those that were stored
	// unsealed sign.
	Keys *seal.Keys
	// WebhooksMax is the most webhooks of a book.
	WebhooksMax int
	// Senders is how many receivers are served at once; each gets one event at a
	// time.
	Senders int
	// BatchMax is how many deliveries are taken at once.
	BatchMax int
	// Pause is how often the sender looks for due deliveries; Gap is the least time
	// between two looks.
	Pause, Gap time.Duration
	// SendMax is how long one try may take, from the look-up of the name to the end
	// of the answer.
	SendMax time.Duration
	// Again is the pause after the first failure; each further one is four times as
	// long, up to AgainMax, and all are jittered.
	Again, AgainMax time.Duration
	// AttemptsMax is the number of tries after which a delivery is dead.
	AttemptsMax int
}

// Defaults are the settings of `serve`. The last of ten tries is some two days
// after the first.
func Defaults() Config {
	return Config{
		WebhooksMax: 10, Senders: 32, BatchMax: 256,
		Pause: time.Second, Gap: 50 * time.Millisecond, SendMax: 10 * time.Second,
		Again: 5 * time.Second, AgainMax: 12 * time.Hour, AttemptsMax: 10,
	}
}

// EncodeFunc gives an event as a CloudEvent.
type EncodeFunc func(*watch.Event) ([]byte, error)

// Clock gives real time, even in a sandbox, because receivers judge the age of a
// delivery by it.
type Clock func() time.Time

// Webhooks manages webhooks and sends to them.
type Webhooks struct {
	db      *postgres.DB
	encode  EncodeFunc
	clock   Clock
	config  Config
	log     *slog.Logger
	source  watch.Source
	client  client
	notices Notices
}

// New makes webhooks over a database. Nothing is sent before Run. notices is told of
// notices at the webhooks that confirm them.
func New(db *postgres.DB, encode EncodeFunc, quarantine *watch.Quarantine, notices Notices, clock Clock, config Config, log *slog.Logger) *Webhooks {
	return &Webhooks{
		db: db, encode: encode, notices: notices, clock: clock, config: config, log: log,
		source: quarantine.For(watch.ByWebhook), client: newClient(config),
	}
}

// once is the request in its stored form; content is what its id covers.
func (w *Webhooks) once(h *request.Header, webhookID string, content ...string) request.Once {
	r := h.Once(request.DigestOfTexts(content...), w.now())
	r.WebhookID = webhookID
	return r
}

func (w *Webhooks) now() time.Time { return w.clock().UTC().Truncate(time.Microsecond) }

// newID makes the id of a webhook.
func newID() string { return strings.ToLower(rand.Text()[:20]) }

// Endpoint is what a caller says of a new webhook.
type Endpoint struct {
	URL string
	// Kinds are the kinds of event to send; none means all.
	Kinds []event.Kind
	// ConfirmsNotices is as in postgres.Webhook.
	ConfirmsNotices bool
}

// content is what the request id covers. An endpoint that confirms no notices is written as
// before there were any that do.
func (e *Endpoint) content() []string {
	content := []string{e.URL}
	for _, k := range e.Kinds {
		content = append(content, string(k))
	}
	if e.ConfirmsNotices {
		content = append(content, "confirms notices")
	}
	return content
}

// Create makes a webhook and its secret, which is empty in a replay. Refuses with
// WEBHOOK_URL_REFUSED, WEBHOOK_KEY_MISSING, MERCHANT_NOT_FOUND or WEBHOOK_LIMIT_REACHED.
func (w *Webhooks) Create(ctx context.Context, h request.Header, e Endpoint) (made postgres.Webhook, secret string, replayed bool, err error) {
	if err := checkURL(e.URL, w.config.Private); err != nil {
		return made, "", false, err
	}
	if err := w.mayMakeSecrets(); err != nil {
		return made, "", false, err
	}
	key := newKey()
	made = postgres.Webhook{
		MerchantID: h.MerchantID, ID: newID(), URL: e.URL, Kinds: e.Kinds, ConfirmsNotices: e.ConfirmsNotices, CreatedAt: w.now(),
	}
	made.ChangedAt = made.CreatedAt
	made.Secret = w.sealed(&made, key)
	id, replayed, err := w.db.CreateWebhook(ctx, w.once(&h, made.ID, e.content()...), &made, w.config.WebhooksMax)
	switch {
	case err != nil:
		return postgres.Webhook{}, "", false, err
	case replayed:
		made, err = w.get(ctx, h.MerchantID, id)
		return made, "", true, err
	case h.ValidateOnly:
		return made, "", false, nil
	}
	return made, spell(key), false, nil
}

func (w *Webhooks) get(ctx context.Context, merchantID, id string) (postgres.Webhook, error) {
	got, found, err := w.db.Reader().Webhook(ctx, merchantID, id)
	if err == nil && !found {
		err = postgres.WebhookNotFound(id)
	}
	return got, err
}

// Delete deletes a webhook. Refuses with WEBHOOK_NOT_FOUND.
func (w *Webhooks) Delete(ctx context.Context, h request.Header, id string) (replayed bool, err error) {
	return w.db.DeleteWebhook(ctx, w.once(&h, id, id))
}

// Rotate gives a webhook a new secret, which is empty in a replay; the old one
// stays valid for overlap. Refuses with WEBHOOK_KEY_MISSING or WEBHOOK_NOT_FOUND.
func (w *Webhooks) Rotate(ctx context.Context, h request.Header, id string, overlap time.Duration) (got postgres.Webhook, secret string, replayed bool, err error) {
	if err := w.mayMakeSecrets(); err != nil {
		return got, "", false, err
	}
	key := newKey()
	secretOf := postgres.Webhook{MerchantID: h.MerchantID, ID: id}
	replayed, err = w.db.RotateSecret(ctx, w.once(&h, id, id, overlap.String()), w.sealed(&secretOf, key), w.now().Add(overlap))
	if err != nil {
		return got, "", false, err
	}
	if !replayed && !h.ValidateOnly {
		secret = spell(key)
	}
	got, err = w.get(ctx, h.MerchantID, id)
	return got, secret, replayed, err
}

// Redeliver sends an event again. Refuses with WEBHOOK_NOT_FOUND or
// EVENT_NOT_FOUND.
func (w *Webhooks) Redeliver(ctx context.Context, h request.Header, id string, number int64) (replayed bool, err error) {
	return w.db.Redeliver(ctx, w.once(&h, id, id, eventID(h.MerchantID, number)), number)
}

// List reads the webhooks of a book after one. Refuses with MERCHANT_NOT_FOUND.
func (w *Webhooks) List(ctx context.Context, merchantID, after string, limit int) ([]postgres.Webhook, error) {
	reader := w.db.Reader()
	if _, found, err := reader.Head(ctx, merchantID); err != nil || !found {
		if err == nil {
			err = fault.New(fault.MerchantNotFound, "no book is open for merchant %s", merchantID).With("merchantId", merchantID)
		}
		return nil, err
	}
	return reader.Webhooks(ctx, merchantID, after, limit)
}

// DeadLetters reads a webhook's dead letters after an event. Refuses with
// WEBHOOK_NOT_FOUND.
func (w *Webhooks) DeadLetters(ctx context.Context, merchantID, id string, after int64, limit int) ([]postgres.DeadLetter, error) {
	if _, err := w.get(ctx, merchantID, id); err != nil {
		return nil, err
	}
	return w.db.Reader().DeadLetters(ctx, book.Key{MerchantID: merchantID, ID: id}, after, limit)
}
