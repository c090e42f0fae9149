package event_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tenfold-claims/tenfold/internal/event"
)

// Would catch an example in docs/event-encoding.md that does not verify by the
// recipe above it. With -update it is written anew.
func TestEncodingDocument(t *testing.T) {
	t.Parallel()
	const document = "../../docs/event-encoding.md"
	const begin, end = "<!-- generated: example -->\n", "<!-- end -->"
	stored, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(stored), begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatal("docs/event-encoding.md has lost its markers")
	}
	e := sample(event.BookOpened, 1)
	e.Seal(event.Genesis(e.MerchantID))
	got := before + begin + fmt.Sprintf("```\nprevious  %x\ncontent   %s\nhash      %x\n```\n",
		event.Genesis(e.MerchantID), e.Content, e.Hash) + end + after
	if *update {
		if err := os.WriteFile(document, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(stored) {
		t.Error("docs/event-encoding.md is stale; run: go test ./internal/event -run TestEncodingDocument -update")
	}
}
