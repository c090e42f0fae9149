package audit_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

var update = flag.Bool("update", false, "write the generated parts of docs/audit.md and docs/event-encoding.md anew")

// generated compares the part of a document between the markers of a name with text, or
// writes it anew.
func generated(t *testing.T, document, name, text string) {
	t.Helper()
	begin, end := "<!-- generated: "+name+" -->\n", "<!-- end -->"
	stored, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(stored), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has lost its markers for %s", document, name)
	}
	got := before + begin + text + end + after
	if *update {
		if err := os.WriteFile(document, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(stored) {
		t.Errorf("%s is stale; run: go test ./internal/audit -update", document)
	}
}

// Would catch a table or column that events bind and the encoding's document does not list
// in its place: nobody else could verify the digest of a row.
func TestBoundColumnsDocument(t *testing.T) {
	t.Parallel()
	bound := postgres.BoundColumns()
	var text strings.Builder
	text.WriteString("| table | columns |\n| --- | --- |\n")
	for _, table := range slices.Sorted(maps.Keys(bound)) {
		fmt.Fprintf(&text, "| `%s` | `%s` |\n", table, strings.Join(bound[table], "`, `"))
	}
	generated(t, "../../docs/event-encoding.md", "columns", text.String())
}
