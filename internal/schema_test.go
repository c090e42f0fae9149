package internal_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/embedpg"
	"github.com/tenfold-claims/tenfold/migrations"
)

// constraint is one constraint of a migrated database.
type constraint struct {
	Table      string `db:"relname"`
	Name       string `db:"conname"`
	Definition string `db:"definition"`
	// Columns are the names of the columns it is over, in their order.
	Columns string `db:"columns"`
	// Kind is p for a primary key, u for unique, f for a foreign key, c for a check.
	Kind string `db:"kind"`
}

func constraints(t *testing.T, db *sqlx.DB) []constraint {
	t.Helper()
	var list []constraint
	err := db.Select(&list, `
		SELECT c.relname, k.conname, k.contype::text AS kind, pg_get_constraintdef(k.oid) AS definition,
		       coalesce((
		           SELECT string_agg(a.attname, ' ' ORDER BY o.place)
		           FROM unnest(k.conkey) WITH ORDINALITY AS o (number, place)
		           JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = o.number), '') AS columns
		FROM pg_constraint k
		JOIN pg_class c ON c.oid = k.conrelid
		WHERE k.connamespace = 'public'::regnamespace AND c.relname <> 'goose_db_version' AND k.contype <> 'n'
		ORDER BY c.relname, k.conname`)
	if err != nil || len(list) == 0 {
		t.Fatalf("no constraints: %v", err)
	}
	return list
}

// Would catch a constraint that PostgreSQL named, and whose name no code can
// rely on: every one is named after its table and its rule.
func TestConstraintsAreNamed(t *testing.T) {
	t.Parallel()
	db := open(t)
	generated := regexp.MustCompile(`_(pkey|check\d*|fkey\d*|not_null)$`)
	for _, c := range constraints(t, db) {
		if !strings.HasPrefix(c.Name, c.Table+"_") || generated.MatchString(c.Name) {
			t.Errorf("constraint %s of table %s is not named table_rule", c.Name, c.Table)
		}
	}
	var indexes []string
	err := db.Select(&indexes, `SELECT tablename || ' ' || indexname FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'goose_db_version'`)
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range indexes {
		table, name, _ := strings.Cut(index, " ")
		if !strings.HasPrefix(name, table+"_") || strings.HasSuffix(name, "_idx") {
			t.Errorf("index %s of table %s is not named after its table", name, table)
		}
	}
}

// Would catch a table of a book that cannot be put on a shard with the rest of
// its book: a key that another book could share, or a reference across books.
func TestKeysOfABookLeadWithTheMerchant(t *testing.T) {
	t.Parallel()
	db := open(t)
	var ofBooks []string
	err := db.Select(&ofBooks, `
		SELECT table_name FROM information_schema.columns
		WHERE table_schema = 'public' AND column_name = 'merchant_id' AND table_name <> 'reservations'`)
	if err != nil || len(ofBooks) == 0 {
		t.Fatalf("no tables of books: %v", err)
	}
	for _, c := range constraints(t, db) {
		if slices.Contains(ofBooks, c.Table) && c.Kind != "c" && !strings.HasPrefix(c.Columns+" ", "merchant_id ") {
			t.Errorf("%s (%s) of table %s does not begin with merchant_id", c.Name, c.Columns, c.Table)
		}
	}
	var unique []string
	err = db.Select(&unique, `
		SELECT indexname || ' of ' || tablename FROM pg_indexes
		WHERE schemaname = 'public' AND tablename = ANY(string_to_array($1, ' '))
		  AND indexdef LIKE 'CREATE UNIQUE%' AND indexdef NOT LIKE '% (merchant_id%'`, strings.Join(ofBooks, " "))
	if err != nil {
		t.Fatal(err)
	}
	for _, index := range unique {
		t.Errorf("unique index %s does not begin with merchant_id", index)
	}
}

// leftOut are the numbers that no migration has.
var leftOut = []int64{16, 17, 18, 19, 21, 29, 41, 49, 50, 51, 53, 54, 57, 61, 62, 63, 64, 67, 70, 71, 73, 74, 77, 78, 79, 85, 86, 87, 88, 90, 91, 92, 93, 94, 97, 98, 99, 100, 101, 102, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 119, 120, 121, 122, 124, 125, 126, 127, 128, 129, 134, 135, 136, 137, 138, 139, 143, 144, 145, 146, 147, 148, 149, 154, 157, 159, 160}

// Would catch a migration that takes a number below one that has landed: a database
// past that number refuses to be migrated. Leaving out a number is allowed, and noted
// here.
func TestMigrationsOnlyGoForward(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	next := int64(1)
	for _, file := range files {
		number, err := strconv.ParseInt(strings.SplitN(file, "_", 2)[0], 10, 64)
		if err != nil {
			t.Fatalf("%s does not begin with its number: %v", file, err)
		}
		for slices.Contains(leftOut, next) {
			next++
		}
		if number != next {
			t.Fatalf("%s should have the number %d, or the numbers left out have changed", file, next)
		}
		next++
	}
}

// appendOnly are the tables to which the application only adds.
var appendOnly = []string{
	"transfers", "events", "claim_revisions", "results", "requests",
	"order_line_corrections", "order_line_refunds", "pricing_groups", "person_commitments",
	"policy_versions", "authenticators", "catalog_requests", "calendar_days", "access_refusals",
	"webhook_requests", "appeals", "approvals", "result_retractions", "proposal_votes", "policy_proposal_votes", "claim_notes", "evidence", "evidence_disclosures", "custody_steps",
	"event_quarantines", "period_heads", "period_sums", "suspense_explanations", "audit_runs",
}

// Would catch a grant by which the application could rewrite history, or shape
// the tables that keep it.
func TestApplicationCannotRewriteHistory(t *testing.T) {
	t.Parallel()
	db := open(t)
	may := func(query string, args ...any) (yes bool) {
		t.Helper()
		if err := db.Get(&yes, query, args...); err != nil {
			t.Fatal(err)
		}
		return yes
	}
	for _, table := range appendOnly {
		if !may(`SELECT has_table_privilege($1, $2, 'SELECT') AND has_table_privilege($1, $2, 'INSERT')`, embedpg.AppRole, table) {
			t.Errorf("%s may not add to %s", embedpg.AppRole, table)
		}
		for _, right := range []string{"UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "REFERENCES"} {
			if may(`SELECT has_table_privilege($1, $2, $3)`, embedpg.AppRole, table, right) {
				t.Errorf("%s has the right to %s on %s", embedpg.AppRole, right, table)
			}
		}
		if may(`SELECT has_any_column_privilege($1, $2, 'UPDATE')`, embedpg.AppRole, table) {
			t.Errorf("%s has the right to update a column of %s", embedpg.AppRole, table)
		}
	}
	for _, right := range []string{"rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb"} {
		if may(`SELECT (to_jsonb(r) ->> $2)::boolean FROM pg_roles r WHERE rolname = $1`, embedpg.AppRole, right) {
			t.Errorf("%s has %s", embedpg.AppRole, right)
		}
	}
	if may(`SELECT pg_has_role($1, $2, 'MEMBER')`, embedpg.AppRole, embedpg.OwnerRole) {
		t.Errorf("%s may become %s", embedpg.AppRole, embedpg.OwnerRole)
	}
	if may(`SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public' AND tableowner = $1)`, embedpg.AppRole) {
		t.Errorf("%s owns a table", embedpg.AppRole)
	}
}

// Would catch a column that nobody has explained: each has a comment above it.
func TestEveryColumnHasAComment(t *testing.T) {
	t.Parallel()
	explained := make(map[string]bool)
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile(`^CREATE TABLE (\w+) \($|^ALTER TABLE (\w+)$`)
	column := regexp.MustCompile(`^    (?:ADD COLUMN )?([a-z][a-z_]*) [a-z]`)
	for _, name := range names {
		text, err := migrations.FS.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		within, above := "", ""
		for line := range strings.Lines(string(text)) {
			if found := table.FindStringSubmatch(strings.TrimRight(line, "\n")); found != nil {
				within = found[1] + found[2]
			} else if found := column.FindStringSubmatch(line); found != nil && within != "" {
				explained[within+"."+found[1]] = strings.HasPrefix(above, "    -- ")
			} else if line[0] == ')' || line[0] == '\n' {
				within = ""
			}
			above = line
		}
	}
	var columns []string
	err = open(t).Select(&columns, `
		SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name <> 'goose_db_version'`)
	if err != nil || len(columns) == 0 {
		t.Fatalf("no columns: %v", err)
	}
	for _, c := range columns {
		if !explained[c] {
			t.Errorf("column %s has no comment line above it in its migration", c)
		}
	}
}
