package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
	_ "github.com/lib/pq"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/postgres"
	"github.com/tenfold-claims/tenfold/migrations"
)

// emptyDatabase returns a server with a database no migration has touched.
func emptyDatabase(t *testing.T) (s *embedpg.Server, app *sqlx.DB) {
	t.Helper()
	s, err := embedpg.Start(t.Context(), embedpg.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	app, err = sqlx.Open("postgres", s.AppURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Close() })
	return s, app
}

// latest is the version of the last migration, and how many there are: numbers
// may be left out.
func latest(t *testing.T) (version, count int64) {
	t.Helper()
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil || len(names) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	number, _, _ := strings.Cut(names[len(names)-1], "_")
	version, err = strconv.ParseInt(number, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return version, int64(len(names))
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// Catches a schema that cannot be built from nothing, or is built again; a
// binary that serves a schema it does not fit; and a downgrade that goes unseen.
func TestMigrate(t *testing.T) {
	t.Parallel()
	s, app := emptyDatabase(t)
	want, count := latest(t)

	if got, err := postgres.SchemaVersion(t.Context(), app); got != 0 || err != nil {
		t.Errorf("before: version %d, %v; want 0", got, err)
	}
	if err := postgres.CheckSchema(t.Context(), app); err == nil || !strings.Contains(err.Error(), "`tenfold migrate`") {
		t.Errorf("before: CheckSchema: %v, want the command to run", err)
	}
	var log bytes.Buffer
	from, to, err := postgres.Migrate(t.Context(), s.OwnerURL(), slog.New(slog.NewTextHandler(&log, nil)))
	if from != 0 || to != want || err != nil {
		t.Fatalf("first Migrate: %d to %d, %v; want 0 to %d", from, to, err, want)
	}
	if got := int64(strings.Count(log.String(), "migration applied")); got != count {
		t.Errorf("%d migrations logged, want %d", got, count)
	}
	from, to, err = postgres.Migrate(t.Context(), s.OwnerURL(), discard())
	if from != want || to != want || err != nil {
		t.Errorf("second Migrate: %d to %d, %v; want %d to %d", from, to, err, want, want)
	}
	if err := postgres.CheckSchema(t.Context(), app); err != nil {
		t.Errorf("after: CheckSchema as the engine's role: %v", err)
	}

	owner, err := sqlx.ConnectContext(t.Context(), "postgres", s.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = owner.Close() })
	if _, err := owner.ExecContext(t.Context(),
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`); err != nil {
		t.Fatal(err)
	}
	if err := postgres.CheckSchema(t.Context(), app); err == nil || !strings.Contains(err.Error(), "9999") {
		t.Errorf("newer database: CheckSchema: %v, want a refusal", err)
	}
	if _, _, err := postgres.Migrate(t.Context(), s.OwnerURL(), discard()); err == nil ||
		!strings.Contains(err.Error(), "newer than") {
		t.Errorf("newer database: Migrate: %v, want a refusal", err)
	}
}

// Catches replicas that start at once and run the same migration twice.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	s, app := emptyDatabase(t)
	want, count := latest(t)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, to, err := postgres.Migrate(context.Background(), s.OwnerURL(), discard()); to != want || err != nil {
				t.Errorf("Migrate: to %d, %v; want %d", to, err, want)
			}
		})
	}
	both.Wait()
	var applied int64
	if err := app.GetContext(t.Context(), &applied,
		`SELECT count(*) FROM goose_db_version WHERE version_id > 0`); err != nil || applied != count {
		t.Errorf("%d migrations recorded, %v; want %d", applied, err, count)
	}
}

// Catches a caller's deadline that comes back as an error of the database.
func TestMigrateGivenUp(t *testing.T) {
	t.Parallel()
	s, _ := emptyDatabase(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := postgres.Migrate(ctx, s.OwnerURL(), discard()); !errors.Is(err, context.Canceled) {
		t.Errorf("Migrate: %v, want context.Canceled", err)
	}
}
