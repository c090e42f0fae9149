package audit_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/audit"
	"github.com/tenfold-claims/tenfold/internal/book"
	"github.com/tenfold-claims/tenfold/internal/claim"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// named finds the columns of the database in which an id stands.
func named(t *testing.T, db *sqlx.DB, id string) (found []string) {
	t.Helper()
	var columns []struct {
		Table  string `db:"table_name"`
		Column string `db:"column_name"`
	}
	err := db.Select(&columns, `
		SELECT c.table_name, c.column_name
		FROM information_schema.columns c
		JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'`)
	if err != nil || len(columns) < 200 {
		t.Fatalf("%d columns: %v", len(columns), err)
	}
	for _, c := range columns {
		var n int
		if err := db.Get(&n, fmt.Sprintf(`SELECT count(*) FROM %s WHERE %s::text LIKE '%%' || $1 || '%%'`, c.Table, c.Column), id); err != nil {
			t.Fatalf("%s.%s: %v", c.Table, c.Column, err)
		}
		if n > 0 {
			found = append(found, c.Table+"."+c.Column)
		}
	}
	return found
}

// Would catch an erased person whose id still stands somewhere, is written again by a server
// that has the book in memory, or whose erasure makes books that no longer add up or no
// longer work.
func TestErasedPersonStandsNowhere(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	var persons []string
	b.must(b.admin.Select(&persons, `SELECT DISTINCT person_id FROM person_commitments ORDER BY person_id`))
	if len(persons) < 5 {
		t.Fatalf("only %q act in the book", persons)
	}
	busy, columns := 0, make(map[string]bool)
	var gone []string
	for _, person := range persons {
		for _, column := range named(t, b.admin, person) {
			columns[column] = true
		}
		dry, err := postgres.Erase(t.Context(), b.ownerURL, person, true, func(string) {})
		if errors.Is(err, postgres.ErrPersonBusy) {
			busy++
			if found := named(t, b.admin, person); len(found) == 0 {
				t.Errorf("%s is refused and stands nowhere", person)
			}
			continue
		}
		b.must(err)
		if found := named(t, b.admin, person); len(found) == 0 {
			t.Errorf("a dry run erased %s", person)
		}
		done, err := postgres.Erase(t.Context(), b.ownerURL, person, false, func(string) {})
		b.must(err)
		if done.Total() != dry.Total() || done.Pseudonym == "" {
			t.Errorf("%s: erased %+v, and the dry run told %+v", person, done, dry)
		}
		if found := named(t, b.admin, person); len(found) > 0 {
			t.Errorf("%s still stands in %q", person, found)
		}
		gone = append(gone, person)
	}
	if len(gone) < 3 || busy == 0 || len(columns) < 10 {
		t.Errorf("%d persons were erased, %d refused, and they stood in %d columns; the test needs all of it", len(gone), busy, len(columns))
	}
	// The engine has the book in memory, with the persons in it, and writes the claim again.
	for _, id := range []string{b.advanced, b.clawedBack, b.failed} {
		_, err := b.engine.Do(t.Context(), b.request("ReviseVerdict", "reviser-77"), &book.ReviseVerdict{
			OnClaim: book.OnClaim{ClaimID: id}, Ground: book.GroundCourtDecision, Note: "a court said so",
			Units: []claim.Unit{{Ordinal: 1, Verdict: claim.Genuine}},
		})
		if err != nil && id == b.advanced {
			t.Fatal(err)
		}
	}
	for _, person := range gone {
		if found := named(t, b.admin, person); len(found) > 0 {
			t.Errorf("%s stands in %q again", person, found)
		}
	}
	wrong, err := audit.Check(t.Context(), b.db)
	if err != nil || len(wrong) > 0 {
		t.Errorf("audit: %v, %v", wrong, err)
	}
}

// Would catch an erasure by a role that may not, of nobody, or on another schema.
func TestEraseRefuses(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	e, err := postgres.Erase(t.Context(), b.ownerURL, "nobody-at-all", false, func(string) {})
	if err != nil || e.Total() != 0 || e.Pseudonym != "" {
		t.Errorf("of nobody: %+v, %v", e, err)
	}
	if _, err := postgres.Erase(t.Context(), b.appURL, "agent-1", false, func(string) {}); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("by the application's role: %v", err)
	}
}
