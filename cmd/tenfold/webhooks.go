package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tenfold-claims/tenfold/internal/notice"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/internal/rpc"
	"github.com/tenfold-claims/tenfold/internal/seal"
	"github.com/tenfold-claims/tenfold/internal/watch"
	"github.com/tenfold-claims/tenfold/internal/webhook"
)

// webhookConfig says which addresses webhooks may have, and where the keys are under which
// their secrets are sealed.
type webhookConfig struct {
	private bool
	keys    string
}

func (c *webhookConfig) flags(f *pflag.FlagSet) {
	f.BoolVar(&c.private, "webhook-private", false, "allow webhooks whose addresses are on this machine or in private networks")
	f.StringVar(&c.keys, "webhook-keys", "", "file of the keys under which secrets of webhooks are sealed (docs/watching.md); a sandbox with an embedded PostgreSQL makes one")
}

// webhookKeysName is the file of keys that a sandbox keeps in its data directory.
const webhookKeysName = "webhook-keys"

// readKeys reads a file of keys. Its errors name the variable and the line, never a key.
func readKeys(path string) (*seal.Keys, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--webhook-keys (TENFOLD_WEBHOOK_KEYS): %w", err)
	}
	keys, err := seal.Parse(content)
	if err != nil {
		return nil, fmt.Errorf("--webhook-keys (TENFOLD_WEBHOOK_KEYS): %s: %w", path, err)
	}
	return keys, nil
}

// ownKeys reads the keys of a sandbox from its data directory, where it makes them when it
// starts for the first time.
func ownKeys(dir string) (*seal.Keys, error) {
	path := filepath.Join(dir, webhookKeysName)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return readKeys(path)
	case err != nil:
		return nil, fmt.Errorf("make the keys of webhooks: %w", err)
	}
	if _, err = file.Write(seal.NewFile("sandbox")); err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("make the keys of webhooks: %w", err), os.Remove(path))
	}
	return readKeys(path)
}

// webhookKeys finds the keys of a server: those of the configured file, or those that a
// sandbox keeps beside its own database. Any other server has none, and makes no secrets.
func (c *serveConfig) webhookKeys() (keys *seal.Keys, own bool, err error) {
	switch {
	case c.webhooks.keys != "":
		if keys, err = readKeys(c.webhooks.keys); err != nil {
			err = usageError{err}
		}
		return keys, false, err
	case !c.sandbox || c.databaseURL != "":
		return nil, false, nil
	}
	dir, err := ownDataDir(c.dataDir)
	if err == nil {
		keys, err = ownKeys(dir)
	}
	return keys, true, err
}

// webhooks makes the sender of webhooks, which runs until the parts are shut.
func (p *parts) webhooks(
	ctx context.Context, c *serveConfig, db *postgres.DB, quarantine *watch.Quarantine, notices *notice.Recorder, bell *watch.Bell, log *slog.Logger,
) (*webhook.Webhooks, error) {
	keys, own, err := c.webhookKeys()
	if err != nil {
		return nil, err
	}
	if own {
		// No other server uses this database, so that none is left without the key.
		if _, err := webhook.SealAll(ctx, db, keys); err != nil {
			log.Error("secrets of webhooks were not sealed", "error", err)
		}
	}
	if err := tellOfSecrets(ctx, db, keys, log); err != nil {
		return nil, err
	}
	bounds := webhook.Defaults()
	bounds.Private, bounds.Keys = c.webhooks.private, keys
	hooks := webhook.New(db, rpc.MerchantCloudEvent, quarantine, notices, time.Now, bounds, log)
	p.running(func(ctx context.Context) { hooks.Run(ctx, bell) })
	return hooks, nil
}

// tellOfSecrets logs what the keys of this server do not open or have not sealed. The server
// starts all the same: claims and payouts do not wait for webhooks.
func tellOfSecrets(ctx context.Context, db *postgres.DB, keys *seal.Keys, log *slog.Logger) error {
	unknown, unsealed, err := webhook.Unopened(ctx, db, keys)
	if err != nil {
		return err
	}
	for _, u := range unknown {
		log.Error("webhooks get no events: --webhook-keys (TENFOLD_WEBHOOK_KEYS) lacks the key of their secrets", "key", u.KeyID, "webhooks", u.Webhooks)
	}
	if unsealed > 0 {
		log.Warn("secrets of webhooks are not sealed; `tenfold webhook seal` seals them", "webhooks", unsealed)
	}
	return nil
}

func newWebhook() *cobra.Command {
	cmd := &cobra.Command{
		Use: "webhook", Short: "Create, show and delete webhooks, and seal their secrets", Args: cobra.NoArgs, RunE: help,
		Long: "Create, show and delete webhooks. `tenfold webhook seal` seals their stored secrets; it needs the database and no server.",
	}
	cmd.AddCommand(newWebhookSeal(), newWebhookGet())
	return group(cmd, webhookVerbs())
}

func newWebhookSeal() *cobra.Command {
	var s stored
	var path string
	cmd := s.command(&cobra.Command{
		Use:   "seal",
		Short: "Seal every secret under the newest key",
		Long: "Seal every secret of a webhook under the newest key of the file: secrets that are stored unsealed, and those that are\n" +
			"sealed under another key of the file. Servers may serve meanwhile if they have the newest key. Afterwards the other\n" +
			"keys can be removed from the file. The command can be interrupted and run again.",
		Args: cobra.NoArgs,
	}, func(ctx context.Context, db *postgres.DB, _ []string) error {
		if path == "" {
			return usageError{errors.New("--webhook-keys (TENFOLD_WEBHOOK_KEYS) is missing; it names the file of keys")}
		}
		keys, err := readKeys(path)
		if err != nil {
			return usageError{err}
		}
		changed, err := webhook.SealAll(ctx, db, keys)
		if err != nil {
			return err
		}
		sealed := sealedSecrets{Key: keys.Newest(), Webhooks: changed}
		return show(&s.out, sealed, func(o *output, x sealedSecrets) {
			o.facts("Secrets of webhooks", [2]string{"sealed now", strconv.Itoa(x.Webhooks)}, [2]string{"under the key", x.Key})
		})
	})
	cmd.Flags().StringVar(&path, "webhook-keys", "", "file of the keys, the newest first")
	return cmd
}

// sealedSecrets is the answer of sealing for programs.
type sealedSecrets struct {
	Key      string `json:"key"`
	Webhooks int    `json:"webhooks"`
}
