package postgres

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/book"
)

// Would catch a kind of row that commands stage and nothing writes, so that it is lost,
// or one that is only read and nothing reads.
func TestEveryKindHasItsStorage(t *testing.T) {
	t.Parallel()
	for k := range book.KindCount {
		s := stored[k]
		switch {
		case k.Staged() && s.put == nil:
			t.Errorf("rows of %s (kind %d) are staged and not written", k, k)
		case !k.Staged() && s.put != nil:
			t.Errorf("rows of %s (kind %d) are written and never staged", k, k)
		case !k.Staged() && s.load == nil:
			t.Errorf("rows of %s (kind %d) are neither staged nor read", k, k)
		}
	}
}
