package postgres

import (
	"context"
	"database/sql"

	"github.com/tenfold-claims/tenfold/internal/book"
)

// SecretKeyUse is how many webhooks have a secret that is sealed under a key.
type SecretKeyUse struct {
	// KeyID is empty for secrets that are not sealed.
	KeyID    string
	Webhooks int
}

// SecretKeyUses reads the keys under which the present secrets of webhooks are sealed;
// deleted webhooks are not counted.
func (r Reader) SecretKeyUses(ctx context.Context) ([]SecretKeyUse, error) {
	return read(ctx, r, "count keys of webhooks", `
		SELECT coalesce(w.secret_key, ''), count(*)
		FROM webhooks w
		WHERE w.deleted_at IS NULL
		GROUP BY 1
		ORDER BY 1`,
		func(rows *sql.Rows) (u SecretKeyUse, err error) {
			err = rows.Scan(&u.KeyID, &u.Webhooks)
			return u, err
		})
}

// NotSealedUnder reads webhooks after one, deleted ones too, that have a secret which is not
// sealed under a key.
func (r Reader) NotSealedUnder(ctx context.Context, keyID string, after book.Key, limit int) ([]Webhook, error) {
	return read(ctx, r, "list secrets to seal", `
		SELECT`+webhookColumns+`
		FROM webhooks w
		WHERE (w.merchant_id, w.webhook_id) > ($2, $3)
		  AND (w.secret_key IS DISTINCT FROM $1 OR w.previous_secret IS NOT NULL AND w.previous_secret_key IS DISTINCT FROM $1)
		ORDER BY w.merchant_id, w.webhook_id
		LIMIT $4`, scanWebhook, keyID, after.MerchantID, after.ID, limit)
}

// ReplaceSecrets stores the secrets of a webhook in another form. It says false, and does
// nothing, if they are no longer the ones that were read.
func (db *DB) ReplaceSecrets(ctx context.Context, w *Webhook, by *Secrets) (bool, error) {
	previous := func(s *Secrets) []byte {
		if s.Previous == nil {
			return nil
		}
		return s.Previous.Content
	}
	res, err := db.execOnce(ctx, `
		UPDATE webhooks SET secret = $5, secret_key = $6, previous_secret = $7, previous_secret_key = $8
		WHERE merchant_id = $1 AND webhook_id = $2 AND secret = $3 AND previous_secret IS NOT DISTINCT FROM $4`,
		w.MerchantID, w.ID, w.Secret.Content, previous(&w.Secrets),
		by.Secret.Content, by.Secret.keyID(), previous(by), by.Previous.keyID())
	if err != nil {
		return false, failure(ctx, "seal secrets", err)
	}
	n, err := res.RowsAffected()
	return n > 0, failure(ctx, "seal secrets", err)
}
