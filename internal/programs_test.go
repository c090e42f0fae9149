package internal_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// programsFile lists the programs that have to be on a machine.
const programsFile = "../scripts/programs.txt"

// throughOthers are programs that nothing of ours calls, but a program that we do call.
var throughOthers = map[string]string{
	"gcc": "go", // For the race detector.
}

// listedPrograms reads which programs are listed, and where each comes from.
func listedPrograms(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(programsFile)
	if err != nil {
		t.Fatal(err)
	}
	listed := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] != "#" {
			if _, twice := listed[fields[0]]; twice || len(fields) < 3 {
				t.Fatalf("%s: a program stands there twice, or without its origin and purpose: %s", programsFile, line)
			}
			listed[fields[0]] = fields[1]
		}
	}
	return listed
}

// calls says of each program which files call it.
type calls map[string][]string

func (c calls) add(program, place string) {
	if !slices.Contains(c[program], place) {
		c[program] = append(c[program], place)
	}
}

// Would catch a test or a command that works here and not on a fresh machine,
// because it calls a program that nothing there provides; and a package that is
// installed for nobody.
func TestProgramsAreListed(t *testing.T) {
	t.Parallel()
	listed, called := listedPrograms(t), make(calls)
	goCalls(t, called)
	shellCalls(t, called)
	for name, places := range called {
		if _, ok := listed[name]; !ok {
			t.Errorf("%s is called by %s and not listed in %s", name, strings.Join(places, ", "), programsFile)
		}
	}
	for name := range listed {
		if called[name] == nil && called[throughOthers[name]] == nil {
			t.Errorf("%s is listed in %s and never called", name, programsFile)
		}
	}
}

// Would catch a line that scripts/setup.sh does not understand, and so leaves the
// program out.
func TestProgramsComeFromSomewhere(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^(base|you|there|apt=[a-z0-9.+-]+(,apt=[a-z0-9.+-]+)*(,brew=[a-z0-9.@+-]+)?)$`)
	for name, from := range listedPrograms(t) {
		if !form.MatchString(from) {
			t.Errorf("%s comes from %q", name, from)
		}
	}
}

// Would catch a search for calls that overlooks a way in which programs are called.
func TestProgramsAreFoundInShell(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"a; b | c && d || e &":                           "a b c d e",
		"x=1 a \"$(b $(c))\" <(d) `e`":                   "a b c d e",
		"if a; then b; fi; while c; do d; done <<<\"x\"": "a b c d",
		"own() { a; }; own; cd /; echo b":                "a",
		"run() { \"$@\"; }; run a b; run env X=1 c":      "a c env",
		"exec a; command b; command -v c; env -i d":      "a b d env",
		"find . -exec a {} +; /usr/bin/b; \"$dir\"/c":    "a b c find",
		"case $x in y) a ;; esac; (b); { c; }; ! d":      "a b c d",
		"# a\nb 'c; d' \"e\"":                            "b",
	} {
		found, passesOn, err := programsOf(script)
		slices.Sort(found)
		if got := strings.Join(slices.Compact(found), " "); err != nil || passesOn || got != want {
			t.Errorf("%q calls %s (%v), want %s", script, got, err, want)
		}
	}
	if _, passesOn, err := programsOf(`echo $$; exec "$@"`); !passesOn || err != nil {
		t.Errorf("a script that runs its arguments: %v, %v", passesOn, err)
	}
	if found, _, err := programsOf(`$program x`); err == nil {
		t.Errorf("a program that only a variable names: %v", found)
	}
}
