package postgres_test

import (
	"testing"

	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Would catch a claim that is read by walking the whole table, because its
// statement was prepared while there were few, and a look-up that is planned anew
// each time.
func TestClaimIsReadByItsKeyAlsoAfterTheTableHasGrown(t *testing.T) {
	t.Parallel()
	b := newBulk(t, 1, 3)
	// One connection has the statements, and what it counts is what was read.
	one, err := postgres.Open(b.url, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = one.Close() })
	reader := one.Reader()
	read := func(merchantID string) {
		t.Helper()
		if c, found, err := reader.Claim(t.Context(), merchantID, "C000000002"); err != nil || !found || c.MerchantID != "hot" {
			t.Fatalf("claim of %q: %+v, found %t, %v", merchantID, c, found, err)
		}
	}
	// After the fifth time the server keeps the plan of a prepared statement.
	for range 10 {
		read("hot")
		read("")
	}
	// The planner is not told that the table grows.
	b.run(`ALTER TABLE claims SET (autovacuum_enabled = off)`)
	read("hot")
	b.fill(4, 2000)
	looked, err := postgres.LookedPool(t.Context(), one, func() error {
		for range 10 {
			read("hot")
			read("")
		}
		return nil
	})
	if err != nil || looked.Walked != 0 || looked.Found != 20 {
		t.Errorf("20 claims were read from %d rows walked through and %d found: %v", looked.Walked, looked.Found, err)
	}
	if kept, err := postgres.PreparedPool(t.Context(), one); err != nil || kept != 2 {
		t.Errorf("%d statements stay prepared for claims of a merchant and of any: %v", kept, err)
	}
}
