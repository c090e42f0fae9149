package engine_test

import "github.com/tenfold-claims/tenfold/internal/audit"

// audited fails the test unless every book is in order.
func (f *fixture) audited() {
	f.t.Helper()
	found, err := audit.Check(f.t.Context(), f.pg)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, d := range found {
		f.t.Errorf("audit: %s", d)
	}
}
