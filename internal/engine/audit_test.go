package engine_test

import (
	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/audit"
)

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

// admin connects as the superuser, who may do to the database what the engine
// may not.
func (f *fixture) admin() *sqlx.DB {
	f.t.Helper()
	pool, err := sqlx.ConnectContext(f.t.Context(), "postgres", f.db.AdminURL)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = pool.Close() })
	return pool
}
