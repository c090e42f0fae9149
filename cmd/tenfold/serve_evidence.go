package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/tenfold-claims/tenfold/internal/evidence"
	"github.com/tenfold-claims/tenfold/internal/evidence/clamd"
	"github.com/tenfold-claims/tenfold/internal/evidence/object"
	"github.com/tenfold-claims/tenfold/internal/evidence/s3"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// evidenceConfig says where the files of evidence are kept.
type evidenceConfig struct {
	dir string
	s3  bucketConfig
	// retentionDays is how long an object lock keeps a file of evidence; zero for no lock.
	retentionDays int
	// clamd is the address of the daemon that scans files; empty for none.
	clamd string
}

// bucketConfig says where the bucket of files is.
type bucketConfig struct {
	endpoint, bucket, region, checksum, credentials string
	pathStyle                                       bool
}

// The checksums that are sent with files beside their digests.
const (
	checksumNone    = "none"
	checksumTrailer = "trailer"
)

func (c *evidenceConfig) flags(f *pflag.FlagSet) {
	b := &c.s3
	f.StringVar(&b.bucket, "evidence-s3-bucket", "", "bucket for the files of evidence, in a store that speaks S3, in place of a directory (docs/evidence.md)")
	f.StringVar(&b.endpoint, "evidence-s3-endpoint", "", "URL of that store, https://HOST or https://HOST:PORT; http on loopback only")
	f.StringVar(&b.region, "evidence-s3-region", "us-east-1", "region of the bucket, which requests are signed for")
	f.BoolVar(&b.pathStyle, "evidence-s3-path-style", false, "name the bucket in the path of a URL and not in its host")
	f.StringVar(&b.checksum, "evidence-s3-checksum", checksumNone, "checksum sent after a file: none, or trailer where the store takes it; three large clouds refuse trailers")
	f.StringVar(&b.credentials, "evidence-s3-credentials", "", "file of the credentials of the bucket, in the form of AWS, with the profile default")
	f.StringVar(&c.clamd, "evidence-clamd", "", "clamd that scans every file of evidence for malware: HOST:PORT, or the path of a socket")
	f.IntVar(&c.retentionDays, "evidence-retention-days", 0, "days for which an object lock keeps a file of evidence from being deleted; 0 for no lock. The bucket needs object lock")
	f.StringVar(&c.dir, "evidence-dir", "", "directory for the files of evidence, which all replicas share (docs/evidence.md); a server with an embedded PostgreSQL keeps them in its data directory")
}

// evidenceDirName is the directory of files that a server keeps beside its own database.
const evidenceDirName = "evidence"

// bucketForm is the form of the names of buckets.
var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// retentionMost is how many days a file can be kept: forty years.
const retentionMost = 40 * 366

// check returns an error that names the flag and the setting of a wrong or missing setting.
func (c *evidenceConfig) check() error {
	b := &c.s3
	if _, port, err := net.SplitHostPort(c.clamd); c.clamd != "" && !filepath.IsAbs(c.clamd) && (err != nil || port == "") {
		return fmt.Errorf("--evidence-clamd (TENFOLD_EVIDENCE_CLAMD) must be HOST:PORT or the path of a socket, not %.80q", c.clamd)
	}
	switch {
	case b.bucket != "" && c.dir != "":
		return errors.New("--evidence-dir (TENFOLD_EVIDENCE_DIR) and --evidence-s3-bucket (TENFOLD_EVIDENCE_S3_BUCKET) cannot both be set; files are kept in one place")
	case b.bucket == "" && (b.endpoint != "" || b.credentials != "" || b.pathStyle || b.checksum != checksumNone):
		return errors.New("--evidence-s3-bucket (TENFOLD_EVIDENCE_S3_BUCKET) is missing; the other settings of S3 require it")
	case c.retentionDays < 0 || c.retentionDays > retentionMost:
		return fmt.Errorf("--evidence-retention-days (TENFOLD_EVIDENCE_RETENTION_DAYS) must be between 0 and %d, not %d", retentionMost, c.retentionDays)
	case b.bucket == "" && c.retentionDays > 0:
		return errors.New("--evidence-retention-days (TENFOLD_EVIDENCE_RETENTION_DAYS) needs --evidence-s3-bucket (TENFOLD_EVIDENCE_S3_BUCKET); a directory has no lock")
	case b.bucket == "":
		return nil
	case !bucketForm.MatchString(b.bucket):
		return fmt.Errorf("--evidence-s3-bucket (TENFOLD_EVIDENCE_S3_BUCKET) must have 3 to 63 small letters, digits, dots and dashes, not %.80q", b.bucket)
	case b.checksum != checksumNone && b.checksum != checksumTrailer:
		return fmt.Errorf("--evidence-s3-checksum (TENFOLD_EVIDENCE_S3_CHECKSUM) must be %s or %s, not %.40q", checksumNone, checksumTrailer, b.checksum)
	case b.credentials == "":
		return errors.New("--evidence-s3-credentials (TENFOLD_EVIDENCE_S3_CREDENTIALS) is missing; it names the file of the credentials of the bucket")
	}
	_, err := b.config()
	return err
}

// config is where the bucket is. It refuses an endpoint to which credentials must not go.
func (b *bucketConfig) config() (s3.Config, error) {
	u, err := url.Parse(b.endpoint)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || !hostForm.MatchString(u.Hostname()) && net.ParseIP(u.Hostname()) == nil ||
		u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return s3.Config{}, errors.New("--evidence-s3-endpoint (TENFOLD_EVIDENCE_S3_ENDPOINT) must be a URL such as https://s3.example, without user, path and query")
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return s3.Config{}, errors.New("--evidence-s3-endpoint (TENFOLD_EVIDENCE_S3_ENDPOINT) must be https, unless the store is on this machine")
	}
	return s3.Config{
		Address: u.Host, Plaintext: u.Scheme == "http", Bucket: b.bucket, Region: b.region, PathStyle: b.pathStyle,
		Trailers: b.checksum == checksumTrailer, Credentials: b.credentials,
	}, nil
}

// place is the setting that names where files are kept.
func (c *evidenceConfig) place() string {
	if c.s3.bucket != "" {
		return "--evidence-s3-bucket (TENFOLD_EVIDENCE_S3_BUCKET)"
	}
	return "--evidence-dir (TENFOLD_EVIDENCE_DIR)"
}

// store opens the configured store; nil for none.
func (c *evidenceConfig) store() (object.Store, func() error, error) {
	if c.s3.bucket != "" {
		config, err := c.s3.config()
		if err != nil {
			return nil, nil, err
		}
		b, err := s3.Open(config, time.Now)
		if err != nil {
			return nil, nil, fmt.Errorf("--evidence-s3-credentials (TENFOLD_EVIDENCE_S3_CREDENTIALS): %w", err)
		}
		return b, func() error { return nil }, nil
	}
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
		return fmt.Errorf("%s: %w", c.place(), err)
	}
	return nil
}

// evidence opens the store of files and looks after uploads. A server with an embedded
// PostgreSQL keeps files beside it, unless another place is configured.
func (p *parts) evidence(ctx context.Context, c *serveConfig, db *postgres.DB, now func() time.Time, log *slog.Logger) (*evidence.Files, error) {
	observer, err := p.telemetry.Evidence(time.Now)
	if err != nil {
		return nil, err
	}
	settings := c.evidence
	if settings.dir == "" && settings.s3.bucket == "" && c.databaseURL == "" {
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
		log.Info("no files of evidence are kept; --evidence-dir (TENFOLD_EVIDENCE_DIR) or --evidence-s3-bucket (TENFOLD_EVIDENCE_S3_BUCKET) configures a store")
		return nil, nil
	}
	p.opened(closeStore)
	store = evidence.Watched(store, observer)
	if err := store.Check(ctx); err != nil {
		// Claims and payouts do not wait for files.
		log.Error("the store of evidence fails", "step", "check", "error", err)
	}
	bounds := evidence.Defaults()
	bounds.Observer = observer
	bounds.Retention = time.Duration(settings.retentionDays) * 24 * time.Hour
	if settings.clamd != "" {
		bounds.Scan = clamd.At(settings.clamd).Scan
	}
	files := evidence.New(db, store, now, bounds, log)
	p.running(files.Run)
	return files, nil
}
