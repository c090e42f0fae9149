package claim_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/claim"
)

var update = flag.Bool("update", false, "rewrite the generated documents")

// statesDocument is where the document lies, seen from this package.
const statesDocument = "../../docs/claim-states.md"

// Would catch a document that tells another state machine than the code runs.
// With -update it writes the document anew.
func TestClaimStatesDocument(t *testing.T) {
	t.Parallel()
	got := writeStatesDocument(t, readComments(t, "state.go"))
	if *update {
		if err := os.WriteFile(statesDocument, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	stored, err := os.ReadFile(statesDocument)
	if err != nil {
		t.Fatal(err)
	}
	if string(stored) != got {
		t.Errorf("docs/claim-states.md is stale; run: go test ./internal/claim -run TestClaimStatesDocument -update")
	}
}

// readComments gives the doc comment of each constant of a file, by its value,
// as one line without the constant's own name.
func readComments(t *testing.T, file string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := make(map[string]string)
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Doc == nil || len(spec.Values) != 1 {
			return true
		}
		if value, ok := spec.Values[0].(*ast.BasicLit); ok && spec.Type != nil {
			text, err := strconv.Unquote(value.Value)
			if err != nil {
				t.Fatal(err)
			}
			kind := spec.Type.(*ast.Ident).Name
			words := strings.Join(strings.Fields(spec.Doc.Text()), " ")
			comments[kind+" "+text] = strings.TrimPrefix(words, spec.Names[0].Name+" ")
		}
		return true
	})
	return comments
}

func writeStatesDocument(t *testing.T, comments map[string]string) string {
	t.Helper()
	comment := func(kind, value string) string {
		text, ok := comments[kind+" "+value]
		if !ok {
			t.Errorf("%s %s has no comment", kind, value)
		}
		return text
	}
	var b strings.Builder
	b.WriteString(`# The states of a claim

Generated from ` + "`internal/claim/state.go`" + `. Rewrite it with
` + "`go test ./internal/claim -run TestClaimStatesDocument -update`" + `.

The state says where a claim is and who must act. It includes neither the verdict, which says what was found, nor the
funding, which says what money has moved. A pair of state and trigger that is not listed below is refused with
CLAIM_STATE_CONFLICT. The refusal names the state, the allowed actions, who must act and until when.

## States

| state | who must act | waits for | what time does | money on entry |
| --- | --- | --- | --- | --- |
`)
	for _, s := range claim.States() {
		money := s.OnEntry().Words
		if money == "" {
			t.Errorf("nothing says what money does on entry of %s", s)
		}
		waits := strings.TrimPrefix(comment("State", string(s)), "waits for ")
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", s, party(s), sentence(waits), timeIn(s, comment), money)
	}
	b.WriteString(`
A notice period begins when the delivery of the notice is confirmed, or when the notice is deemed delivered. A deadline
fires only after a grace period, so that an answer that arrived in time and still waits in a queue counts.

## Triggers

| trigger | what it is | moves a claim |
| --- | --- | --- |
`)
	for _, trigger := range claim.Triggers() {
		what := strings.TrimPrefix(comment("Trigger", string(trigger)), "is ")
		fmt.Fprintf(&b, "| %s | %s | %s |\n", trigger, sentence(what), strings.Join(movesBy(trigger), "<br>"))
	}
	b.WriteString("\n## Diagram\n\n```mermaid\n" + claim.Mermaid() + "```\n")
	return b.String()
}

// party is who must act in a state, in words.
func party(s claim.State) string {
	return strings.ToLower(strings.ReplaceAll(string(s.WaitsFor()), "_", " "))
}

// sentence begins a comment with a capital letter.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// timeIn says what fires in a state.
func timeIn(s claim.State, comment func(kind, value string) string) string {
	var fires []string
	for _, d := range s.Fires() {
		fires = append(fires, string(d)+" "+comment("Deadline", string(d)))
	}
	if fires == nil {
		return "Nothing."
	}
	return strings.Join(fires, "<br>")
}

// from lists New and every state.
func from() []claim.State { return append([]claim.State{claim.New}, claim.States()...) }

func movesBy(trigger claim.Trigger) []string {
	var moves []string
	for _, s := range from() {
		to, ok := claim.Next(s, trigger)
		switch {
		case ok && s == claim.New:
			moves = append(moves, "into "+string(to))
		case ok:
			moves = append(moves, string(s)+" → "+string(to))
		}
	}
	return moves
}
