package internal_test

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the generated parts of the documents")

const (
	documentsPage = "../docs/README.md"
	decisions     = "../docs/decisions"
)

var (
	decisionFile  = regexp.MustCompile(`^([0-9]{4})-[a-z0-9-]+\.md$`)
	decisionTitle = regexp.MustCompile(`^# ([0-9]{4}): (.+)\n`)
	// relativeLink is the target of a link that has no scheme.
	relativeLink = regexp.MustCompile(`\]\(([^):#\s]+)(?:#[^)\s]*)?\)`)
)

// Would catch a decision that the index leaves out or names by another title, and
// two decisions with one number. With -update it writes the index anew.
func TestDecisionsIndex(t *testing.T) {
	t.Parallel()
	stored, err := os.ReadFile(documentsPage)
	if err != nil {
		t.Fatal(err)
	}
	const open, end = "<!-- generated: decisions -->\n", "<!-- end -->"
	before, rest, found := strings.Cut(string(stored), open)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has lost its markers", documentsPage)
	}
	got := before + open + decisionTable(t) + end + after
	if *update {
		if err := os.WriteFile(documentsPage, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(stored) != got {
		t.Error("docs/README.md is stale; run: go test ./internal -run TestDecisionsIndex -update")
	}
}

// decisionTable lists the decisions by number, with the title of each.
func decisionTable(t *testing.T) string {
	t.Helper()
	pages, err := os.ReadDir(decisions)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| decision | |\n| --- | --- |\n")
	numbered := make(map[string]string)
	for _, p := range pages {
		name := decisionFile.FindStringSubmatch(p.Name())
		if name == nil {
			t.Errorf("docs/decisions/%s is not named like 0001-a-title.md", p.Name())
			continue
		}
		content, err := os.ReadFile(filepath.Join(decisions, p.Name()))
		if err != nil {
			t.Fatal(err)
		}
		title := decisionTitle.FindStringSubmatch(string(content))
		if title == nil || title[1] != name[1] {
			t.Errorf("docs/decisions/%s must begin with \"# %s: \" and a title", p.Name(), name[1])
			continue
		}
		if other := numbered[name[1]]; other != "" {
			t.Errorf("docs/decisions/%s has the number of %s", p.Name(), other)
		}
		numbered[name[1]] = p.Name()
		fmt.Fprintf(&b, "| [%s](decisions/%s) | %s |\n", name[1], p.Name(), title[2])
	}
	return b.String()
}

// namedPath is a path of the repository in code font; it may be a pattern.
var namedPath = regexp.MustCompile("`((?:client|cmd|deploy|docs|examples|internal|migrations|proto|scripts|tools)/[A-Za-z0-9_./*-]+)`")

// placeholder marks paths that stand for any file of a kind.
const placeholder = "NNNN"

// Would catch a document that sends its reader to a file that was renamed or removed:
// by a link, or by a path in code font. Decisions may name files of their time.
func TestLinksOfDocumentsLeadSomewhere(t *testing.T) {
	t.Parallel()
	documents := []string{"../README.md", "../HACKING.md", "../CHANGELOG.md", "../SECURITY.md"}
	for _, pattern := range []string{"../docs/*.md", "../docs/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s matches no document: %v", pattern, err)
		}
		documents = append(documents, found...)
	}
	for _, document := range documents {
		content, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range relativeLink.FindAllStringSubmatch(string(content), -1) {
			if _, err := os.Stat(path.Join(path.Dir(document), link[1])); err != nil {
				t.Errorf("%s links to %s, which does not exist", document, link[1])
			}
		}
		if strings.Contains(document, "/decisions/") {
			continue
		}
		for _, named := range namedPath.FindAllStringSubmatch(string(content), -1) {
			found, err := filepath.Glob(path.Join("..", named[1]))
			if err != nil || len(found) == 0 && !strings.Contains(named[1], placeholder) {
				t.Errorf("%s names %s, which does not exist (%v)", document, named[1], err)
			}
		}
	}
}

// Would catch a finding that is called closed by a test or a check that is not there any more.
func TestClosedFindingsHaveTheirTests(t *testing.T) {
	t.Parallel()
	makefile, checked := readFile(t, "../Makefile"), 0
	for line := range strings.Lines(readFile(t, "../docs/findings-closed.md")) {
		cells := strings.Split(line, " | ")
		if len(cells) != 2 || strings.HasPrefix(line, "| what was wrong") || strings.HasPrefix(line, "| --- ") {
			continue
		}
		dir := ""
		for _, shown := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
			name := shown[1]
			if in, test, found := strings.Cut(name, ": "); found {
				dir, name = in, test
			}
			name, _, _ = strings.Cut(name, "/")
			checked++
			switch target, isTarget := strings.CutPrefix(shown[1], "make "); {
			case isTarget:
				if !strings.Contains(makefile, "\n"+target+":") {
					t.Errorf("there is no make %s: %s", target, line)
				}
			case strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Example"):
				if !testedIn(t, dir, name) {
					t.Errorf("%s has no %s: %s", dir, name, line)
				}
			default: // A package, whose tests show it together.
				dir = shown[1]
				if _, err := os.Stat(filepath.Join("..", dir)); err != nil {
					t.Errorf("%v: %s", err, line)
				}
			}
		}
		if dir == "" && !strings.Contains(cells[1], "`make ") {
			t.Errorf("nothing shows it: %s", line)
		}
	}
	if checked < 100 {
		t.Errorf("%d tests are named; the walk is blind", checked)
	}
}
