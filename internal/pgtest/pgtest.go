// Package pgtest gives each test its own migrated PostgreSQL database. All tests of
// a process share one throwaway server, which internal/embedpg starts and which
// dies with the process, so no test and no TestMain has to end it. If
// TEST_DATABASE_URL is set, they share the throwaway server that it names, where a
// test's database can also be kept.
package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/pgdial"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/migrations"
)

const (
	// urlVariable names a superuser's URL. The server must be a throwaway, because
	// both roles get a password that everybody can read below.
	urlVariable  = "TEST_DATABASE_URL"
	testPassword = "tenfold-test"
	// keepVariable, set to any value, keeps the databases of tests on the server that
	// urlVariable names, so that they can be inspected.
	keepVariable = "TEST_KEEP_DATABASE"
	// templateLock prevents the test processes of one server from making the
	// template at the same time.
	templateLock = 0x74656e02
	setUpLimit   = 2 * time.Minute
)

// DB is the database of one test. The URLs are for lib/pq and psql.
type DB struct {
	Name string
	// OwnerURL connects as the role that owns the tables.
	OwnerURL string
	// AppURL connects as the role of the engine, with its rights.
	AppURL string
	// AdminURL connects to the same database as the superuser.
	AdminURL string
}

// New returns a database with the whole schema and without rows but for the calendar and
// the seeded policies without their limits: claims of tests need no approval unless a
// test publishes a policy that asks for it. It drops the
// database at the end of the test, even if somebody is still connected. If
// TEST_KEEP_DATABASE is set, the database stays, and the test's log says how to open
// it. Parallel tests may call New. It fails the test if there is no server.
func New(t testing.TB) *DB {
	t.Helper()
	db, drop, err := Make(t.Context())
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	if os.Getenv(keepVariable) != "" {
		// This is logged before the test begins, because the test may never end.
		t.Logf("the database of this test is kept; open it with psql '%s'", db.AdminURL)
		return db
	}
	t.Cleanup(func() {
		// The context of the test has ended here.
		if err := drop(context.Background()); err != nil {
			t.Errorf("pgtest: %v", err)
		}
	})
	return db
}

// Make makes a database like New, for code that is not a test, such as examples. The
// caller must drop the database.
func Make(ctx context.Context) (db *DB, drop func(context.Context) error, err error) {
	s, err := theServer()
	if err != nil {
		return nil, nil, err
	}
	if db, err = s.clone(ctx); err != nil {
		return nil, nil, err
	}
	return db, func(ctx context.Context) error { return s.drop(ctx, db.Name) }, nil
}

// Open returns a connection pool for the role of the engine, which is closed at the
// end of the test.
func (db *DB) Open(t testing.TB) *sqlx.DB {
	t.Helper()
	pool, err := pgdial.Open(db.AppURL, setUpLimit)
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	return sqlx.NewDb(pool, "postgres")
}

// server holds the databases of this process.
type server struct {
	adminURL string
	// password is the password of both roles; it is empty if the socket admits them
	// without one.
	password string
	admin    *sql.DB
	cloneSQL string // Makes a copy of the template when a name is put in front.
	prefix   string
	count    atomic.Int64
}

var theServer = sync.OnceValues(func() (*server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), setUpLimit)
	defer cancel()
	s := &server{adminURL: os.Getenv(urlVariable), password: testPassword}
	if s.adminURL == "" {
		if os.Getenv(keepVariable) != "" {
			return nil, errors.New(keepVariable + " requires " + urlVariable + ", because a server that tests start ends with them; " +
				"`make test-server` runs a server that stays")
		}
		embedded, err := StartServer(ctx)
		if err != nil {
			return nil, err
		}
		s.adminURL, s.password = embedded.AdminURL(), ""
	}
	var err error
	if s.admin, err = pgdial.Open(s.adminURL, setUpLimit); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, fmt.Errorf("prepare the test server: %w", err)
	}
	return s, nil
})

// StartServer starts an empty throwaway server for tests. It ends by Stop, or with the
// process.
func StartServer(ctx context.Context) (*embedpg.Server, error) {
	return embedpg.Start(ctx, embedpg.Config{Settings: map[string]string{
		// The files may be in memory, and tests never need old log.
		"max_wal_size": "256MB",
		// Parallel tests have a pool each.
		"max_connections": "300",
	}})
}

// prepare makes the template if it is missing: a migrated database to which nobody
// can connect. Its name depends on the migrations, so a server that outlives the
// process keeps it for the next process.
func (s *server) prepare(ctx context.Context) error {
	digest, err := migrationsDigest()
	if err != nil {
		return err
	}
	template := "tenfold_template_" + digest
	s.prefix = "tenfold_test_" + strings.ToLower(rand.Text()[:10]) + "_"
	var version int
	if err := s.admin.QueryRowContext(ctx,
		`SELECT current_setting('server_version_num')::int`).Scan(&version); err != nil {
		return err
	}
	s.cloneSQL = ` TEMPLATE ` + pq.QuoteIdentifier(template)
	if version >= 150000 {
		s.cloneSQL += ` STRATEGY FILE_COPY`
	}
	conn, err := s.admin.Conn(ctx)
	if err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, templateLock)
	if err == nil {
		err = s.ensureTemplate(ctx, conn, template)
	}
	_, unlockErr := conn.ExecContext(context.WithoutCancel(ctx),
		`SELECT pg_advisory_unlock($1)`, templateLock)
	return errors.Join(err, unlockErr, conn.Close())
}

func (s *server) ensureTemplate(ctx context.Context, conn *sql.Conn, template string) error {
	// The database is marked as a template only when it is complete.
	var whole bool
	err := conn.QueryRowContext(ctx,
		`SELECT datistemplate FROM pg_database WHERE datname = $1`, template).Scan(&whole)
	if err != nil && !errors.Is(err, sql.ErrNoRows) || whole {
		return err
	}
	if err := embedpg.Provision(ctx, s.adminURL, template); err != nil {
		return err
	}
	if s.password != "" {
		for _, role := range []string{embedpg.OwnerRole, embedpg.AppRole} {
			if _, err := conn.ExecContext(ctx, `ALTER ROLE `+role+
				` PASSWORD `+pq.QuoteLiteral(s.password)); err != nil {
				return err
			}
		}
	}
	ownerURL, err := embedpg.URLFor(s.adminURL, embedpg.OwnerRole, s.password, template)
	if err != nil {
		return err
	}
	if _, _, err := postgres.MigrateWith(ctx, ownerURL, policy.WithoutLimits(), slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	_, err = conn.ExecContext(ctx, `ALTER DATABASE `+pq.QuoteIdentifier(template)+
		` WITH ALLOW_CONNECTIONS false IS_TEMPLATE true`)
	return err
}

// migrationsDigest distinguishes versions of the migrations.
func migrationsDigest() (string, error) {
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		return "", err
	}
	digest := sha256.New()
	for _, name := range names {
		text, err := migrations.FS.ReadFile(name)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(digest, "%s %d\n", name, len(text))
		_, _ = digest.Write(text)
	}
	return hex.EncodeToString(digest.Sum(nil))[:16], nil
}

func (s *server) clone(ctx context.Context) (*DB, error) {
	db := &DB{Name: fmt.Sprint(s.prefix, s.count.Add(1))}
	if _, err := s.admin.ExecContext(ctx, `CREATE DATABASE `+pq.QuoteIdentifier(db.Name)+
		` OWNER `+embedpg.OwnerRole+s.cloneSQL); err != nil {
		return nil, fmt.Errorf("copy the template: %w", err)
	}
	for _, one := range []struct {
		url            *string
		role, password string
	}{
		{&db.OwnerURL, embedpg.OwnerRole, s.password},
		{&db.AppURL, embedpg.AppRole, s.password},
		{&db.AdminURL, "", ""},
	} {
		var err error
		if *one.url, err = embedpg.URLFor(s.adminURL, one.role, one.password, db.Name); err != nil {
			return nil, err
		}
	}
	return db, nil
}

func (s *server) drop(ctx context.Context, name string) error {
	_, err := s.admin.ExecContext(ctx, `DROP DATABASE `+pq.QuoteIdentifier(name)+` WITH (FORCE)`)
	if err != nil {
		return fmt.Errorf("drop %s: %w", name, err)
	}
	return nil
}
