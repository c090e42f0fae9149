package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
)

// versionsVariable, set to all, has every version run the packages below.
const versionsVariable = "TENFOLD_VERSIONS"

// ofTheDatabase are the packages whose tests depend on the version of PostgreSQL.
var ofTheDatabase = []string{
	"./internal", "./internal/embedpg", "./internal/pgtest", "./internal/postgres", "./internal/engine", "./internal/audit", "./internal/watch",
	"./internal/rpc",
}

// Would catch a migration or a statement that a supported version of PostgreSQL refuses, or
// answers otherwise. `make test-versions` runs the packages of the database against all of
// them; without it one claim is driven on those that the other tests do not use.
func TestEveryInstalledPostgreSQL(t *testing.T) {
	if os.Getenv(versionsVariable) == "inner" {
		t.Skip("one version is being tried")
	}
	t.Parallel()
	dirs, err := embedpg.Installations(t.Context())
	if err != nil || len(dirs) == 0 {
		t.Fatalf("%v, %v", dirs, err)
	}
	all := os.Getenv(versionsVariable) == "all"
	if len(dirs) == 1 && !all {
		t.Skipf("only the version in %s is installed, which the other tests use", dirs[0])
	}
	if !all {
		dirs = dirs[1:]
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(filepath.Dir(dir)), func(t *testing.T) {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			// The claim runs from initdb and the migrations to the laboratory's result, twice.
			run := exec.CommandContext(t.Context(), self, "-test.run", "^TestSandboxResetOfADirectory$")
			if all {
				run = exec.CommandContext(t.Context(), "go", append([]string{"test", "-count=1", "-timeout", "30m"}, ofTheDatabase...)...)
				run.Dir = filepath.Join("..", "..")
			}
			// The first in PATH is taken.
			run.Env = append(os.Environ(), versionsVariable+"=inner", "PATH="+dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
			if out, err := run.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", dir, err, out)
			} else {
				t.Logf("%s:\n%s", dir, out)
			}
		})
	}
}
