package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/seal"
)

// Would catch a command that leaves secrets in the clear, that seals them under a key that is
// not the newest, or that hides why it did nothing.
func TestWebhookSealSealsStoredSecrets(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	admin, err := sqlx.Open("postgres", db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close() })
	secret := []byte("0123456789abcdef0123456789abcdef")
	_, err = admin.Exec(`
		INSERT INTO webhooks (merchant_id, webhook_id, url, kinds, secret, event_number, created_at)
		VALUES ('m1', 'w1', 'https://receiver.example/', '{}', $1, 0, now()), ('m2', 'w2', 'https://receiver.example/', '{}', $1, 0, now())`, secret)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sealing := func(args ...string) (code int, out, errOut string) {
		var o, e bytes.Buffer
		code = run(t.Context(), append([]string{"webhook", "seal", "--database-url", db.AppURL}, args...), strings.NewReader(""), &o, &e)
		return code, o.String(), e.String()
	}
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"no file":        {nil, "--webhook-keys (TENFOLD_WEBHOOK_KEYS)"},
		"a missing file": {[]string{"--webhook-keys", filepath.Join(dir, "none")}, "--webhook-keys (TENFOLD_WEBHOOK_KEYS)"},
		"an empty file":  {[]string{"--webhook-keys", file("empty", nil)}, "holds no key"},
		"a wrong file":   {[]string{"--webhook-keys", file("wrong", []byte("a c2hvcnQ=\n"))}, "line 1"},
	} {
		if code, _, errOut := sealing(row.args...); code != exitUsage || !strings.Contains(errOut, row.want) || strings.Contains(errOut, "c2hvcnQ=") {
			t.Errorf("%s: exits with %d: %s", name, code, errOut)
		}
	}
	old, next := seal.NewFile("old"), seal.NewFile("next")
	both := file("both", append(bytes.Clone(next), old...))
	for _, step := range []struct {
		name, path, want string
	}{
		{"the first key", file("old", old), "\"key\": \"old\",\n  \"webhooks\": 2"},
		{"the next key", both, "\"key\": \"next\",\n  \"webhooks\": 2"},
		{"the next key again", both, "\"key\": \"next\",\n  \"webhooks\": 0"},
	} {
		if code, out, errOut := sealing("--webhook-keys", step.path, "-o", "json"); code != exitOK || !strings.Contains(out, step.want) {
			t.Errorf("%s: exits with %d: %s%s", step.name, code, out, errOut)
		}
	}
	if code, _, errOut := sealing("--webhook-keys", file("stranger", seal.NewFile("stranger"))); code != exitFailed || !strings.Contains(errOut, "2 webhooks") {
		t.Errorf("without the keys: exits with %d: %s", code, errOut)
	}
	var rows []struct {
		Merchant string `db:"merchant_id"`
		Webhook  string `db:"webhook_id"`
		Secret   []byte `db:"secret"`
		Key      string `db:"secret_key"`
	}
	if err := admin.Select(&rows, `SELECT merchant_id, webhook_id, secret, secret_key FROM webhooks`); err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	keys, err := readKeys(both)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		got, err := keys.Open(seal.Sealed{KeyID: r.Key, Content: r.Secret}, r.Merchant, r.Webhook)
		if err != nil || r.Key != "next" || !bytes.Equal(got, secret) {
			t.Errorf("%s opens as %q under %s, %v", r.Webhook, got, r.Key, err)
		}
	}
}

// Would catch a sandbox that forgets its keys when it starts again or lets others read them, a
// server outside the sandbox that makes keys of its own, and wrong keys that are taken for none.
func TestKeysOfWebhooksAreFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sandbox := serveConfig{sandbox: true, dataDir: dir}
	first, own, err := sandbox.webhookKeys()
	if err != nil || !own || first.Newest() != "sandbox" {
		t.Fatalf("a sandbox has keys %v, its own %v, %v", first, own, err)
	}
	path := filepath.Join(dir, webhookKeysName)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
	again, _, err := sandbox.webhookKeys()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Open(first.Seal([]byte("secret"), "m1"), "m1"); err != nil {
		t.Errorf("the next start lacks the key of the first: %v", err)
	}
	for name, c := range map[string]serveConfig{
		"a server with a database of its own": {dataDir: dir},
		"a server":                            {databaseURL: "postgres://h/d"},
		"a sandbox with another database":     {sandbox: true, databaseURL: "postgres://h/d"},
	} {
		if keys, own, err := c.webhookKeys(); keys != nil || own || err != nil {
			t.Errorf("%s has keys %v, its own %v, %v", name, keys, own, err)
		}
	}
	configured := serveConfig{databaseURL: "postgres://h/d", webhooks: webhookConfig{keys: path}}
	if keys, own, err := configured.webhookKeys(); keys == nil || own || err != nil {
		t.Errorf("a server with a file has keys %v, its own %v, %v", keys, own, err)
	}
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]serveConfig{"a sandbox": sandbox, "a server": configured} {
		if _, _, err := c.webhookKeys(); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s starts with wrong keys: %v", name, err)
		}
	}
}
