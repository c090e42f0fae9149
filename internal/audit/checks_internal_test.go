package audit

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
)

// Would catch a kind of row that no check looks at: it could be changed or lost behind
// the engine's back.
func TestEveryKindIsChecked(t *testing.T) {
	t.Parallel()
	checked := make(map[book.Kind]bool)
	for _, c := range checks {
		for _, k := range c.kinds {
			checked[k] = true
		}
	}
	for k := range book.KindCount {
		if k.Staged() != checked[k] {
			t.Errorf("rows of %s (kind %d) are staged: %t, and checked: %t", k, k, k.Staged(), checked[k])
		}
	}
}
