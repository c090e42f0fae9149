package postgres_test

import (
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"

	"github.com/tenfold-claims/tenfold/migrations"
)

var updateEffects = flag.Bool("update", false, "write the effects of migrations anew")

// effectsFile is where the measured effects are kept.
const effectsFile = "../../migrations/effects.json"

// Would catch a migration of which an operator is told less than it does: another lock, a
// table that is rewritten or read as a whole.
func TestEffectsOfMigrationsAreMeasured(t *testing.T) {
	t.Parallel()
	measured := measureEffects(t)
	if *updateEffects {
		content, err := json.MarshalIndent(measured, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.FromSlash(effectsFile), append(content, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	told, err := migrations.Effects()
	if err != nil {
		t.Fatal(err)
	}
	for version, effects := range measured {
		if !reflect.DeepEqual(effects, told[version]) {
			t.Errorf("migration %d does %+v, and effects.json tells %+v; run this test with -update", version, effects, told[version])
		}
	}
	if len(told) != len(measured) {
		t.Errorf("effects of %d migrations are told, and %d have any", len(told), len(measured))
	}
}

// upPart finds the statements of a migration.
var upPart = regexp.MustCompile(`(?s)-- \+goose Up\n(.*?)(?:-- \+goose Down|$)`)

// concurrently finds the table of an index that is built beside writers, which cannot be
// done within a transaction.
var concurrently = regexp.MustCompile(`CREATE INDEX CONCURRENTLY (?:IF NOT EXISTS )?\w+\s+ON (\w+)`)

func measureEffects(t *testing.T) map[int64][]migrations.Effect {
	t.Helper()
	server, _ := emptyDatabase(t)
	db, err := sqlx.Open("postgres", server.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// Each migration has a connection of its own: a session counts scans until it reports
	// them, over several transactions.
	db.SetMaxIdleConns(-1)
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	all := make(map[int64][]migrations.Effect)
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			t.Fatal(err)
		}
		content, err := migrations.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		up := upPart.FindStringSubmatch(string(content))
		if up == nil {
			t.Fatalf("%s has no part that goes up", name)
		}
		if strings.Contains(string(content), "+goose NO TRANSACTION") {
			for _, index := range concurrently.FindAllStringSubmatch(up[1], -1) {
				all[version] = append(all[version], migrations.Effect{Table: index[1], Lock: "ShareUpdateExclusiveLock", Scans: true})
			}
			for _, statement := range strings.Split(up[1], ";\n") {
				if _, err := db.Exec(statement); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			continue
		}
		if effects := effectsOf(t, db, name, up[1]); len(effects) > 0 {
			all[version] = effects
		}
	}
	return all
}

// effectsOf runs a migration, and looks at it before it is committed.
func effectsOf(t *testing.T, db *sqlx.DB, name, statements string) []migrations.Effect {
	t.Helper()
	tx, err := db.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // After the commit there is nothing to undo.
	must := func(what string, err error) {
		if err != nil {
			t.Fatalf("%s: %s: %v", name, what, err)
		}
	}
	_, err = tx.Exec(`CREATE TEMPORARY TABLE found ON COMMIT DROP AS
		SELECT oid, relname, relfilenode FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace`)
	must("note the tables", err)
	_, err = tx.Exec(statements)
	must("run", err)
	var rows []struct {
		Table    string `db:"relname"`
		Lock     string `db:"mode"`
		Scans    bool   `db:"scans"`
		Rewrites bool   `db:"rewrites"`
	}
	must("look", tx.Select(&rows, `
		SELECT DISTINCT ON (f.relname) f.relname, l.mode, coalesce(s.seq_scan, 0) > 0 AS scans,
		       coalesce(c.relfilenode <> f.relfilenode, false) AS rewrites
		FROM found f
		JOIN pg_locks l ON l.relation = f.oid AND l.locktype = 'relation' AND l.pid = pg_backend_pid()
		LEFT JOIN pg_class c ON c.oid = f.oid
		LEFT JOIN pg_stat_xact_all_tables s ON s.relid = f.oid
		WHERE l.mode <> 'AccessShareLock'
		ORDER BY f.relname, array_position(ARRAY['AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock',
		         'ShareUpdateExclusiveLock', 'RowExclusiveLock', 'RowShareLock'], l.mode)`))
	must("commit", tx.Commit())
	effects := make([]migrations.Effect, 0, len(rows))
	for _, r := range rows {
		effects = append(effects, migrations.Effect{Table: r.Table, Lock: r.Lock, Scans: r.Scans, Rewrites: r.Rewrites})
	}
	return effects
}
