package ledger_test

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/ledger"
	"github.com/tenfold-claims/tenfold/internal/money"
)

var update = flag.Bool("update", false, "rewrite the generated parts of the documents")

// ledgerDocument is where the document lies, seen from this package.
const ledgerDocument = "../../docs/ledger.md"

// Would catch a document that tells of other accounts, kinds or numbers than
// the ledger has. What stands between its markers is generated: the chart, the
// kinds, and the scenarios that it works through. With -update it is written anew.
func TestLedgerDocument(t *testing.T) {
	t.Parallel()
	stored, err := os.ReadFile(ledgerDocument)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{
		"chart": chartTable(readComments(t, "account.go", "Purpose")),
		"kinds": kindTable(readComments(t, "kind.go", "Kind")),
	}
	for _, s := range readScenarios(t) {
		parts["scenario "+s.name] = journal(t, s)
	}
	got, err := fill(string(stored), parts)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(ledgerDocument, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(stored) != got {
		t.Error("docs/ledger.md is stale; run: go test ./internal/ledger -run TestLedgerDocument -update")
	}
}

// fill puts each part between its markers, and refuses markers without a part.
func fill(document string, parts map[string]string) (string, error) {
	const open, shut, end = "<!-- generated: ", " -->", "<!-- end -->"
	var b strings.Builder
	for filled := 0; ; filled++ {
		before, rest, found := strings.Cut(document, open)
		b.WriteString(before)
		if !found {
			if filled < 2 {
				return "", errors.New("the document has lost its markers")
			}
			return b.String(), nil
		}
		name, rest, _ := strings.Cut(rest, shut)
		part, known := parts[name]
		_, after, ended := strings.Cut(rest, end)
		if !known || !ended {
			return "", fmt.Errorf("the marker %q is unknown or has no end", name)
		}
		b.WriteString(open + name + shut + "\n" + part + end)
		document = after
	}
}

// readComments gives the doc comment of each constant of a type by its value,
// as one line without the constant's own name. Constants in one block without a
// comment of their own share the one before.
func readComments(t *testing.T, file, kind string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := make(map[string]string)
	last := ""
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); !ok || of.Name != kind {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		if spec.Doc != nil {
			last = strings.Join(strings.Fields(spec.Doc.Text()), " ")
			last = strings.TrimPrefix(last, spec.Names[0].Name+" ")
			// "A and B place a hold" is "places a hold" of each.
			if rest, found := strings.CutPrefix(last, "and "); found {
				_, last, _ = strings.Cut(rest, " ")
				verb, object, _ := strings.Cut(last, " ")
				last = verb + "s " + object
			}
			last = strings.TrimPrefix(last, "is ")
			last = strings.ToUpper(last[:1]) + last[1:]
		}
		comments[value] = last
		return true
	})
	return comments
}

func chartTable(comments map[string]string) string {
	var b strings.Builder
	b.WriteString("| account | grows on | below zero | what it holds |\n| --- | --- | --- | --- |\n")
	for _, p := range ledger.Purposes() {
		below := "never"
		if p.MayGoBelowZero() {
			below = "may be"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", p, strings.ToLower(string(p.Normal())), below, comments[string(p)])
	}
	return b.String()
}

func kindTable(comments map[string]string) string {
	var b strings.Builder
	b.WriteString("| kind | debit | credit | why |\n| --- | --- | --- | --- |\n")
	for _, k := range ledger.Kinds() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", k, k.Legs().Debit, k.Legs().Credit, comments[string(k)])
	}
	return b.String()
}

// journal runs a scenario and tells it as an accountant would: every transfer,
// and the trial balance at the end.
func journal(t *testing.T, s scenario) string {
	t.Helper()
	b := newBook()
	var out strings.Builder
	out.WriteString("| what happens | transfer | debit | credit | CNY |\n| --- | --- | --- | --- | ---: |\n")
	for _, step := range s.steps {
		err := b.run(step)
		if step.kind() == "" {
			continue
		}
		kind := string(step.kind())
		if err != nil {
			kind += ", refused"
		}
		legs := step.kind().Legs()
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", step.note, kind, legs.Debit, legs.Credit, money.Format(step.amount, currency))
	}
	out.WriteString("\n| at the end | debit balance | credit balance |\n| --- | ---: | ---: |\n")
	var debits, credits money.Amount
	for _, p := range ledger.Purposes() {
		balance := b.balances[p]
		switch left := balance.Debits - balance.Credits; {
		case left > 0:
			debits += left
			fmt.Fprintf(&out, "| %s | %s | |\n", p, money.Format(left, currency))
		case left < 0:
			credits -= left
			fmt.Fprintf(&out, "| %s | | %s |\n", p, money.Format(-left, currency))
		}
	}
	if debits != credits {
		t.Errorf("%s: the trial balance has %d and %d", s.name, debits, credits)
	}
	fmt.Fprintf(&out, "| sum | %s | %s |\n", money.Format(debits, currency), money.Format(credits, currency))
	return out.String()
}
