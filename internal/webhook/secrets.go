package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/seal"
)

// mayMakeSecrets refuses with WEBHOOK_KEY_MISSING to make a secret that could not be sealed.
func (w *Webhooks) mayMakeSecrets() error {
	if w.config.Keys != nil {
		return nil
	}
	return fault.New(fault.WebhookKeyMissing, "this server has no key under which it could seal the secret of a webhook; its operator sets --webhook-keys")
}

// sealed is a new secret of a webhook as it is stored.
func (w *Webhooks) sealed(of *postgres.Webhook, secret []byte) postgres.StoredSecret {
	return sealedUnder(w.config.Keys, of, secret)
}

// sealedUnder seals a secret for its webhook. It is not bound to being the present or the
// previous one, since a rotation makes one the other.
func sealedUnder(keys *seal.Keys, of *postgres.Webhook, secret []byte) postgres.StoredSecret {
	s := keys.Seal(secret, of.MerchantID, of.ID)
	return postgres.StoredSecret{Content: s.Content, KeyID: s.KeyID}
}

// opened is a secret that can sign. One that is not sealed was stored before there was a
// key.
func opened(keys *seal.Keys, of *postgres.Webhook, stored *postgres.StoredSecret) ([]byte, error) {
	if stored.KeyID == "" {
		return stored.Content, nil
	}
	return keys.Open(seal.Sealed{KeyID: stored.KeyID, Content: stored.Content}, of.MerchantID, of.ID)
}

// signing are the secrets that sign a delivery: the present one, and the previous one as long
// as it is valid. A previous one that cannot be opened signs nothing: receivers that know the
// present one are served all the same.
func (w *Webhooks) signing(of *postgres.Webhook, at time.Time) ([][]byte, error) {
	present, err := opened(w.config.Keys, of, &of.Secret)
	if err != nil {
		return nil, err
	}
	keys := [][]byte{present}
	if of.Previous != nil && at.Before(of.PreviousUntil) {
		if previous, err := opened(w.config.Keys, of, of.Previous); err == nil {
			keys = append(keys, previous)
		}
	}
	return keys, nil
}

// Unopened says which secrets a server with these keys cannot sign with, and how many are
// not sealed; it is for the start of a server.
func Unopened(ctx context.Context, db *postgres.DB, keys *seal.Keys) (unknown []postgres.SecretKeyUse, unsealed int, err error) {
	uses, err := db.Reader().SecretKeyUses(ctx)
	for _, u := range uses {
		switch {
		case u.KeyID == "":
			unsealed = u.Webhooks
		case !keys.Has(u.KeyID):
			unknown = append(unknown, u)
		}
	}
	return unknown, unsealed, err
}

// sealBatch is how many webhooks SealAll reads at once.
const sealBatch = 200

// SealAll seals every secret under the newest key: those that are not sealed, and those that
// are sealed under another. It returns how many webhooks it changed, and goes on with the
// others if one cannot be opened; the error then says how many. It may run while servers that
// have the newest key serve, and again after it was interrupted.
func SealAll(ctx context.Context, db *postgres.DB, keys *seal.Keys) (changed int, err error) {
	var failed int
	var last error
	for after := (book.Key{}); ; {
		list, err := db.Reader().NotSealedUnder(ctx, keys.Newest(), after, sealBatch)
		if err != nil {
			return changed, err
		}
		for i := range list {
			by, err := sealedAnew(keys, &list[i])
			if err != nil {
				failed++
				last = fmt.Errorf("webhook %s of merchant %s: %w", list[i].ID, list[i].MerchantID, err)
				continue
			}
			done, err := db.ReplaceSecrets(ctx, &list[i], &by)
			if err != nil {
				return changed, err
			}
			if done {
				changed++
			}
			// Otherwise a rotation came between, which sealed its secret itself; the previous
			// one is sealed by the next run.
		}
		if len(list) < sealBatch {
			break
		}
		after = book.Key{MerchantID: list[len(list)-1].MerchantID, ID: list[len(list)-1].ID}
	}
	if failed > 0 {
		return changed, fmt.Errorf("%d webhooks have a secret that cannot be opened, such as %w", failed, last)
	}
	return changed, nil
}

// sealedAnew are the secrets of a webhook under the newest key.
func sealedAnew(keys *seal.Keys, of *postgres.Webhook) (postgres.Secrets, error) {
	present, err := opened(keys, of, &of.Secret)
	if err != nil {
		return postgres.Secrets{}, err
	}
	by := postgres.Secrets{Secret: sealedUnder(keys, of, present), PreviousUntil: of.PreviousUntil}
	if of.Previous == nil {
		return by, nil
	}
	previous, err := opened(keys, of, of.Previous)
	if err != nil {
		return postgres.Secrets{}, err
	}
	s := sealedUnder(keys, of, previous)
	by.Previous = &s
	return by, nil
}
