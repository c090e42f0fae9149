package embedpg_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
)

// Catches URLs that only the driver understands.
func TestURLsWorkForPsql(t *testing.T) {
	t.Parallel()
	s := start(t, embedpg.Config{Database: "with space+plus"})
	for _, url := range []string{s.OwnerURL(), s.AppURL()} {
		out, err := exec.Command(filepath.Join(s.BinDir(), "psql"), url, "-Atc",
			"SELECT current_database()").CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != "with space+plus" {
			t.Errorf("psql %s: %v\n%s", url, err, out)
		}
	}
}

// Catches roles that may more, or less, than the design says.
func TestRights(t *testing.T) {
	t.Parallel()
	s := start(t, embedpg.Config{})
	exec1(t, s.OwnerURL(), `CREATE TABLE ours (id int)`)
	for name, c := range map[string]struct {
		url, statement string
		allowed        bool
	}{
		"owner makes tables":        {s.OwnerURL(), `CREATE TABLE more (id int)`, true},
		"owner makes a schema":      {s.OwnerURL(), `CREATE SCHEMA other`, true},
		"owner makes no role":       {s.OwnerURL(), `CREATE ROLE intruder`, false},
		"owner makes no database":   {s.OwnerURL(), `CREATE DATABASE other`, false},
		"owner reads no files":      {s.OwnerURL(), `SELECT pg_read_file('PG_VERSION')`, false},
		"app connects":              {s.AppURL(), `SELECT 1`, true},
		"app makes temporary table": {s.AppURL(), `CREATE TEMP TABLE t (id int)`, true},
		"app makes no table":        {s.AppURL(), `CREATE TABLE theirs (id int)`, false},
		"app reads nothing ungiven": {s.AppURL(), `SELECT * FROM ours`, false},
		"app drops nothing":         {s.AppURL(), `DROP TABLE ours`, false},
		"app becomes no owner":      {s.AppURL(), `SET ROLE tenfold_owner`, false},
		"app makes no role":         {s.AppURL(), `CREATE ROLE intruder`, false},
	} {
		_, err := open(t, c.url).ExecContext(t.Context(), c.statement)
		if (err == nil) != c.allowed {
			t.Errorf("%s: %v", name, err)
		}
	}
}
