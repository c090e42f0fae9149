package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	"github.com/tenfold-claims/tenfold/migrations"
)

// Migration is one migration that a database lacks.
type Migration struct {
	Version int64               `json:"version"`
	Name    string              `json:"name"`
	Effects []migrations.Effect `json:"effects"`
}

// SchemaStatus says what Migrate would do.
type SchemaStatus struct {
	// Have is the schema's version, and Want that of this binary.
	Have int64 `json:"have"`
	Want int64 `json:"want"`
	// Pending are the migrations that are missing, in the order in which they are applied.
	Pending []Migration `json:"pending"`
}

// MigrationStatus compares a database with this binary, and changes nothing. Returns an
// error where Migrate would refuse: the database is newer, its tables are spread over
// servers, the role may not create tables, or the role of the application is missing.
func MigrationStatus(ctx context.Context, ownerURL string) (s SchemaStatus, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("migrate: %w", err)
		}
	}()
	db, err := openOwner(ownerURL, AnswerMax)
	if err != nil {
		return s, err
	}
	defer db.Close()
	if err := checkUndistributed(ctx, db); err != nil {
		return s, err
	}
	if s.Have, err = SchemaVersion(ctx, db); err != nil {
		return s, err
	}
	if s.Want, err = latestMigration(migrations.FS); err != nil {
		return s, err
	}
	if err := errors.Join(refuseNewer(s.Have), checkRoles(ctx, db)); err != nil {
		return s, err
	}
	s.Pending, err = migrationsAfter(s.Have)
	return s, err
}

// checkRoles refuses a role that could not migrate.
func checkRoles(ctx context.Context, db *sqlx.DB) error {
	var have struct {
		Creates bool   `db:"creates"`
		App     bool   `db:"app"`
		Role    string `db:"role"`
		Foreign string `db:"foreign_tables"`
	}
	err := db.GetContext(ctx, &have, `
		SELECT has_schema_privilege(current_schema, 'CREATE') AS creates, current_user AS role,
		       EXISTS (SELECT FROM pg_roles WHERE rolname = 'tenfold_app') AS app,
		       coalesce((
		           SELECT string_agg(c.relname, ', ' ORDER BY c.relname)
		           FROM pg_class c
		           WHERE c.relnamespace = current_schema::regnamespace AND c.relkind = 'r'
		             AND NOT pg_has_role(c.relowner, 'USAGE')), '') AS foreign_tables`)
	switch {
	case err != nil:
		return migrateError(ctx, err)
	case !have.App:
		return errors.New("the role tenfold_app does not exist; docs/operating.md says how to create the roles")
	case !have.Creates:
		return fmt.Errorf("the role %s may not create tables; give the URL of the role that owns the tables", have.Role)
	case have.Foreign != "":
		return fmt.Errorf("the role %s does not own %.200s; give the URL of the role that owns the tables", have.Role, have.Foreign)
	}
	return nil
}

func migrationsAfter(have int64) ([]Migration, error) {
	effects, err := migrations.Effects()
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var list []Migration
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return nil, err
		}
		if version > have {
			_, words, _ := strings.Cut(strings.TrimSuffix(name, ".sql"), "_")
			list = append(list, Migration{Version: version, Name: strings.ReplaceAll(words, "_", " "), Effects: append([]migrations.Effect{}, effects[version]...)})
		}
	}
	return list, nil
}
