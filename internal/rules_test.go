package internal_test

import (
	"fmt"
	"go/ast"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

const (
	rulesPage = "docs/rules.md"
	// thisFile tries the scanner on texts that are no citations.
	thisFile = "internal/rules_test.go"
	families = "MPCEVAFOB"
)

var (
	// ruleCode is a rule wherever it stands: nothing else in the tree is named like it.
	ruleCode = regexp.MustCompile(`\b[` + families + `][1-9][0-9]?\b`)
	// ruleRange names the rules between two of one family as well.
	ruleRange = regexp.MustCompile(`\b([` + families + `])([1-9][0-9]?)(?: to | through |-|–)([` + families + `])([1-9][0-9]?)\b`)
	heading   = regexp.MustCompile(`^### ([A-Z][0-9]+)$`)
	proved    = regexp.MustCompile("^- `([a-z0-9/_-]+): ((?:Test|Fuzz)[A-Za-z0-9_]+)`$")
)

// citation is one place that names a rule.
type citation struct{ place, code string }

// rule is one definition of the page of rules.
type rule struct {
	code string
	// built is false for the rules of the last section.
	built bool
	// text and source say that there is one.
	text, source bool
	proofs       []proof
}

// proof names a test and the package that holds it.
type proof struct{ dir, test string }

// namedAfter are the families whose rules have a test that is named after them.
const namedAfter = "EV"

// named says whether a test is named after the rule.
func (r *rule) named(p proof) bool {
	rest, ok := strings.CutPrefix(p.test, "Test"+r.code)
	return ok && rest != "" && unicode.IsUpper(rune(rest[0]))
}

// citations finds the rules that a text names. A code behind a percent sign is a
// byte of an address.
func citations(name, text string) []citation {
	var list []citation
	for n, line := range strings.Split(text, "\n") {
		place := fmt.Sprintf("%s:%d", name, n+1)
		for _, at := range ruleCode.FindAllStringIndex(line, -1) {
			if at[0] == 0 || line[at[0]-1] != '%' {
				list = append(list, citation{place, line[at[0]:at[1]]})
			}
		}
		for _, match := range ruleRange.FindAllStringSubmatch(line, -1) {
			first, _ := strconv.Atoi(match[2])
			last, _ := strconv.Atoi(match[4])
			if match[1] != match[3] {
				continue
			}
			for between := first + 1; between < last; between++ {
				list = append(list, citation{place, match[1] + strconv.Itoa(between)})
			}
		}
	}
	return list
}

// readRules reads the definitions of a page.
func readRules(page string) []rule {
	var list []rule
	built := true
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "## ") {
			built = line != "## Not built yet"
		}
		if match := heading.FindStringSubmatch(line); match != nil {
			list = append(list, rule{code: match[1], built: built})
			continue
		}
		if len(list) == 0 || line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r := &list[len(list)-1]
		match := proved.FindStringSubmatch(line)
		switch {
		case match != nil:
			r.proofs = append(r.proofs, proof{match[1], match[2]})
		case strings.HasPrefix(line, "Source: "):
			r.source = true
		case line != "Proved by:":
			r.text = true
		}
	}
	return list
}

// testNames gives the packages that hold a test of each name, and every package
// with a test.
func testNames(list []source) (tests map[string][]string, dirs map[string]bool) {
	tests, dirs = make(map[string][]string), make(map[string]bool)
	for _, s := range list {
		if !s.test {
			continue
		}
		dirs[s.dir] = true
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) {
				tests[f.Name.Name] = append(tests[f.Name.Name], s.dir)
			}
		}
	}
	return tests, dirs
}

// faultsOf says what is wrong between definitions, citations and tests. A proof may
// stand in another package than the page says: tests move with what they prove.
func faultsOf(rules []rule, cited []citation, tests map[string][]string, dirs map[string]bool) []string {
	var faults []string
	tell := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	defined := make(map[string]*rule, len(rules))
	for i := range rules {
		r := &rules[i]
		if !ruleCode.MatchString(r.code) {
			tell("%s is of none of the families %s", r.code, families)
		}
		if defined[r.code] != nil {
			tell("%s is defined twice", r.code)
		}
		defined[r.code] = r
		if !r.text {
			tell("%s has no text", r.code)
		}
		if !r.built {
			if len(r.proofs) > 0 {
				tell("%s is not built, and is proved", r.code)
			}
			continue
		}
		if !r.source {
			tell("%s has no source", r.code)
		}
		if len(r.proofs) == 0 {
			tell("%s is proved by no test", r.code)
		}
		if len(r.proofs) > 0 && strings.Contains(namedAfter, r.code[:1]) && !slices.ContainsFunc(r.proofs, r.named) {
			tell("%s is proved by no test that is named after it, such as Test%sOnlyThis", r.code, r.code)
		}
		for _, p := range r.proofs {
			switch {
			case len(tests[p.test]) == 0:
				tell("%s is proved by %s, which does not exist", r.code, p.test)
			case !dirs[p.dir]:
				tell("%s is proved in %s, where there are no tests: %s stands in %v", r.code, p.dir, p.test, tests[p.test])
			}
		}
	}
	for _, c := range cited {
		switch r := defined[c.code]; {
		case r == nil:
			tell("%s cites %s, which %s does not define", c.place, c.code, rulesPage)
		case !r.built:
			tell("%s cites %s, which is not built", c.place, c.code)
		}
	}
	return faults
}

// allCitations reads every file of the tree that may name a rule, but for what is
// generated.
func allCitations(t *testing.T) []citation {
	t.Helper()
	const root = ".."
	var list []citation
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name != root && strings.HasPrefix(entry.Name(), ".") {
				return filepath.SkipDir // What is built and fetched.
			}
			return nil
		}
		place, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		place = filepath.ToSlash(place)
		if !slices.Contains([]string{".go", ".proto", ".sql", ".md"}, path.Ext(place)) || strings.HasSuffix(place, ".pb.go") ||
			place == rulesPage || place == thisFile {
			return nil
		}
		text, err := os.ReadFile(name)
		list = append(list, citations(place, string(text))...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Would catch a rule that code, contract, schema or a document cites and nobody has
// defined, one that nothing proves, and one that is cited before it is built.
func TestEveryRuleIsDefinedAndProved(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(rulesPage)))
	if err != nil {
		t.Fatal(err)
	}
	rules, cited := readRules(string(page)), allCitations(t)
	tests, dirs := testNames(tree(t))
	for _, f := range faultsOf(rules, cited, tests, dirs) {
		t.Error(f)
	}

	// All of that would hold of a page, or a tree, that was not read.
	const citationsMin, rulesMin, testsMin = 100, 40, 400
	if len(cited) < citationsMin || len(rules) < rulesMin || len(tests) < testsMin {
		t.Errorf("found %d citations, %d rules and %d tests; look whether they are still read", len(cited), len(rules), len(tests))
	}
	seen := make(map[string]bool)
	for _, c := range cited {
		name, _, _ := strings.Cut(c.place, ":")
		seen[c.code[:1]], seen[path.Ext(name)] = true, true
	}
	for _, want := range append(strings.Split(families, ""), ".go", ".proto") {
		if !seen[want] {
			t.Errorf("no citation is of or in %s; look whether it is still found", want)
		}
	}
}

// Would catch a way to cite a rule that the test of the tree does not see, and a
// name that it takes for a rule.
func TestCitationsAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"the policy's or the merchant's own (rule C4).":              "C4",
		"// sources have it, in their order (rules A1, A2).":         "A1 A2",
		"once something is owed (rules C6, C7 and C9).":              "C6 C7 C9",
		"(Food Safety Law Art. 88; rule V3).":                        "V3",
		"// the deposit stays for claims (rule\n// A9), and":         "A9",
		"ranks of evidence (domain rules V1 to V6).":                 "V1 V6 V2 V3 V4 V5",
		"the rules M1–M3 and C10-C12":                                "M1 M3 C10 C12 M2 C11",
		"P1 to C3":                                                   "P1 C3",
		`e.add(StepFixedAmount, "C4; "+Promise.Law(), d.fixed,`:      "C4",
		`Step{Code: "PRODUCT", Rule: "C2"}, {"rule":"C1"`:            "C2 C1",
		`BASE_REFUNDED | C10 | -10.00`:                               "C10",
		"one floor, or the one product ([C5](rules.md#c5), C6).":     "C5 C6",
		"func TestC7GroupIsOwed, TestM1_Exact, C000000002, MC1, c7":  "",
		"request-C12x, C123, C0, Z1, T03, S4, U+00A0, \\xC2, m1, v1": "",
		"/v1/merchants?filter=%E5%81%87":                             "",
	} {
		var got []string
		for _, c := range citations("file.go", text) {
			got = append(got, c.code)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q cites %v, want %q", text, got, want)
		}
	}
	if at := citations("file.go", "one\ntwo (rule F1)")[0]; at.place != "file.go:2" {
		t.Errorf("the place is %q", at.place)
	}
}

// Would catch a page whose definitions are not read as they are written, and a fault
// of page or tree that goes untold.
func TestFaultsOfRulesAreTold(t *testing.T) {
	t.Parallel()
	const page = `# The rules

Sources and words.

## Money

### M1

**Whole units.** Text.

Source: trade.

Proved by:
- ` + "`internal/money: TestWhole`" + `
- ` + "`internal/engine: FuzzMoved`" + `

## Not built yet

### B1

Text.
`
	sound := readRules(page)
	want := []rule{
		{code: "M1", built: true, text: true, source: true, proofs: []proof{{"internal/money", "TestWhole"}, {"internal/engine", "FuzzMoved"}}},
		{code: "B1", text: true},
	}
	if fmt.Sprint(sound) != fmt.Sprint(want) {
		t.Fatalf("read %+v, want %+v", sound, want)
	}
	tests := map[string][]string{"TestWhole": {"internal/money"}, "FuzzMoved": {"internal/book"}}
	dirs := map[string]bool{"internal/money": true, "internal/engine": true, "internal/book": true}
	if faults := faultsOf(sound, []citation{{"a.go:1", "M1"}}, tests, dirs); len(faults) > 0 {
		t.Errorf("a sound page has faults: %v", faults)
	}

	without := func(what string) []rule { return readRules(strings.Replace(page, what, "", 1)) }
	for want, faults := range map[string][]string{
		"a.go:7 cites C9, which docs/rules.md does not define": faultsOf(sound, []citation{{"a.go:7", "C9"}}, tests, dirs),
		"a.go:7 cites B1, which is not built":                  faultsOf(sound, []citation{{"a.go:7", "B1"}}, tests, dirs),
		"V1 is proved by no test that is named after it, such as TestV1OnlyThis": faultsOf(
			readRules(strings.NewReplacer("M1", "V1", "TestWhole", "TestV12Whole").Replace(page)), nil, map[string][]string{"TestV12Whole": {"internal/money"}, "FuzzMoved": {"internal/book"}}, dirs),
		"M1 has no source": faultsOf(without("Source: trade.\n"), nil, tests, dirs),
		"M1 has no text":   faultsOf(without("**Whole units.** Text.\n"), nil, tests, dirs),
		"M1 is proved by FuzzMoved, which does not exist": faultsOf(sound, nil, map[string][]string{"TestWhole": {"internal/money"}}, dirs),
		"B1 is proved by no test":                         faultsOf(without("## Not built yet\n"), nil, tests, dirs),
		"M1 is defined twice":                             faultsOf(readRules(page+"### M1\n\nText.\n"), nil, tests, dirs),
		"Z1 is of none of the families " + families:       faultsOf(readRules(page+"### Z1\n\nText.\n"), nil, tests, dirs),
		"M1 is proved in internal/engine, where there are no tests: FuzzMoved stands in [internal/book]": faultsOf(
			sound, nil, tests, map[string]bool{"internal/money": true, "internal/book": true}),
		"B1 is not built, and is proved": faultsOf(readRules(page+"Proved by:\n- `internal/money: TestWhole`\n"), nil, tests, dirs),
	} {
		if !slices.Contains(faults, want) {
			t.Errorf("%q is not told: %q", want, faults)
		}
	}
}
