package postgres_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/internal/pgtest"
)

var (
	// changing finds a statement that sets columns of rows, with the list of what it sets.
	changing = regexp.MustCompile(`(?s)\bUPDATE (\w+)(?: \w+)?\s+SET (.*?)(?:\s(?:FROM|WHERE|RETURNING)\s|$)`)
	// resolving finds an INSERT that sets columns of the row in its way.
	resolving = regexp.MustCompile(`(?s)INSERT INTO (\w+).*?DO UPDATE SET (.*?)(?:\s(?:WHERE|RETURNING)\s|$)`)
	// set is the column of an assignment.
	set = regexp.MustCompile(`^\s*(\w+) = `)
)

// assignments splits what a statement sets at the commas outside of parentheses.
func assignments(text string) (parts []string) {
	depth, from := 0, 0
	for i, r := range text {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			parts, from = append(parts, text[from:i]), i+1
		}
	}
	return append(parts, text[from:])
}

// columnsSet are the columns that the statements of the package set, as table.column.
func columnsSet(t *testing.T) map[string]bool {
	t.Helper()
	columns := make(map[string]bool)
	for at, query := range statements(t) {
		if strings.HasPrefix(at, "erase.go:") || strings.HasPrefix(at, "sandbox_reset.go:") {
			continue // Run by the role that owns the tables.
		}
		found := append(changing.FindAllStringSubmatch(query, -1), resolving.FindAllStringSubmatch(query, -1)...)
		// FOR UPDATE and FOR NO KEY UPDATE lock rows and set nothing.
		locks := len(regexp.MustCompile(`FOR (?:NO KEY )?UPDATE`).FindAllString(query, -1))
		if n := len(regexp.MustCompile(`\bUPDATE\b`).FindAllString(query, -1)); n != len(found)+locks {
			t.Errorf("%s: %d of %d UPDATEs say what they set in a way that this test reads", at, len(found), n-locks)
		}
		for _, m := range found {
			for _, one := range assignments(m[2]) {
				column := set.FindStringSubmatch(one)
				if column == nil {
					t.Errorf("%s: %s sets %q", at, m[1], one)
					continue
				}
				columns[m[1]+"."+column[1]] = true
			}
		}
	}
	return columns
}

// Would catch a column that the application may overwrite although no statement of its
// does, such as the amount of a hold or the merchant of a claim, and a statement that
// sets a column without the right to: it would fail in production, where a command
// first comes to it.
func TestRightsToUpdateAreThoseOfTheStatements(t *testing.T) {
	t.Parallel()
	want := slices.Sorted(maps.Keys(columnsSet(t)))
	if len(want) == 0 {
		t.Fatal("no statement that sets a column was found")
	}
	db, err := sqlx.ConnectContext(t.Context(), "postgres", pgtest.New(t).OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var granted []string
	// A right to a whole table shows as one to each of its columns.
	err = db.SelectContext(t.Context(), &granted, `
		SELECT c.relname || '.' || a.attname
		FROM pg_class c
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
		  AND has_column_privilege($1, c.oid, a.attnum, 'UPDATE')`, embedpg.AppRole)
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range granted {
		if !slices.Contains(want, column) {
			t.Errorf("%s may update %s, which no statement sets: revoke it", embedpg.AppRole, column)
		}
	}
	for _, column := range want {
		if !slices.Contains(granted, column) {
			table, name, _ := strings.Cut(column, ".")
			t.Errorf("a statement sets %s: GRANT UPDATE (%s) ON %s TO %s", column, name, table, embedpg.AppRole)
		}
	}
	var whole []string
	err = db.SelectContext(t.Context(), &whole, `
		SELECT c.relname
		FROM pg_class c
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v')
		  AND has_table_privilege($1, c.oid, 'UPDATE')`, embedpg.AppRole)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range whole {
		t.Errorf("%s may update %s as a whole, columns to come included", embedpg.AppRole, table)
	}
}
