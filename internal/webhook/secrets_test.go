package webhook_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/fault"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/seal"
	"github.com/tenfold-claims/tenfold/internal/webhook"
)

// with is a replica that has these keys.
func (f *fixture) with(keys *seal.Keys) *webhook.Webhooks {
	c := bounds()
	c.Keys = keys
	return f.replica(c)
}

// stored is the row of a webhook's secrets.
type stored struct {
	Secret   []byte  `db:"secret"`
	Key      *string `db:"secret_key"`
	Previous []byte  `db:"previous_secret"`
	PrevKey  *string `db:"previous_secret_key"`
}

func (f *fixture) stored(id string) stored {
	f.t.Helper()
	var s stored
	if err := f.admin.Get(&s, `SELECT secret, secret_key, previous_secret, previous_secret_key FROM webhooks WHERE webhook_id = $1`, id); err != nil {
		f.t.Fatal(err)
	}
	return s
}

// raw is the key of a secret as it was shown.
func raw(t *testing.T, secret string) []byte {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func is(key *string, want string) bool { return key != nil && *key == want }

// Would catch a secret that stands in the database for whoever reads it, at its creation or
// after its rotation, and one that does not sign once it is sealed.
func TestSecretsAreSealedInTheDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	w, first := f.create(r.URL)
	if s := f.stored(w.ID); !is(s.Key, "test") || bytes.Contains(s.Secret, raw(t, first)) || s.Previous != nil {
		t.Errorf("created as %+v", s)
	}
	_, second, _, err := f.hooks.Rotate(t.Context(), f.request("RotateSecret"), w.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s := f.stored(w.ID)
	if !is(s.Key, "test") || !is(s.PrevKey, "test") || bytes.Contains(s.Secret, raw(t, second)) || bytes.Contains(s.Previous, raw(t, first)) {
		t.Errorf("rotated to %+v", s)
	}
	f.topUp()
	f.step()
	if !r.signedWith(first) || !r.signedWith(second) {
		t.Error("a delivery lacks the signature by one of two sealed secrets")
	}
	var leaks int
	err = f.admin.Get(&leaks, `SELECT count(*) FROM webhooks WHERE secret IN ($1, $2) OR previous_secret IN ($1, $2)`, raw(t, first), raw(t, second))
	if err != nil || leaks != 0 {
		t.Errorf("%d rows hold a secret in the clear, %v", leaks, err)
	}
}

// Would catch a server without keys that stores a secret in the clear, or that stops sending
// what was stored before there were keys.
func TestWithoutKeysNoSecretIsMade(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	w, secret := f.create(r.URL)
	f.unseal(&w, secret, "")
	f.hooks = f.with(nil)
	if _, _, _, err := f.hooks.Create(t.Context(), f.request("CreateWebhook"), webhook.Endpoint{URL: r.URL}); !errors.Is(err, fault.WebhookKeyMissing) {
		t.Errorf("create: %v", err)
	}
	if _, _, _, err := f.hooks.Rotate(t.Context(), f.request("RotateSecret"), w.ID, time.Hour); !errors.Is(err, fault.WebhookKeyMissing) {
		t.Errorf("rotate: %v", err)
	}
	var rows int
	if err := f.admin.Get(&rows, `SELECT count(*) FROM webhooks`); err != nil || rows != 1 {
		t.Errorf("%d webhooks are left, %v", rows, err)
	}
	f.topUp()
	f.step()
	if !r.signedWith(secret) {
		t.Error("a secret of before does not sign")
	}
}

// unseal stores a webhook's secrets as they were stored before there were keys.
func (f *fixture) unseal(w *postgres.Webhook, secret, previous string) {
	f.t.Helper()
	var before []byte
	var until *time.Time
	if previous != "" {
		at := start.Add(time.Hour)
		before, until = raw(f.t.(*testing.T), previous), &at
	}
	_, err := f.admin.Exec(`
		UPDATE webhooks SET secret = $2, secret_key = NULL, previous_secret = $3, previous_secret_key = NULL, previous_until = $4
		WHERE webhook_id = $1`, w.ID, raw(f.t.(*testing.T), secret), before, until)
	if err != nil {
		f.t.Fatal(err)
	}
}

// Would catch rows of before the keys that nobody can read or seal, a sealing that loses a
// secret or forgets the previous one or that of a deleted webhook, a change of keys that locks
// receivers out, and a second run that does it all again.
func TestSecretsAreSealedAnew(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	w, first := f.create(r.URL)
	_, second, _, err := f.hooks.Rotate(t.Context(), f.request("RotateSecret"), w.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	gone, _ := f.create(r.URL)
	if _, err := f.hooks.Delete(t.Context(), f.request("DeleteWebhook"), gone.ID); err != nil {
		t.Fatal(err)
	}
	f.unseal(&w, second, first)
	f.unseal(&gone, first, "")
	check := func(step, key string, want int, keys *seal.Keys) {
		t.Helper()
		if n, err := webhook.SealAll(t.Context(), f.db, keys); err != nil || n != want {
			t.Errorf("%s: sealed %d, %v", step, n, err)
		}
		if n, err := webhook.SealAll(t.Context(), f.db, keys); err != nil || n != 0 {
			t.Errorf("%s, again: sealed %d, %v", step, n, err)
		}
		if s := f.stored(w.ID); !is(s.Key, key) || !is(s.PrevKey, key) || bytes.Contains(s.Secret, raw(t, second)) || bytes.Contains(s.Previous, raw(t, first)) {
			t.Errorf("%s: stored as %+v", step, s)
		}
		if s := f.stored(gone.ID); !is(s.Key, key) || s.PrevKey != nil || bytes.Contains(s.Secret, raw(t, first)) {
			t.Errorf("%s: a deleted one is stored as %+v", step, s)
		}
		f.hooks = f.with(keys)
		f.topUp()
		f.step()
		if !r.signedWith(first) || !r.signedWith(second) {
			t.Errorf("%s: a secret does not sign any more", step)
		}
	}
	check("sealed", "a", 2, keysOf("a"))
	check("under the next key", "b", 2, keysOf("b", "a"))
	check("without the old key", "b", 0, keysOf("b"))
}

// Would catch a seal that is good in another webhook's row, deliveries that are signed with
// nothing or lost when the server lacks a key, one webhook whose secret holds up the others,
// and a start that does not tell.
func TestAServerWithoutTheKeySendsNothingUnsigned(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	w, secret := f.create(r.URL)
	other, _ := f.create(r.URL)
	f.topUp()
	lacking := keysOf("another")
	unknown, unsealed, err := webhook.Unopened(t.Context(), f.db, lacking)
	if err != nil || unsealed != 0 || len(unknown) != 1 || unknown[0] != (postgres.SecretKeyUse{KeyID: "test", Webhooks: 2}) {
		t.Errorf("the start tells of %+v and %d, %v", unknown, unsealed, err)
	}
	if _, err := webhook.SealAll(t.Context(), f.db, lacking); !errors.Is(err, seal.ErrKeyUnknown) || !strings.Contains(err.Error(), "2 webhooks") {
		t.Errorf("sealing without the key: %v", err)
	}
	f.hooks = f.with(lacking)
	f.step()
	if r.tries != 0 {
		t.Errorf("%d deliveries were sent without the secret", r.tries)
	}
	var failures []string
	if err := f.admin.Select(&failures, `SELECT last_failure FROM webhook_deliveries`); err != nil || len(failures) != 2 || failures[0] != "SECRET_SEALED" {
		t.Errorf("deliveries failed of %q, %v", failures, err)
	}
	// A seal moved to another webhook opens for neither.
	if _, err := f.admin.Exec(`UPDATE webhooks SET secret = (SELECT secret FROM webhooks WHERE webhook_id = $1) WHERE webhook_id = $2`, w.ID, other.ID); err != nil {
		t.Fatal(err)
	}
	f.advance(24 * time.Hour)
	f.hooks = f.with(keysOf("another", "test"))
	f.step()
	if got := r.taken(); got != "2" || !r.signedWith(secret) {
		t.Errorf("with the key %q was taken", got)
	}
	if err := f.admin.Select(&failures, `SELECT last_failure FROM webhook_deliveries`); err != nil || len(failures) != 1 || failures[0] != "SECRET_SEALED" {
		t.Errorf("with a moved seal deliveries failed of %q, %v", failures, err)
	}
	if _, err := f.hooks.Redeliver(t.Context(), f.request("RedeliverEvent"), w.ID, 1); err != nil {
		t.Error(err)
	}
}

// Would catch a sealing that overwrites the secret of a rotation which came in between.
func TestSealingLosesNoRotation(t *testing.T) {
	t.Parallel()
	f := newFixture(t, bounds())
	r := newReceiver(t)
	w, first := f.create(r.URL)
	f.unseal(&w, first, "")
	list, err := f.db.Reader().NotSealedUnder(t.Context(), "test", book.Key{}, 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d to seal, %v", len(list), err)
	}
	_, second, _, err := f.hooks.Rotate(t.Context(), f.request("RotateSecret"), w.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	by := postgres.Secrets{Secret: postgres.StoredSecret{Content: []byte("x"), KeyID: "test"}}
	if done, err := f.db.ReplaceSecrets(t.Context(), &list[0], &by); done || err != nil {
		t.Errorf("the rotated secret was replaced: %v, %v", done, err)
	}
	if n, err := webhook.SealAll(t.Context(), f.db, keysOf("test")); n != 1 || err != nil {
		t.Errorf("the next run seals %d, %v", n, err)
	}
	f.topUp()
	f.step()
	if !r.signedWith(first) || !r.signedWith(second) {
		t.Error("a secret was lost")
	}
}
