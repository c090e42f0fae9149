package bench

import (
	"fmt"
	"testing"
)

// Would catch names that are read where others belong, also where a block ends.
func TestNamesAreKeptInOrder(t *testing.T) {
	t.Parallel()
	var l nameList
	name := func(i int) string { return fmt.Sprintf("merchants/m%d/claims/%d", i%7, i) }
	const n = 3*len(nameBlock{}) + 1
	for i := range n {
		l.add(name(i))
	}
	if l.n != n {
		t.Fatalf("%d names of %d", l.n, n)
	}
	for i := range n {
		if got := l.at(i); got != name(i) {
			t.Fatalf("name %d is %s", i, got)
		}
	}
}
