package internal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Would catch a page for those who work on Tenfold that names a target of make, a
// variable, a file or a version which is not there any more.
func TestHackingTellsTheTruth(t *testing.T) {
	t.Parallel()
	makefile := readFile(t, "../Makefile")
	var code strings.Builder
	code.WriteString(makefile)
	for _, s := range tree(t) {
		code.WriteString(readFile(t, filepath.Join("..", s.path)))
	}
	for _, page := range []string{"HACKING.md", "CHANGELOG.md", "SECURITY.md"} {
		text := readFile(t, filepath.Join("..", page))
		for _, target := range regexp.MustCompile("(?:`|\n)make ([a-z0-9-]+)").FindAllStringSubmatch(text, -1) {
			if !strings.Contains(makefile, "\n"+target[1]+":") {
				t.Errorf("%s: there is no make %s", page, target[1])
			}
		}
		for _, variable := range regexp.MustCompile("`((?:TEST|TENFOLD)_[A-Z_]+)").FindAllStringSubmatch(text, -1) {
			if !strings.Contains(code.String(), variable[1]) {
				t.Errorf("%s: nothing reads %s", page, variable[1])
			}
		}
		for _, name := range regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w+`).FindAllString(text, -1) {
			if !strings.Contains(code.String(), "func "+name+"(") {
				t.Errorf("%s: there is no %s", page, name)
			}
		}
		// A command that runs one test names the package that has it.
		for _, run := range regexp.MustCompile(`(?:PKG=|go test )\./(\S+) (?:RUN=|-run ')\^?(Test\w+)`).FindAllStringSubmatch(text, -1) {
			if !testedIn(t, run[1], run[2]) {
				t.Errorf("%s: %s has no %s", page, run[1], run[2])
			}
		}
		// Files in links and in code, but for those that have a place left open.
		for _, file := range regexp.MustCompile("(?:\\]\\(|`)([A-Za-z0-9_./-]+/[A-Za-z0-9_./-]+|[A-Za-z]+\\.md)[#`)]").FindAllStringSubmatch(text, -1) {
			if strings.HasPrefix(file[1], "testdata/") || strings.Contains(file[1], "NNNN") {
				continue
			}
			if _, err := os.Stat(filepath.Join("..", file[1])); err != nil {
				t.Errorf("%s names a file that is not there: %v", page, err)
			}
		}
	}
	readme := readFile(t, "../README.md")
	for _, want := range []string{
		"Go " + versionIn(t, "../go.mod", `(?m)^go (\S+)$`) + " or later to build",
		"PostgreSQL " + versionIn(t, "embedpg/install.go", `oldestMajor = (\d+)`) + " or later to serve",
	} {
		if !strings.Contains(readme, want) {
			t.Errorf("README.md does not say %q", want)
		}
	}
	hacking := readFile(t, "../HACKING.md")
	for _, want := range []string{
		"| Go | " + versionIn(t, "../tools/go.mod", `(?m)^go (\S+)$`) + " or later; the product alone builds with " +
			versionIn(t, "../go.mod", `(?m)^go (\S+)$`),
		versionIn(t, "embedpg/install.go", `oldestMajor = (\d+)`) + " or later | `make setup`",
	} {
		if !strings.Contains(hacking, want) {
			t.Errorf("HACKING.md does not say %q", want)
		}
	}
	if setup, search := versionIn(t, "../scripts/setup.sh", `oldest_major=(\d+)`), versionIn(t, "embedpg/install.go", `oldestMajor = (\d+)`); setup != search {
		t.Errorf("make setup is content with PostgreSQL %s, the product with %s", setup, search)
	}
}

// testedIn says whether a package has a test.
func testedIn(t *testing.T, dir, name string) bool {
	t.Helper()
	for _, s := range tree(t) {
		if s.dir == dir && s.test && strings.Contains(readFile(t, filepath.Join("..", s.path)), "func "+name+"(") {
			return true
		}
	}
	return false
}

// versionIn finds a version in a file.
func versionIn(t *testing.T, file, pattern string) string {
	t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(readFile(t, file))
	if match == nil {
		t.Fatalf("%s has no %s", file, pattern)
	}
	return match[1]
}

// Would catch a module that "go install" of another machine refuses: one that replaces or excludes
// modules, or whose program is not where the README says.
func TestTheProgramCanBeInstalledByGo(t *testing.T) {
	t.Parallel()
	mod := readFile(t, "../go.mod")
	if m := regexp.MustCompile(`(?m)^\s*(replace|exclude)\b.*`).FindString(mod); m != "" {
		t.Errorf("go install refuses a module with %q", m)
	}
	module := regexp.MustCompile(`(?m)^module (\S+)$`).FindStringSubmatch(mod)
	if module == nil || !strings.Contains(readFile(t, "../README.md"), "go install "+module[1]+"/cmd/tenfold@VERSION") {
		t.Errorf("the README does not install %v", module)
	}
	if !strings.Contains(readFile(t, "../cmd/tenfold/main.go"), "\nfunc main() {") {
		t.Error("cmd/tenfold is no program")
	}
}
