package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// source is one Go file of the tree.
type source struct {
	// path is the file's place below the root of the module, dir its package's.
	path, dir string
	test      bool
	file      *ast.File
	imports   []string
}

const module = "github.com/tenfold-claims/tenfold/"

// sources reads every Go file of the module but generated ones, once.
var sources = sync.OnceValues(func() ([]source, error) {
	const root = ".."
	var list []source
	files := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			// Hidden folders hold what is built, tools is a module of its own.
			if base := entry.Name(); name != root && (strings.HasPrefix(base, ".") || base == "tools" || base == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, ".pb.go") {
			return nil
		}
		parsed, err := parser.ParseFile(files, name, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		place, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		place = filepath.ToSlash(place)
		s := source{path: place, dir: path.Dir(place), test: strings.HasSuffix(place, "_test.go"), file: parsed}
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, imported)
		}
		list = append(list, s)
		return nil
	})
	return list, err
})

func tree(t *testing.T) []source {
	t.Helper()
	list, err := sources()
	if err != nil || len(list) == 0 {
		t.Fatalf("cannot read the tree: %v", err)
	}
	return list
}

// within says whether a file lies in one of some folders or is one of them.
func within(s source, places ...string) bool {
	return slices.ContainsFunc(places, func(place string) bool {
		return s.path == place || s.dir == place || strings.HasPrefix(s.dir, place+"/")
	})
}

// sqlStatement finds statements in a text: keywords are written in capitals.
var sqlStatement = regexp.MustCompile(`\b(SELECT|INSERT INTO|UPDATE \w+|DELETE FROM|TRUNCATE|MERGE INTO|WITH \w+ AS \(|` +
	`(CREATE|ALTER|DROP) (TABLE|INDEX|ROLE|DATABASE|SCHEMA|VIEW|FUNCTION|TYPE)|GRANT \w+|REVOKE \w+|LOCK TABLE|COPY \w+ FROM)\b`)

// Would catch SQL outside the two places that hold it, where no migration and
// no review of statements would find it.
func TestSQLStandsInItsPlaces(t *testing.T) {
	t.Parallel()
	for _, s := range tree(t) {
		// embedpg makes roles and the database before any schema is there; pgtest
		// copies and drops whole databases.
		if s.test || within(s, "internal/postgres", "migrations", "internal/embedpg/provision.go", "internal/pgtest") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			text, ok := n.(*ast.BasicLit)
			if ok && text.Kind == token.STRING && sqlStatement.MatchString(text.Value) {
				t.Errorf("%s holds SQL; it belongs into internal/postgres: %s", s.path, text.Value)
			}
			return true
		})
	}
}

// Would catch code that reads a clock of its own: tests and the sandbox could
// not move it, and a command would know two times. Tests may not wait by the
// clock either.
func TestOnlyCommandsReadTheClock(t *testing.T) {
	t.Parallel()
	for _, s := range tree(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if of, ok := call.X.(*ast.Ident); !ok || of.Name != "time" {
				return true
			}
			switch name := call.Sel.Name; {
			case s.test && name == "Sleep":
				t.Errorf("%s sleeps; a test waits for a signal or calls the step", s.path)
			// A deadline on a connection is an instant of the machine's own clock.
			case !s.test && !within(s, "cmd", "internal/pgdial/pgdial.go") && slices.Contains([]string{"Now", "Since", "Until"}, name):
				t.Errorf("%s calls time.%s; take the clock as a value", s.path, name)
			}
			return true
		})
	}
}

// Would catch a package that does not say what it is for, or says it in half a
// sentence.
func TestEveryPackageHasAComment(t *testing.T) {
	t.Parallel()
	comments := make(map[string]string)
	for _, s := range tree(t) {
		if s.test {
			continue
		}
		if _, seen := comments[s.dir]; !seen {
			comments[s.dir] = ""
		}
		if text := strings.TrimSpace(s.file.Doc.Text()); text != "" {
			if comments[s.dir] != "" {
				t.Errorf("package %s has a comment in more than one file", s.dir)
			}
			comments[s.dir] = text
		}
	}
	for dir, text := range comments {
		begins := "Package " + path.Base(dir) + " "
		if strings.HasPrefix(dir, "cmd/") || strings.HasPrefix(dir, "examples/") {
			begins = ""
		}
		if text == "" || !strings.HasPrefix(text, begins) || !strings.HasSuffix(text, ".") {
			t.Errorf("package %s has no comment that begins with %q and ends with a full stop: %q", dir, begins, text)
		}
	}
}

// Would catch a package whose name says nothing of what it holds.
func TestPackageNamesSayWhatTheyHold(t *testing.T) {
	t.Parallel()
	banned := []string{"common", "util", "utils", "helper", "helpers", "types", "models", "service", "services", "manager", "base", "misc", "shared"}
	for _, s := range tree(t) {
		if name := strings.TrimSuffix(s.file.Name.Name, "_test"); slices.Contains(banned, name) {
			t.Errorf("%s is in package %s: name it after the one idea it holds", s.path, name)
		}
	}
}

// persons are the names under which code holds the id of a person.
var persons = []string{"person", "Person", "FiledBy", "DecidedBy", "Deciders", "ProposedBy", "AddedBy", "Author", "Approvers"}

// personIn says whether an expression is the id of a person, or several of them.
func personIn(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return slices.Contains(persons, e.Name)
	case *ast.SelectorExpr:
		return slices.Contains(persons, e.Sel.Name)
	case *ast.CallExpr: // Such as that of a getter of the contract.
		call, ok := e.Fun.(*ast.SelectorExpr)
		return ok && slices.Contains(persons, strings.TrimPrefix(call.Sel.Name, "Get"))
	}
	return false
}

// Would catch persons that are told apart by the letters of their ids: one person with
// two spellings would count as two wherever two must act.
func TestPersonsAreComparedBySame(t *testing.T) {
	t.Parallel()
	for _, s := range tree(t) {
		if s.test || s.path == "internal/principal/person.go" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			var compared bool
			switch n := n.(type) {
			case *ast.BinaryExpr:
				// Whether there is a person at all may be asked.
				_, literal := n.Y.(*ast.BasicLit)
				word, ok := n.Y.(*ast.Ident)
				literal = literal || ok && word.Name == "nil"
				compared = (n.Op == token.EQL || n.Op == token.NEQ) && !literal && (personIn(n.X) || personIn(n.Y))
			case *ast.SwitchStmt:
				compared = n.Tag != nil && personIn(n.Tag)
			case *ast.CallExpr:
				f, ok := n.Fun.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				of, ok := f.X.(*ast.Ident)
				compared = ok && (of.Name == "slices" && (f.Sel.Name == "Contains" || f.Sel.Name == "Index") ||
					of.Name == "strings" && f.Sel.Name == "EqualFold") && slices.ContainsFunc(n.Args, personIn)
			}
			if compared {
				t.Errorf("%s compares persons by their spelling; principal.Same says who is the same", s.path)
			}
			return true
		})
	}
}

// Would catch a second reader of a call's metadata, or of a request's headers, which takes
// the first of several values. rpc's stated refuses several; web's eachOnce does so before
// a header is read.
func TestHeadersOfCallersAreReadInOnePlace(t *testing.T) {
	t.Parallel()
	places := map[string]string{
		"metadata.FromIncomingContext": "internal/rpc/principal.go",
		"r.Header.Get":                 "internal/rpc/http_form.go", // Content-Type and timeouts, which web admits once.
	}
	met := make(map[string]bool)
	for _, s := range tree(t) {
		// The console's cookies and its language prove nothing, and a person's token that stands
		// twice is none.
		if s.test || strings.HasPrefix(s.path, "internal/console/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			f, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			called := types.ExprString(f)
			if strings.HasSuffix(called, ".ValueFromIncomingContext") || strings.HasSuffix(called, ".BasicAuth") || strings.HasSuffix(called, ".Cookie") {
				t.Errorf("%s calls %s", s.path, called)
			}
			if place, known := places[called]; known {
				met[called] = true
				if s.path != place {
					t.Errorf("%s calls %s, which %s alone may", s.path, called, place)
				}
			}
			return true
		})
	}
	if len(met) != len(places) {
		t.Errorf("only %v were met", met)
	}
}

// Would catch a change of rows on the pool of connections. The driver repeats what it
// got no answer to there, also where the change was made.
func TestPoolOfConnectionsChangesNoRows(t *testing.T) {
	t.Parallel()
	var seen int
	for _, s := range tree(t) {
		if s.test || !strings.HasPrefix(s.path, "internal/postgres/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			of, ok := call.X.(*ast.SelectorExpr)
			if !ok || of.Sel.Name != "pool" {
				return true
			}
			seen++
			if strings.Contains(call.Sel.Name, "Exec") {
				t.Errorf("%s calls pool.%s; execOnce runs a statement that must not run twice", s.path, call.Sel.Name)
			}
			return true
		})
	}
	if seen == 0 {
		t.Error("no use of the pool was found")
	}
}

// logging are the methods of a logger that write a line which says that something failed.
var logging = []string{"Warn", "WarnContext", "Error", "ErrorContext", "LogAttrs", "Log"}

// Would catch a line that has the text of an error in place of the error: whoever looks at
// the errors of lines, to tell of an outage once and not for each call, would not see it.
func TestErrorsAreLoggedAsErrors(t *testing.T) {
	t.Parallel()
	lines := 0
	for _, s := range tree(t) {
		if s.test || !slices.Contains(s.imports, "log/slog") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains(logging, method.Sel.Name) || len(call.Args) == 0 {
				return true
			}
			lines++
			for _, arg := range call.Args {
				ast.Inspect(arg, func(n ast.Node) bool {
					text, ok := n.(*ast.CallExpr)
					if !ok || len(text.Args) > 0 {
						return true
					}
					if of, ok := text.Fun.(*ast.SelectorExpr); ok && of.Sel.Name == "Error" {
						t.Errorf("%s logs the text of an error by %s; log the error", s.path, method.Sel.Name)
					}
					return true
				})
			}
			return true
		})
	}
	if lines < 20 {
		t.Errorf("only %d lines were found", lines)
	}
}
