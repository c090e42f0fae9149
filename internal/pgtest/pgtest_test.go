package pgtest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Catches databases that see each other, lack the schema, or hand the engine
// the owner's rights.
func TestNewGivesEachTestItsOwn(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			db := pgtest.New(t)
			app := db.Open(t)
			if err := postgres.CheckSchema(t.Context(), app); err != nil {
				t.Error(err)
			}
			owner, err := sqlx.ConnectContext(t.Context(), "postgres", db.OwnerURL)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = owner.Close() })
			if _, err := owner.ExecContext(t.Context(), `CREATE TABLE own (id int)`); err != nil {
				t.Errorf("owner: %v", err)
			}
			if _, err := app.ExecContext(t.Context(), `CREATE TABLE theirs (id int)`); err == nil {
				t.Error("the engine's role may create tables")
			}
			var name string
			if err := app.GetContext(t.Context(), &name, `SELECT current_database()`); err != nil || name != db.Name {
				t.Errorf("connected to %q, %v; want %q", name, err, db.Name)
			}
		})
	}
}

// Catches a database that stays behind because somebody is still connected.
func TestDatabaseIsDroppedWithTheTest(t *testing.T) {
	t.Parallel()
	var db *pgtest.DB
	var left *sqlx.DB
	t.Run("uses it", func(t *testing.T) {
		db = pgtest.New(t)
		var err error
		if left, err = sqlx.Connect("postgres", db.AppURL); err != nil {
			t.Fatal(err)
		}
	})
	if left == nil {
		t.FailNow()
	}
	t.Cleanup(func() { _ = left.Close() })
	if err := left.PingContext(t.Context()); err == nil {
		t.Errorf("database %s is still there", db.Name)
	}
}

// A second server stands in for the throwaway server of a build machine.
// Catches a template made twice, or roles missing on a foreign server, when
// the processes of several packages come to it at once.
func TestSharedServer(t *testing.T) {
	t.Parallel()
	if os.Getenv("TEST_DATABASE_URL") != "" {
		return // Every other test shows it.
	}
	admin := pgtest.BareServer(t)
	var processes sync.WaitGroup
	for range 3 {
		processes.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run", "^TestNewGivesEachTestItsOwn$")
			cmd.Env = append(os.Environ(), "TEST_DATABASE_URL="+admin)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", filepath.Base(os.Args[0]), err, out)
			}
		})
	}
	processes.Wait()
}

// Would catch a kept database that is dropped all the same, whose log does not say
// how to open it, or that seems to be kept and ends with the process.
func TestKeptDatabase(t *testing.T) {
	t.Parallel()
	run := func(databaseURL string) (said string, err error) {
		cmd := exec.Command(os.Args[0], "-test.v", "-test.run", "^TestNewGivesEachTestItsOwn$/^0$")
		cmd.Env = append(os.Environ(), "TEST_KEEP_DATABASE=1", "TEST_DATABASE_URL="+databaseURL)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	said, err := run(pgtest.BareServer(t))
	found := regexp.MustCompile(`kept; open it with psql '(.+)'`).FindStringSubmatch(said)
	if err != nil || found == nil {
		t.Fatalf("%v\n%s", err, said)
	}
	db, err := sqlx.ConnectContext(t.Context(), "postgres", found[1])
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// The test makes this table.
	var rows int
	if err := db.GetContext(t.Context(), &rows, `SELECT count(*) FROM own`); err != nil {
		t.Error(err)
	}
	if said, err = run(""); err == nil || !strings.Contains(said, "make test-server") {
		t.Errorf("kept on a server that ends: %v\n%s", err, said)
	}
}

func BenchmarkNew(b *testing.B) {
	pgtest.New(b)
	for b.Loop() {
		if err := pgtest.CloneAndDrop(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
