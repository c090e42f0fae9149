package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"github.com/tenfold-claims/tenfold/internal/pgtest"
	"github.com/tenfold-claims/tenfold/internal/postgres"
)

// Would catch a look at what is missing that changes the database, does not say what a
// migration locks, or calls a schema complete that is not.
func TestMigrateTellsWhatIsMissing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	owner, err := sqlx.Open("postgres", db.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	defer owner.Close()
	for _, statement := range []string{
		`DROP SCHEMA public CASCADE`, `CREATE SCHEMA public AUTHORIZATION tenfold_owner`, `GRANT USAGE ON SCHEMA public TO tenfold_app`,
	} {
		if _, err := owner.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errOut := try(t, "migrate", "--status", "--owner-url", db.OwnerURL)
	if code != exitMismatch || !strings.Contains(out, "the schema is at version 0, and this binary needs version") || !strings.Contains(errOut, "missing") {
		t.Errorf("status: exit %d, %q, %q", code, out, errOut)
	}
	code, out, errOut = try(t, "migrate", "--dry-run", "--owner-url", db.OwnerURL)
	if code != exitOK || errOut != "" {
		t.Errorf("dry run: exit %d, %q", code, errOut)
	}
	for _, want := range []string{"feed", "events", "AccessExclusiveLock", "reads and writes", "ShareUpdateExclusiveLock"} {
		if !strings.Contains(out, want) {
			t.Errorf("the dry run does not tell %q", want)
		}
	}
	code, out, _ = try(t, "migrate", "--dry-run", "--owner-url", db.OwnerURL, "-o", "json")
	var told postgres.SchemaStatus
	if err := json.Unmarshal([]byte(out), &told); code != exitOK || err != nil || told.Have != 0 || len(told.Pending) < 30 {
		t.Errorf("as JSON: exit %d, %v, %.200s", code, err, out)
	}
	var tables int
	if err := owner.Get(&tables, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`); err != nil || tables != 0 {
		t.Errorf("looking made %d tables, %v", tables, err)
	}
	if code, _, errOut := try(t, "migrate", "--owner-url", db.OwnerURL); code != exitOK {
		t.Fatalf("migrate: exit %d, %q", code, errOut)
	}
	code, out, errOut = try(t, "migrate", "--status", "--owner-url", db.OwnerURL)
	if code != exitOK || !strings.Contains(out, "which is that of this binary") || errOut != "" {
		t.Errorf("status of a new schema: exit %d, %q, %q", code, out, errOut)
	}
}

// Would catch a look that promises a migration which the role could not carry out.
func TestMigrateSaysWhenItCouldNot(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	for want, args := range map[string][]string{
		"the role tenfold_app may not create tables": {"--status", "--owner-url", db.AppURL},
		"cannot both be given":                       {"--status", "--dry-run", "--owner-url", db.OwnerURL},
		"--owner-url (TENFOLD_OWNER_URL) is missing": {"--dry-run"},
		"must be table or json":                      {"--dry-run", "-o", "xml", "--owner-url", db.OwnerURL},
	} {
		if code, out, errOut := try(t, append([]string{"migrate"}, args...)...); code == exitOK || !strings.Contains(errOut, want) || out != "" {
			t.Errorf("%v: exit %d, %q, %q, want %q", args, code, out, errOut, want)
		}
	}
}
