package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/tenfold-claims/tenfold/internal/pgdial"
	"github.com/tenfold-claims/tenfold/internal/policy"
	"github.com/tenfold-claims/tenfold/migrations"
)

const (
	// noSchemaCode is the SQLSTATE (undefined table) of a database that no
	// migration has touched.
	noSchemaCode = "42P01"
	// migrateLockTries bounds the wait for another migrating process, a try a second.
	migrateLockTries = 600
)

// Migrate brings the schema to the version of this binary, and returns the version it
// found and the one it left. It only goes forward. Processes that migrate at once wait
// for each other; each migration commits on its own. Returns an error, changing
// nothing, if the database is newer than the binary.
func Migrate(ctx context.Context, ownerURL string, log *slog.Logger) (from, to int64, err error) {
	return MigrateWith(ctx, ownerURL, policy.Seeds(), log)
}

// MigrateWith migrates like Migrate, and gives a database without policies other ones.
func MigrateWith(ctx context.Context, ownerURL string, seeds []policy.Version, log *slog.Logger) (from, to int64, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("migrate: %w", err)
		}
	}()
	if from, err = foundVersion(ctx, ownerURL); err != nil {
		return from, from, err
	}
	db, err := openOwner(ownerURL, answerMaxOwner)
	if err != nil {
		return from, from, err
	}
	defer db.Close()
	applied, err := migrateUp(ctx, db.DB)
	for _, one := range applied {
		log.Info("migration applied", "version", one.Source.Version, "took", one.Duration)
	}
	if err != nil {
		return from, from, err
	}
	if to, err = SchemaVersion(ctx, db); err != nil {
		return from, from, err
	}
	if err := (&DB{pool: db}).SeedPolicies(ctx, seeds); err != nil {
		return from, to, err
	}
	if len(applied) == 0 {
		from = to // Another process was first, or there was nothing to do.
	}
	return from, to, refuseNewer(to)
}

// openOwner prepares a pool for the owner of the tables.
func openOwner(ownerURL string, answerMax time.Duration) (*sqlx.DB, error) {
	ownerURL, err := connectionURL(ownerURL)
	if err != nil {
		return nil, err
	}
	pool, err := pgdial.Open(ownerURL, answerMax)
	if err != nil {
		return nil, err
	}
	return sqlx.NewDb(pool, "postgres"), nil
}

// foundVersion is the version of a schema that may be migrated. It does not wait as long as
// a migration may take: a database that is silent from the beginning is an error soon.
func foundVersion(ctx context.Context, ownerURL string) (version int64, err error) {
	db, err := openOwner(ownerURL, AnswerMax)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if err := checkUndistributed(ctx, db); err != nil {
		return 0, err
	}
	if version, err = SchemaVersion(ctx, db); err != nil {
		return 0, err
	}
	return version, refuseNewer(version)
}

func migrateUp(ctx context.Context, db *sql.DB) ([]*goose.MigrationResult, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, migrateLockTries))
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.FS,
		goose.WithSessionLocker(locker),
		goose.WithDisableGlobalRegistry(true),
	)
	if err != nil {
		return nil, err
	}
	applied, err := provider.Up(ctx)
	if err != nil {
		return applied, migrateError(ctx, err)
	}
	return applied, grantVersion(ctx, db)
}

// grantVersion lets the application compare the version with its own. The
// table is goose's, so no migration can be sure to name it.
func grantVersion(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `
		DO $$ BEGIN
			IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tenfold_app')
				AND NOT has_table_privilege('tenfold_app', 'goose_db_version', 'SELECT') THEN
				GRANT SELECT ON goose_db_version TO tenfold_app;
			END IF;
		END $$`)
	return migrateError(ctx, err)
}

// SchemaVersion returns the version of the last migration applied, zero if
// there has been none.
func SchemaVersion(ctx context.Context, db *sqlx.DB) (int64, error) {
	var version int64
	err := db.GetContext(ctx, &version,
		`SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`)
	var refusal *pq.Error
	if errors.As(err, &refusal) && refusal.Code == noSchemaCode {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("schema version: %w", migrateError(ctx, err))
	}
	return version, nil
}

// CheckSchema returns an error that names both versions, and what to do, if the
// schema is not exactly the one this binary was built for, and an error if its tables do
// not lie whole on one server.
func CheckSchema(ctx context.Context, db *sqlx.DB) error {
	if err := checkUndistributed(ctx, db); err != nil {
		return err
	}
	have, err := SchemaVersion(ctx, db)
	if err != nil {
		return err
	}
	want, err := latestMigration(migrations.FS)
	if err != nil {
		return err
	}
	if have < want {
		return fmt.Errorf("the database is at schema version %d and this binary needs %d; "+
			"run `tenfold migrate`", have, want)
	}
	return refuseNewer(have)
}

func refuseNewer(have int64) error {
	want, err := latestMigration(migrations.FS)
	if err != nil {
		return err
	}
	if have > want {
		return fmt.Errorf("the database is at schema version %d, newer than the %d of this binary, "+
			"and `tenfold migrate` only goes forward; run a binary that has version %d", have, want, have)
	}
	return nil
}

// latestMigration is the version this binary brings a database to.
func latestMigration(files fs.FS) (int64, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return 0, err
	}
	var latest int64
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return 0, err
		}
		latest = max(latest, version)
	}
	return latest, nil
}

// migrateError prefers the caller's deadline to the driver's word for it.
func migrateError(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// CheckSchema is CheckSchema on the pool's database.
func (db *DB) CheckSchema(ctx context.Context) error { return CheckSchema(ctx, db.pool) }
