package embedpg

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestMajor is the first major version with which the schema and DROP DATABASE …
// WITH (FORCE) are tested.
const oldestMajor = 14

// installation is one set of server binaries.
type installation struct {
	binDir string
	major  int
}

func (i installation) binary(name string) string { return filepath.Join(i.binDir, name) }

// searchPlaces lists the directories that may hold server binaries: first the
// directories of PATH, then globs for the locations of common packages.
func searchPlaces() []string {
	var places []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) {
			places = append(places, dir)
		}
	}
	return append(places,
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql*/bin",
		"/usr/local/opt/postgresql*/bin",
	)
}

// findInstallation returns the first suitable set of binaries in the places.
// Suitable is the given major version or, if that is zero, any version from
// oldestMajor on. Within a glob the newest version comes first.
func findInstallation(ctx context.Context, places []string, major int) (installation, error) {
	found, err := findAll(ctx, places)
	if err != nil {
		return installation{}, err
	}
	for _, one := range found {
		if one.major == major || major == 0 && one.major >= oldestMajor {
			return one, nil
		}
	}
	return installation{}, notFound(places, found, major)
}

// Installations lists the directories of server binaries that Start can take, one for each
// major version. The first is the one that a new cluster gets.
func Installations(ctx context.Context) (binDirs []string, err error) {
	found, err := findAll(ctx, searchPlaces())
	seen := make(map[int]bool)
	for _, one := range found {
		if one.major >= oldestMajor && !seen[one.major] {
			seen[one.major] = true
			binDirs = append(binDirs, one.binDir)
		}
	}
	return binDirs, err
}

// findAll returns all sets of binaries in the places.
func findAll(ctx context.Context, places []string) (found []installation, err error) {
	for _, place := range places {
		dirs, err := filepath.Glob(place)
		if err != nil {
			return nil, fmt.Errorf("search %s: %w", place, err)
		}
		var here []installation
		for _, dir := range dirs {
			if one, ok := inspect(ctx, dir); ok {
				here = append(here, one)
			}
		}
		slices.SortStableFunc(here, func(a, b installation) int { return cmp.Compare(b.major, a.major) })
		found = append(found, here...)
	}
	return found, ctx.Err()
}

// inspect says whether dir holds server binaries that run, and their version.
func inspect(ctx context.Context, dir string) (installation, bool) {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return installation{}, false
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version")
	cmd.Env = cleanEnv()
	out, err := cmd.Output()
	if err != nil {
		return installation{}, false
	}
	major, err := parseMajor(string(out))
	if err != nil {
		return installation{}, false
	}
	// A link to postgres leads to the directory that also holds psql and pgbench.
	if real, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres")); err == nil {
		if _, err := exec.LookPath(filepath.Join(filepath.Dir(real), "initdb")); err == nil {
			dir = filepath.Dir(real)
		}
	}
	return installation{binDir: dir, major: major}, true
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

func parseMajor(versionOutput string) (int, error) {
	m := versionLine.FindStringSubmatch(versionOutput)
	if m == nil {
		return 0, errors.New("no PostgreSQL version in " + strconv.Quote(versionOutput))
	}
	return strconv.Atoi(m[1])
}

func notFound(places []string, found []installation, major int) error {
	want := fmt.Sprintf("PostgreSQL %d or later", oldestMajor)
	if major != 0 {
		want = fmt.Sprintf("PostgreSQL %d (the version of the data directory)", major)
	}
	have := "no other version either"
	if len(found) > 0 {
		var list []string
		for _, one := range found {
			list = append(list, fmt.Sprintf("%d in %s", one.major, one.binDir))
		}
		have = "only " + strings.Join(list, ", ")
	}
	return fmt.Errorf("found no server binaries (initdb, postgres) of %s, %s; searched %s; "+
		"`make setup` installs them", want, have, strings.Join(places, ", "))
}

// cleanEnv is the environment of the server and its tools. It has none of the
// caller's PG* variables, and not the caller's locale.
//
// A statement that writes a whole batch needs some megabytes while it runs. By
// default glibc returns them to the system after each statement and gets them
// again, zeroed page by page, for the next. That costs a tenth of the server's
// time.
func cleanEnv() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=/", "LC_ALL=C", "TZ=UTC",
		"MALLOC_TRIM_THRESHOLD_=" + mallocKept, "MALLOC_MMAP_THRESHOLD_=" + mallocKept,
	}
}

// mallocKept is the number of bytes of freed memory that a backend may keep.
const mallocKept = "33554432"
