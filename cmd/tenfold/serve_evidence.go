package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"github.com/tenfold-claims/tenfold/internal/evidence"
	"github.com/tenfold-claims/tenfold/internal/evidence/object"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// evidenceConfig says where the files of evidence are kept.
type evidenceConfig struct {
	dir string
}

func (c *evidenceConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.dir, "evidence-dir", "", "directory for the files of evidence, which all replicas share (docs/evidence.md); a server with an embedded PostgreSQL keeps them in its data directory")
}

// evidenceDirName is the directory of files that a server keeps beside its own database.
const evidenceDirName = "evidence"

// store opens the configured store; nil for none.
func (c *evidenceConfig) store() (object.Store, func() error, error) {
	if c.dir == "" {
		return nil, nil, nil
	}
	d, err := object.OpenDirectory(c.dir, time.Now)
	if err != nil {
		return nil, nil, fmt.Errorf("--evidence-dir (TENFOLD_EVIDENCE_DIR): %w", err)
	}
	return d, d.Close, nil
}

// checkReadable says whether files can be stored.
func (c *evidenceConfig) checkReadable(ctx context.Context) error {
	store, closeStore, err := c.store()
	if err != nil || store == nil {
		return err
	}
	if err := errors.Join(store.Check(ctx), closeStore()); err != nil {
		return fmt.Errorf("--evidence-dir (TENFOLD_EVIDENCE_DIR): %w", err)
	}
	return nil
}

// evidence opens the store of files and looks after uploads. A server with an embedded
// PostgreSQL keeps files beside it, unless another place is configured.
func (p *parts) evidence(ctx context.Context, c *serveConfig, db *postgres.DB, now func() time.Time, log *slog.Logger) (*evidence.Files, error) {
	settings := c.evidence
	if settings.dir == "" && c.databaseURL == "" {
		dir, err := ownDataDir(c.dataDir)
		if err != nil {
			return nil, err
		}
		settings.dir = filepath.Join(dir, evidenceDirName)
		if err := os.Mkdir(settings.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("make the directory of evidence: %w", err)
		}
	}
	store, closeStore, err := settings.store()
	if err != nil {
		return nil, usageError{err}
	}
	if store == nil {
		log.Info("no files of evidence are kept; --evidence-dir (TENFOLD_EVIDENCE_DIR) configures a store")
		return nil, nil
	}
	p.opened(closeStore)
	if err := store.Check(ctx); err != nil {
		// Claims and payouts do not wait for files.
		log.Error("the store of evidence fails", "step", "check", "error", err)
	}
	files := evidence.New(db, store, now, evidence.Defaults(), log)
	p.running(files.Run)
	return files, nil
}
